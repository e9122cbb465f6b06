"""Songs that are made from recordings: what is asked of the engine, what is refused, and what is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from config.engine import EngineInfo, Report, ignore_progress
from config.errors import InvalidRequest
from lyrics.recorded import recorded_plan
from music.contract import Audio, MusicRequest, Source
from music.sources.reading import samples_of
from orchestrator.pipeline.inputs.changes import Wanted
from orchestrator.pipeline.inputs.recording_changes import source_brief
from orchestrator.pipeline.inputs.recordings import Recording, Recordings
from orchestrator.pipeline.inputs.uploads import keep_file
from orchestrator.pipeline.steps.composing import make_music, music_request
from orchestrator.pipeline.worker import engine_for, wants_painting
from orchestrator.songs.manifest import Asset, new_songs
from orchestrator.songs.reading import song_of
from orchestrator.songs.stages import Stage
from storage.contract import read
from storage.local import LocalStore
from tests.music.recordings import file_of, tone

ENGINE = EngineInfo(
    name="able",
    version="1",
    licence="MIT",
    tasks=("extend", "repaint", "remix", "reference", "stems", "resing"),
)
ID = "rec-4x1c9k2m7q0ab5tz8d3w"


def recording(duration_s: float = 60.0, tempo_bpm: float | None = 92.0) -> Recording:
    return Recording(
        id=ID, name="old_tape.final.mp3", rights="licensed", kind="MP3", duration_s=duration_s,
        rate_hz=44_100, tempo_bpm=tempo_bpm, sha256="0" * 64, size_bytes=1, created_at=datetime.now(UTC),
        audio=Asset(key=f"sources/{ID}/audio.flac", content_type="audio/flac", size_bytes=1, sha256="0" * 64),
    )  # fmt: skip


def test_the_style_is_what_the_request_says_and_the_tempo_the_recordings() -> None:
    wanted = Wanted("remix", "la la la", "a dark techno song in F minor, male voice, no drums")
    brief = source_brief(recording(), ENGINE, wanted, seed=7, format="flac")
    plan = brief.plan
    assert plan
    assert (plan.title, plan.genre, plan.mood, plan.key) == ("old tape.final", "techno", "dark", "F minor")
    assert (plan.voice, plan.exclude, plan.tempo_bpm, plan.tempo_fixed) == ("male", ("drums",), 92.0, True)
    assert plan.tags == (wanted.prompt, "male vocal", "92 BPM")
    assert (brief.duration_s, brief.seed, brief.format, brief.instrumental) == (60.0, 7, "flac", False)
    song = new_songs(brief)[0].changed(plan=plan)
    request = music_request(song)
    assert (request.task, request.lyrics, request.tempo_bpm) == ("remix", "la la la", 92.0)
    assert request.change
    assert brief.change
    assert (brief.change.source, brief.change.rights) == (ID, "licensed")


def test_rights_and_source_are_in_the_manifest_of_the_song_and_a_cover_is_painted() -> None:
    song = new_songs(source_brief(recording(), ENGINE, Wanted("extend", by_s=20.0)))[0]
    assert song_of(song.id, song.model_dump_json().encode()) == song
    assert song.brief.crafts == ("music", "art")  # there is no cover to take
    assert wants_painting(song)
    assert (engine_for(Stage.LYRICS, song), engine_for(Stage.COVER, song)) == (None, "art")
    assert song.brief.change
    assert song.brief.change.rights == "licensed"


def test_without_words_and_a_voice_it_is_an_instrumental_of_the_defaults() -> None:
    brief = source_brief(recording(tempo_bpm=None), ENGINE, Wanted("extend", by_s=20.0))
    plan = brief.plan
    assert plan
    assert (plan.voice, plan.lyrics, brief.instrumental) == ("none", "", True)
    assert (plan.genre, plan.tempo_bpm, plan.tempo_fixed, plan.tags) == (
        "pop",
        110.0,
        False,
        ("instrumental",),
    )
    assert recorded_plan("", "", "", None).title == "Recording"
    assert recorded_plan("x" * 300 + ".wav", "", "", None).title == "x" * 80
    assert recorded_plan("My song, take 2.5", "", "", None).title == "My song, take 2.5"
    named = recorded_plan("a.wav", "128 BPM", "", 92.0)
    assert (named.tempo_bpm, named.tempo_fixed) == (128.0, True)


@pytest.mark.parametrize(
    ("wanted", "duration_s"),
    [
        (Wanted("extend", by_s=20.0), 80.0),
        (Wanted("extend", by_s=20.0, start_s=30.5), 50.5),
        (Wanted("extend", by_s=20.0, start_s=30.5, before=True), 80.0),
        (Wanted("repaint", start_s=10.0, end_s=12.0), 60.0),
        (Wanted("repaint", start_s=50.0, end_s=60.3), 60.0),
        (Wanted("reference", prompt="a waltz"), 60.0),
        (Wanted("stems"), 60.0),
    ],
)
def test_the_song_is_as_long_as_the_change_makes_it(wanted: Wanted, duration_s: float) -> None:
    brief = source_brief(recording(), ENGINE, wanted)
    assert brief.duration_s == duration_s
    assert brief.change
    assert (brief.change.end_s or 0.0) <= 60.0


def test_a_song_that_sounds_like_a_recording_may_have_another_length() -> None:
    wanted = Wanted("reference", prompt="a waltz")
    assert source_brief(recording(3.0), ENGINE, wanted, duration_s=25.0).duration_s == 25.0


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (Wanted("complete"), "task: 'complete' - engine 'able' does not do it"),
        (
            Wanted("resing", "other words"),
            "task: 'resing' - when the words of a recording are sung is not known",
        ),
        (Wanted("remix", "la", "instrumental jazz"), "lyrics: 'la' - the prompt asks for an instrumental"),
        (Wanted("remix"), "prompt: '' - say how the song is to sound"),
        (Wanted("extend", by_s=590.0), "by_s: '590' - a song has 600 s at the most"),
        (Wanted("extend", by_s=5.0, start_s=61.0), "start_s: '61' - the recording has 60.0 s"),
        (Wanted("repaint", start_s=5.0), "end_s: '' - name the span"),
        (Wanted("repaint", end_s=5.0), "start_s: '' - name the span"),
        (Wanted("repaint", start_s=5.0, end_s=5.5), "end_s: '5.5' - give 1 s at the least"),
        (Wanted("repaint", start_s=5.0, end_s=4.0), "end_s: '4' - it is to lie between"),
        (Wanted("repaint", start_s=5.0, end_s=61.0), "end_s: '61' - it is to lie between"),
        (Wanted("repaint", start_s=float("nan"), end_s=61.0), "start_s: 'nan'"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(wanted: Wanted, says: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        source_brief(recording(), ENGINE, wanted)
    assert str(refused.value).startswith(says)
    with pytest.raises(InvalidRequest, match="send a longer recording"):
        source_brief(recording(2.0), ENGINE, Wanted("stems"))


class Reverser:
    """Plays a recording backwards: an engine that can be heard to have had it."""

    info = ENGINE

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        raise AssertionError("it was to change a recording")

    def change(self, request: MusicRequest, source: Source, report: Report) -> Audio:
        assert (source.tempo_bpm, source.lines, source.stems) == (None, (), {})
        samples = np.ascontiguousarray(source.samples[:, ::-1])
        return Audio(samples, source.rate_hz, tempo_bpm=request.tempo_bpm, loudness_lufs=-14.0)


def test_a_recording_that_was_sent_becomes_a_song(tmp_path: Path) -> None:
    wave = tone(6.0) * np.linspace(0.1, 1.0, 6 * 44_100)[:, None]
    path = tmp_path / "swelling.wav"
    path.write_bytes(file_of(wave))
    store = LocalStore(tmp_path / "home")
    kept = keep_file(Recordings(store, 1), path, 10**7, "mine", path.name)
    brief = source_brief(kept, ENGINE, Wanted("remix", prompt="backwards pop"), format="wav")
    song = new_songs(brief)[0]
    song = song.changed(plan=brief.plan)
    result = make_music(Reverser(), store, song, ignore_progress)
    samples, rate_hz = samples_of(read(store, result.assets["audio"].key))
    assert (rate_hz, samples.shape) == (44_100, (2, 6 * 44_100))
    assert np.abs(samples - wave[::-1].T).max() < 1e-3
    Recordings(store, 1).delete(kept.id)
    with pytest.raises(InvalidRequest, match="the recording that was to be changed is not there any more"):
        make_music(Reverser(), store, song, ignore_progress)
