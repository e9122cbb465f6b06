"""What the house knows of an engine without importing it: all of it in one ``EngineSpec``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

BYTES: Mapping[str, int] = {"fp32": 4, "bf16": 2, "fp16": 2}
"""Of a number in each precision that a GPU takes."""
_GIB = 2.0**30


@dataclass(frozen=True)
class Needs:
    """What one model needs of its container and of the GPU in it. Sizes in GB are of 1e9 bytes, numbers in
    billions."""

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


@dataclass(frozen=True)
class Resources:
    """What a container asks Modal for. It may use more where the machine has it, and pays for that."""

    cores: float
    memory_mib: int


_EMBEDDED = Resources(cores=1.0, memory_mib=2048)
_CORES = 4.0
_UNKNOWN_GIB = 16


@dataclass(frozen=True)
class EngineSpec:
    """One engine. Only ``entry`` must be given: the rest is what holds for a model of your own."""

    entry: str
    """``"package.module:Class"``, imported when the engine is loaded or checked."""
    models: Mapping[str, Needs] = field(default_factory=dict)
    """By hub id, the models that are known to run in it; the first is the one it has where none is set."""
    gpu: bool = True
    """Whether it makes use of a GPU, and has weights."""
    batch_size: int = 1
    """How many songs one process of it works on together."""
    whole_machine: bool = False
    """Whether one process of it takes all cores, or the GPU."""
    prompt: Literal["words", "tags", "fields"] = "words"
    """What it likes to be asked in: a sentence, tags beside tempo and key, or only the fields of the plan."""
    image: Literal["web", "models", "audiocraft"] = "models"
    """The image that it runs in on Modal: see ``orchestrator.modal.deployment.images``."""
    volume: str = ""
    """The volume on Modal with its weights."""
    fetched_as: str = ""
    """The engine of its craft that fetches its weights, where its own packages do not."""
    newest_gpu: tuple[int, int] | None = None
    """The compute capability at which its PyTorch ends."""
    sellable: str = ""
    """What to use where songs are to be sold and its model's licence does not let them."""
    install: str = "install it: pip install 'songwright[models]'"
    """What to do where one of its packages is missing."""

    @property
    def default_model(self) -> str:
        """The model that it has where none is set; empty where none is known."""
        return next(iter(self.models), "")

    def needs(self, model: str = "") -> Needs | None:
        """What ``model``, by its hub id with or without a revision, or the engine's own choice, needs; None
        where that is not known."""
        return self.models.get(model.partition("@")[0] or self.default_model)

    def resources(self, model: str = "", precision: str = "auto") -> Resources:
        """What its container asks for."""
        if not self.gpu:
            return _EMBEDDED
        needs = self.needs(model)
        if needs is None:  # as much as the largest of its models, or what most models take
            gib = max((each.memory_gib for each in self.models.values()), default=_UNKNOWN_GIB)
        else:
            wider = BYTES.get(precision, 0) > BYTES[needs.precision]
            gib = needs.memory_gib * (2 if wider else 1)
        return Resources(_CORES, gib * 1024)
