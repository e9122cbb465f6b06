"""A process that holds an engine, and what an error of its GPU does to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.engine import ignore_progress
from config.errors import EngineFailed, EngineUnavailable
from config.settings import EngineSettings, Settings
from lyrics.contract import SongPlan
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import new_songs
from orchestrator.workers.engine_process import EngineProcess
from tests.orchestrator.gpus import ENGINE


@pytest.fixture
def process(tmp_path: Path) -> Iterator[EngineProcess]:
    settings = Settings(home=tmp_path, lyrics=EngineSettings(engine=ENGINE))
    process = EngineProcess("lyrics", ENGINE, settings, batch_size=1)
    try:
        process.ready()
        yield process
    finally:
        process.end()


def drafted(process: EngineProcess, about: str) -> SongPlan:
    song = new_songs(Brief(description=about))[0]
    plan: SongPlan = process.call("draft", song, ignore_progress, threading.Event())
    return plan


def test_a_song_without_memory_fails_alone_and_one_that_loses_the_gpu_ends_the_process(
    process: EngineProcess,
) -> None:
    with pytest.raises(EngineFailed, match="KeyError"):
        drafted(process, "a bug")
    with pytest.raises(EngineUnavailable, match="ran out of its GPU's memory"):
        drafted(process, "no memory")
    assert drafted(process, "a waltz").title
    with pytest.raises(EngineUnavailable, match="lost its GPU"):
        drafted(process, "illegal")
    until = time.monotonic() + 5.0
    while process.is_running and time.monotonic() < until:
        time.sleep(0.01)
    assert not process.is_running
