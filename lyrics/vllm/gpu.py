"""The GPU that vLLM is to use, by CUDA's driver: no torch is needed in this process."""

from __future__ import annotations

import os
import re

from config.cuda import gpu_names
from config.errors import EngineUnavailable, InvalidRequest

_DEVICE = re.compile(r"auto|cuda(?::(\d{1,2}))?")


def gpu_index(setting: str) -> int | None:
    """The number of the device that ``auto``, ``cuda`` or ``cuda:1`` names; None for ``cpu``. Raises
    ``InvalidRequest`` for another name."""
    if setting == "cpu":
        return None
    if not (found := _DEVICE.fullmatch(setting)):
        raise InvalidRequest("device", setting, "use auto, cuda, cuda:1 or, with vLLM's build for it, cpu")
    return int(found[1] or 0)


def gpu_name(index: int) -> str:
    """The name of a GPU by its number, "NVIDIA A10". Raises ``EngineUnavailable`` if there is none."""
    names = gpu_names()
    if index >= len(names):
        what = f"there is no GPU {index} here" if names else "there is no GPU here that CUDA's driver knows"
        raise EngineUnavailable(
            f"engine 'vllm' needs a GPU, and {what}",
            "use SONGWRIGHT_LYRICS__ENGINE=qwen, or openai with a server elsewhere; with vLLM's build for "
            "processors, set SONGWRIGHT_LYRICS__DEVICE=cpu",
        )
    return names[index]


def visible(index: int) -> str:
    """``CUDA_VISIBLE_DEVICES`` for a process that is to see this GPU alone."""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    return shown.split(",")[index].strip() if shown else str(index)
