"""A step of a model as one CUDA graph: captured once, replayed each time.

Launching hundreds of small kernels one by one takes longer than running them (gpt-fast, PyTorch team, 2023).
A CPU has no graphs, but the rest is the same: the step uses the same buffers, has the same number of warm-up
runs, and then runs as usual each time. So a test without a GPU runs the GPU's code path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import torch
from torch import Tensor

REHEARSALS = 2
"""Warm-up runs before the capture. In the first one, libraries set up their kernels, which a graph cannot
capture."""

T = TypeVar("T")


class StepGraph(Generic[T]):
    """A captured ``step``: a function without arguments that reads its input from buffers with fixed
    addresses and never synchronises with the device."""

    def __init__(self, step: Callable[[], T], device: torch.device, changes: Sequence[Tensor] = ()) -> None:
        """Runs and captures ``step``. ``changes`` are buffers that the runs change; they are restored
        afterwards."""
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
        """Runs the step. The result is valid until the next replay."""
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
            # The capture executes nothing. It ignores what other threads do on the device.
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self._result = self._step()
        self._graph = graph
