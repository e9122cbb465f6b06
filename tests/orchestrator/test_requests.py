import pytest

from config.errors import InvalidRequest
from orchestrator.compat.prompting import plan_of_prompt
from orchestrator.songs.brief import Brief


def test_a_sentence_is_enough() -> None:
    brief = Brief(description="  a song about the sea ")
    assert brief.description == "a song about the sea"
    assert (brief.duration_s, brief.format, brief.variations, brief.instrumental) == (180.0, "wav", 1, False)


def test_a_random_seed_is_drawn_once_and_kept() -> None:
    seeds = {Brief(description="x").seed for _ in range(20)}
    assert len(seeds) == 20
    assert min(seeds) >= 0
    brief = Brief(description="x")
    assert Brief.model_validate_json(brief.model_dump_json()) == brief


def test_lyrics_stay_as_they_were_written() -> None:
    lyrics = "\n  [verse]\n\ttwo  spaces\r\n"
    assert Brief(lyrics=lyrics).lyrics == lyrics


@pytest.mark.parametrize("text", ["雨の中のネオン", "🎉🎂", "дождь", "café", "\u202eabc", "a\u0301"])
def test_any_script_is_a_description(text: str) -> None:
    assert Brief(description=text).description == text


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"description": ""}, "description"),
        ({"description": " \n\t "}, "description"),
        ({"description": "x" * 2001}, "description"),
        ({"about": "x" * 2001}, "about"),
        ({"lyrics": "x" * 10_001}, "lyrics"),
        ({"lyrics": " \n "}, "description"),
        ({"description": "x", "duration_s": 4.99}, "duration"),
        ({"description": "x", "duration_s": 600.1}, "duration"),
        ({"description": "x", "duration_s": 0.99, "instrumental": True}, "duration"),
        ({"description": "x", "duration_s": float("nan")}, "duration"),
        ({"description": "x", "variations": 0}, "variations"),
        ({"description": "x", "variations": 5}, "variations"),
        ({"description": "x", "seed": -2}, "seed"),
        ({"description": "x", "seed": 2**53}, "seed"),
        ({"description": "x", "format": "ogg"}, "format"),
        ({"description": "\ud800"}, "description"),
        ({"lyrics": "la", "about": "the sea"}, "about"),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_field_with_a_fix(fields: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Brief.model_validate(fields)
    assert caught.value.field == field
    assert caught.value.fix
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"description": "x" * 2000},
        {"lyrics": "x" * 10_000},
        {"description": "x", "duration_s": 5},
        {"description": "x", "duration_s": 600},
        {"description": "x", "duration_s": 1, "instrumental": True},
        {"description": "x", "seed": 2**53 - 1},
        {"description": "x", "variations": 4},
    ],
)
def test_the_limits_themselves_are_allowed(fields: dict[str, object]) -> None:
    Brief.model_validate(fields)


def test_only_the_engines_that_have_a_part_in_it_are_needed() -> None:
    plan = plan_of_prompt("a hum")
    assert Brief(description="x").crafts == ("lyrics", "music", "art")
    assert Brief(description="x", plan=plan).crafts == ("music", "art")
    assert Brief(description="x", plan=plan, cover=False).crafts == ("music",)
