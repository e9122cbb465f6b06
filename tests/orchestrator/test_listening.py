"""Recordings: what is there of a song while it is made, for any number of readers, whatever dies."""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
import soundfile

from config.engine import ignore_progress
from config.errors import EngineFailed
from config.settings import EngineSettings, Settings
from music.hearing.pieces import Piece, wav_head
from orchestrator.pipeline.tries import CrashCooldown, ProcessDied
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import Song, new_songs
from orchestrator.songs.stages import Stage
from orchestrator.workers.in_process import InProcessWorker
from orchestrator.workers.listening import Listening
from orchestrator.workers.processes import ProcessWorker
from orchestrator.workers.recording import Recording
from storage.local import LocalStore
from tests.orchestrator.early import BUG, KILLED, EarlyComposer
from tests.orchestrator.engines import PlainWriter

FRAMES = 1000
PCM = bytes(range(250)) * 16  # of 1000 frames in stereo


def piece(start: int, end: int) -> Piece:
    return Piece(PCM[start:end], start, FRAMES, 8000, 2)


def all_of(recording: Recording) -> bytes:
    found, at = b"", 0
    while True:
        recording.wait(at)
        data = recording.read(at, 777)
        if not data:
            return found
        found, at = found + data, at + len(data)


def test_what_is_there_is_read_while_the_rest_comes() -> None:
    recording = Recording("a")
    results: list[bytes] = []
    with recording.reading():
        readers = [threading.Thread(target=lambda: results.append(all_of(recording))) for _ in range(3)]
        for reader in readers:
            reader.start()
        for start in range(0, len(PCM), 500):
            recording.add(piece(start, start + 500))
        for reader in readers:
            reader.join(5.0)
        assert recording.whole
        recording.end()
    assert results == [wav_head(piece(0, 1)) + PCM] * 3
    samples, rate_hz = soundfile.read(io.BytesIO(results[0]))
    assert (samples.shape, rate_hz) == ((FRAMES, 2), 8000)


def test_a_song_that_is_begun_again_goes_on_where_it_was() -> None:
    recording = Recording("a")
    with recording.reading():
        for start, end in ((0, 1200), (1200, 2000), (0, 1200), (1200, 2400), (2400, 4000)):
            recording.add(piece(start, end))
        assert all_of(recording) == wav_head(piece(0, 1)) + PCM
        recording.end()


def test_a_song_that_ends_too_early_is_not_whole() -> None:
    recording = Recording("a")
    with recording.reading():
        recording.add(piece(0, 400))
        recording.end()
        recording.add(piece(400, 4000))  # an engine that has not noticed yet
        assert all_of(recording) == wav_head(piece(0, 1)) + PCM[:400]
        assert recording.ended
        assert not recording.whole


def test_the_file_is_closed_with_its_last_reader_and_has_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = len(os.listdir("/proc/self/fd"))
    recording = Recording("a")
    recording.add(piece(0, 4000))
    assert list(tmp_path.iterdir()) == []
    with recording.reading():
        recording.end()
        assert recording.read(0, 10)
        assert len(os.listdir("/proc/self/fd")) == before + 1
    assert len(os.listdir("/proc/self/fd")) == before
    assert recording.read(0, 10) == b""


