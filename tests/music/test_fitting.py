"""Any lyrics become a song of any length: what does not fit is left out at the end, and counted."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music.contract import MusicRequest, Voice
from music.sketch.compose import write_score
from music.sketch.midi.writing import midi_bytes
from music.sketch.score import Score
from music.sketch.theory import METRES
from music.sketch.timing import section_spans, timed_lines
from music.sketch.verses import LONGEST_LINE, parse
from phonetics.words import pronounce
from reading.lyrics import read_lyrics

VOICES: tuple[Voice, ...] = ("female", "male", "duet", "choir")
WORST = {
    "sixty words on one line": "la " * 60,
    "sixty lines of a word": "la\n" * 60,
    "a line of 10,000 characters": "hello world " * 833,
    "a word of 5,000 letters": "a" * 5000,
    "2,000 lines": "word\n" * 2000,
    "300 sections": "\n".join(f"[verse {n}]\nline number {n}" for n in range(300)),
    "300 sections without words": "[intro]\n" * 300,
    "numbers alone": "12345 67890\n" * 50,
    "a long line after a short one": "hey\n[chorus]\n" + "la " * 100,
    "a short line after a long one": "x " * 200 + "\nhey",
    "one letter": "a",
}


def score_for(lyrics: str, duration_s: float, **fields: object) -> Score:
    chosen = {"prompt": "", "lyrics": lyrics, "duration_s": duration_s, "seed": 3, **fields}
    return write_score(MusicRequest.model_validate(chosen))


def assert_it_can_be_sung(score: Score) -> None:
    assert score.duration_s - score.seconds(score.end) >= 0.5
    for part in score.vocals:
        assert part.notes
        assert part.notes[0].start >= 0.0
        assert score.seconds(part.notes[-1].start) < score.seconds(score.end)
        assert all(note.duration > 0.0 for note in part.notes)
        for note, following in itertools.pairwise(part.notes):
            assert note.start + note.duration <= following.start + 1e-6
    lines = timed_lines(score)
    assert [" ".join(word.text for word in line.words) for line in lines] == [
        " ".join(line.words) for line in score.lines
    ]
    assert all(word.start_s <= word.end_s < score.duration_s for line in lines for word in line.words)
    assert section_spans(score)[-1].end_s == score.duration_s
    assert midi_bytes(score)


def assert_what_is_left_out_is_counted(score: Score, lyrics: str) -> None:
    """The words of the song are the first of the lyrics, and the warning tells how many are not. Where the
    chorus would be lost, they are the first of a verse and the first of the chorus instead."""
    blocks = parse(lyrics)
    whole = [line for block in blocks for line in block.lines]
    wanted = [word.text for line in whole for word in line.words]
    sung = [word for line in score.lines for word in line.words]
    beside = re.search(
        r"(a|\d+) lines? of the lyrics do(?:es)? not fit into \S+ s beside", " ".join(score.warnings)
    )
    if beside:
        chorus = next(n for n, block in enumerate(blocks) if block.kind == "chorus" and block.lines)
        verse = next(n for n, block in enumerate(blocks) if block.lines)
        between = [line for block in blocks[verse : chorus + 1] for line in block.lines]
        first, hook = blocks[verse].lines, blocks[chorus].lines
        pairs = [[*first[:n], *hook[:m]] for n in range(1, len(first) + 1) for m in range(1, len(hook) + 1)]
        texts = [line.text for line in score.lines]
        kept = next(each for each in (between, *pairs) if [line.text for line in each] == texts)
        count = len({line.number for line in whole} - {line.number for line in kept})
        assert max(count, 1) == (1 if beside[1] == "a" else int(beside[1]))
        return
    (said, *_) = [*re.findall(r"the last (?:(\d+) )?(line|word|syllable)s? of", " ".join(score.warnings)), ()]
    if not said:
        assert sung[: len(wanted)] == wanted
        return
    count, name = int(said[0] or 1), said[1]
    assert sung == wanted[: len(sung)]
    if name == "line":
        assert [line.text for line in score.lines] == [line.text for line in whole[: len(whole) - count]]
    elif name == "word":
        # A word that is too long for a line is in pieces, and counts once.
        pieces = [(n == 0 and line.goes_on) for line in whole for n, _ in enumerate(line.words)]
        assert count == sum(not piece for piece in pieces[len(sung) :])
    else:
        kept = {(n.line, n.word, n.start) for part in score.vocals if part.role == "lead" for n in part.notes}
        assert count == sum(len(line.syllables) for line in whole) - len(kept)


@pytest.mark.parametrize("name", WORST)
@pytest.mark.parametrize("duration_s", [5.0, 6.9, 10.0])
def test_the_worst_lyrics_are_sung_as_far_as_they_go(name: str, duration_s: float) -> None:
    for metre, tempo_bpm, voice in zip(
        ("4/4", "5/4", "7/8", "12/8"), (40.0, 220.0, 75.0, 110.0), VOICES, strict=True
    ):
        score = score_for(
            WORST[name], duration_s, metre=metre, tempo_bpm=tempo_bpm, tempo_fixed=True, voice=voice
        )
        assert_it_can_be_sung(score)
        assert_what_is_left_out_is_counted(score, WORST[name])
        assert bool(score.vocals) == bool(parse(WORST[name])[0].lines)


@pytest.mark.parametrize("name", WORST)
def test_ten_minutes_hold_the_worst_lyrics_or_their_beginning(name: str) -> None:
    score = score_for(WORST[name], 600.0, voice="duet")
    assert_it_can_be_sung(score)
    assert_what_is_left_out_is_counted(score, WORST[name])


def test_a_long_line_fills_what_shorter_ones_leave_empty() -> None:
    score = score_for("Hey\n" + "la " * 100, 10.0)
    assert score.lines[0].text == "Hey"
    sung = len(score.lines[1].words)
    assert 20 <= sung < 100
    assert f"the last {100 - sung} words of the lyrics do not fit" in score.warnings[0]
    last = max(note.start for part in score.vocals for note in part.notes)
    assert last > 0.75 * score.end


def test_no_chorus_comes_again_while_lines_are_left_out() -> None:
    lyrics = "[verse]\n" + "Sing it out\n" * 12 + "[chorus]\nHey\n"
    score = score_for(lyrics + "[verse]\n" + "la " * 64, 30.0)
    assert [line.text for line in score.lines].count("Hey") == 1
    assert "the last line of the lyrics does not fit" in score.warnings[0]


def test_a_chorus_comes_again_after_all_that_is_sung_but_an_outro() -> None:
    lyrics = "[chorus]\nSing it out\n[verse]\nAll alone\n"
    assert [line.text for line in score_for(lyrics, 40.0).lines] == [
        "Sing it out",
        "All alone",
        "Sing it out",
    ]
    closed = score_for(f"{lyrics}[outro]\nGoodbye\n", 60.0)
    assert [line.text for line in closed.lines] == ["Sing it out", "All alone", "Sing it out", "Goodbye"]


def test_a_chorus_that_would_be_lost_takes_the_place_of_lines_before_it() -> None:
    verse = "".join(f"Verse of number {n}\n" for n in range(30))
    score = score_for(f"[verse]\n{verse}[chorus]\nSing it out\nSing it loud\n", 15.0)
    texts = [line.text for line in score.lines]
    assert texts[-2:] == ["Sing it out", "Sing it loud"]
    assert texts[:-2] == verse.splitlines()[: len(texts) - 2]
    assert_what_is_left_out_is_counted(score, f"[verse]\n{verse}[chorus]\nSing it out\nSing it loud\n")
    assert f"{32 - len(texts)} lines of the lyrics do not fit into 15 s beside a verse" in score.warnings[0]


def test_a_syllable_never_swings_beyond_the_next_one() -> None:
    for metre, tempo_bpm, duration_s in (("7/8", 40.0, 17.0), ("12/8", 60.0, 6.9), ("4/4", 60.0, 6.9)):
        for words in ("la " * 60, "x " * 200, "a" * 5000):
            score = score_for(words, duration_s, metre=metre, tempo_bpm=tempo_bpm, genre="jazz")
            assert_it_can_be_sung(score)


TAGS = st.sampled_from(
    ["[verse]", "[Chorus]", "[bridge]", "[intro]", "[solo]", "[outro]", "[pre-chorus]", "", "---", "(", ")"]
)
WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["la", "love,", "don't", "(ooh", "yeah)", "（la）", "1999", "-", "♪", "naïve", "愛", "rhythm"]
    ),
)
LINES = st.one_of(TAGS, st.lists(WORDS, max_size=30).map(" ".join), st.text(max_size=60))
LYRICS = st.one_of(
    st.text(max_size=400),
    st.lists(LINES, max_size=25).map("\n".join),
    st.builds(
        lambda word, times: word * times,
        st.sampled_from(["la ", "la", "la\n", "9", "(a) "]),
        st.integers(1, 400),
    ),
)


@given(
    lyrics=LYRICS,
    duration_s=st.floats(5.0, 60.0),
    tempo_bpm=st.floats(40.0, 220.0),
    tempo_fixed=st.booleans(),
    metre=st.sampled_from(sorted(METRES)),
    voice=st.sampled_from(VOICES),
    genre=st.sampled_from(["pop", "jazz", "hip hop", "ambient"]),
)
@settings(max_examples=60, deadline=None)
def test_any_lyrics_are_sung_in_any_song(
    *,
    lyrics: str,
    duration_s: float,
    tempo_bpm: float,
    tempo_fixed: bool,
    metre: str,
    voice: Voice,
    genre: str,
) -> None:
    score = score_for(
        lyrics,
        duration_s,
        tempo_bpm=tempo_bpm,
        tempo_fixed=tempo_fixed,
        metre=metre,
        voice=voice,
        genre=genre,
    )
    assert_it_can_be_sung(score)
    assert_what_is_left_out_is_counted(score, lyrics)


@given(lyrics=LYRICS)
@settings(max_examples=100, deadline=None)
def test_every_word_of_a_line_with_a_sound_is_a_word_of_the_song(lyrics: str) -> None:
    lines = [line.text for line in read_lyrics(lyrics).lines]
    voiced = [text for text in lines if any(word.syllables for word in pronounce(text))]
    sung = [line for block in parse(lyrics) for line in block.lines]
    assert "".join("".join(text.split()) for text in voiced) == "".join(
        word.text for line in sung for word in line.words
    )
    assert all(0 < len(line.syllables) <= LONGEST_LINE for line in sung)
