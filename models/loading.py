"""What every engine with a model settles before it loads a byte: which one, under which licence, where it
runs, in which numbers, and whether it fits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.engine import EngineOptions
from models.devices import device_of, dtype_of, free_bytes, precision_of
from models.licences import Licence, licence_of, refuse_unless_sellable
from models.weights import check_room, folder_of, model_name, weights_bytes

if TYPE_CHECKING:
    import torch

_BYTES = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "int8": 1.0}


@dataclass(frozen=True)
class Placement:
    """A model that may be loaded."""

    model: str
    """Its id with the revision, or its folder, as it was asked for."""
    folder: Path
    licence: Licence
    device: torch.device
    precision: str

    @property
    def dtype(self) -> Any:
        return dtype_of(self.precision)

    @property
    def summary(self) -> str:
        return f"{self.model} in {self.precision} on {self.device}"


def placed(
    options: EngineOptions,
    default: str,
    *,
    precisions: tuple[str, ...],
    on_cpu: str,
    instead: str,
    stored_bytes: float = 4.0,
) -> Placement:
    """Settles it. ``instead`` names an engine whose weights let songs be sold; ``stored_bytes`` is how many a
    number has in the checkpoint.

    Raises ``InvalidRequest`` for options that make no sense and ``EngineUnavailable`` where weights, device,
    memory or licence stand against it.
    """
    model = model_name(options.model or default)
    licence = licence_of(model.name)
    if options.commercial:
        refuse_unless_sellable(str(model), licence, instead)
    device = device_of(options.device)
    precision = precision_of(options.precision, device, known=precisions, cpu=on_cpu)
    folder = folder_of(model)
    in_memory = weights_bytes(folder) * _BYTES[precision] / stored_bytes
    check_room(str(model), int(in_memory), free_bytes(device), str(device))
    return Placement(str(model), folder, licence, device, precision)
