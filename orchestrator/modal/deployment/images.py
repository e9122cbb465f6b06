"""The images of a deployment: their packages, and the packages that are built from source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.modal.deployment.pins import AUDIOCRAFT_CONSTRAINTS, CONSTRAINTS, VLLM_CONSTRAINTS

_FFMPEG = ("avformat", "avcodec", "avdevice", "avutil", "avfilter", "swscale", "swresample")


@dataclass(frozen=True)
class Source:
    """A package without a wheel for Linux on x86-64 and Python 3.11, which an image builds."""

    why: str
    """Why there is no wheel, and what the build needs."""
    system: tuple[str, ...] = ()
    """The Debian packages that the build needs."""
    debian: str = ""
    """The Debian release that it must be built on; empty: any."""
    version: str = ""
    """What its version begins with, if others have a wheel; empty: none has."""
    requires: tuple[str, ...] | None = None
    """Its dependencies, if its metadata cannot be read without ``system``; None: they are read."""


SOURCES: Mapping[str, Source] = {
    "antlr4-python3-runtime": Source("pure Python; Hydra's parser is generated for this version"),
    "audiocraft": Source("pure Python, published as a source package only"),
    "av": Source(
        "AudioCraft wants PyAV 11, which compiles with the FFmpeg 5 of Debian 12 and not with FFmpeg 7",
        system=("ffmpeg", "gcc", "pkg-config", *(f"lib{name}-dev" for name in _FFMPEG)),
        debian="bookworm",
        version="11.",
        requires=(),
    ),
    "docopt": Source("pure Python, of 2014"),
    "encodec": Source("pure Python, published as a source package only"),
    "flashy": Source("pure Python, published as a source package only"),
}


@dataclass(frozen=True)
class ImageSpec:
    """The content of an image, beside our own code."""

    extras: tuple[str, ...]
    """Extras of ``pyproject.toml``, beside the plain installation."""
    constraints: str = CONSTRAINTS
    """The file with the exact version of every package in it."""
    base: str = ""
    """An image of Docker's registry with Python 3.11; empty: Modal's own Debian image."""
    sources: tuple[str, ...] = ()
    """The packages of ``SOURCES`` that are built in it."""
    tools: tuple[str, ...] = ()
    """The Debian packages that are needed at run time."""

    @property
    def system(self) -> tuple[str, ...]:
        """The Debian packages that are installed in it."""
        built_with = (name for source in self.sources for name in SOURCES[source].system)
        return tuple(dict.fromkeys([*self.tools, *built_with]))


WEB = ImageSpec(("r2", "openai", "m4a", "mcp"))
"""The image of all functions without a model, and of engines that ask a server. Uploads are read in it, and
agents answered."""
MODEL = ImageSpec(("r2", "models"), tools=("gcc", "libc6-dev"))
"""It has a C compiler, for Triton builds the launcher of a kernel at its first run."""
AUDIOCRAFT = ImageSpec(
    ("r2", "audiocraft"), AUDIOCRAFT_CONSTRAINTS, "python:3.11-slim-bookworm", tuple(SOURCES)
)
"""An image of its own, for AudioCraft needs a torch of 2023."""
VLLM = ImageSpec(("r2", "vllm"), VLLM_CONSTRAINTS, tools=("g++", "libc6-dev"))
"""An image of its own, for vLLM wants a torch of its own choice. It takes no FastAPI as new as our service
needs; here none of ours runs. The compiler is for Triton and for torch's own compiled code."""

LISTENING = ImageSpec(("r2", "listening", "listening-gpu"))
"""An image of its own, for CTranslate2 needs CUDA 12 and no torch."""
SEPARATION = ImageSpec(("r2", "demucs"))
"""An image of its own, small beside that of the models: Demucs needs torch and little else."""

IMAGES: Mapping[str, ImageSpec] = {
    "web": WEB,
    "models": MODEL,
    "audiocraft": AUDIOCRAFT,
    "vllm": VLLM,
    "listening": LISTENING,
    "separation": SEPARATION,
}
"""By their names in an ``EngineSpec``."""
