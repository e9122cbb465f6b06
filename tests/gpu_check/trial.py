"""What every engine with a model goes through: loaded and moved as after a memory snapshot, used alone and
among others, cancelled, out of memory, unloaded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from config.engine import EngineOptions, Report, ignore_progress
from config.errors import Cancelled, SongwrightError
from tests.gpu_check.card import Card
from tests.gpu_check.checkpoints import checkpoint
from tests.gpu_check.findings import Findings
from tests.inference.engines import registry_of

_ROOM = 1.2  # what an engine says it needs is held free with so much beside it (inference.weights.check_room)
_CANCELLED_S = 2.0

Use = Callable[[Any, Report], object]
"""Has an engine make something, and answers its bytes."""


@contextmanager
def moved(findings: Findings, card: Card, engine: str, folder: Path) -> Iterator[Any]:
    """The engine with the checkpoint of the part that is looked at, which is made in ``folder``: loaded into
    memory, and moved."""
    with findings.check("random weights") as found:
        checkpoint(findings.part, folder, card.device, little=card.tiny)
        size = sum(file.stat().st_size for file in folder.rglob("*.safetensors"))
        found.figure = f"{size / 1e9:.2f} GB"
    before = card.used_bytes()
    # On a processor there is nothing to wait for; it takes the same way.
    options = EngineOptions(model=str(folder), device="auto", staged=True, gpu_path=True)
    loaded: Any = None
    with findings.check("staged load") as found:
        began = time.perf_counter()
        loaded = registry_of(engine).load(engine, options)
        taken = time.perf_counter() - began
        found.figure = f"{loaded.info.precision}, {loaded._place.weights / taken / 1e9:.2f} GB/s"
        found.ok = card.used_bytes() - before < 1e6 if card.is_cuda else None
    if loaded is None:
        raise LookupError(f"{engine} was not loaded")
    with findings.check("move to the device") as found:
        seconds = card.seconds(lambda: loaded.move_to_gpu(card.device))
        moved_bytes = card.used_bytes() - before if card.is_cuda else loaded._place.needed
        found.figure = f"{moved_bytes / 1e9:.2f} GB, {moved_bytes / seconds / 1e9:.1f} GB/s"
        found.ok = card.name in loaded.info.device if card.is_cuda else loaded.info.device == "cpu"
    yield loaded
    with findings.check("unloaded") as found:
        loaded.close()
        left = card.used_bytes() - before
        found.figure = f"{left / 1e6:.0f} MB are left"
        found.ok = left < 64e6 if card.is_cuda else None  # cuBLAS keeps its workspace


def behaviour(
    findings: Findings,
    card: Card,
    engine: Any,
    use: Use,
    others: Use,
    company: int,
    network: torch.nn.Module,
) -> None:
    """``use`` makes what is compared, ``others`` what is made beside it by ``company`` callers. ``network``,
    one of the engine's, fails where a processor plays a full card."""
    made: object = None
    with findings.check("the first") as found:
        found.figure = f"{card.seconds(lambda: use(engine, ignore_progress)):.2f} s"
        found.ok = True
    with findings.check("the same once more") as found:
        began = time.perf_counter()
        made = use(engine, ignore_progress)
        found.figure = f"{time.perf_counter() - began:.2f} s, equal to the first byte by byte"
        found.ok = made == use(engine, ignore_progress)
    with findings.check(f"alone and among {company}") as found, card.peak() as peak:
        found.ok = _among(engine, use, others, company) == made
        found.figure = "the same bytes" if found.ok else "other bytes"
        needed = engine._place.needed
        if card.is_cuda:
            found.figure += f"; {peak() / 1e9:.2f} GB of {needed / 1e9:.2f} GB at the peak"
            found.ok = found.ok and peak() <= needed * _ROOM
        else:
            found.figure += f"; {peak() / 1e9:.2f} GB in the process"
    with findings.check("cancelled, then the same again") as found:
        seconds = _cancelled(engine, use)
        again = use(engine, ignore_progress) == made
        found.figure = f"gone {1000 * seconds:.0f} ms after it was cancelled"
        found.ok = again and seconds < _CANCELLED_S
    with findings.check("out of memory, then the same again") as found:
        why = _out_of_memory(engine, use, card, network)
        found.ok = use(engine, ignore_progress) == made
        found.figure = why if found.ok else f"other bytes after it: {why}"


@contextmanager
def eager(slots: Any, step: Callable[[], object]) -> Iterator[None]:
    """Slots run ``step`` itself in the block, in place of its recording."""
    recorded = slots._graph
    slots._graph = _Eager(step)
    try:
        yield
    finally:
        slots._graph = recorded


class _Eager:
    def __init__(self, step: Callable[[], object]) -> None:
        self.replay = step


def _among(engine: Any, use: Use, others: Use, company: int) -> object:
    """What ``use`` makes while ``company - 1`` callers have something else made."""
    with ThreadPoolExecutor(company) as threads:
        beside = [threads.submit(others, engine, ignore_progress) for _ in range(company - 1)]
        made = threads.submit(use, engine, ignore_progress).result()
        for one in beside:
            one.result()
    return made


def _cancelled(engine: Any, use: Use) -> float:
    """Seconds from the moment in which nobody wanted it any more until the engine had let go of it."""
    cancelled = threading.Event()
    at = 0.0

    def report(_stage: str, fraction: float) -> None:
        nonlocal at
        if fraction > 0.0:
            at = time.perf_counter()
            cancelled.set()
            raise Cancelled

    try:
        use(engine, report)
    except Cancelled:
        return time.perf_counter() - at
    raise AssertionError("it was finished, though nobody wanted it")


def _out_of_memory(engine: Any, use: Use, card: Card, network: torch.nn.Module) -> str:
    """What the engine says on a full card."""
    with card.full(network):
        try:
            use(engine, ignore_progress)
        except (torch.OutOfMemoryError, SongwrightError) as error:
            first = str(error).strip().partition("\n")[0]
            if "memory" not in first:
                raise
            return first[:44]
    raise AssertionError("it was made without any memory")
