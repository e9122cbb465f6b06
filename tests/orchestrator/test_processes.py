"""A service's worker: how many processes each engine gets, when they start, and what runs where."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.engine import ignore_progress
from config.errors import EngineUnavailable
from config.settings import EngineSettings, Settings
from orchestrator.pipeline.engines import REGISTRIES
from orchestrator.pipeline.tries import CrashCooldown
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import GIVEN, new_songs
from orchestrator.songs.stages import Stage
from orchestrator.workers.processes import ProcessWorker, batch_size_for, processes_for

HERE = "tests.orchestrator.engines"


def chosen(engine: str, *, processes: int = 1) -> EngineSettings:
    return EngineSettings(engine=f"{HERE}:{engine}", processes=processes)


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[ProcessWorker]:
    """With quick engines, of which none is loaded yet."""
    made = ProcessWorker(
        Settings(
            home=tmp_path,
            lyrics=chosen("PlainWriter"),
            music=chosen("HumComposer", processes=2),
            art=chosen("AbsentPainter"),
        ),
        CrashCooldown(),
    )
    yield made
    made.close()


def until_loaded(worker: ProcessWorker, craft: str) -> None:
    end = time.monotonic() + 30.0
    while craft not in (states := worker.states()) or states[craft].state == "starting":
        assert time.monotonic() < end
        time.sleep(0.02)


def test_processes_are_as_set_and_else_one_but_for_music_on_many_cores() -> None:
    for craft in REGISTRIES:
        three = Settings.model_validate({craft: {"processes": 3}})
        assert processes_for(craft, three) == 3
        if craft != "music":
            assert processes_for(craft, Settings()) == 1
    assert 1 <= processes_for("music", Settings()) <= (os.cpu_count() or 1)
    whole_machine = Settings(music=EngineSettings(engine="musicgen"))
    assert processes_for("music", whole_machine) == 1


def test_songs_together_are_as_set_and_else_as_many_as_the_engines_batch_takes() -> None:
    assert batch_size_for("music", Settings()) == 1
    qwen = Settings(lyrics=EngineSettings(engine="qwen"))
    assert batch_size_for("lyrics", qwen) == REGISTRIES["lyrics"].spec("qwen").batch_size > 1
    assert batch_size_for("lyrics", Settings(lyrics=EngineSettings(engine="qwen", together=3))) == 3


def test_enough_songs_are_at_work_that_every_composer_has_one(worker: ProcessWorker) -> None:
    assert worker.music_lanes == 2
    assert worker.songs_at_once == 3


def test_the_embedded_reader_is_loaded_for_the_first_photo(worker: ProcessWorker) -> None:
    worker.start()
    until_loaded(worker, "lyrics")
    assert worker.states().keys() == {"lyrics", "music", "art"}
    worker.check(["vision"])
    until_loaded(worker, "vision")
    assert worker.states()["vision"].state == "ready"


def test_an_engine_that_is_not_there_is_raised_for_its_own_crafts_alone(worker: ProcessWorker) -> None:
    worker.start()
    until_loaded(worker, "art")
    worker.check(["lyrics", "music"])
    with pytest.raises(EngineUnavailable, match="download them"):
        worker.check()


def test_a_plan_alone_is_written_and_a_given_one_needs_no_process(worker: ProcessWorker) -> None:
    (song,) = new_songs(Brief(description="A Song", duration_s=5.0))
    worker.start()
    plan = asyncio.run(worker.draft(song))
    assert plan.title == "A Song"
    (given,) = new_songs(Brief(plan=plan, duration_s=5.0))
    worker.close()
    result = asyncio.run(worker.run(Stage.LYRICS, given, ignore_progress))
    assert result.engine
    assert result.engine.name == GIVEN
