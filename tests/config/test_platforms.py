"""What this machine can say of Windows and macOS: what makes songs and serves them is imported without what
Linux alone has, and the base installation has wheels for each of their Pythons."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import uv

from config.version import PACKAGES
from tests.orchestrator.test_cli import ROOT

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = ("x86_64-manylinux_2_28", "aarch64-apple-darwin", "x86_64-pc-windows-msvc")
_BASE = (
    *("orchestrator.__main__", "orchestrator.cli.commands", "orchestrator.server.serve"),
    *("orchestrator.workers.engine_process", "orchestrator.workers.engine_loop", "config.decoding.process"),
    *("lyrics.sketch", "music.sketch", "art.sketch", "music.sketch.voice.network"),
)
# Once with the system as it is, so that other people's packages are there; then without what Windows lacks.
_IMPORTS = """
import importlib, os, signal, sys

def ours():
    return [name for name in sys.modules if name.split(".")[0] in {packages!r}]

for name in {base!r}:
    importlib.import_module(name)
before = set(ours())
for name in before:
    del sys.modules[name]
for name in ("fcntl", "resource", "termios", "tty", "pwd", "grp", "uvloop", "posix"):
    sys.modules[name] = None
for name in ("fork", "register_at_fork", "geteuid", "getuid", "fchmod", "sched_getaffinity", "killpg",
             "setsid", "getpgid", "uname", "O_NOFOLLOW", "O_NONBLOCK", "O_DIRECTORY"):
    vars(os).pop(name, None)
for name in ("SIGKILL", "SIGHUP", "SIGUSR1", "SIGALRM", "SIGXCPU", "SIGCHLD", "SIGWINCH"):
    vars(signal).pop(name, None)
sys.platform = "win32"  # and not os.name, by which pathlib chooses its class
for name in {base!r}:
    importlib.import_module(name)
print(len(before), len(ours()))
"""


def test_songs_are_made_and_served_by_modules_that_are_imported_without_linux() -> None:
    code = _IMPORTS.format(packages=tuple(PACKAGES), base=_BASE)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    before, after = map(int, done.stdout.split())
    assert before == after > 100


@pytest.mark.skipif(
    "SONGWRIGHT_TEST_PYTHONS" not in os.environ, reason="make test-pythons: a minute of the network"
)
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_base_installation_has_wheels_for_every_python(system: str, tmp_path: Path) -> None:
    # onnxruntime's wheels are for macOS 14 and later.
    environment = os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"}

    def names(python: str) -> set[str]:
        command = [uv.find_uv_bin(), "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
        command += ["--only-binary", ":all:", "--python-version", python, "--python-platform", system]
        command += ["--constraint", str(ROOT / "constraints.txt"), str(ROOT / "pyproject.toml")]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120
        )
        assert done.returncode == 0, (python, done.stderr[-1000:])
        return {line.partition("==")[0] for line in done.stdout.splitlines()}

    with ThreadPoolExecutor() as pool:
        for python, found in zip(PYTHONS, pool.map(names, PYTHONS), strict=True):
            assert {"fastapi", "hibari-tts", "onnxruntime", "segno"} <= found, python
            assert ("uvloop" in found) == ("windows" not in system)
