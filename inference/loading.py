"""What every engine with a model settles before it loads a byte: which one, under which licence, where it
runs, in which numbers, and whether it fits. And how it loads, moves and unloads it."""

from __future__ import annotations

import ctypes
import gc
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from config.engine import EngineInfo, EngineOptions
from config.errors import EngineUnavailable, WeightsMissing
from config.models import licence_of, refuse_unless_sellable
from config.spec import EngineSpec
from inference.devices import Placement, device_name, device_of, free_bytes, precision_of
from inference.hub import download_of, folder_of
from inference.pretrained import chat_model, pipeline
from inference.quantized.formats import BYTES as QUANTIZED
from inference.quantized.formats import is_quantized
from inference.quiet import quiet
from inference.weights import (
    ModelName,
    check_room,
    chosen_files,
    free_memory,
    model_name,
    revision_of,
    stored_tensors,
)

if TYPE_CHECKING:
    import torch

__all__ = ["ModelEngine", "Placement", "chat_model", "first_line", "pipeline"]

_BYTES = {"fp32": 4, "bf16": 2, "fp16": 2, "int8": 1}


class ModelEngine:
    """What all engines with a model have in common. A subclass sets the class variables, and ``info`` and
    ``_place`` when it loads."""

    name: ClassVar[str]
    version: ClassVar[str] = "1"
    """Raised with every change to what the engine makes of the same request and seed."""
    spec: ClassVar[EngineSpec]
    """Beside the craft's contract."""
    precisions: ClassVar[tuple[str, ...]] = ("fp32", "bf16", "fp16")
    on_cpu: ClassVar[str] = "fp32"
    on_gpu: ClassVar[str] = "bf16"
    """What the precision ``auto`` means on each: what the model's authors run it in."""
    narrowed: ClassVar[str] = ""
    """Tensors whose names begin like this have the precision; the others are in fp32."""
    quantizes: ClassVar[bool] = False
    """Whether ``int8`` and ``int4`` narrow the weights of its layers, and all else is in bf16."""
    libraries: ClassVar[tuple[str, ...]] = ("torch", "transformers")

    info: EngineInfo
    _place: Placement
    _unloaded: frozenset[str] = frozenset()
    """The attributes that ``close`` has taken away."""

    def __init__(self, options: EngineOptions) -> None:
        raise NotImplementedError

    @classmethod
    def from_options(cls, options: EngineOptions) -> Self:
        """Loads the model. Raises as ``placed`` does, and ``EngineUnavailable`` for a checkpoint of another
        kind."""
        with quiet():
            try:
                # In a thread that ends with it, and takes its OpenMP threads along: see ``Together``.
                with ThreadPoolExecutor(1, f"load-{cls.name}") as thread:
                    return thread.submit(cls, options).result()
            except (OSError, ValueError, LookupError, AttributeError, RuntimeError) as error:
                why = first_line(error)
                raise EngineUnavailable(
                    f"engine {cls.name!r} cannot load {options.model or cls.spec.default_model} ({why})",
                    f"give one that it can, such as {cls.spec.default_model}",
                ) from error

    def move_to_gpu(self, setting: str = "cuda") -> None:
        """Moves a model that was loaded with ``EngineOptions.staged`` to the device that it is to run on,
        before it is used. Nothing calls CUDA before this. Raises ``EngineUnavailable`` where there is no such
        device, or it has too little memory."""
        device = device_of(setting)
        if device.type != "cpu":  # where it is already
            check_room(self._place.model, self._place.needed, free_bytes(device), str(device))
        with quiet():
            self._move(device)
        summary = self.info.summary.replace(" on cpu", f" on {device}")
        self.info = replace(self.info, device=device_name(device), summary=summary)

    def _move(self, device: torch.device) -> None:
        """Takes all tensors to ``device``."""
        raise NotImplementedError

    def close(self) -> None:
        """Unloads the model. Its memory is free when no call works with it any more: such a call, and each
        later one, raises ``EngineUnavailable``."""
        import torch

        held = vars(self).keys() - {"info", "_unloaded"}
        if not held:
            return
        self._unloaded |= held
        for name in held:
            vars(self).pop(name, None)
        gc.collect()  # a module and its hooks refer to each other
        with suppress(RuntimeError):  # a GPU on which CUDA has failed for good gives nothing back
            torch.cuda.empty_cache()
        with suppress(OSError, AttributeError, TypeError):  # only glibc has it, which else keeps half
            ctypes.CDLL(None).malloc_trim(0)

    def relieve(self) -> None:
        """Gives back the memory that torch keeps for later, after work that ran out of it."""
        import torch

        gc.collect()
        torch.cuda.empty_cache()

    if not TYPE_CHECKING:  # or any misspelt attribute would do

        def __getattr__(self, name: str) -> Any:
            if name in self._unloaded:
                raise EngineUnavailable(f"the model of engine {self.name!r} was unloaded", "load it again")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @classmethod
    def check(cls, options: EngineOptions) -> EngineInfo:
        """The engine's facts, without loading it or fetching weights. Raises as ``placed`` does; where
        weights are missing, with how much there is to fetch, which it looks up on the hub."""
        try:
            place = cls.placed(options, fetch=False)
        except WeightsMissing as error:
            gpu = options.gpu_path or options.staged or device_of(options.device).type != "cpu"
            auto = "auto" if gpu else cls.on_cpu
            given = options.precision
            size = download_of(options.model or cls.spec.default_model, auto if given == "auto" else given)
            raise WeightsMissing(error.what + (f": {size}" if size else ""), error.fix) from error
        sizes = (
            f"{place.weights / 1e9:.1f} GB of weights, needs {place.needed / 1e9:.1f} GB of "
            f"{place.free / 1e9:.1f} free"
        )
        return replace(cls.facts(place), summary=f"{place.summary}, {sizes}")

    @classmethod
    def fetch(cls, options: EngineOptions, cache: Path) -> int:
        """Fetches the weights into ``cache``, a folder laid out as the hub's own, and returns their bytes.
        Raises as ``folder_of`` does."""
        model = model_name(options.model or cls.spec.default_model)
        precision = cls.precision_for(options, model, gpu=options.device != "cpu", cache=cache)
        folder = folder_of(model, precision, cache=cache)
        stored_tensors(folder, precision)  # raises where one is damaged
        return chosen_files(folder, precision).size_bytes

    @classmethod
    def precision_for(
        cls,
        options: EngineOptions,
        model: ModelName,
        *,
        gpu: bool,
        fetch: bool = True,
        cache: Path | None = None,
    ) -> str:
        """The precision that ``model`` runs in, on a GPU or a CPU. Raises ``InvalidRequest`` for one that the
        engine does not know."""
        return precision_of(options.precision, cls.on_gpu if gpu else cls.on_cpu, cls.precisions)

    @classmethod
    def placed(cls, options: EngineOptions, *, fetch: bool = True) -> Placement:
        """Where and how the model will run. Raises ``InvalidRequest`` for options that make no sense, and
        ``EngineUnavailable`` where weights, device or memory are missing or the licence forbids it."""
        model = model_name(options.model or cls.spec.default_model)
        licence = licence_of(model.name)
        if options.commercial:
            refuse_unless_sellable(str(model), licence, cls.spec.sellable)
        staged = options.staged and options.device != "cpu"
        device = device_of("cpu" if staged else options.device)
        gpu_path = options.gpu_path or staged or device.type == "cuda"
        precision = cls.precision_for(options, model, gpu=gpu_path or device.type != "cpu", fetch=fetch)
        folder = folder_of(model, precision, fetch=fetch)
        tensors = stored_tensors(folder, precision)
        weights = sum(tensor.size_bytes for tensor in tensors)
        needed = round(sum(tensor.numbers * cls._number_bytes(tensor.name, precision) for tensor in tensors))
        wide = "bf16" if cls.quantizes and precision in QUANTIZED else precision
        needed += cls.extra_memory(folder, number_bytes=_BYTES[wide], gpu_path=gpu_path)
        free = free_bytes(device)
        check_room(str(model), needed, free, str(device))
        if cls.quantizes and precision in QUANTIZED:  # it is read into main memory as it would be in bf16
            wide_bytes = sum(tensor.numbers for tensor in tensors) * _BYTES["bf16"]
            check_room(str(model), wide_bytes, free_memory(), f"cpu, to be narrowed to {precision}")
        return Placement(
            str(model),
            folder,
            licence,
            device,
            precision,
            weights,
            needed,
            free,
            model.name,
            revision_of(folder),
            staged,
            gpu_path,
            chosen_files(folder, precision).variant,
        )

    @classmethod
    def _number_bytes(cls, tensor: str, precision: str) -> float:
        """Bytes in memory of each number of the tensor of this name."""
        if cls.quantizes and precision in QUANTIZED:
            return QUANTIZED[precision] if is_quantized(tensor) else _BYTES["bf16"]
        return _BYTES[precision if tensor.startswith(cls.narrowed) else "fp32"]

    @classmethod
    def extra_memory(cls, folder: Path, *, number_bytes: float, gpu_path: bool = False) -> int:
        """Bytes that the engine needs beside the weights, such as those of caches. A number has
        ``number_bytes``; ``gpu_path`` as in ``Placement``."""
        return 0

    @classmethod
    def facts(cls, place: Placement, parameters: tuple[str, ...] = (), detail: str = "") -> EngineInfo:
        """What the manifest says about it."""
        return EngineInfo(
            name=cls.name,
            version=cls.version,
            licence=place.licence.name,
            commercial=place.licence.commercial,
            summary=place.summary + detail,
            parameters=parameters,
            model=place.name,
            revision=place.revision,
            precision=place.precision,
            device=device_name(place.device),
            libraries=cls.libraries,
        )


def first_line(error: Exception) -> str:
    """The first line of an error's message, a hundred characters at most, to be quoted in another."""
    return str(error).strip().partition("\n")[0][:100]
