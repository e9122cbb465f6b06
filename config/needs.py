"""What a model needs of the container that it runs in and of the GPU in it: for the default models and those
that the documentation names, by engine. No other module lists them; nothing here imports an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BYTES: Mapping[str, int] = {"fp32": 4, "bf16": 2, "fp16": 2}
"""Of a number in each precision that a GPU takes."""
_GIB = 2.0**30


@dataclass(frozen=True)
class Needs:
    """Of one model. Sizes in GB are of 1e9 bytes, numbers in billions."""

    precision: str
    """In which its engine runs it on a GPU where none is set."""
    numbers: float
    """Of its weights that are in the precision which is set."""
    in_fp32: float = 0.0
    """Of its weights that are in fp32 whatever is set."""
    cached: float = 0.0
    """Of what it keeps of the songs that it works on together, in the precision which is set."""
    work_gb: float = 2.0
    """What it computes with at its peak, CUDA's own half a gigabyte included."""
    memory_gib: int = 16
    """Of the container, where it is loaded before it goes to the GPU."""

    def gpu_gib(self, precision: str) -> float:
        """The GPU's memory that it fills in a precision of ``BYTES``."""
        size_gb = (self.numbers + self.cached) * BYTES[precision] + self.in_fp32 * 4 + self.work_gb
        return size_gb * 1e9 / _GIB


# T5 and EnCodec are in fp32; eight songs' caches; EnCodec decodes in chunks, of 600 s too.
_MUSICGEN = {
    "small": Needs("fp16", 0.42, in_fp32=0.17, cached=1.3, work_gb=4.0, memory_gib=8),
    "medium": Needs("fp16", 1.84, in_fp32=0.17, cached=3.95, work_gb=4.0, memory_gib=16),
    "large": Needs("fp16", 3.2, in_fp32=0.17, cached=5.25, work_gb=4.0, memory_gib=24),
}
# One song at a time.
_AUDIOCRAFT = {
    "small": Needs("fp16", 0.42, in_fp32=0.17, cached=0.15, work_gb=4.0, memory_gib=8),
    "medium": Needs("fp16", 1.84, in_fp32=0.17, cached=0.45, work_gb=4.0, memory_gib=16),
    "large": Needs("fp16", 3.2, in_fp32=0.17, cached=0.6, work_gb=4.0, memory_gib=24),
}
_MUSICGEN_NAMES = ("facebook/musicgen-{size}", "facebook/musicgen-stereo-{size}")
_SDXL = Needs("fp16", 3.47, work_gb=4.5, memory_gib=12)
_KLEIN = Needs("bf16", 8.0, work_gb=3.0, memory_gib=24)
"""A transformer of 3.9 billion numbers, and Qwen3-4B, which reads the prompt."""

NEEDS: Mapping[str, Mapping[str, Needs]] = {
    "qwen": {"Qwen/Qwen2-7B-Instruct": Needs("bf16", 7.62, cached=1.9, work_gb=1.5, memory_gib=24)},
    "qwen_vl": {"Qwen/Qwen2-VL-7B-Instruct": Needs("bf16", 8.29, cached=0.95, work_gb=2.0, memory_gib=24)},
    "acestep": {"ACE-Step/acestep-v15-xl-turbo-diffusers": Needs("bf16", 5.55, work_gb=2.5, memory_gib=20)},
    "musicgen": {
        name.format(size=size): each for name in _MUSICGEN_NAMES for size, each in _MUSICGEN.items()
    },
    "audiocraft": {
        name.format(size=size): each for name in _MUSICGEN_NAMES for size, each in _AUDIOCRAFT.items()
    },
    "sdxl_turbo": {"stabilityai/sdxl-turbo": Needs("fp16", 3.47, work_gb=2.5, memory_gib=12)},
    "diffusion": {
        "black-forest-labs/FLUX.2-klein-4B": _KLEIN,
        "black-forest-labs/FLUX.2-klein-base-4B": _KLEIN,
        "stabilityai/stable-diffusion-xl-base-1.0": _SDXL,
        "stabilityai/sdxl-turbo": _SDXL,
    },
}
"""By engine and model. The first model of an engine is the one that it has where none is set."""


@dataclass(frozen=True)
class Resources:
    """What a container asks Modal for. It may use more where the machine has it, and pays for that."""

    cores: float
    memory_mib: int


_EMBEDDED = Resources(cores=1.0, memory_mib=2048)
_CORES = 4.0
_UNKNOWN_GIB = 16


def needs_of(engine: str, model: str = "") -> Needs | None:
    """What ``model``, by its hub id with or without a revision, or the engine's own choice, needs; None for
    an engine of your own, and for a model that is not in the table."""
    return NEEDS.get(engine, {}).get(model.partition("@")[0] or default_of(engine))


def default_of(engine: str) -> str:
    """The model that ``engine`` has where none is set; empty for one that is not in the table."""
    return next(iter(NEEDS.get(engine, {})), "")


def resources_of(engine: str, model: str = "", precision: str = "auto") -> Resources:
    """What the container of ``engine`` asks for."""
    if engine == "sketch":
        return _EMBEDDED
    needs = needs_of(engine, model)
    if needs is None:  # as much as the largest of the engine's models, or what most models take
        gib = max((each.memory_gib for each in NEEDS.get(engine, {}).values()), default=_UNKNOWN_GIB)
    else:
        wider = BYTES.get(precision, 0) > BYTES[needs.precision]
        gib = needs.memory_gib * (2 if wider else 1)
    return Resources(_CORES, gib * 1024)
