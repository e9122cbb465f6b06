"""What a description wishes: where the writers differ, and what takes no engine to see."""

from functools import partial
from pathlib import Path
from random import Random

import pytest

from config.engine import EngineOptions, ignore_progress
from lyrics.contract import PlanRequest, SongPlan
from lyrics.qwen.engine import QwenWriter
from lyrics.qwen.prompts import hints, messages
from lyrics.qwen.tags import tags_of, title_of
from lyrics.sketch.engine import SketchWriter
from lyrics.wishes.lengths import asked_duration
from lyrics.wishes.reading import read
from music.contract import unheeded
from music.sketch.band import gather
from music.sketch.genres import GENRES
from orchestrator.songs.brief import Brief
from tests.clock import first_run_s
from tests.hostile.texts import KINDS
from tests.tiny import qwen


@pytest.mark.parametrize(
    ("description", "seconds"),
    [
        ("30 second jingle", 30.0),
        ("2 minute song", 120.0),
        ("a one-minute intro for my podcast", 60.0),
        ("3:30 long", 210.0),
        ("pop, 10 min", 600.0),
        ("a song two and a half minutes long", 150.0),
        ("1 min 30 sec", 90.0),
        ("length: 2:30", 150.0),
        ("duration: 45", 45.0),
        ("2-3 minutes of jazz", 150.0),
        ("a 30s jingle", 30.0),
        ("an hour long drone", 600.0),
        ("90s pop", None),
        ("a song about the last 5 minutes", None),
        ("drop at 1:00", None),
        ("pop with a 10 second intro", None),
        ("a 20 second guitar solo", None),
        ("at 3 am", None),
        ("trap, 808s, hi-hats", None),
        ("1980s pop", None),
        ("the 100m race", None),
        ("24 hour party people", None),
        ("wait a minute", None),
        ("a minute long", 60.0),
        ("16 bars", None),
        ("", None),
    ],
)
def test_a_description_names_the_length_of_its_song(description: str, seconds: float | None) -> None:
    assert asked_duration(description) == seconds


def test_the_length_of_a_brief_is_the_requests_own_else_the_descriptions() -> None:
    assert Brief(description="a 30 second jingle").duration_s == 30.0
    assert Brief(description="a 30 second jingle", duration_s=60.0).duration_s == 60.0
    assert Brief(description="a jingle").duration_s == 180.0


def test_an_instrument_alone_plays_alone_in_every_genre() -> None:
    for description, only in (("solo violin", {"violin"}), ("piano only", {"piano"}), ("a cappella", set())):
        found = read(description)
        for genre in GENRES.values():
            band = gather(genre, found.instruments, found.exclude, Random(1))
            playing = {band.kit, band.bass, band.hook, *(layer.instrument for layer in band.layers)} - {None}
            assert playing == only, description


def test_what_a_photo_shows_contradicts_nothing() -> None:
    photo = "a sad rock song, 140 BPM, energy 7, about boats. The photo it goes with: boats at dawn"
    found = read(f"a happy song, 90 BPM; {photo}")
    assert (found.tempo_bpm, found.mood, found.genre, found.theme) == (90.0, "joyful", "rock", "boats")
    assert found.warnings == ()


@pytest.mark.parametrize("kind", KINDS)
def test_any_description_is_read_in_little_time(kind: str) -> None:
    for name, text in KINDS[kind].items():
        assert first_run_s(partial(read, text(2_000))) < 0.5, name


def planned(**fields: object) -> SongPlan:
    plan = SketchWriter().plan(PlanRequest(description="a pop song", seed=1), ignore_progress)
    return plan.model_copy(update=fields)


def test_a_models_tags_name_nothing_that_is_not_wanted() -> None:
    plan = planned(
        voice="male", tags=("no drums", "drum machine", "warm piano", "female vocal", "Adele-like")
    )
    tags = tags_of(plan, read("pop like Adele, no drums, male voice"))
    assert tags[:2] == ("warm piano", "male vocal")
    assert not any(word in " ".join(tags) for word in ("drum", "female", "Adele"))
    assert len(tags) >= 3


def test_a_models_title_is_the_users_and_names_no_artist() -> None:
    assert title_of("Adele's Rain", read('called "neon glow"')) == "neon glow"
    assert title_of("Adele's Rain", read("in the style of Adele")) == "Rain"
    assert title_of("Adele's Rain", read("a song")) == "Adele's Rain"


def test_a_model_gets_guesses_as_hints_and_only_literal_facts_overrule_it(tmp_path: Path) -> None:
    writer = QwenWriter.from_options(EngineOptions(model=str(qwen(tmp_path)), precision="fp32"))

    def plan(description: str) -> SongPlan:
        request = PlanRequest(description=description, duration_s=10.0, seed=1)
        return writer.plan(request, ignore_progress)

    literal = plan('a waltz called "Sea", 7/8, 93 BPM in B aeolian with a female voice')
    assert (literal.tempo_bpm, literal.key, literal.metre, literal.voice) == (
        93.0,
        "B minor",
        "7/8",
        "female",
    )
    assert (literal.title, literal.tempo_fixed) == ("Sea", True)
    assert not plan("Allegro, not a female voice").tempo_fixed
    said = hints(read("sad but not slow, anything but jazz, not a female voice, no drums"))
    assert "mood melancholic" in said
    assert "at least 100 BPM" in said
    assert "not female voice, not jazz" in said
    assert "without drums, which no tag may name" in said
    content = messages(PlanRequest(description="a song", seed=1), said)[1]["content"]
    assert "the sentence itself counts more" in content


def test_a_model_without_a_negative_prompt_says_so() -> None:
    assert "MusicGen takes no negative prompt" in unheeded("MusicGen", ("drums",))
    assert "a, b, c, d, e and others" in unheeded("ACE-Step", tuple("abcdef"))
