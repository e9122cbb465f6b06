"""A song made again: what its manifest asks for, on which engines, and when that cannot be kept."""

from pathlib import Path

import pytest

from config.engine import EngineInfo
from config.errors import Conflict, InvalidRequest
from config.settings import EngineSettings, Settings
from config.version import installed
from lyrics.contract import SongPlan
from orchestrator.pipeline.replay import brief_like, differences, settings_like
from orchestrator.songs.brief import Brief
from orchestrator.songs.facts.sound import MusicFacts
from orchestrator.songs.manifest import EngineFacts, Song, new_songs

COMMIT = "0123456789abcdef0123456789abcdef01234567"
INFO = EngineInfo(
    name="musicgen",
    version="1",
    licence="CC-BY-NC-4.0",
    model="facebook/musicgen-small",
    revision=COMMIT,
    precision="int8",
    device="cpu",
    libraries=("numpy",),
)
PLAN = SongPlan(
    title="Rain",
    tags=("pop",),
    lyrics="[verse]\nla la\n",
    categories=("Pop", "Calm", "Test"),
    genre="pop",
    mood="calm",
    energy=3,
    tempo_bpm=100.0,
    key="C major",
    voice="female",
    cover_prompt="rain on a window",
)


def facts(**changes: object) -> EngineFacts:
    fields = {name: getattr(INFO, name) for name in EngineFacts.model_fields if hasattr(INFO, name)}
    return EngineFacts.model_validate(fields | {"seed": 7, "libraries": installed(*INFO.libraries)} | changes)


def song(variation: int = 0, plan: SongPlan | None = PLAN, **changes: object) -> Song:
    brief = Brief(description="rain", seed=7, variations=3, duration_s=60, format="mp3")
    return new_songs(brief)[variation].changed(plan=plan, engines={"music": facts(**changes)})


def test_the_brief_asks_for_the_same_plan_seed_length_and_format() -> None:
    second = song(1)
    again = new_songs(brief_like(second))
    assert len(again) == 1
    assert again[0].seed == second.seed == 8
    assert again[0].brief.plan == PLAN
    assert (again[0].brief.duration_s, again[0].brief.format) == (60, "mp3")


def test_what_is_given_takes_its_place_and_is_checked() -> None:
    brief = brief_like(song(), seed=99, duration_s=30.0, variations=2)
    assert (brief.seed, brief.duration_s, brief.variations, brief.plan) == (99, 30.0, 2, PLAN)
    with pytest.raises(InvalidRequest, match="duration"):
        brief_like(song(), duration_s=1.0)


def test_a_song_that_was_not_mastered_is_not_mastered_again_unless_that_is_asked() -> None:
    """Nor is one of a version that never mastered the songs of models."""
    length = {
        "duration_s": 60.0,
        "rate_hz": 32_000,
        "tempo_bpm": None,
        "key": None,
        "metre": None,
        "sections": (),
    }
    for loudness_lufs, master in ((None, False), (-14.0, True)):
        made = song().changed(music=MusicFacts(**length, loudness_lufs=loudness_lufs))  # type: ignore[arg-type]
        assert brief_like(made).master is master
        assert brief_like(made, master=not master).master is not master


def test_a_song_that_never_came_to_its_plan_is_planned_from_the_same_words_and_seed() -> None:
    brief = brief_like(song(2, plan=None))
    assert (brief.description, brief.seed, brief.plan) == ("rain", 7, None)


def test_the_settings_name_the_engine_the_very_revision_and_the_precision(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, music=EngineSettings(device="cpu"))
    music = settings_like(settings, song()).music
    assert music.engine == "musicgen"
    assert music.model == f"facebook/musicgen-small@{COMMIT}"
    assert (music.precision, music.device) == ("int8", "cpu")
    assert settings_like(settings, song()).art == settings.art
    folder = settings_like(settings, song(model="/models/mine", revision="sha256-00ff")).music
    assert folder.model == "/models/mine"


def test_the_same_engine_is_no_difference() -> None:
    assert differences(song(), {"music": INFO}) == ()


def test_other_libraries_and_devices_are_told_and_other_engines_refused() -> None:
    (note,) = differences(
        song(device="NVIDIA L40S", libraries=installed(*INFO.libraries) | {"numpy": "1.0"}), {"music": INFO}
    )
    assert "numpy 1.0, now 2" in note
    assert "NVIDIA L40S, now cpu" in note
    with pytest.raises(Conflict, match="use the Songwright that made it, or send the song's plan"):
        differences(song(version="0"), {"music": INFO})
    for change in ({"version": "0"}, {"revision": "main"}, {"precision": "fp32"}, {"name": "sketch"}):
        with pytest.raises(Conflict, match="SONGWRIGHT_MUSIC__ENGINE"):
            differences(song(**change), {"music": INFO})
