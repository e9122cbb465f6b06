"""Measures an engine's work, and translates its errors into our types."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from config.cuda import gpu_error
from config.engine import Relievable
from config.errors import EngineFailed, SongwrightError
from orchestrator.estimates.meter import Measurement, Meter


@contextmanager
def metered(meter: Meter, engine: str) -> Iterator[Measurement]:
    """Measures the work of the engine named ``engine`` inside the ``with`` block. The measurement's ``usage``
    is set once the work has ended.

    All steps with an engine run inside this. Our own errors are raised unchanged, an error of the GPU as
    ``EngineUnavailable``, any other as ``EngineFailed``: an engine's bug ends its song, but not the process
    that makes others. The error's ``spent`` is the usage until then.
    """
    try:
        with meter.measure() as measured:
            yield measured
    except SongwrightError as error:
        error.spent = measured.usage
        raise
    except Exception as error:
        failed = gpu_error(engine, error) or EngineFailed(engine, f"{type(error).__name__}: {error}")
        failed.spent = measured.usage
        raise failed from error


def free_memory(engine: Any, error: SongwrightError) -> None:
    """Frees memory after ``engine`` ran out of it with ``error``: the tensors in the frames of the traceback,
    and the caches of the engine's libraries."""
    each = error.__cause__  # the frames of ``error`` itself belong to the caller that waits for the work
    while each is not None:
        traceback.clear_frames(each.__traceback__)
        each = each.__cause__ or each.__context__
    if isinstance(engine, Relievable):
        engine.relieve()