def test_a_full_disk_ends_the_recording_and_not_the_song(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(**_options: Any) -> IO[bytes]:
        return open("/dev/full", "r+b", buffering=0)

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    recording = Recording("a")
    recording.add(piece(0, 400))
    recording.add(piece(400, 800))
    assert recording.ended
    assert not recording.whole
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    recording.end()


def test_only_songs_that_somebody_wants_to_hear_are_recorded() -> None:
    listening = Listening()
    assert listening.hear_of(Stage.MUSIC, "a") is None
    recording = listening.want("a")
    assert listening.want("a") is recording
    assert listening.hear_of(Stage.COVER, "a") is None
    hear = listening.hear_of(Stage.MUSIC, "a")
    assert hear
    hear(piece(0, 400))
    assert listening.recording("a") is recording
    assert recording.begun
    listening.forget("a")
    assert listening.recording("a") is None
    assert recording.ended
    listening.close()
    assert listening.want("b").ended, "this process stops: there is nothing to wait for"


def test_songs_that_were_given_up_leave_no_file() -> None:
    listening = Listening(is_made=lambda song_id: song_id != "given up")
    left = listening.want("given up")
    left.add(piece(0, 400))
    listening.want("b")
    assert listening.hear_of(Stage.MUSIC, "b")
    assert left.ended
    assert listening.recording("given up") is None
    listening.close()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SONGWRIGHT_HOME", str(tmp_path))
    engine = EngineSettings(engine="tests.orchestrator.early:EarlyComposer", processes=1)
    return Settings(home=tmp_path, music=engine)


@pytest.fixture
def listening() -> Iterator[Listening]:
    made = Listening()
    yield made
    made.close()


def planned(seed: int) -> Song:
    from lyrics.contract import PlanRequest

    song = new_songs(Brief(description="a song", duration_s=12.0, seed=seed))[0]
    request = PlanRequest(description="a song", duration_s=12.0, seed=seed)
    return song.model_copy(update={"plan": PlainWriter().plan(request, ignore_progress)})


def sound_of(recording: Recording) -> tuple[Any, int]:
    return soundfile.read(io.BytesIO(all_of(recording)))  # type: ignore[no-any-return]


@pytest.mark.parametrize("where", ["in this process", "in a process of its own"])
def test_both_workers_hand_on_the_pieces_and_only_where_they_are_wanted(
    settings: Settings, listening: Listening, tmp_path: Path, where: str
) -> None:
    worker: InProcessWorker | ProcessWorker
    if where == "in this process":
        worker = InProcessWorker(settings, LocalStore(tmp_path), listening)
    else:
        worker = ProcessWorker(settings, CrashCooldown(), listening)
        worker.start()
    wanted, other = planned(1), planned(2)
    recording = listening.want(wanted.id)
    try:
        with recording.reading():
            results = [
                asyncio.run(worker.run(Stage.MUSIC, song, ignore_progress)) for song in (wanted, other)
            ]
            samples, rate_hz = sound_of(recording)
    finally:
        worker.close()
    assert (len(samples), rate_hz) == (12 * 8000, 8000)
    stored, _ = soundfile.read(tmp_path / results[0].assets["audio"].key)
    late = round((4.0 + 6.0) * rate_hz)
    assert (samples[late:] == stored[late:]).all()
    assert not (samples == stored).all(), "it begins with what was made first"
    assert results[1].assets["audio"]
    assert listening.recording(other.id) is None


def test_a_song_whose_process_dies_is_heard_once_and_to_its_end(
    settings: Settings, listening: Listening
) -> None:
    worker = ProcessWorker(settings, CrashCooldown(), listening)
    worker.start()
    song = planned(KILLED)
    recording = listening.want(song.id)
    try:
        with recording.reading():
            with pytest.raises(ProcessDied):
                asyncio.run(worker.run(Stage.MUSIC, song, ignore_progress))
            assert recording.begun
            assert not recording.ended
            asyncio.run(worker.run(Stage.MUSIC, song, ignore_progress))
            samples, _ = sound_of(recording)
    finally:
        worker.close()
    assert len(samples) == 12 * 8000


def test_an_engines_bug_after_the_beginning_is_the_steps_error(
    settings: Settings, listening: Listening, tmp_path: Path
) -> None:
    worker = InProcessWorker(settings, LocalStore(tmp_path), listening)
    song = planned(BUG)
    recording = listening.want(song.id)
    with recording.reading():
        with pytest.raises(EngineFailed, match="a bug in the engine"):
            asyncio.run(worker.run(Stage.MUSIC, song, ignore_progress))
        began = time.monotonic()
        listening.forget(song.id)
        assert len(all_of(recording)) > 44 + 3 * 8000 * 4
        assert time.monotonic() - began < 5.0
        assert not recording.whole
    worker.close()


def test_the_stand_in_says_that_it_begins_early() -> None:
    assert EarlyComposer.info.begins_early
