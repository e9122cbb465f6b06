"""Stems of long songs, in files: a song of ten minutes is larger than the memory of a small machine.

A file's array is used as any other. Its pages are in memory while it is worked on, and leave when it is put
aside."""

from __future__ import annotations

import mmap
import os
import tempfile

import numpy as np

from config.errors import EngineUnavailable
from music.contract import Samples

MOST_BYTES = 720_000_000
"""Stems that take less together stay in memory: six of four minutes."""


def blank(rows: int, samples: int, *, in_file: bool) -> Samples:
    """``(rows, samples)`` of silence. Raises ``EngineUnavailable`` if there is no room for its file."""
    if not in_file or not samples:
        return np.zeros((rows, samples), dtype=np.float32)
    size = 4 * rows * samples
    try:
        with tempfile.TemporaryFile(prefix="songwright-") as file:
            # The room is taken now: a full disk would else kill the process at a later write.
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            else:
                file.write(bytes(size))
                file.flush()
            pages = mmap.mmap(file.fileno(), size)
    except OSError as error:
        raise EngineUnavailable(
            f"a long song needs {size / 1e6:.0f} MB in {tempfile.gettempdir()} for each stem: {error}",
            "make room there, or set TMPDIR to a folder with room; or make a song of four minutes or less",
        ) from error
    return np.frombuffer(pages, dtype=np.float32).reshape(rows, samples)


def put_aside(stem: Samples) -> None:
    """The pages of a stem in a file leave memory; its values stay. Another stem stays as it is."""
    pages = _pages(stem)
    if pages is not None and hasattr(mmap, "MADV_DONTNEED"):
        pages.madvise(mmap.MADV_DONTNEED)


def first_rows(stem: Samples, rows: int) -> Samples:
    """The first rows of a stem without the memory of the others."""
    return stem[:rows].copy() if _pages(stem) is None else stem[:rows]


def _pages(stem: Samples) -> mmap.mmap | None:
    base: object = stem
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    return base if isinstance(base, mmap.mmap) else None
