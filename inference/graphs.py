"""A step of a model as one CUDA graph: recorded once, replayed each time.

Launching hundreds of small kernels one by one takes longer than running them (gpt-fast, PyTorch team, 2023).
On a processor, where there are no graphs, all but the replay itself is the same: the step runs over the same
buffers, is rehearsed as often, and then runs anew each time. So a test without a GPU runs a GPU's path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import torch
from torch import Tensor

REHEARSALS = 2
"""Runs before the recording: in the first, libraries set up their kernels, which no graph can hold."""

T = TypeVar("T")


class StepGraph(Generic[T]):
    """``step`` recorded: a function without arguments, all of whose input is in buffers that never move, and
    that neither asks the device nor waits for it."""

    def __init__(self, step: Callable[[], T], device: torch.device, changes: Sequence[Tensor] = ()) -> None:
        """Rehearses and records ``step``. ``changes`` are the buffers that it changes in a way that must
        leave no trace: they are put back."""
        self._step = step
        self._graph: torch.cuda.CUDAGraph | None = None
        kept = [buffer.clone() for buffer in changes]
        if device.type == "cuda":
            self._record(device)
        else:
            for _ in range(REHEARSALS):
                step()
        for buffer, before in zip(changes, kept, strict=True):
            buffer.copy_(before)

    def replay(self) -> T:
        """Runs the step; what it answers holds until the next replay."""
        if self._graph is None:
            return self._step()
        self._graph.replay()
        return self._result

    def _record(self, device: torch.device) -> None:
        with torch.cuda.device(device):
            aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                for _ in range(REHEARSALS):
                    self._step()
            torch.cuda.current_stream().wait_stream(aside)
            # Recording runs nothing. What other threads do on the device meanwhile is no part of it.
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self._result = self._step()
        self._graph = graph
