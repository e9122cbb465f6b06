"""What a user types becomes the writer's request, and a plan that agrees with itself."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.engine import ignore_progress
from lyrics.contract import WRITERS, CoverWords, PlanRequest, SongPlan
from lyrics.qwen.prompts import messages
from lyrics.requests import given as given_plan
from lyrics.requests import planned, planned_words, read_request
from reading.lyrics import read_lyrics
from tests.clock import first_run_s

WRITER = WRITERS.load("sketch")


def plan(prompt: str, lyrics: str = "", *, about: str = "", instrumental: bool = False) -> SongPlan:
    wanted = read_request(
        prompt, lyrics=lyrics, about=about, instrumental=instrumental, duration_s=60.0, seed=7
    )
    return planned(WRITER.plan(wanted.request, ignore_progress), wanted, WRITER.info.name)


def again(made: SongPlan, **changes: object) -> SongPlan:
    return given_plan(made.model_copy(update=changes), instrumental=False, duration_s=60.0)


def request(prompt: str, lyrics: str = "", about: str = "") -> PlanRequest:
    wanted = read_request(prompt, lyrics=lyrics, about=about, instrumental=False, duration_s=60.0, seed=7)
    return wanted.request


HERS, HIS, OPEN = "[verse - female]\nI walk alone", "[verse - male]\nI dance", "[verse]\nWe sing"


@pytest.mark.parametrize(
    ("prompt", "parts", "voice", "note"),
    [
        ("pop, male voice", (HERS, HERS), "female", "the description asks for a male voice, and the lyrics'"),
        ("pop, male voice", (HERS, OPEN), "duet", ""),
        ("pop, female voice", (HERS, OPEN), "female", ""),
        ("pop", (HERS, OPEN), "female", ""),
        ("pop", (HIS, HIS), "male", ""),
        ("pop", (HERS, HIS), "duet", ""),
        ("pop, female voice", (HERS, HIS), "duet", "a female voice, and the lyrics' marks for two voices"),
        ("pop duet", (HERS, OPEN), "duet", ""),
        ("pop duet", (HERS, HERS), "female", "asks for two voices, and the lyrics' marks for a female voice"),
        ("pop duet", (OPEN, OPEN), "duet", ""),
        ("pop, female voice", (OPEN, "[chorus - choir]\nAll of us"), "female", ""),
        ("pop", ("[verse - choir]\nAll of us",), "choir", ""),
        ("gospel choir", (OPEN, HERS), "choir", ""),
        ("pop", ("[verse - duet]\nBoth of us", OPEN), "duet", ""),
        ("pop", ("[singer 1: male]\nI dance", "[singer 2: female]\nI walk"), "duet", ""),
        ("pop", (OPEN, "[singer 2: female]\nI walk"), "duet", ""),
    ],
)  # fmt: skip
def test_the_voice_is_who_the_lyrics_say(prompt: str, parts: tuple[str, ...], voice: str, note: str) -> None:
    made = plan(prompt, "\n\n".join(parts))
    assert made.voice == voice
    tags = {"female": "female vocal", "male": "male vocal", "duet": "duet", "choir": "choir"}
    assert [tag for tag in made.tags if tag in tags.values()] == [tags[voice]]
    assert (note in " ".join(made.warnings)) if note else made.warnings == ()
    assert again(made) == made


@pytest.mark.parametrize(
    ("lyrics", "times", "note"),
    [
        ("[00:12.00]one\n[00:15.50]two", (12.0, 15.5), ""),
        ("[00:12.00]one\ntwo", (), "1 of 2 lines have a time stamp"),
        ("one\ntwo", (), ""),
    ],
)
def test_stamps_of_all_lines_become_their_times(lyrics: str, times: tuple[float, ...], note: str) -> None:
    made = plan("pop", lyrics)
    assert made.line_times_s == times
    assert made.lyrics == "one\ntwo"
    assert note in " ".join(made.warnings)
    assert plan("pop", lyrics, instrumental=True).line_times_s == ()


def test_an_edit_that_changes_the_lines_drops_their_times() -> None:
    made = plan("pop", "[00:12.00]one\n[00:15.50]two")
    assert again(made).line_times_s == (12.0, 15.5)
    edited = again(made, lyrics="one\ntwo\nthree")
    assert edited.line_times_s == ()
    assert edited.warnings[-1] == "line_times_s has 2 times and the lyrics 3 lines: they are not used"
    assert again(made, lyrics="[00:01.00]one\n[00:02.00]two\n[00:03.00]three").line_times_s == (1.0, 2.0, 3.0)
    assert again(made, line_times_s=(15.5, float("nan"))).line_times_s == ()


def test_title_and_style_among_the_lyrics_are_used() -> None:
    made = plan("piano", "Title: Neon\nStyle: dreamy jazz, 90 BPM\n\n[verse]\nRain is falling")
    assert (made.title, made.genre, made.mood, made.tempo_bpm) == ("Neon", "jazz", "dreamy", 90.0)
    assert made.lyrics == "[verse]\nRain is falling"
    assert plan("rock, 120 BPM", "Style: jazz\n\n[verse]\nRain is falling").genre == "rock"


def test_warnings_that_an_edit_has_answered_go() -> None:
    long = plan("pop", "Walking home together in the pouring rain\n" * 40)
    assert any("40 lines of the lyrics take" in note for note in long.warnings)
    assert again(long, lyrics="Walking home").warnings == ()
    foreign = again(plan("pop", "Walking home"), lyrics="Te quiero mucho, mi amor")
    assert "set 'es' if they are" in foreign.warnings[-1]
    assert again(foreign, language="es").warnings == ()
    unclear = again(plan("pop", "Walking home"), warnings=("of another kind",))
    assert unclear.warnings == ("of another kind",)


@pytest.mark.parametrize("prompt", ["90 BPM", "female vocal", "duet", "no vocals"])
def test_a_prompt_alone_reaches_the_engine_as_it_is(prompt: str) -> None:
    assert again(plan("pop", "Walking home"), tags=(prompt,), voice="male").tags == (prompt,)
    assert again(plan("pop", "Walking home"), tags=(prompt,), voice="duet", lyrics="").tags == (prompt,)


@pytest.mark.parametrize(
    "prompt", ["karaoke version", "beat for rap", "piano only", "no female vocals, instrumental"]
)
def test_words_that_are_sung_are_not_said_to_be_an_instrumental(prompt: str) -> None:
    assert plan(prompt, "Walking home").warnings == (
        "the description asks for no vocals, and there are lyrics: they are sung",
    )
    assert "taken for" in " ".join(plan("beat for rap").warnings)


def test_the_writer_gets_clean_texts_and_the_language() -> None:
    asked = request("<b>pop</b> &amp; rock in Spanish", about="the sea &lt;3 in spring")
    assert (asked.description, asked.lyrics_about) == ("pop & rock", "the sea <3 in spring")
    assert asked.language == "es"
    assert request("pop", "VERSE ONE:\nHello you").lyrics == "[verse 1]\nHello you"
    assert request("pop", "Te quiero mucho, mi amor").language == "es"
    assert request("pop about rain").language == ""
    assert request("pop in English").language == "en"


def test_qwen_is_told_the_language() -> None:
    told = messages(request("a pop song in Korean"))[1]["content"]
    assert "Its lyrics are in Korean." in told
    assert "in Korean" not in told.splitlines()[0]
    assert "Its lyrics are in" not in messages(request("a pop song"))[1]["content"]


class Polyglot:
    """A writer that writes in the language that it is told, as a model does."""

    info = WRITER.info

    def plan(self, wanted: PlanRequest) -> SongPlan:
        words = {"es": "Te quiero mucho\nla noche es nuestra", "": "Walking home in the rain with you"}
        made = WRITER.plan(wanted.model_copy(update={"language": ""}), ignore_progress)
        return made.model_copy(update={"lyrics": f"[verse]\n{words[wanted.language]}", "language": "xx"})


@pytest.mark.parametrize(("prompt", "language"), [("pop in Spanish", "es"), ("pop", "en")])
def test_the_plan_says_the_language_that_was_written(prompt: str, language: str) -> None:
    wanted = read_request(prompt, lyrics="", about="", instrumental=False, duration_s=60.0, seed=7)
    made = planned(Polyglot().plan(wanted.request), wanted, "qwen")
    assert (made.language, made.warnings) == (language, ())


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
_MARKED = st.lists(
    st.sampled_from(
        ["[verse]", "[chorus - male]", "[female]", "(x2)", "[00:12.00]one", "two", "", "Verse 1", "😀", "..."]
    ),
    max_size=12,
).map("\n".join)  # fmt: skip


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.one_of(_TEXTS, _MARKED), st.sampled_from(["pop", "no vocals", "duet in French", "male voice"]))
def test_a_plan_agrees_with_itself_and_stays_as_it_is(lyrics: str, prompt: str) -> None:
    for instrumental in (False, True):
        made = plan(prompt, lyrics, instrumental=instrumental)
        assert (made.voice == "none") == (made.lyrics == "")
        assert len(made.line_times_s) in (0, len(read_lyrics(made.lyrics).lines))
        assert ("instrumental" in made.tags) == (made.voice == "none")
        assert again(made) == made


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.one_of(_TEXTS, _MARKED, st.just("Title: Rain\n\n[verse]\nWe sing")), st.text(min_size=1, max_size=80)
)
def test_the_words_of_a_cover_are_those_of_its_plan(lyrics: str, title: str) -> None:
    wanted = read_request("pop", lyrics=lyrics, about="", instrumental=False, duration_s=60.0, seed=7)
    written = WRITER.plan(wanted.request, ignore_progress).model_copy(update={"title": title})
    words = planned_words(CoverWords.of(written), wanted)
    assert words == CoverWords.of(planned(written, wanted, WRITER.info.name))
    assert CoverWords.of(words.as_plan()) == words


_VOICES = st.sampled_from(["female", "male", "duet", "choir", "none"])


@settings(derandomize=True, deadline=None, max_examples=60)
@given(lyrics=_TEXTS, voice=_VOICES, language=st.text(max_size=35), instrumental=st.booleans())
def test_any_edit_gives_a_plan_that_agrees(
    lyrics: str, voice: str, language: str, *, instrumental: bool
) -> None:
    made = plan("pop", "Walking home")
    edit = made.model_copy(update={"lyrics": lyrics, "voice": voice, "language": language})
    read = given_plan(edit, instrumental=instrumental, duration_s=5.0)
    assert (read.voice == "none") == (read.lyrics == "")
    assert 2 <= len(read.language) <= 3


def test_long_lyrics_are_planned_in_no_time() -> None:
    plan("pop", "Labas rytas mano brangioji")  # the detector is loaded before the clock runs
    for text in ("la " * 3333, "x" * 10_000, "[" * 10_000, "word\n" * 2000, "愛" * 10_000):
        assert first_run_s(partial(plan, "pop", text)) < 3.0, text[:20]
