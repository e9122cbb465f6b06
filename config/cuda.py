"""Names the GPUs, hides them from libraries while a model is loaded, and classifies CUDA's errors. Needs no
torch: the GPU is hidden before torch is imported, and errors are classified in processes without torch."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from config.errors import EngineUnavailable

_HIDDEN = {
    # With these two, torch sees no device and does not call the driver (torch.cuda.is_available,
    # PYTORCH_NVML_BASED_CUDA_CHECK).
    "CUDA_VISIBLE_DEVICES": "",
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    # AudioCraft imports xformers, which looks for triton once, for the life of the process, and for that
    # calls the GPU.
    "XFORMERS_ENABLE_TRITON": "1",
}
_NAME_BYTES = 256


def gpu_names() -> list[str]:
    """The names of all GPUs that this process may use, by CUDA's driver: "NVIDIA A10"."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return []
    count = ctypes.c_int()
    if cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count)):  # other than 0: CUDA's error
        return []
    names = []
    for index in range(count.value):
        name = ctypes.create_string_buffer(_NAME_BYTES)
        failed = cuda.cuDeviceGetName(name, _NAME_BYTES, ctypes.c_int(index))
        names.append("a GPU" if failed else name.value.decode("utf-8", "replace"))
    return names


@contextmanager
def gpu_hidden() -> Iterator[None]:
    """Inside it, libraries are imported and models are loaded as if there were no GPU; none calls CUDA.

    torch keeps the number of devices for the life of the process: a call before a memory snapshot would fix
    it at 0. Afterwards the environment is as before, and the next call sees the devices of the machine that
    the process runs on then."""
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
    """AudioCraft's torch, of 2023, caches the result of ``device_count`` in Python."""
    if torch := sys.modules.get("torch"):
        forget = getattr(torch.cuda.device_count, "cache_clear", None)
        if forget is not None:
            forget()


def gpu_error(engine: str, error: BaseException) -> EngineUnavailable | None:
    """The error to raise instead, if ``error`` of the engine called ``engine`` came from the GPU and not from
    a bug of ours."""
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
    """Whether ``error``, or a cause of it, says that the GPU is out of memory. The next piece of work may
    succeed."""
    return any(_no_memory(each) for each in _chain(error))


def lost_gpu(error: BaseException) -> bool:
    """Whether ``error``, or a cause of it, says that CUDA failed permanently: after an illegal address or a
    failed assertion on the device, each further call in this process fails as well (CUDA runtime API, "Error
    Handling")."""
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
    """The error, its cause or context, and theirs in turn."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__
