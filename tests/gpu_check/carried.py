"""The packages that a bare GPU machine lacks, carried along as wheels: ``make gpu-wheels`` fetches them where
there is an index, and the check unpacks them where there is none."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

from orchestrator.modal.deployment.pins import ROOT, plain, version_of

WHEELS = ROOT / "build" / "gpu-wheels"

HAD = {
    "torch": "torch",
    "transformers": "transformers",
    "accelerate": "accelerate",
    "safetensors": "safetensors",
    "numpy": "numpy",
    "numba": "numba",
    "PIL": "pillow",
    "scipy": "scipy",
}
"""Packages by the name under which they are imported: a machine that computes with PyTorch has them."""
CARRIED = {
    "annotated_types": "annotated-types",
    "anyascii": "anyascii",
    "diffusers": "diffusers",
    "pydantic": "pydantic",
    "pydantic_core": "pydantic_core",
    "tvm_ffi": "apache-tvm-ffi",
    "typing_inspection": "typing-inspection",
    "xgrammar": "xgrammar",
}
"""And those that it may lack."""
_PLATFORMS = [f"manylinux_2_{number}_x86_64" for number in (39, 36, 35, 34, 31, 28, 27, 24, 17, 12, 5)]


def fetch(python: str = "3.12") -> None:
    """Fetches the wheels for Linux on x86-64 and that ``python``, as pinned here. Raises
    ``subprocess.CalledProcessError`` where pip cannot."""
    wanted = [f"{name}=={version_of(name)}" for name in CARRIED.values()]
    for old in WHEELS.glob("*.whl"):
        old.unlink()
    platforms = [f"--platform={name}" for name in _PLATFORMS]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += [f"--python-version={python}", "--implementation=cp", *platforms, f"--dest={WHEELS}"]
    subprocess.run([*command, *wanted], check=True)
    size = sum(wheel.stat().st_size for wheel in WHEELS.glob("*.whl"))
    print(f"{len(wanted)} wheels for Python {python}, {size / 1e6:.0f} MB, are in {WHEELS.relative_to(ROOT)}")


def take_along() -> None:
    """Makes the carried packages importable of which there is none here, for the rest of this process."""
    lacking = {distribution for name, distribution in CARRIED.items() if not find_spec(name)}
    wheels = [
        wheel for wheel in WHEELS.glob("*.whl") if _distribution(wheel) in {plain(name) for name in lacking}
    ]
    if not wheels:
        return
    site = tempfile.mkdtemp(prefix="songwright-site-")
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as opened:
            opened.extractall(site)
    sys.path.insert(0, site)


def missing() -> list[str]:
    """The packages that are neither here nor carried."""
    return [distribution for name, distribution in {**HAD, **CARRIED}.items() if not find_spec(name)]


def _distribution(wheel: Path) -> str:
    return plain(wheel.name.partition("-")[0])


if __name__ == "__main__":
    fetch(*sys.argv[1:])
