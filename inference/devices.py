"""Where a model runs: its device, its precision, and the memory that it takes. Torch is imported only inside
the functions, because settings are checked in processes that load no model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import EngineUnavailable, InvalidRequest
from config.models import Licence
from inference.weights import free_memory

if TYPE_CHECKING:
    import torch

PRECISIONS = ("fp32", "bf16", "fp16", "int8", "int4")


def device_of(setting: str) -> torch.device:
    """The device that ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps`` names.

    Raises ``InvalidRequest`` for another name and ``EngineUnavailable`` for a device that is not there.
    """
    import torch

    if setting == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(setting)
    except RuntimeError as error:
        raise InvalidRequest("device", setting, "use auto, cpu, cuda, cuda:1 or mps") from error
    if device.type not in ("cpu", "cuda", "mps"):
        raise InvalidRequest("device", setting, "use auto, cpu, cuda, cuda:1 or mps")
    count = torch.cuda.device_count() if device.type == "cuda" else int(torch.backends.mps.is_available())
    if device.type != "cpu" and (device.index or 0) >= count:
        raise EngineUnavailable(f"there is no device {setting!r} here", "set DEVICE to auto or cpu")
    return device


def precision_of(setting: str, auto: str, known: tuple[str, ...] = PRECISIONS) -> str:
    """``setting``, or ``auto`` if it is "auto". Raises ``InvalidRequest`` unless it is one of ``known``."""
    if setting == "auto":
        return auto
    if setting not in known:
        raise InvalidRequest("precision", setting, f"use auto or one of: {', '.join(known)}")
    return setting


def dtype_of(precision: str) -> Any:
    import torch

    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16, "int8": torch.float32}[
        precision
    ]


def device_name(device: torch.device) -> str:
    """The device's name in the manifest: "cpu", or the GPU's own name."""
    import torch

    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def free_bytes(device: torch.device) -> int:
    """Free memory of the device in bytes."""
    import torch

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return free_memory()


@dataclass(frozen=True)
class Placement:
    """A model that may be loaded."""

    model: str
    """Its id with the revision, or its folder, as the options name it."""
    folder: Path
    licence: Licence
    device: torch.device
    precision: str
    weights: int
    """Bytes of the checkpoint."""
    needed: int
    """Bytes in memory."""
    free: int
    """Bytes that are free on ``device``."""
    name: str
    """The model's id without a revision."""
    revision: str
    """The revision of the weights that were found."""
    staged: bool = False
    """Whether ``device`` is only where the model waits for its GPU, which ``precision`` is for."""
    gpu_path: bool = False
    """Whether the model takes the code path of a GPU."""
    variant: str | None = None
    """Which of several copies of the weights is read: ``from_pretrained``'s ``variant``."""

    @property
    def dtype(self) -> Any:
        return dtype_of(self.precision)

    @property
    def summary(self) -> str:
        return f"{self.model} in {self.precision} on {self.device}"
