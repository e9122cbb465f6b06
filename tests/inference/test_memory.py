"""What loading a model takes beside its weights, and what closing it gives back, measured from outside in a
process of its own."""

from __future__ import annotations

import ctypes
import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from config.engine import EngineOptions
from tests.inference.engines import registry_of
from tests.long import short_if

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")

CASES = [
    ("musicgen", "fp32"),
    ("musicgen", "bf16"),
    ("musicgen", "int8"),
    ("musicgen_melody", "fp32"),
    ("musicgen_melody", "bf16"),
    ("acestep", "fp32"),
    ("acestep", "bf16"),
    ("sdxl_turbo", "fp32"),
    ("sdxl_turbo", "bf16"),
    ("qwen", "bf16"),
    ("qwen", "fp32"),
    ("qwen_vl", "bf16"),
]
SHORT = (("musicgen", "bf16"), ("sdxl_turbo", "bf16"), ("qwen", "bf16"))

_M_MMAP_THRESHOLD = -3  # malloc.h

# One process imports the libraries, and each that is measured is forked from it: seconds less a case.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["tests.tiny", "tests.inference.test_memory", "lyrics.qwen.engine", "music.acestep"]
)


@dataclass(frozen=True)
class Measured:
    """Bytes beyond those before: of anonymous and shared memory. Of a mapped checkpoint's pages the system
    keeps as many as it has room for, and may drop them at any time."""

    needed: int
    """The weights in the precision that they are loaded in, as the engine reckons before it loads them."""
    peak: int
    after_closing: int
    still_mapped: bool
    """Whether any file of the checkpoint is, after closing."""


def built(engine: str, folder: str, *, large: bool) -> None:
    import torch

    from tests import tiny

    makers: dict[str, Any] = {
        "musicgen": partial(tiny.musicgen, layers=6, width=768) if large else tiny.musicgen,
        "musicgen_melody": partial(tiny.musicgen_melody, layers=6, width=768)
        if large
        else tiny.musicgen_melody,
        "acestep": partial(tiny.acestep, layers=2, width=768) if large else tiny.acestep,
        "sdxl_turbo": partial(tiny.sdxl, width=160) if large else tiny.sdxl,
        "qwen_vl": partial(tiny.qwen_vl, layers=8, width=512, dtype=torch.bfloat16)
        if large
        else tiny.qwen_vl,
        "qwen": partial(tiny.qwen, layers=8, width=1024, dtype=torch.bfloat16) if large else tiny.qwen,
    }
    makers[engine](Path(folder))


def loaded(engine: str, precision: str, folders: dict[str, str], parent: Connection) -> None:
    """Loads the tiny checkpoint first, for all that only a first load needs. Then, each on a message from
    ``parent``, loads the large one and closes it."""
    # glibc keeps up to 64 MB that were freed, which here would be half a model.
    ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 131_072)
    registry = registry_of(engine)
    registry.load(engine, EngineOptions(model=folders["tiny"], precision=precision)).close()
    parent.send("ready")
    parent.recv()
    options = EngineOptions(model=folders["large"], precision=precision)
    large = registry.load(engine, options)
    place = large.placed(options)
    number_bytes = 1 if precision == "int8" else place.dtype.itemsize
    parent.send(place.needed - large.extra_memory(place.folder, number_bytes=number_bytes))
    parent.recv()
    large.close()
    parent.send("closed")
    parent.recv()


def anonymous(pid: int | None) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    sizes = dict(line.split(":") for line in lines if line.startswith("Rss"))
    return sum(int(sizes[name].split()[0]) * 1024 for name in ("RssAnon", "RssShmem"))


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], dict[str, str]]]:
    """Gives the folders of an engine's tiny and large checkpoints, built when they are first wanted."""
    base = tmp_path_factory.mktemp("checkpoints")

    @cache
    def of(engine: str) -> dict[str, str]:
        found = {size: str(base / engine / size) for size in ("tiny", "large")}
        for size, folder in found.items():
            process = _FORKS.Process(target=built, args=(engine, folder), kwargs={"large": size == "large"})
            process.start()
            process.join()
            assert process.exitcode == 0
        return found

    yield of
    shutil.rmtree(base)


@pytest.fixture(
    scope="module",
    params=short_if(lambda case: case[0] in SHORT, [(case,) for case in CASES]),
    ids=" in ".join,
)
def measured(request: pytest.FixtureRequest, checkpoints: Callable[[str], dict[str, str]]) -> Measured:
    engine, precision = request.param
    folders = checkpoints(engine)
    connection, theirs = _FORKS.Pipe()
    process = _FORKS.Process(target=loaded, args=(engine, precision, folders, theirs))
    process.start()
    theirs.close()
    try:
        connection.recv()
        before = highest = anonymous(process.pid)
        connection.send("load")
        while not connection.poll(0.001):
            highest = max(highest, anonymous(process.pid))
        needed = connection.recv()
        connection.send("close")
        connection.recv()
        after = anonymous(process.pid)
        maps = Path(f"/proc/{process.pid}/maps").read_text().splitlines()
    finally:
        process.kill()
        process.join()
        connection.close()
    still_mapped = any(folders["large"] in line for line in maps)
    return Measured(needed, highest - before, after - before, still_mapped)


def test_loading_takes_at_most_a_fifth_more_than_the_weights(measured: Measured) -> None:
    print(f"{measured.peak / 1e6:.0f} MB at most for {measured.needed / 1e6:.0f} MB of weights")
    assert measured.needed > 50_000_000
    assert measured.peak <= 1.2 * measured.needed


def test_closing_gives_the_memory_back(measured: Measured) -> None:
    assert measured.after_closing < 0.3 * measured.needed  # the allocator's pages that are not quite empty
    assert not measured.still_mapped
