"""A cover that is begun before its plan is whole: what is left of it where the plan is stopped."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest

from config.settings import Settings
from orchestrator.pipeline.make_song import make_song
from orchestrator.pipeline.recorder import RunOptions
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Status, new_songs
from orchestrator.songs.ownership import this_process
from orchestrator.songs.stages import ignore_stages
from orchestrator.workers.in_process import InProcessWorker
from storage.local import LocalStore
from tests.orchestrator.hasty import PATIENT
from tests.orchestrator.test_make_song import HERE, brief

HASTY = "tests.orchestrator.hasty"


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_cover_begun_for_a_plan_that_is_stopped_stays_only_for_a_song_that_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, goes_on: bool
) -> None:
    monkeypatch.setenv("SONGWRIGHT_HOME", str(tmp_path))
    engines = {"lyrics": f"{HASTY}:HastyWriter", "music": f"{HERE}:HumComposer"}
    engines["art"] = f"{HASTY}:CarefulPainter"
    settings = Settings.model_validate({craft: {"engine": name} for craft, name in engines.items()})
    library = Library(LocalStore(tmp_path))
    song = library.save(new_songs(brief(description=f"a {PATIENT} song", seed=8))[0])
    file = tmp_path / "songs" / song.id / "cover.png"
    options = RunOptions(this_process(), shutting_down=lambda: goes_on)

    async def stopped(by: InProcessWorker) -> None:
        making = asyncio.create_task(make_song(song, by, library, ignore_stages, options))
        while not file.exists():  # noqa: ASYNC110 - the engine's thread writes it
            await asyncio.sleep(0.01)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making

    by = InProcessWorker(settings, library.store)
    asyncio.run(stopped(by))
    left = library.load(song.id)
    assert (left.status, left.assets) == (Status.PLANNING if goes_on else Status.CANCELLED, {})
    assert file.exists() == goes_on
    done = asyncio.run(make_song(left, by, library, ignore_stages))
    by.close()
    assert done.status is Status.DONE
    assert hashlib.sha256(file.read_bytes()).hexdigest() == done.assets["cover"].sha256
    assert done.assets["audio"].cover_sha256 == done.assets["cover"].sha256
