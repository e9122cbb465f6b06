"""Recordings from the command line, and in a store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.errors import Conflict, InvalidRequest, NotFound
from music.sources.kept import kept_recording
from music.sources.reading import samples_of
from orchestrator.cli.commands import DONE, FAILED, WRONG_USAGE
from orchestrator.pipeline.inputs.recordings import Recordings, checked_name, is_recording
from orchestrator.pipeline.inputs.sources import recording_source
from orchestrator.pipeline.inputs.uploads import keep_file
from orchestrator.songs.manifest import new_id
from orchestrator.songs.reading import is_id
from storage.contract import Store, read
from storage.local import LocalStore
from tests.music.recordings import file_of, tone
from tests.orchestrator.test_cli import songwright
from tests.storage.s3 import s3_server

WAV = file_of(tone())


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "folder":
        yield LocalStore(tmp_path / "kept")
        return
    with s3_server() as server:
        yield server.store(server.new_bucket())


@pytest.fixture
def tune(tmp_path: Path) -> Path:
    path = tmp_path / "a tune.txt"
    path.write_bytes(WAV)
    return path


def test_a_file_is_kept_listed_and_deleted(tmp_path: Path, tune: Path) -> None:
    kept = songwright(tmp_path, "upload", str(tune), "--rights", "mine", "--json")
    assert (kept.returncode, kept.stderr) == (DONE, "")
    recording = json.loads(kept.stdout)
    assert (recording["name"], recording["rights"], recording["duration_s"]) == ("a tune.txt", "mine", 2.0)
    assert (tmp_path / recording["audio"]["key"]).stat().st_size == recording["audio"]["size_bytes"]
    again = songwright(tmp_path, "upload", str(tune), "--rights", "licensed", "--name", "Mine")
    assert again.stdout == f"{recording['id']}  Mine  2.0 s, WAV, licensed\n"
    listed = songwright(tmp_path, "upload", "--list").stdout
    assert recording["id"] in listed
    assert "Mine" in listed
    assert [
        each["rights"] for each in json.loads(songwright(tmp_path, "upload", "--list", "--json").stdout)
    ] == ["licensed"]
    gone = songwright(tmp_path, "upload", "--delete", recording["id"])
    assert (gone.returncode, gone.stdout) == (DONE, f"Deleted {recording['id']}\n")
    assert "No recordings yet" in songwright(tmp_path, "upload", "--list").stdout
    missing = songwright(tmp_path, "upload", "--delete", recording["id"])
    assert (missing.returncode, missing.stderr.count("\n")) == (FAILED, 1)


def test_what_cannot_be_kept_is_one_line_with_the_way_out(tmp_path: Path, tune: Path) -> None:
    for arguments, says in (
        ([str(tune)], "say that you may use the recording"),
        ([str(tune), "--list"], "one of them"),
        ([str(tmp_path), "--rights", "mine"], "name a recording"),
        ([__file__, "--rights", "mine"], "send a WAV, FLAC, MP3, Ogg or M4A file"),
    ):
        result = songwright(tmp_path, "upload", *arguments)
        assert (result.returncode, result.stdout, result.stderr.count("\n")) == (WRONG_USAGE, "", 1)
        assert says in result.stderr


def test_a_recording_is_the_recording_source_a_song(store: Store, tune: Path) -> None:
    recordings = Recordings(store, 2)
    kept = keep_file(recordings, tune, len(WAV), "mine", "A tune")
    assert kept.created_at <= datetime.now(UTC)
    assert recordings.all() == [kept] == [recordings.load(kept.id)]
    assert keep_file(recordings, tune, len(WAV), "mine", "") == kept
    source = recording_source(store, kept.id)
    assert (source.rate_hz, source.duration_s) == (44_100, 2.0)
    assert (source.tempo_bpm, source.key, source.lines, source.sections) == (None, None, (), ())
    expected, _ = samples_of(kept_recording(WAV).flac)
    assert (source.samples == expected).all()
    recordings.delete(kept.id)
    assert list(store.list("sources/")) == []
    with pytest.raises(InvalidRequest, match="not there any more"):
        recording_source(store, kept.id)
    with pytest.raises(NotFound):
        recordings.delete(kept.id)


def test_no_more_are_kept_than_may_be(tmp_path: Path, tune: Path) -> None:
    store = LocalStore(tmp_path / "kept")
    kept = keep_file(Recordings(store, 1), tune, len(WAV), "mine", "")
    other = tmp_path / "other.wav"
    other.write_bytes(file_of(tone(3.0)))
    with pytest.raises(Conflict, match="1 recordings are kept, which is the most - delete one"):
        keep_file(Recordings(store, 1), other, 10**6, "mine", "")
    with pytest.raises(InvalidRequest, match="SONGWRIGHT_AUDIO_LIMIT_BYTES"):
        keep_file(Recordings(store, 2), other, 1000, "mine", "")
    assert read(store, kept.audio.key).startswith(b"fLaC")


def test_a_file_that_is_gone_is_kept_anew(tmp_path: Path, tune: Path) -> None:
    recordings = Recordings(LocalStore(tmp_path / "kept"), 1)
    kept = keep_file(recordings, tune, len(WAV), "mine", "")
    recordings.store.delete(kept.audio.key)
    assert keep_file(recordings, tune, len(WAV), "mine", "").id == kept.id


def test_no_id_is_both_a_songs_and_a_recordings(tmp_path: Path, tune: Path) -> None:
    kept = keep_file(Recordings(LocalStore(tmp_path / "kept"), 1), tune, len(WAV), "mine", "")
    assert is_recording(kept.id)
    assert not is_id(kept.id)
    assert not is_recording(new_id())


def test_a_name_is_one_line_that_can_be_seen() -> None:
    assert checked_name("a\u202eb\x00\nc\ud800 ") == "ab c?"
    with pytest.raises(InvalidRequest, match="shorten it to 200"):
        checked_name("x" * 201)
