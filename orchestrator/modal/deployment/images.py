"""The images of a deployment: what each is made of, which engine runs in which, what is built from source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.modal.deployment.pins import AUDIOCRAFT_CONSTRAINTS, CONSTRAINTS

_FFMPEG = ("avformat", "avcodec", "avdevice", "avutil", "avfilter", "swscale", "swresample")


@dataclass(frozen=True)
class Source:
    """A package that has no wheel for Linux on x86-64 and Python 3.11, so that an image builds it."""

    why: str
    """Why it is wanted all the same, and what it takes to build it."""
    system: tuple[str, ...] = ()
    """The packages of Debian that it is built with."""
    debian: str = ""
    """The release of Debian that it has to be built on; empty: any."""
    requires: tuple[str, ...] | None = None
    """What it depends on, where ``system`` is needed even to ask it; None: it is asked."""


SOURCES: Mapping[str, Source] = {
    "antlr4-python3-runtime": Source("pure Python; Hydra's parser is generated for this version"),
    "audiocraft": Source("pure Python, published as a source package only"),
    "av": Source(
        "AudioCraft wants PyAV 11, which compiles with the FFmpeg 5 of Debian 12 and not with FFmpeg 7",
        system=("ffmpeg", "gcc", "pkg-config", *(f"lib{name}-dev" for name in _FFMPEG)),
        debian="bookworm",
        requires=(),
    ),
    "docopt": Source("pure Python, of 2014"),
    "encodec": Source("pure Python, published as a source package only"),
    "flashy": Source("pure Python, published as a source package only"),
}


@dataclass(frozen=True)
class ImageSpec:
    """What an image holds beside our own code."""

    extras: tuple[str, ...]
    """Of ``pyproject.toml``, beside what a plain installation needs."""
    constraints: str = CONSTRAINTS
    """The file with the exact version of every package in it."""
    base: str = ""
    """An image of Docker's registry with Python 3.11; empty: Modal's own Debian."""
    sources: tuple[str, ...] = ()
    """Those of ``SOURCES`` that are built in it."""
    tools: tuple[str, ...] = ()
    """The packages of Debian that what runs in it wants."""

    @property
    def system(self) -> tuple[str, ...]:
        """The packages of Debian that are installed in it."""
        built_with = (name for source in self.sources for name in SOURCES[source].system)
        return tuple(dict.fromkeys([*self.tools, *built_with]))


WEB = ImageSpec(("r2",))
"""For all that runs without a model."""
MODEL = ImageSpec(("r2", "models"), tools=("gcc", "libc6-dev"))
"""With a C compiler: Triton builds the launcher of a kernel where it first runs."""
AUDIOCRAFT = ImageSpec(
    ("r2", "audiocraft"), AUDIOCRAFT_CONSTRAINTS, "python:3.11-slim-bookworm", tuple(SOURCES)
)
"""Apart, for AudioCraft's torch of 2023 and today's cannot live together."""


IMAGES: Mapping[str, ImageSpec] = {"web": WEB, "models": MODEL, "audiocraft": AUDIOCRAFT}
"""By the names that an ``EngineSpec`` has for them."""
