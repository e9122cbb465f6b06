"""Texts at their largest: none takes much longer than ordinary words, and none takes four times as much for
twice the length."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache, partial

import numpy as np
import pytest

import lyrics.sketch
import lyrics.wishes.numbers
import music.sketch
import orchestrator.server.api
import phonetics
from art.typeset import FACES, Setting, _file_for, _font, _has, typeset
from config.engine import ignore_progress
from lyrics.contract import PlanRequest, SongPlan
from lyrics.sketch.couplets import _ways
from lyrics.sketch.engine import SketchWriter
from lyrics.wishes.reading import read
from music.contract import MusicRequest
from music.lrc import lrc_text
from music.sketch.compose import write_score
from music.sketch.engine import SketchComposer
from music.sketch.midi.writing import midi_bytes
from music.sketch.score import Score
from music.sketch.timing import section_spans, timed_lines
from music.tags import Tags, id3
from orchestrator.server.api.requests.bodies.songs import EditedPlan
from orchestrator.songs.brief import DESCRIPTION_CHARACTERS, LYRICS_CHARACTERS
from phonetics.dictionary import LONGEST_WORD, _entries
from phonetics.words import _kept_line, _kept_phones, _kept_word, phones, pronounce
from reading.language import language_of
from reading.lyrics import read_lyrics
from tests.clock import first_run_s
from tests.hostile.figures import resisted
from tests.hostile.texts import KINDS, ORDINARY, Text
from tests.long import few_first

WRITER = SketchWriter()
MOST_S = 1.0
"""CPU seconds of a text beyond those of an ordinary one."""
PATTERN_S = 0.1
READ_S = 1.0
PATTERN_CHARACTERS = 20_000


def planned(*, description: str = "pop", about: str = "", words: str = "") -> SongPlan:
    request = PlanRequest(description=description, lyrics_about=about, lyrics=words, duration_s=60.0, seed=5)
    plan = WRITER.plan(request, ignore_progress)
    EditedPlan.model_validate(plan.model_dump())  # what /plan answers can be sent back
    return plan


def written(words: str, duration_s: float) -> Score:
    """All that is made of lyrics, but for the sound."""
    request = MusicRequest(prompt="pop", lyrics=words, duration_s=duration_s, seed=3)
    score = write_score(request)
    assert score.end * 60.0 / score.tempo_bpm < duration_s
    lines = timed_lines(score)
    section_spans(score)
    assert midi_bytes(score)
    assert lrc_text(lines, title="x", duration_s=duration_s)
    assert id3(Tags("x", lyrics=words, lines=lines))
    return score


def whole(text: Text, share: int = 1) -> None:
    """Every field of text at its largest, or a share of it."""
    sentence, words = text(DESCRIPTION_CHARACTERS // share), text(LYRICS_CHARACTERS // share)
    planned(description=sentence)
    planned(about=sentence)
    planned(words=words)
    written(words, 20.0)


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """The dictionary and the detector of languages are read."""
    whole(ORDINARY)
    language_of("Labas rytas mano brangioji")


@pytest.fixture(scope="module")
def ordinary_s(loaded: None) -> float:
    return first_run_s(lambda: whole(ORDINARY))


@pytest.mark.parametrize("kind", few_first(2, KINDS))
def test_a_text_at_its_largest_takes_little_more_than_an_ordinary_one(kind: str, ordinary_s: float) -> None:
    taken_s = {}
    for name, text in KINDS[kind].items():
        quarter_s, taken_s[name] = (first_run_s(partial(whole, text, share)) for share in (4, 1))
        assert taken_s[name] < 8 * quarter_s + 0.3, f"{name} takes time in proportion to its square"
        assert taken_s[name] < ordinary_s + MOST_S, name
    worst = max(taken_s, key=lambda name: taken_s[name])
    resisted(
        "texts of 10,000 characters as lyrics, of 2,000 as descriptions, read, planned and set to music",
        limit=f"{MOST_S:g} s of CPU more than ordinary words take",
        figure=f"{kind}: {taken_s[worst]:.2f} s ({worst}), ordinary words {ordinary_s:.2f} s",
    )


THEMES = (
    "ab" + "(|)" * 25,
    "ab (a|b)(a|b)" + "(|)" * 20,
    "ab" + "{h}" * 25,
    "ab {x}{h}(x|{x}) (",
    r"a\1 \g<0>",
)


@pytest.mark.parametrize("about", THEMES)
def test_a_theme_is_no_pattern_of_the_material(about: str) -> None:
    """Its brackets are choices and its braces are holes in the material's own lines alone."""
    took_s = first_run_s(lambda: planned(about=about))
    assert took_s < 1.0
    assert len(planned(about=about).lyrics) < 10_000


def test_a_word_of_consonants_is_split_in_little_time() -> None:
    assert first_run_s(lambda: pronounce("a" + "bcd" * 30_000 + "a")) < 1.0


def test_long_words_are_not_kept_in_memory() -> None:
    before = [kept.cache_info().currsize for kept in (_kept_word, _kept_line, _kept_phones)]
    for n in range(50):
        word = f"{'wonderful' * 100}{n}"
        assert len(pronounce(word)[0].syllables) > 300
        assert len(phones(word)) > 700
    assert [kept.cache_info().currsize for kept in (_kept_word, _kept_line, _kept_phones)] == before


