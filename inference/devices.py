"""Which device and which numbers a model runs in. Torch is imported where it is used: a setting can be wrong
long before a model is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from config.errors import EngineUnavailable, InvalidRequest
from inference.weights import free_memory

if TYPE_CHECKING:
    import torch

PRECISIONS = ("fp32", "bf16", "fp16", "int8")


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
    """``setting``, one of ``known``, or what it is to be where it is ``auto``. Raises ``InvalidRequest`` for
    what the engine does not know."""
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
    """What the manifest calls it: "cpu", or the GPU's own name."""
    import torch

    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def free_bytes(device: torch.device) -> int:
    """Memory that a model could still have there."""
    import torch

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return free_memory()
