"""Builds ``driver.c``, and runs Python under it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nvidia.cu13
import triton.backends.nvidia

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Driver:
    """``device`` is the file with which the device comes, ``questions`` the one that is written to."""

    library: Path
    device: Path
    questions: Path

    def run(self, *arguments: str) -> str:
        """What Python prints under this driver. Raises ``AssertionError`` with its stderr where it fails."""
        self.device.unlink(missing_ok=True)
        self.questions.write_text("")
        env = {
            **os.environ,
            "LD_PRELOAD": str(self.library),
            "DRIVER_DEVICE": str(self.device),
            "DRIVER_QUESTIONS": str(self.questions),
        }
        result = subprocess.run(
            [sys.executable, "-W", "ignore", *arguments], cwd=ROOT, env=env, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stderr[-3000:]
        return result.stdout


def built(folder: Path) -> Driver:
    """The library, from the headers that the wheels bring: triton's have what the runtime's leave out."""
    library = folder / "driver.so"
    runtime, compiler = (
        Path(next(iter(package.__path__))) for package in (nvidia.cu13, triton.backends.nvidia)
    )
    command = [
        *("gcc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror"),
        *("-I", str(runtime / "include"), "-isystem", str(compiler / "include")),
        "-Wl,-soname,libcuda.so.1",  # so that who looks for the driver finds this one
        *("-o", str(library), str(HERE / "driver.c")),
    ]
    subprocess.run(command, check=True)
    return Driver(library, folder / "device", folder / "questions")
