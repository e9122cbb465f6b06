"""When CUDA is hidden, and which of its errors end a process."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest
import torch

from config.cuda import gpu_error, gpu_hidden, lost_gpu, out_of_memory
from config.errors import EngineFailed
from tests.orchestrator.gpus import ILLEGAL, NO_MEMORY

NAMES = ("CUDA_VISIBLE_DEVICES", "PYTORCH_NVML_BASED_CUDA_CHECK", "XFORMERS_ENABLE_TRITON")


@pytest.mark.parametrize("before", [None, "0", "1,0", "GPU-8f5c", ""])
def test_what_was_set_before_a_gpu_is_hidden_is_set_again_after_it(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        if before is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, before)
    with suppress(KeyError), gpu_hidden():
        assert [os.environ[name] for name in NAMES] == ["", "1", "1"]
        raise KeyError
    assert [os.environ.get(name) for name in NAMES] == [before] * 3


def test_one_hidden_inside_another_stays_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAMES[0], raising=False)
    with gpu_hidden():
        with gpu_hidden():
            pass
        assert os.environ[NAMES[0]] == ""
    assert NAMES[0] not in os.environ


def test_a_count_that_an_older_torch_keeps_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """AudioCraft's keeps it with ``functools.lru_cache``."""
    from functools import lru_cache

    devices = 0

    @lru_cache(maxsize=1)
    def device_count() -> int:
        return devices

    monkeypatch.setattr(torch.cuda, "device_count", device_count)
    with gpu_hidden():
        assert torch.cuda.device_count() == 0
    devices = 1
    assert torch.cuda.device_count() == 1


STAYING = (
    torch.AcceleratorError(ILLEGAL),
    torch.AcceleratorError("CUDA error: unspecified launch failure"),
    RuntimeError("CUDA error: device-side assert triggered"),
    RuntimeError("CUDA driver error: an illegal memory access was encountered"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasGemmEx(...)`"),
)
PASSING = (
    torch.OutOfMemoryError(NO_MEMORY),
    torch.AcceleratorError("CUDA error: out of memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
)


@pytest.mark.parametrize("error", STAYING, ids=str)
def test_an_error_that_cuda_keeps_loses_the_gpu_also_when_it_was_translated(error: Exception) -> None:
    assert lost_gpu(error)
    assert not out_of_memory(error)
    wrapped = EngineFailed("qwen", "it broke")
    wrapped.__cause__ = error
    assert lost_gpu(wrapped)
    said = str(gpu_error("qwen", error))
    assert said.startswith("engine 'qwen' lost its GPU (")
    assert "\n" not in said


@pytest.mark.parametrize("error", PASSING, ids=str)
def test_want_of_memory_passes(error: Exception) -> None:
    assert out_of_memory(error)
    assert not lost_gpu(error)
    assert "ask for a shorter song" in str(gpu_error("qwen", error))


def test_a_bug_is_no_error_of_the_gpu() -> None:
    for error in (KeyError("tempo"), RuntimeError("shape mismatch"), MemoryError()):
        assert gpu_error("qwen", error) is None
