"""What is asked of CUDA while an engine is loaded, as JSON:

python -m tests.inference.questions ENGINE FOLDER

Torch for CPUs is made to look like a build for CUDA, whose questions end in functions that only count: so all
that Python decides on the way there is the genuine libraries' own. Not seen is what C++ would ask by itself,
nor the import of torch: ``tests/cuda`` has both.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import torch

asked: list[str] = []


def counted(name: str, answer: int) -> Callable[..., int]:
    def ask(*_: Any) -> int:
        asked.append(name)
        return answer

    return ask


def count_questions() -> None:
    """From now on, ``asked`` has the name of each question."""
    lazy_init = torch.cuda._lazy_init

    def counted_init() -> None:
        asked.append("cuInit")
        lazy_init()

    torch._C._cuda_getDeviceCount = counted("cudaGetDeviceCount", 0)
    torch._C._cuda_getCurrentRawStream = counted("cudaStream", 0)  # imported by name in such a build
    torch._C._accelerator_getAccelerator = lambda: torch.device("cuda")  # diffusers asks by this way
    torch.cuda._raw_device_count_nvml = counted("nvmlDeviceGetCount", -1)  # type: ignore[attr-defined]
    torch.cuda._lazy_init = counted_init


def main(name: str, folder: str) -> None:
    count_questions()
    from config.engine import EngineOptions
    from tests.inference.engines import registry_of

    engine = registry_of(name).load(name, EngineOptions(model=folder, staged=True))
    loading = list(asked)
    torch.cuda.is_available()
    print(json.dumps({"engine": engine.info.name, "loading": loading, "after": asked[len(loading) :]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
