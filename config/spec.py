"""``EngineSpec``: all that the rest of Songwright knows of an engine without importing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

MANY = ("many",)
"""The languages of an engine that knows most of those that songs are in."""
BYTES: Mapping[str, float] = {"fp32": 4, "bf16": 2, "fp16": 2, "int8": 1, "int4": 0.5 + 4 / 128}
"""Bytes of a number in each precision on a GPU; of four bits, with its share of a group's scale and zero."""
_WIDE = 2
"""Bytes of the numbers that are not narrowed where weights are."""
_GIB = 2.0**30


@dataclass(frozen=True)
class Needs:
    """What one model needs of its container and its GPU. A GB is 1e9 bytes; numbers are counted in
    billions."""

    precision: str
    """The engine's precision on a GPU if none is set."""
    numbers: float
    """Numbers of its weights that are stored in the precision that is set."""
    kept: float = 0.0
    """Of these, those that stay in 16 bits where weights are narrower: embeddings, the head, what reads
    pictures."""
    in_fp32: float = 0.0
    """Numbers of its weights that are always in fp32."""
    cached: float = 0.0
    """Numbers in the caches of all songs of a batch, in the precision that is set."""
    work_gb: float = 2.0
    """Peak memory for computing, with half a GB for CUDA itself."""
    memory_gib: int = 16
    """Memory of the container: the model is loaded there before it moves to the GPU."""

    def gpu_gib(self, precision: str) -> float:
        """The GPU memory that it fills, in GiB, in a precision of ``BYTES``."""
        width, wide = BYTES[precision], max(BYTES[precision], _WIDE)
        size_gb = (self.numbers - self.kept) * width + (self.kept + self.cached) * wide
        size_gb += self.in_fp32 * 4 + self.work_gb
        return size_gb * 1e9 / _GIB


@dataclass(frozen=True)
class Resources:
    """What a container reserves on Modal. It may use more if the machine has it, and pays for it."""

    cores: float
    memory_mib: int


_EMBEDDED = Resources(cores=1.0, memory_mib=2048)
_CORES = 4.0
_UNKNOWN_GIB = 16


@dataclass(frozen=True)
class EngineSpec:
    """One engine. Only ``entry`` is required; the defaults are right for a model of your own."""

    entry: str
    """``"package.module:Class"``, imported when the engine is loaded or checked."""
    models: Mapping[str, Needs] = field(default_factory=dict)
    """The models that are known to run in it, by hub id. The first is the default."""
    gpu: bool = True
    """Whether it uses a GPU, and has weights."""
    server: bool = False
    """Whether it asks a server, whose address and key are ``Settings.openai``."""
    batch_size: int = 1
    """How many songs one process of it works on at once."""
    whole_machine: bool = False
    """Whether one process of it uses all cores, or the whole GPU."""
    prompt: Literal["words", "tags", "fields"] = "words"
    """The form of prompt that suits it: a sentence, tags with tempo and key, or only the fields of the
    plan."""
    languages: tuple[str, ...] = ()
    """The languages that it writes or sings, ISO 639-1; ``MANY``; empty if it is not known, or has no
    words."""
    tasks: tuple[str, ...] = ()
    """Of a composer: what it does to songs beside making them; one of its models may do less."""
    changes_recordings: bool = True
    """Of a composer with ``tasks``: whether it does them to recordings too, which have no score."""
    drafts: bool = False
    """Of a composer: whether it can make the beginning of a song alone, as it is in the whole song."""
    places_lines: bool = False
    """Of a composer: whether it sings each line at the time that ``MusicRequest.line_times_s`` says."""
    image: Literal["web", "models", "audiocraft", "vllm", "listening", "separation"] = "models"
    """The image that it runs in on Modal: see ``orchestrator.modal.deployment.images``."""
    volume: str = ""
    """The volume on Modal with its weights."""
    fetched_as: str = ""
    """The engine of its craft that fetches its weights, if its own packages cannot."""
    newest_gpu: tuple[int, int] | None = None
    """The newest compute capability that its PyTorch supports."""
    sellable: str = ""
    """What to use instead if songs are sold and its model's licence does not allow that."""
    install: str = "install it: pip install 'songwright[models]'"
    """What to do if one of its packages is missing."""

    @property
    def default_model(self) -> str:
        """The model that it runs if none is set; empty if none is known."""
        return next(iter(self.models), "")

    def needs(self, model: str = "") -> Needs | None:
        """The needs of ``model``, a hub id with or without a revision; of the default model if empty; None if
        unknown."""
        return self.models.get(model.partition("@")[0] or self.default_model)

    def resources(self, model: str = "", precision: str = "auto") -> Resources:
        """What its container reserves."""
        if not self.gpu:
            return _EMBEDDED
        needs = self.needs(model)
        if needs is None:  # as much as its largest model, or the usual amount
            gib = max((each.memory_gib for each in self.models.values()), default=_UNKNOWN_GIB)
        else:
            wider = BYTES.get(precision, 0) > BYTES[needs.precision]
            gib = needs.memory_gib * (2 if wider else 1)
        return Resources(_CORES, gib * 1024)
