"""Solos and melody instruments: phrases that breathe, grow and answer; attacks and strokes that differ."""

from __future__ import annotations

import itertools
from statistics import fmean, pstdev

import numpy as np
import pytest

from music.sketch.instruments import INSTRUMENTS, RATE_HZ, Strike, render
from music.sketch.instruments.strike import hertz
from music.sketch.score import Note, Part, Score, Section
from tests.music.songbook import LYRICS, score_of

SOLOISTS = {
    "rock": "lead guitar", "blues": "harmonica", "jazz": "saxophone", "folk": "violin", "latin": "trumpet",
    "synthwave": "synth lead", "metal": "lead guitar", "classical": "flute",
}  # fmt: skip
GRACE_S = 0.1


def solos(genre: str, seed: int) -> list[tuple[Score, Section, list[Note]]]:
    score = score_of(genre=genre, seed=seed, instruments=(SOLOISTS[genre],), lyrics=LYRICS)
    part = next(part for part in score.parts if part.stem == "melody")
    return [
        (score, each, [n for n in part.notes if each.start <= n.start < each.start + each.beats])
        for each in score.sections
        if each.kind == "instrumental" and each.beats >= 32
    ]


@pytest.mark.parametrize("genre", SOLOISTS)
def test_a_solo_breathes_grows_and_uses_its_range(genre: str) -> None:
    found = [solo for seed in range(4) for solo in solos(genre, seed)]
    assert found
    for score, section, notes in found:
        phrases = [
            [n for n in notes if at <= n.start + 0.3 < at + 8.0]  # a grace note comes before the bar
            for at in np.arange(section.start, section.start + section.beats - 7.9, 8.0)
        ]
        rests = [b[0].start - (a[-1].start + a[-1].duration) for a, b in itertools.pairwise(phrases)]
        assert min(rests) > 0.4, (score.genre, rests)
        assert max(n.pitch for n in notes) - min(n.pitch for n in notes) >= 9
        assert pstdev([n.velocity for n in notes]) > 0.03
        half = len(phrases) // 2
        assert fmean([n.velocity for p in phrases[half:] for n in p]) > fmean(
            [n.velocity for p in phrases[:half] for n in p]
        )
        # Rhythms of calls and answers are not all the same.
        rhythms = {tuple(round((n.start - p[0].start) * 2) for n in p) for p in phrases}
        assert len(rhythms) >= 3


def test_calls_keep_the_rhythm_of_the_motif_and_answers_end_lower() -> None:
    kept = lower = counted = 0
    for genre, seed in itertools.product(SOLOISTS, range(3)):
        for score, section, notes in solos(genre, seed):
            written = [n for n in notes if score.seconds(n.duration) > GRACE_S]
            parts = [
                [n for n in written if section.start + at <= n.start < section.start + at + 8.0]
                for at in (0.0, 8.0, 16.0)
            ]
            if all(len(each) >= 3 for each in parts):
                counted += 1
                first, _, third = ([round((n.start - p[0].start) * 2) for n in p] for p in parts)
                kept += first[:3] == third[:3]
                lower += fmean([n.pitch for n in parts[1]]) < fmean([n.pitch for n in parts[2]])
    assert counted >= 10
    assert kept > 0.4 * counted
    assert lower > 0.6 * counted


@pytest.mark.parametrize("genre", ["rock", "blues", "jazz", "folk", "metal"])
def test_long_notes_are_bent_or_graced_from_below(genre: str) -> None:
    """A short note a step below that ends where the long one starts: the instrument glides between them."""
    graced = total = 0
    for seed in range(4):
        for score, _, notes in solos(genre, seed):
            for before, note in itertools.pairwise(notes):
                if note.duration < 0.5:
                    continue
                total += 1
                joined = abs(before.start + before.duration - note.start) < 0.08
                short = score.seconds(before.duration) < GRACE_S
                graced += joined and short and 0 < note.pitch - before.pitch <= 3
    assert 0.12 < graced / total < 0.7


def attack_ms(tone: np.ndarray) -> float:
    """From 10 % to 80 % of the level that the first 150 ms reach."""
    level = np.sqrt(np.convolve(tone.mean(axis=0) ** 2, np.ones(220) / 220, "same"))
    top = level[: round(0.15 * RATE_HZ)].max()
    return float(np.argmax(level > 0.8 * top) - np.argmax(level > 0.1 * top)) / RATE_HZ * 1000.0


