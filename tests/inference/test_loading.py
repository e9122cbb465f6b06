"""Engines with a model, on tiny checkpoints: loaded by several threads, and unloaded."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from config.engine import EngineOptions, Report, ignore_progress
from config.errors import EngineUnavailable
from config.registry import Registry
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import Song, new_songs
from orchestrator.songs.ownership import this_process
from orchestrator.workers.in_process import EngineThreads
from storage.contract import Store
from storage.local import LocalStore
from tests.inference.engines import checkpoint, registry_of, used
from tests.long import soak_after

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)


@pytest.fixture(
    scope="module", params=soak_after(3, ["musicgen", "sdxl_turbo", "qwen_vl", "acestep", "qwen"])
)
def name(request: pytest.FixtureRequest) -> str:
    engine: str = request.param
    return engine


@pytest.fixture(scope="module")
def options(name: str, tmp_path_factory: pytest.TempPathFactory) -> EngineOptions:
    return EngineOptions(model=str(checkpoint(name, tmp_path_factory.mktemp(name))), precision="fp32")


def test_a_model_that_waited_for_its_device_makes_the_same_there(name: str, options: EngineOptions) -> None:
    """As a memory snapshot wants it: loaded where there is no GPU, and moved to the device afterwards."""
    waiting = registry_of(name).load(name, replace(options, staged=True))
    with pytest.raises(EngineUnavailable, match="there is no device 'cuda' here"):
        waiting.move_to_gpu()
    waiting.move_to_gpu("cpu")
    other = registry_of(name).load(name, replace(options, gpu_path=True))
    assert waiting.info == other.info
    assert used(waiting) == used(other)


def test_a_model_that_waits_for_a_gpu_is_in_the_gpus_numbers(name: str, options: EngineOptions) -> None:
    waiting = registry_of(name).load(name, replace(options, precision="auto", staged=True))
    assert waiting.info.precision == {"acestep": "bf16", "qwen": "bf16", "qwen_vl": "bf16"}.get(name, "fp16")
    on_cpu = registry_of(name).load(name, replace(options, precision="auto", device="cpu", staged=True))
    assert on_cpu.info.precision == {"qwen": "bf16", "qwen_vl": "bf16"}.get(name, "fp32")


def networks() -> Iterator[torch.nn.Module]:
    gc.collect()
    return (one for one in gc.get_objects() if isinstance(one, torch.nn.Module))


def test_an_unloaded_engine_lets_its_model_go_and_says_so(name: str, options: EngineOptions) -> None:
    before = {id(network) for network in networks()}
    engine = registry_of(name).load(name, options)
    assert used(engine)
    came = [weakref.ref(network) for network in networks() if id(network) not in before]
    assert len(came) > 10
    engine.close()
    engine.close()
    until = time.monotonic() + 5.0  # a thread that worked with it may have to end first
    while (left := [ref for ref in came if ref() is not None]) and time.monotonic() < until:
        gc.collect()
    assert not left
    assert engine.info.name == name
    with pytest.raises(EngineUnavailable, match=f"engine '{name}' was unloaded - load it again"):
        used(engine)
    assert not hasattr(engine, "never_there")


def test_an_engine_unloaded_at_work_ends_that_work_or_tells_of_it(name: str, options: EngineOptions) -> None:
    engine = registry_of(name).load(name, options)
    expected = used(engine)

    def close(_stage: str, fraction: float) -> None:
        if fraction > 0.2:
            engine.close()

    made = None
    with suppress(EngineUnavailable):
        made = used(engine, close)
    assert made in (None, expected)
    with pytest.raises(EngineUnavailable, match="was unloaded"):
        used(engine)


def test_eight_threads_that_load_it_at_once_each_get_a_whole_one(name: str, options: EngineOptions) -> None:
    together = threading.Barrier(8)

    def load(_number: int) -> Any:
        together.wait(30)
        return registry_of(name).load(name, options)

    with ThreadPoolExecutor(8) as threads:
        engines = list(threads.map(load, range(8)))
    assert len({id(engine) for engine in engines}) == 8
    assert used(engines[0]) == used(engines[7])


def test_a_lane_loads_its_engine_once_for_all_who_wait(
    name: str, options: EngineOptions, tmp_path: Path
) -> None:
    loads = []

    class Counted(Registry[Any]):
        def load(self, name: str, options: EngineOptions | None = None) -> Any:
            loads.append(name)
            return registry_of(name).load(name, options)

    lane = EngineThreads(Counted("any", {}), name, options)

    store = LocalStore(tmp_path)
    song = new_songs(Brief(description="a song"), owner=this_process())[0]

    def step(engine: Any, _store: Store, _song: Song, report: Report) -> object:
        return used(engine, report)

    async def all_at_once() -> list[object]:
        return await asyncio.gather(*(lane.run(step, store, song, ignore_progress) for _ in range(3)))

    try:
        made = asyncio.run(all_at_once())
    finally:
        lane.close()
    assert len(loads) == 1
    assert made[0] == made[1] == made[2]
