"""When a process may ask for its GPU, and which of CUDA's errors it can live with. Known here without torch:
the first is decided before torch is imported, the second by whoever has no engine's library."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from config.errors import EngineUnavailable

_HIDDEN = {
    # torch answers from these two alone: no devices are visible, so that it need not ask the driver
    # (torch.cuda.is_available, PYTORCH_NVML_BASED_CUDA_CHECK).
    "CUDA_VISIBLE_DEVICES": "",
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    # xformers, which AudioCraft imports, keeps for good what it finds out about triton, and asks the GPU.
    "XFORMERS_ENABLE_TRITON": "1",
}


@contextmanager
def gpu_hidden() -> Iterator[None]:
    """Inside it, libraries are imported and models loaded as if there were no GPU, and none asks CUDA.

    Whoever asks before a memory snapshot gets its answer, "no device", for good: torch keeps the number of
    devices for the life of the process. After it, the environment is as it was, and the first question is
    answered by the machine that the process runs on then.
    """
    before = {name: os.environ.get(name) for name in _HIDDEN}
    os.environ.update(_HIDDEN)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        _forget_count()


def _forget_count() -> None:
    """AudioCraft's torch, of 2023, keeps what ``device_count`` said in a cache of Python's."""
    if torch := sys.modules.get("torch"):
        forget = getattr(torch.cuda.device_count, "cache_clear", None)
        if forget is not None:
            forget()


def gpu_error(engine: str, error: BaseException) -> EngineUnavailable | None:
    """What to answer where ``error`` of the engine called ``engine`` is the GPU's, and not a bug of ours."""
    if out_of_memory(error):
        return EngineUnavailable(
            f"engine {engine!r} ran out of its GPU's memory ({_line(error)})",
            "ask for a shorter song, or run the engine on a GPU with more memory",
        )
    if lost_gpu(error):
        return EngineUnavailable(
            f"engine {engine!r} lost its GPU ({_line(error)})",
            "ask again: the process that had it ends, and another one starts",
        )
    return None


def out_of_memory(error: BaseException) -> bool:
    """Whether ``error``, or what it came from, says that the GPU has no more memory: the next piece of work
    may have enough again."""
    return any(_no_memory(each) for each in _chain(error))


def lost_gpu(error: BaseException) -> bool:
    """Whether ``error``, or what it came from, says that CUDA failed in a way that stays: after an illegal
    address or a failed assertion on the device, each further call in this process fails as well (CUDA runtime
    API, "Error Handling")."""
    return not out_of_memory(error) and any(_broken(each) for each in _chain(error))


def _no_memory(error: BaseException) -> bool:
    text = str(error)
    return (
        type(error).__name__ == "OutOfMemoryError"
        or "CUDA out of memory" in text
        or "CUDA error: out of memory" in text
        or "CUBLAS_STATUS_ALLOC_FAILED" in text
    )


def _broken(error: BaseException) -> bool:
    text = str(error)
    return type(error).__name__ == "AcceleratorError" or any(
        mark in text
        for mark in (
            "CUDA error:",
            "CUDA driver error:",
            "CUBLAS_STATUS_",
            "CUDNN_STATUS_",
            "device-side assert",
        )
    )


def _line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:150]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that it was raised from or beside, the newest first."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__
