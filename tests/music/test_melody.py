from __future__ import annotations

import itertools
from random import Random

import pytest

from music.sketch.melody import Frame, Motif, develop, line_variant, new_motif, sing_line
from music.sketch.theory import chord, parse_key

KEY = parse_key("C major")
TROCHAIC = [1, 0, 1, 0, 1, 0, 1]


def frame(beats: float = 8.0, bar_beats: float = 4.0, earliest: float = 0.0) -> Frame:
    return Frame(0.0, beats, bar_beats, 60, 72, KEY, lambda _beat: chord(KEY, 0), earliest)


@pytest.mark.parametrize("bar_beats", [2.0, 3.0, 3.5, 4.0, 5.0, 6.0])
@pytest.mark.parametrize("count", [1, 2, 5, 9, 14])
@pytest.mark.parametrize("bars", [1, 2, 4])
def test_a_line_fits_its_frame(bar_beats: float, count: int, bars: int) -> None:
    for seed in range(5):
        stresses = [int(n % 2 == 0) for n in range(count)]
        beats = bars * bar_beats
        notes = sing_line(stresses, new_motif(Random(seed), bar_beats), frame(beats, bar_beats), closing=True)
        assert len(notes) == count
        assert all(n.start >= 0 and n.start + n.duration <= beats + 1e-6 for n in notes)
        assert all(a.start + a.duration <= b.start + 1e-6 for a, b in itertools.pairwise(notes))
        assert all(60 <= n.pitch <= 72 for n in notes)


def test_the_first_syllable_waits_for_its_consonants() -> None:
    for seed in range(8):
        notes = sing_line(TROCHAIC, new_motif(Random(seed), 4.0), frame(earliest=0.5), closing=False)
        assert notes[0].start >= 0.5


def test_stresses_take_the_beats_in_plain_lines() -> None:
    hits = total = 0
    for seed in range(20):
        notes = sing_line(TROCHAIC, new_motif(Random(seed), 4.0), frame(), closing=False)
        for note, stress in zip(notes, TROCHAIC, strict=True):
            if stress:
                total += 1
                hits += note.start % 1.0 == 0
    assert hits / total > 0.8


def test_the_last_syllable_is_the_longest() -> None:
    for seed in range(10):
        notes = sing_line(TROCHAIC, new_motif(Random(seed), 4.0), frame(), closing=False)
        assert notes[-1].duration == max(note.duration for note in notes)


def test_closing_lines_end_at_home() -> None:
    for seed in range(10):
        motif = line_variant(new_motif(Random(seed), 4.0), 3, 4)
        notes = sing_line(TROCHAIC, motif, frame(), closing=True)
        assert notes[-1].pitch % 12 in (0, 4)


def test_steps_are_more_common_than_leaps() -> None:
    steps = leaps = 0
    for seed in range(20):
        notes = sing_line(TROCHAIC, new_motif(Random(seed), 4.0), frame(), closing=False)
        for a, b in itertools.pairwise(notes):
            steps += abs(a.pitch - b.pitch) <= 2
            leaps += abs(a.pitch - b.pitch) > 4
    assert steps > 3 * leaps


def test_rap_keeps_to_few_pitches() -> None:
    motif = new_motif(Random(3), 4.0)
    sung = {n.pitch for n in sing_line(TROCHAIC * 2, motif, frame(), closing=False)}
    rapped = {n.pitch for n in sing_line(TROCHAIC * 2, motif, frame(), closing=False, flat=True)}
    assert max(rapped) - min(rapped) < max(sung) - min(sung)


def test_a_verse_lies_lower_than_the_chorus_it_comes_from() -> None:
    motif = Motif((0.3, 0.6, 0.9, 0.6, 0.5), frozenset({0.0}), 0.0)
    assert max(develop(motif, "verse", Random(1)).contour) < max(motif.contour)
    assert develop(motif, "chorus", Random(1)) == motif
