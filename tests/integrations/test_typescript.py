"""The TypeScript client: generated from a running service's document, compiled in strict mode, and run."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import soundfile

from tests.orchestrator.test_cli import ROOT
from tests.service.server import TOKEN, serving

PROJECT = ROOT / "clients" / "typescript"
_LEFT_OUT = shutil.ignore_patterns("node_modules", "build", "songwright.d.ts")


def installed() -> Path:
    """The folder of npm's packages; without it the test is skipped, but in CI it fails."""
    modules = PROJECT / "node_modules"
    missing = ""
    if not (modules / ".bin" / "tsc").exists():
        missing = "the client in TypeScript is compiled with packages of npm's: make typescript"
    elif not shutil.which("npm"):
        missing = "the client in TypeScript is run by Node.js, which is not here: apt install nodejs npm"
    if missing:
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return modules


def test_a_client_that_is_generated_compiles_and_makes_a_song(tmp_path: Path) -> None:
    modules = installed()
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=_LEFT_OUT)
    (project / "node_modules").symlink_to(modules)
    with serving(tmp_path / "home") as server:
        env = os.environ | {"SONGWRIGHT_URL": server.url, "TOKEN": TOKEN}
        for script in ("generate", "build", "song"):
            done = subprocess.run(
                ["npm", "run", "--silent", script],
                capture_output=True,
                text=True,
                cwd=project,
                env=env,
                timeout=300,
            )
            assert done.returncode == 0, (script, done.stdout + done.stderr)
    assert done.stdout.strip()
    assert soundfile.info(str(project / "train.wav")).duration == pytest.approx(10, abs=0.1)
