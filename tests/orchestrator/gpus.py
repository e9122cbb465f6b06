"""A writer that meets a GPU's errors, in torch's classes and words, where the description asks for one."""

from __future__ import annotations

import torch

from config.engine import EngineInfo, Report
from lyrics.contract import PlanRequest, SongPlan
from lyrics.sketch.engine import SketchWriter

ENGINE = f"{__name__}:GpuWriter"
NO_MEMORY = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 21.95 GiB"
ILLEGAL = "CUDA error: an illegal memory access was encountered\nCUDA kernel errors might be asynchronous"


class Held:
    """Stands for a tensor that a frame of the failed work has."""

    living = 0

    def __init__(self) -> None:
        Held.living += 1

    def __del__(self) -> None:
        Held.living -= 1


class GpuWriter:
    def __init__(self) -> None:
        self._writer = SketchWriter()
        self.info = EngineInfo(name=ENGINE, version="1", licence="MIT")
        self.held_when_relieved: list[int] = []

    def plan(self, request: PlanRequest, report: Report) -> SongPlan:
        held = Held()
        if "no memory" in request.description:
            raise torch.OutOfMemoryError(NO_MEMORY)
        if "illegal" in request.description:
            raise torch.AcceleratorError(ILLEGAL)
        if "a bug" in request.description:
            raise KeyError("tempo")
        del held
        return self._writer.plan(request, report)

    def relieve(self) -> None:
        self.held_when_relieved.append(Held.living)