def test_no_cache_of_what_users_write_is_without_a_bound() -> None:
    for kept in (_ways, _file_for, _has, _font, _kept_word, _kept_line, _kept_phones):
        assert 0 < (kept.cache_info().maxsize or 0) <= 10_000


# Dense lyrics: always a song.


@pytest.mark.parametrize(
    ("tempo_bpm", "metre"), [(40.0, "4/4"), (40.0, "12/8"), (110.0, "4/4"), (220.0, "7/8")]
)
def test_lyrics_too_dense_for_their_song_are_cut_with_a_warning(tempo_bpm: float, metre: str) -> None:
    for syllables in (1, 15, 30, 60, 400):
        for words in ("la " * syllables, "la" * syllables, "la\n" * syllables, "9" * syllables):
            for duration_s in (5.0, 10.0):
                for fixed in (False, True):
                    request = MusicRequest(
                        prompt="pop",
                        lyrics=words,
                        duration_s=duration_s,
                        seed=3,
                        metre=metre,
                        tempo_bpm=tempo_bpm,
                        tempo_fixed=fixed,
                        voice="duet",
                    )
                    score = write_score(request)
                    assert score.vocals
                    assert midi_bytes(score)
                    assert score.end * 60.0 / score.tempo_bpm < duration_s
                    is_cut = any("of the lyrics" in warning for warning in score.warnings)
                    assert is_cut == (syllables > 60) or 15 <= syllables <= 60


def test_thirty_syllables_in_ten_seconds_are_sung_whole_and_sixty_as_far_as_they_go() -> None:
    composer, sung = SketchComposer(), {}
    for count in (30, 60):
        request = MusicRequest(prompt="pop", lyrics="la " * count, duration_s=10.0, seed=3)
        audio = composer.compose(request, ignore_progress)
        assert audio.samples.shape[1] == 10 * audio.rate_hz
        sung[count] = sum(len(line.words) for line in audio.lines)
        assert bool(audio.warnings) == (sung[count] < count)
        if audio.warnings:
            said = f"the last {count - sung[count]} words of the lyrics do not fit into 10 s"
            assert audio.warnings[0].startswith(said)
    assert sung[30] == 30
    assert sung[60] >= 30
    resisted(
        "30 and 60 syllables in a song of 10 s",
        limit="0.145 s a syllable; what does not fit is cut, with a warning",
        figure=f"sung: {', '.join(str(count) for count in sung.values())}",
    )


# What the rest hangs on.


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Every compiled pattern of the modules that read what users write."""
    # Those of ``reading`` and ``phonetics.speaking`` are matched at one place of one line or word: see
    # ``test_no_text_takes_long_to_read``.
    ours = (lyrics.sketch, lyrics.wishes, lyrics.wishes.numbers, music.sketch, phonetics)
    for package in (*ours, orchestrator, orchestrator.server.api):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if module.name.endswith(("__main__", ".remote")):
                continue
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                    yield f"{module.name}.{name}", value


PATTERNS = dict(patterns())
MATCHED = {f"lyrics.wishes.numbers.duration.{name}" for name in ("_PART", "_INTRO", "_PIECE_AFTER")}
"""Patterns that are only tried at one place: behind a length."""


@cache
def long_texts() -> dict[str, str]:
    return {name: text(PATTERN_CHARACTERS) for texts in KINDS.values() for name, text in texts.items()}


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_takes_time_in_proportion_to_the_square_of_its_text(name: str) -> None:
    pattern = PATTERNS[name]
    is_wish, find = name.startswith("lyrics.wishes"), pattern.match if name in MATCHED else pattern.search
    for name, text in long_texts().items():
        # Of a description, runs of spaces are one space before any of these patterns is tried.
        typed = " ".join(text.split())[:DESCRIPTION_CHARACTERS] if is_wish else text
        assert first_run_s(partial(find, typed)) < PATTERN_S, name


@pytest.mark.parametrize("name", list(long_texts()))
def test_no_text_takes_long_to_read(name: str) -> None:
    text = long_texts()[name]
    assert first_run_s(partial(read_lyrics, text[:LYRICS_CHARACTERS])) < READ_S
    assert first_run_s(partial(read, text[:DESCRIPTION_CHARACTERS])) < READ_S
    assert first_run_s(partial(pronounce, text[:LYRICS_CHARACTERS])) < READ_S
    assert first_run_s(partial(language_of, text[:LYRICS_CHARACTERS])) < READ_S


def test_the_patterns_are_found() -> None:
    assert len(PATTERNS) > 20
    assert "lyrics.wishes.topic._STYLE_AFTER" in PATTERNS


TITLES = (
    "a b c d e f g h i j k l m n o p",
    "Ѐ Ё Ђ Ѓ Є Ѕ І Ї Ј Љ Њ Ћ Ќ",
    "MW" * 40,
    "a" + "\u0301" * 79,
    "\ufdfa" * 80,
)


@pytest.mark.parametrize("face", ["condensed", "hand"])
def test_no_title_takes_long_to_set(face: str) -> None:
    assert face in FACES
    pixels = np.full((512, 512, 3), 120, np.uint8)
    typeset(pixels, "a title", Setting(face))
    for title in TITLES:
        assert first_run_s(partial(typeset, pixels, title, Setting(face))) < MOST_S, title


def test_the_longest_word_of_the_dictionary_is_known() -> None:
    assert max(map(len, _entries())) == LONGEST_WORD