def centroid_hz(tone: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(tone.mean(axis=0))) ** 2
    return float(np.sum(power * np.arange(len(power))) / np.sum(power) * RATE_HZ / tone.shape[1])


@pytest.mark.parametrize("name", ["saxophone", "trumpet", "brass_section", "violin", "harmonica"])
def test_no_two_attacks_of_a_wind_or_a_bow_are_alike(name: str) -> None:
    """Before, at one velocity the attacks of all pitches were within 4 % of their mean."""
    times = [
        attack_ms(render(name, Strike((pitch,), 0.6, 0.8), variant))
        for pitch in range(60, 68)
        for variant in range(INSTRUMENTS[name].variants)
    ]
    assert pstdev(times) > 0.12 * fmean(times)


@pytest.mark.parametrize("name", ["acoustic_guitar", "electric_guitar_clean", "electric_guitar_distorted"])
def test_a_soft_stroke_is_damped_by_the_palm_and_a_hard_one_rings(name: str) -> None:
    def left(velocity: float) -> float:
        tone = render(name, Strike((45,), 1.5, velocity))
        early, late = tone[:, 2000:10000], tone[:, 30000:45000]
        return float(10 * np.log10(np.mean(late**2) / np.mean(early**2)))

    assert left(0.2) < left(0.9) - 12.0


@pytest.mark.parametrize("name", ["acoustic_guitar", "electric_guitar_clean"])
def test_strokes_on_one_string_differ_in_colour(name: str) -> None:
    colours = [
        centroid_hz(render(name, Strike((pitch,), 0.5, 0.8), variant)) / hertz(pitch)
        for pitch in range(58, 66)
        for variant in (0, 1)
    ]
    assert pstdev(colours) > 0.06 * fmean(colours)  # 0.046 to 0.049 before


def test_a_lead_guitar_bends_into_a_note_sustains_and_sings() -> None:
    tone = render("electric_guitar_lead", Strike((64,), 2.0, 0.9, from_pitch=62))[0]

    def pitch(start_s: float, length_s: float = 0.05) -> float:
        part = tone[round(start_s * RATE_HZ) : round((start_s + length_s) * RATE_HZ)]
        size = 1 << 17
        power = np.abs(np.fft.rfft(part * np.hanning(len(part)), size)) ** 2
        hz = np.arange(len(power)) * RATE_HZ / size
        inside = (hz > 240) & (hz < 400)
        return float(12 * np.log2(hz[inside][np.argmax(power[inside])] / hertz(64)))

    assert -2.3 < pitch(0.0) < -1.0
    assert abs(pitch(0.3)) < 0.35
    later = [pitch(at) for at in np.arange(0.7, 1.7, 0.045)]
    assert max(later) - min(later) > 0.15  # a finger's vibrato
    early, late = tone[4000:12000], tone[60000:75000]
    assert 10 * np.log10(np.mean(late**2) / np.mean(early**2)) > -12.0


@pytest.mark.parametrize("genre", ["pop", "folk", "country"])
def test_strums_go_down_and_up_with_a_spread_and_ghosts_between(genre: str) -> None:
    score = score_of(genre=genre, duration_s=120.0)
    down = up = ghosts = 0
    spreads = []
    part: Part
    for part in score.parts:
        if part.instrument != "acoustic_guitar":
            continue
        strokes: list[list[Note]] = []
        for note in part.notes:
            if strokes and note.start - strokes[-1][-1].start < 0.09:
                strokes[-1].append(note)
            else:
                strokes.append([note])
        for stroke in strokes:
            if len(stroke) >= 2:
                rising = [b.pitch > a.pitch for a, b in itertools.pairwise(stroke)]
                down += all(rising)
                up += not any(rising)
                spreads.append(score.seconds(stroke[-1].start - stroke[0].start))
                ghosts += max(n.velocity for n in stroke) < 0.32
    assert down > 20
    assert up > 10
    assert ghosts > 2
    assert 0.01 < fmean(spreads) < 0.06
    assert pstdev(spreads) > 0.15 * fmean(spreads)
