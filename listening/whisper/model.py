"""Whisper through faster-whisper, on a processor or on CUDA: where it runs, and loading it. The libraries are
imported inside the functions: weights are fetched where they are not installed."""

from __future__ import annotations

import ctypes
import io
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.cuda import gpu_names
from config.engine import EngineOptions
from config.errors import EngineUnavailable, InvalidRequest
from config.models import Licence, licence_of, refuse_unless_sellable
from config.spec import EngineSpec
from inference.devices import precision_of
from inference.hub import folder_of
from inference.weights import check_room, chosen_files, free_memory, model_name, revision_of

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

ON_CPU, ON_GPU = "int8", "fp16"
_KINDS = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16", "int8": "int8"}
_DEVICE = re.compile(r"auto|cpu|cuda(?::(\d{1,2}))?")
_CUDA_LIBRARIES = ("libcublasLt.so.12", "libcublas.so.12")


@dataclass(frozen=True)
class Place:
    """A checkpoint that may be loaded."""

    model: str
    """Its id with the revision, or its folder, as the options name it."""
    name: str
    folder: Path
    revision: str
    licence: Licence
    gpu: int | None
    """The number of the GPU; None for the processor."""
    precision: str
    size_bytes: int

    @property
    def device(self) -> str:
        """ "cpu", or the GPU's own name; "cuda" for a GPU that is not there yet."""
        names = gpu_names() if self.gpu is not None else ["cpu"]
        at = self.gpu or 0
        return names[at] if at < len(names) else "cuda"

    @property
    def summary(self) -> str:
        where = "cpu" if self.gpu is None else "cuda"
        return f"{self.model} in {self.precision} on {where}, {self.size_bytes / 1e9:.1f} GB of weights"


def placed(spec: EngineSpec, options: EngineOptions, *, fetch: bool = True) -> Place:
    """Where and how the model will run. Raises ``InvalidRequest`` for options that make no sense, and
    ``EngineUnavailable`` where weights, device or memory are missing or the licence forbids it."""
    import ctranslate2
    import faster_whisper  # noqa: F401 - or it would be missed only when the model is loaded

    model = model_name(options.model or spec.default_model)
    licence = licence_of(model.name)
    if options.commercial:
        refuse_unless_sellable(str(model), licence, spec.sellable)
    gpu = _gpu_of(options)
    precision = precision_of(options.precision, ON_CPU if gpu is None else ON_GPU, tuple(_KINDS))
    if gpu is None and _KINDS[precision] not in ctranslate2.get_supported_compute_types("cpu"):
        raise InvalidRequest("precision", precision, "this processor cannot: use auto, int8 or fp32")
    folder = folder_of(model, precision, fetch=fetch)
    size_bytes = chosen_files(folder, precision).size_bytes
    check_room(str(model), size_bytes, free_memory(), "cpu")
    return Place(str(model), model.name, folder, revision_of(folder), licence, gpu, precision, size_bytes)


def read_into_memory(place: Place) -> dict[str, bytes]:
    """The files of the checkpoint by name, for ``load``."""
    files = chosen_files(place.folder, place.precision).files
    return {file.name: (place.folder / file.name).read_bytes() for file in files}


def load(place: Place, files: dict[str, bytes] | None = None) -> WhisperModel:
    """The model on its device. ``files`` are those of ``read_into_memory``, else they are read now."""
    from faster_whisper import WhisperModel

    kind = _KINDS[place.precision]
    if place.gpu is not None:
        _load_cuda()
        kind = "int8_float16" if kind == "int8" else kind
    held: dict[str, Any] | None = None
    if files:  # faster-whisper takes its own two from memory as bytes, CTranslate2 the others as files
        of_hub = ("tokenizer.json", "preprocessor_config.json")
        held = {name: data if name in of_hub else io.BytesIO(data) for name, data in files.items()}
    return WhisperModel(
        str(place.folder),
        device="cpu" if place.gpu is None else "cuda",
        device_index=place.gpu or 0,
        compute_type=kind,
        files=held,
    )


def _gpu_of(options: EngineOptions) -> int | None:
    """The number of the GPU that the options name, None for the processor. A staged model's GPU is not there
    yet."""
    found = _DEVICE.fullmatch(options.device)
    if not found:
        raise InvalidRequest("device", options.device, "use auto, cpu, cuda or cuda:1")
    number = int(found[1] or 0)
    if options.device == "cpu":
        return None
    if options.staged:
        return number
    import ctranslate2

    count = ctranslate2.get_cuda_device_count()
    if options.device == "auto":
        return 0 if count else None
    if number >= count:
        raise EngineUnavailable(f"there is no device {options.device!r} here", "set DEVICE to auto or cpu")
    return number


def _load_cuda() -> None:
    """Loads cuBLAS of CUDA 12, which CTranslate2 looks up by its name, from its package where the system has
    none. What is missing, CTranslate2 says itself."""
    if (found := find_spec("nvidia.cublas")) and found.submodule_search_locations:
        folder = Path(next(iter(found.submodule_search_locations))) / "lib"
        for name in _CUDA_LIBRARIES:
            if (folder / name).is_file():
                ctypes.CDLL(str(folder / name), ctypes.RTLD_GLOBAL)
