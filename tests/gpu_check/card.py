"""The card that is looked at, or a processor in its place: its clock, its memory, its ceilings."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Ceilings:
    """What the card can do at most: bytes a second that a copy reads and writes, and operations a second of a
    product in half precision."""

    bytes_per_s: float
    operations_per_s: float


@dataclass(frozen=True)
class Card:
    """``device`` is a torch device's name. ``tiny``: everything in little, to try the checks themselves."""

    device: str
    tiny: bool

    @property
    def is_cuda(self) -> bool:
        return self.device.startswith("cuda")

    @property
    def name(self) -> str:
        return torch.cuda.get_device_name(self.device) if self.is_cuda else "a processor"

    def wait(self) -> None:
        """Until all that was launched is done."""
        if self.is_cuda:
            torch.cuda.synchronize(self.device)

    def seconds(self, work: Callable[[], object], times: int = 1) -> float:
        """The median of ``times`` runs, each from an idle card until it is idle again."""
        taken = []
        for _ in range(times):
            self.wait()
            began = time.perf_counter()
            work()
            self.wait()
            taken.append(time.perf_counter() - began)
        return statistics.median(taken)

    @contextmanager
    def peak(self) -> Iterator[Callable[[], int]]:
        """Gives a function that answers the most bytes in use since the beginning of the block: on the card,
        or in this process."""
        if self.is_cuda:
            torch.cuda.reset_peak_memory_stats(self.device)
            yield lambda: torch.cuda.max_memory_allocated(self.device)
        else:
            Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets VmHWM
            yield lambda: _status("VmHWM")

    def used_bytes(self) -> int:
        """In tensors on the card, or by this process."""
        return torch.cuda.memory_allocated(self.device) if self.is_cuda else _status("VmRSS")

    @contextmanager
    def full(self, module: torch.nn.Module) -> Iterator[None]:
        """No memory is left in the block. A processor has no such state that a process survives: there,
        ``module`` raises the error instead that a card would."""
        if not self.is_cuda:
            hook = module.register_forward_pre_hook(_refuse)
            try:
                yield
            finally:
                hook.remove()
            return
        torch.cuda.empty_cache()
        ballast = []
        size = torch.cuda.mem_get_info(self.device)[0]
        while size >= 512:  # bytes: what PyTorch's allocator hands out at least
            try:
                ballast.append(torch.empty(size, dtype=torch.uint8, device=self.device))
            except torch.OutOfMemoryError:
                size //= 2
        try:
            yield
        finally:
            ballast.clear()
            torch.cuda.empty_cache()

    def ceilings(self) -> Ceilings:
        """Measured: a large copy, read and written, and a large product of random numbers in bfloat16."""
        size = 1 << (22 if self.tiny else 31)
        source = torch.empty(size, dtype=torch.uint8, device=self.device).random_()
        target = torch.empty_like(source)
        target.copy_(source)
        copy_s = self.seconds(partial(target.copy_, source), times=5)
        side = 256 if self.tiny else 8192
        one, other = (torch.randn(side, side, device=self.device).bfloat16() for _ in range(2))
        made = one @ other
        product_s = self.seconds(lambda: torch.mm(one, other, out=made), times=5)
        return Ceilings(2 * size / copy_s, 2 * side**3 / product_s)


def _status(name: str) -> int:
    """Bytes that the kernel counts under ``name`` for this process."""
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def _refuse(_module: torch.nn.Module, _inputs: object) -> None:
    raise torch.OutOfMemoryError("CUDA out of memory (rehearsed)")
