import pytest

from config.errors import InvalidRequest
from orchestrator.compat.prompting import plan_of_prompt
from orchestrator.songs.brief import Brief
from orchestrator.songs.limits import KEPT


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


def test_lyrics_keep_their_lines_and_spaces() -> None:
    assert Brief(lyrics="\n  [verse]\n\ttwo  spaces\r\n").lyrics == "\n  [verse]\n two  spaces\n"


@pytest.mark.parametrize("text", ["雨の中のネオン", "🎉🎂", "дождь", "café"])
def test_any_script_is_a_description(text: str) -> None:
    assert Brief(description=text).description == text


@pytest.mark.parametrize("field", ["description", "about", "lyrics"])
@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\u202eabc", "abc"),
        ("a\u0301", "á"),
        ("\ufeffneon", "neon"),
        ("ne\u200bon", "neon"),
        ("ne\x1b[31mon", "neon"),
        ("ne\x00on", "neon"),
        ("two\twords", "two words"),
    ],
)
def test_what_nobody_can_see_is_not_in_a_text(field: str, text: str, cleaned: str) -> None:
    assert getattr(Brief.model_validate({field: text}), field) == cleaned


def test_a_description_is_one_line() -> None:
    assert Brief(description="\na song\r\nabout rain\u2028").description == "a song about rain"


@pytest.mark.parametrize("text", ["\u200b", "\ufeff \u202e", "\x00\x07", "&nbsp;", "<br>"])
def test_a_text_of_which_nothing_is_left_is_no_text(text: str) -> None:
    with pytest.raises(InvalidRequest, match="say in a sentence what the song is to be"):
        Brief(description=text)


def test_the_texts_of_a_given_plan_are_cleaned_too() -> None:
    plan = plan_of_prompt("a hum").model_copy(
        update={
            "title": "Ne\u200bon\x1b Glow ",
            "lyrics": "\ufeff[verse]\r\nla\x07 la",
            "tags": ("po\u202ep", "soft\nrock"),
            "cover_prompt": "a\tlamp",
        }
    )
    found = Brief(plan=plan).plan
    assert found
    assert (found.title, found.lyrics, found.tags) == ("Neon Glow", "[verse]\nla la", ("pop", "soft rock"))
    assert found.cover_prompt == "a lamp"
    with pytest.raises(InvalidRequest) as caught:
        Brief(plan=plan.model_copy(update={"title": "\u200b"}))
    assert caught.value.field == "plan.title"


def test_a_kept_brief_is_as_it_was() -> None:
    raw = {"description": "a\u200b\tb", "lyrics": "la\r\n\x07", "seed": 1}
    kept = Brief.model_validate(raw, context=KEPT)
    assert (kept.description, kept.lyrics) == (raw["description"], raw["lyrics"])


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
