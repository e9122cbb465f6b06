"""The steps of a song: what each makes of an engine's work and stores, and what an engine's error becomes."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

from config.engine import ignore_progress
from lyrics.contract import PlanRequest
from lyrics.sketch.engine import SketchWriter
from orchestrator.pipeline.inputs.photos import full_description
from orchestrator.pipeline.steps import step_of
from orchestrator.pipeline.steps.composing import music_request
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import GIVEN, Song, new_songs
from orchestrator.songs.stages import Stage
from storage.contract import read
from storage.local import LocalStore
from tests.orchestrator.engines import BlankPainter, HumComposer, PlainWriter
from tests.vision.photos import SHOTS, shot
from vision.contract import READERS, ImageRequest, Scene


def planned(store: LocalStore, **fields: object) -> Song:
    """A song whose words are written."""
    brief = Brief.model_validate({"description": "A Song", "duration_s": 5.0, "seed": 7} | fields)
    (song,) = new_songs(brief)
    written = step_of(Stage.LYRICS, song)(PlainWriter(), store, song, ignore_progress)
    return song.changed(plan=written.plan, assets=written.assets)


def test_the_words_are_stored_as_they_were_written(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    song = planned(store)
    assert song.plan
    assert read(store, song.assets["lyrics"].key).decode() == song.plan.lyrics


def test_an_instrumental_stores_no_words(tmp_path: Path) -> None:
    assert planned(LocalStore(tmp_path), instrumental=True).assets == {}


def test_a_plan_that_was_given_needs_no_engine(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    plan = planned(store).plan
    (song,) = new_songs(Brief(plan=plan, duration_s=5.0))
    result = step_of(Stage.LYRICS, song)(None, store, song, ignore_progress)
    assert result.plan == plan
    assert result.engine
    assert result.engine.name == GIVEN


@pytest.mark.parametrize(
    ("lyrics", "code", "three"),
    [("Te quiero mucho, mi amor", "es", b"spa"), ("Walking home in the rain", "en", b"eng")],
)
def test_the_language_is_in_the_plan_the_request_the_tags_and_the_timed_words(
    tmp_path: Path, lyrics: str, code: str, three: bytes
) -> None:
    store = LocalStore(tmp_path)
    song = planned(store, lyrics=lyrics, format="mp3")
    assert song.plan
    assert song.plan.language == music_request(song).language == code
    assets = step_of(Stage.MUSIC, song)(HumComposer(), store, song, ignore_progress).assets
    audio = read(store, assets["audio"].key)
    assert b"\x03" + three + b"\0" + lyrics.encode() in audio
    assert b"TLAN\0\0\0\x04\0\0\x03" + three in audio
    assert f"\n[la:{code}]\n" in read(store, assets["lrc"].key).decode()


def test_the_times_of_the_lines_reach_the_composer_and_one_that_cannot_place_them_says_so(
    tmp_path: Path,
) -> None:
    store = LocalStore(tmp_path)
    song = planned(store, lyrics="[00:01.00]one\n[00:03.50]two")
    assert song.plan
    assert song.plan.line_times_s == music_request(song).line_times_s == (1.0, 3.5)
    said = "engine 'musicgen' cannot place lines: the times of the lyrics are not used"
    for name, warned in (("musicgen", True), ("sketch", False)):
        composer = HumComposer()
        composer.info = replace(composer.info, name=name)  # type: ignore[misc]
        facts = step_of(Stage.MUSIC, song)(composer, store, song, ignore_progress).engine
        assert facts
        assert (said in facts.warnings) is warned


def test_a_song_is_mastered_unless_its_request_says_no(tmp_path: Path) -> None:
    """The hum is a tone at some -20.7 LUFS."""
    store = LocalStore(tmp_path)
    peaks = {}
    for master in (True, False):
        song = planned(store, master=master)
        result = step_of(Stage.MUSIC, song)(HumComposer(), store, song, ignore_progress)
        assert result.music
        samples, _ = soundfile.read(io.BytesIO(read(store, result.assets["audio"].key)))
        peaks[master] = abs(samples).max()
        loudness = result.music.loudness_lufs
        assert loudness == pytest.approx(-14.0, abs=0.15) if master else loudness is None
    assert peaks[False] == pytest.approx(0.1, abs=0.001)
    assert peaks[True] == pytest.approx(0.1 * 10 ** (6.7 / 20), abs=0.005)


@pytest.mark.parametrize(
    "fields", [{"instrumental": True, "lyrics": "la la"}, {"lyrics": "[verse]\n[chorus]"}]
)
def test_what_is_not_sung_is_in_no_file(tmp_path: Path, fields: dict[str, object]) -> None:
    store = LocalStore(tmp_path)
    song = planned(store, format="flac", **fields)
    assert song.plan
    assert (song.plan.voice, song.plan.lyrics, song.assets) == ("none", "", {})
    assets = step_of(Stage.MUSIC, song)(HumComposer(), store, song, ignore_progress).assets
    assert "lrc" not in assets
    assert b"LYRICS=" not in read(store, assets["audio"].key)


def test_music_is_stored_with_its_stems_waveform_and_timed_words(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    song = planned(store, format="flac")
    result = step_of(Stage.MUSIC, song)(HumComposer(), store, song, ignore_progress)
    assert set(result.assets) == {"audio", "stem:melody", "waveform", "lrc"}
    assert result.assets["audio"].key.endswith("/audio.flac")
    for asset in result.assets.values():
        assert len(read(store, asset.key)) == asset.size_bytes
    assert json.loads(read(store, result.assets["waveform"].key))
    assert result.music
    assert result.music.duration_s == 5.0
    assert result.engine
    assert result.engine.warnings == ("hummed",)


def test_a_parameter_that_the_engine_does_not_know_is_a_warning(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    song = planned(store, temperature=0.5)
    result = step_of(Stage.MUSIC, song)(HumComposer(), store, song, ignore_progress)
    assert result.engine
    assert "temperature 0.5 was not used: engine 'hum' has no such parameter" in result.engine.warnings


def test_the_tags_step_puts_the_cover_into_the_audio_and_may_be_run_again(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    song = planned(store)
    for stage, engine in ((Stage.MUSIC, HumComposer()), (Stage.COVER, BlankPainter()), (Stage.TAGS, None)):
        before = song.assets.get("audio")
        song = song.changed(
            assets=song.assets | step_of(stage, song)(engine, store, song, ignore_progress).assets
        )
    assert before
    assert song.assets["audio"].size_bytes > before.size_bytes
    assert read(store, song.assets["cover"].key)[1:4] == b"PNG"
    again = step_of(Stage.TAGS, song)(None, store, song, ignore_progress).assets["audio"]
    assert again.sha256 == song.assets["audio"].sha256


def test_a_step_before_the_words_is_a_mistake_of_ours(tmp_path: Path) -> None:
    (song,) = new_songs(Brief(description="A Song"))
    with pytest.raises(ValueError, match="has no plan yet"):
        step_of(Stage.MUSIC, song)(HumComposer(), LocalStore(tmp_path), song, ignore_progress)


def test_the_composer_gets_the_plan_and_the_songs_own_seed(tmp_path: Path) -> None:
    song = planned(LocalStore(tmp_path))
    request = music_request(song)
    assert song.plan
    assert (request.lyrics, request.key, request.duration_s) == (song.plan.lyrics, "C major", 5.0)
    assert request.seed == song.seed % 2**63


SCENE = Scene(
    mood="calm",
    energy=3,
    tempo_bpm=84.0,
    genres=("ambient", "folk"),
    elements=("the open sea", "a blue sky", "azure"),
    description="A bright picture.",
)


def test_a_scene_becomes_a_description_behind_the_users_own_words() -> None:
    assert full_description("a song", None) == "a song"
    text = full_description("", SCENE)
    assert text == (
        "a calm ambient and folk song, 84 BPM, energy 3, about the open sea and a blue sky. "
        "The photo it goes with: A bright picture."
    )
    assert full_description("punk, 170 BPM", SCENE) == f"punk, 170 BPM; {text}"


@pytest.mark.parametrize("kind", SHOTS)
def test_the_embedded_writer_plans_what_the_embedded_reader_saw(kind: str) -> None:
    scene = READERS.load("sketch").read(ImageRequest(shot(kind), 1), ignore_progress)
    request = PlanRequest(description=full_description("", scene), seed=1)
    plan = SketchWriter().plan(request, ignore_progress)
    assert plan.genre in scene.genres[:2]
    assert plan.mood == scene.mood
    assert plan.energy == scene.energy
    assert plan.tempo_bpm == scene.tempo_bpm
    words = " ".join(scene.elements[:2]).split()
    assert set(" ".join(plan.theme).lower().split()) & set(words)
    assert not plan.instruments
    assert not plan.exclude


def test_what_the_user_says_wins_over_the_photo() -> None:
    words = full_description("angry punk, 170 BPM, energy 9, about my dog Biscuit", SCENE)
    plan = SketchWriter().plan(PlanRequest(description=words, seed=1), ignore_progress)
    assert (plan.genre, plan.mood, plan.tempo_bpm, plan.energy) == ("punk", "angry", 170.0, 9)
    assert "dog" in " ".join(plan.theme).lower()
    assert "sea" not in " ".join(plan.theme).lower()
