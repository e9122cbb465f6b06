"""Prints the calls of CUDA while an engine is loaded, as JSON:

python -m tests.inference.cuda_calls ENGINE FOLDER

Torch for CPUs is made to look like a build for CUDA whose calls end in functions that only count them, so all
the Python code above them is the genuine libraries' own. It does not see calls that C++ makes by itself, nor
those of the import of torch: ``tests/cuda`` has both.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import torch

calls: list[str] = []


def counted(name: str, answer: int) -> Callable[..., int]:
    def call(*_: Any) -> int:
        calls.append(name)
        return answer

    return call


def count_calls() -> None:
    """From now on, ``calls`` gets the name of each call."""
    lazy_init = torch.cuda._lazy_init

    def counted_init() -> None:
        calls.append("cuInit")
        lazy_init()

    torch._C._cuda_getDeviceCount = counted("cudaGetDeviceCount", 0)
    torch._C._cuda_getCurrentRawStream = counted("cudaStream", 0)  # imported by name in such a build
    torch._C._accelerator_getAccelerator = lambda: torch.device("cuda")  # diffusers asks by this way
    torch.cuda._raw_device_count_nvml = counted("nvmlDeviceGetCount", -1)  # type: ignore[attr-defined]
    torch.cuda._lazy_init = counted_init


def main(name: str, folder: str) -> None:
    count_calls()
    from config.engine import EngineOptions
    from tests.inference.engines import registry_of

    engine = registry_of(name).load(name, EngineOptions(model=folder, staged=True))
    loading = list(calls)
    torch.cuda.is_available()
    print(json.dumps({"engine": engine.info.name, "loading": loading, "after": calls[len(loading) :]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
