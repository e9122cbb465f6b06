"""The band moves: its parts phrase, sections that return are alike or differ where they should, and each
metre has grooves of its own. All is measured on scores."""

from __future__ import annotations

import itertools
from collections import Counter
from statistics import fmean

import pytest

from lyrics.contract import GENRES
from music.sketch.genres import GENRES as TABLE
from music.sketch.patterns import GROOVES, KICK, strokes
from music.sketch.players.metres import BASS_IN, FAMILY, GROOVES_IN, METRES, groove_in
from music.sketch.score import Note, Part, Score, Section
from music.sketch.theory import bar_beats
from tests.music.songbook import LYRICS, score_of

PADS = ("pad", "choir", "strings", "organ", "accordion", "supersaw", "brass")
ODD = [metre for metre in METRES if metre != "4/4"]
SEEDS = range(3)


def inside(part: Part, section: Section) -> list[Note]:
    return [n for n in part.notes if section.start <= n.start < section.start + section.beats - 1e-6]


def sections_of(score: Score, kind: str) -> list[Section]:
    return [section for section in score.sections if section.kind == kind]


def stem(score: Score, name: str) -> Part | None:
    return next((part for part in score.parts if part.stem == name), None)


def bars_of(part: Part, section: Section, beats: float) -> list[tuple[tuple[float, int], ...]]:
    """Of each bar the onsets in sixteenths and the pitches above the bar's first note."""
    bars = []
    for n in range(round(section.beats / beats)):
        at = section.start + n * beats
        notes = [note for note in part.notes if at - 0.06 <= note.start < at + beats - 0.06]
        low = notes[0].pitch if notes else 0
        bars.append(tuple((round((note.start - at) * 4) / 4, note.pitch - low) for note in notes))
    return bars


def relative(notes: list[Note], start: float) -> set[tuple[float, float, int, float]]:
    return {(note.start - start, note.duration, note.pitch, note.velocity) for note in notes}


@pytest.mark.parametrize("genre", GENRES)
def test_the_bass_does_not_play_one_bar_over_and_over(genre: str) -> None:
    """Of eight bars three differ at least. Before, most genres had one, and none but jazz had five."""
    shares = []
    for seed in SEEDS:
        score = score_of(genre=genre, seed=seed)
        part = stem(score, "bass")
        assert part
        for section in sections_of(score, "chorus"):
            bars = bars_of(part, section, 4.0)
            assert len(set(bars)) >= 3
            shares.append(len(set(bars)) / len(bars))
    assert fmean(shares) > 0.45


@pytest.mark.parametrize("genre", GENRES)
def test_comping_varies_inside_a_section(genre: str) -> None:
    """Before, each section had one rhythm."""
    score = score_of(genre=genre)
    rhythms = []
    for part in score.parts:
        if part.stem == "harmony" and not any(word in part.instrument for word in PADS):
            for section in score.sections:
                if section.beats >= 16 and inside(part, section):
                    bars = bars_of(part, section, 4.0)
                    rhythms.append(len({tuple(sorted({at for at, _ in bar})) for bar in bars}))
    assert rhythms
    assert fmean(rhythms) >= 2.0
    assert sum(count >= 2 for count in rhythms) > 0.8 * len(rhythms)


@pytest.mark.parametrize("genre", GENRES)
def test_the_bass_leads_into_the_next_chord_by_a_step(genre: str) -> None:
    steps = ends = 0
    for seed in SEEDS:
        score = score_of(genre=genre, seed=seed)
        part = stem(score, "bass")
        assert part
        edges = {
            section.start + 16.0 * n
            for section in score.sections
            for n in range(int(section.beats // 16) + 1)
        }
        for before, after in itertools.pairwise(part.notes):
            interval = abs(after.pitch - before.pitch)
            at_edge = any(abs(after.start - edge) < 0.06 for edge in edges)
            if at_edge and before.start > after.start - 1.1 and interval not in (0, 5, 7, 12):
                ends += 1
                steps += interval <= 2
    # Lines of long notes, or between the beats, have no note there.
    assert ends < 8 or steps > 0.9 * ends


def test_bass_and_drums_leave_room_before_some_sections() -> None:
    silent = counted = 0
    for genre, seed in itertools.product(GENRES, SEEDS):
        score = score_of(genre=genre, seed=seed)
        part = stem(score, "bass")
        assert part
        for section in score.sections[1:-1]:
            end = section.start + section.beats
            counted += 1
            silent += not any(n.start < end and n.start + n.duration > end - 0.7 for n in part.notes)
    assert 0.15 < silent / counted < 0.7


@pytest.mark.parametrize("genre", GENRES)
def test_a_pre_chorus_grows_and_a_phrase_leads_to_its_third_bar(genre: str) -> None:
    growth, phrase = [], []
    for seed in SEEDS:
        score = score_of(genre=genre, seed=seed, duration_s=240.0)
        pitched = [part for part in score.parts if part.stem in ("bass", "harmony")]
        for section in score.sections:
            bars = [
                fmean([n.velocity for n in notes])
                for k in range(int(section.beats // 4))
                if (
                    notes := [
                        n
                        for part in pitched
                        for n in part.notes
                        if section.start + 4 * k - 0.05 <= n.start < section.start + 4 * k + 3.95
                    ]
                )
            ]
            if section.kind == "pre-chorus" and len(bars) > 1:
                growth.append(bars[-1] / bars[0])
            elif section.kind == "chorus" and len(bars) >= 4:
                phrase.append(bars[2] / bars[0])
    assert fmean(growth) > 1.08
    assert fmean(phrase) > 1.01


@pytest.mark.parametrize("genre", GENRES)
def test_choruses_before_the_last_are_the_same_notes_to_the_bit(genre: str) -> None:
    """So a renderer can play them once. What leads into the next section may differ."""
    for seed in SEEDS:
        score = score_of(genre=genre, seed=seed, duration_s=240.0)
        first, second = sections_of(score, "chorus")[:2]
        assert first.beats == second.beats
        same = total = 0
        for part in score.parts:
            a, b = (relative(inside(part, each), each.start) for each in (first, second))
            same += len(a & b)
            total += max(len(a), len(b))
        assert same > 0.97 * total, seed


@pytest.mark.parametrize("genre", GENRES)
def test_the_second_verse_differs_from_the_first(genre: str) -> None:
    """By another instrument or another register, and by the drums where there are some."""
    for seed in SEEDS:
        score = score_of(genre=genre, seed=seed)
        first, second = sections_of(score, "verse")[:2]
        players = [
            {part.name for part in score.parts if len(inside(part, each)) > 2} for each in (first, second)
        ]
        assert players[0] <= players[1]
        assert players[1] - players[0], seed
        drums = stem(score, "drums")
        if drums:
            kits = [Counter(n.pitch for n in inside(drums, each)) for each in (first, second)]
            assert set(kits[1]) - set(kits[0]), seed
        heights = [
            fmean([n.pitch for part in score.parts if part.stem == "harmony" and part.name in players[0]
                   for n in inside(part, each)])
            for each in (first, second)
        ]  # fmt: skip
        assert heights[1] > heights[0] + 0.4, seed


@pytest.mark.parametrize("genre", GENRES)
def test_the_last_chorus_is_the_biggest(genre: str) -> None:
    for seed in SEEDS:
        score = score_of(genre=genre, seed=seed)
        force = [
            sum(n.velocity**2 for part in score.parts for n in inside(part, each)) / each.beats
            for each in sections_of(score, "chorus")
        ]
        assert force[-1] > 1.05 * max(force[:-1]), seed


@pytest.mark.parametrize("metre", ODD)
def test_every_metre_has_grooves_of_its_own(metre: str) -> None:
    beats = bar_beats(metre)
    assert METRES[metre].steps == beats * 4
    for family, groove in GROOVES_IN[metre].items():
        assert {len(bar) for bar in groove.values()} == {METRES[metre].steps}, family
        assert groove[KICK][0] != "."
        for line in BASS_IN[metre][family]:
            assert len(line) == METRES[metre].steps
    assert len({str(groove) for groove in GROOVES_IN[metre].values()}) == len(set(FAMILY.values()))
    for name, genre in TABLE.items():
        if not GROOVES[genre.groove]:
            continue
        full, quiet = (groove_in(metre, genre.groove, full=full) for full in (True, False))
        strength = [sum(s for bar in each.values() for _, s in strokes(bar, beats)) for each in (full, quiet)]
        assert 0 < strength[1] < 0.9 * strength[0], name
        # Not 4/4 with beats cut off.
        cut = {key: strokes(bar, beats) for key, bar in GROOVES[genre.groove].items()}
        assert {key: strokes(bar, beats) for key, bar in full.items()} != cut, name


@pytest.mark.parametrize("metre", ODD)
@pytest.mark.parametrize("genre", GENRES)
def test_drums_bass_and_comping_stand_on_the_pulses_of_the_metre(genre: str, metre: str) -> None:
    """The notes on pulses are louder in sum than those on as many places that are pulses of 4/4 alone."""
    score = score_of(genre=genre, metre=metre, seed=1, duration_s=120.0)
    beats, pulses = bar_beats(metre), METRES[metre].pulses
    weights: Counter[int] = Counter()
    for part in score.parts:
        if part.stem in ("drums", "bass"):
            for note in part.notes:
                if note.start < score.end - 4 * beats:
                    weights[round((note.start % beats) * 4) % METRES[metre].steps] += 1
    on = fmean([weights[pulse] for pulse in pulses])
    off = fmean([weights[step] for step in range(METRES[metre].steps) if step not in pulses])
    assert on > 1.5 * off


@pytest.mark.parametrize("metre", ["3/4", "6/8", "5/4"])
def test_families_of_genres_differ_in_a_metre(metre: str) -> None:
    played = {}
    for genre in ("rock", "pop", "house", "folk", "jazz"):
        score = score_of(genre=genre, metre=metre)
        part = stem(score, "drums")
        assert part
        section = sections_of(score, "chorus")[0]
        played[genre] = bars_of(part, section, bar_beats(metre))[2]
    assert len(set(played.values())) == len(played)


def test_a_song_has_at_most_a_quarter_more_notes_than_before_it_moved() -> None:
    """4,511 is the mean of the songs below at the commit before."""
    counts = [
        sum(len(part.notes) for part in score_of(genre=genre, lyrics=lyrics, seed=3).parts)
        for genre in GENRES
        for lyrics in (LYRICS, "")
    ]
    assert fmean(counts) <= 1.25 * 4511
