"""How loud and how bright a phrase is: vowels that hold, even notes, accents, an arc; loud is also bright."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from music.sketch.voice.layout import PAD_S, Grid, Syllable
from music.sketch.voice.network import BINS, RATE_HZ, Floats
from music.sketch.voice.phones import VOICELESS
from music.sketch.voice.phrases import Words
from music.sketch.voice.smoothing import smooth

Spans = Sequence[tuple[int, int]]

LEVEL = 0.1
"""RMS of a full vowel at a velocity of ``FULL``: -20 dBFS."""
FULL = 0.8
_LEAST_LOUDNESS, _FADING = 6.0, 0.4
_EVENED = 0.8
"""The part of the differences in level between notes, in decibels, that is evened out."""
_USUAL_POWER = 0.06
"""The power of a vowel as the network sings it."""
_ARC = 0.12
"""What the middle of a phrase is louder, as the exponent of a gain."""
_BEFORE_S, _FADE_IN_S, _AFTER_S, _FADE_OUT_S = 0.08, 0.02, 0.06, 0.12
_BRIGHT_DB, _BRIGHTEST_DB = 16.0, 6.0
"""What a velocity of 1 more adds above ``_BRIGHT_HZ``, and at most."""
_BRIGHT_HZ = (900.0, 2200.0)
_PRESENCE_HZ = (1300.0, 2000.0, 5000.0, 7000.0)
_CLOSED_DB, _VOICED_CLOSED_DB = -18.0, -6.0
"""What a stop is softer while the mouth is closed."""
_BEFORE_BURST_S = 0.012
"""So long before it the burst begins to sound: the length of a frame."""
_DB = np.log(10.0) / 20.0


def held(spoken: Floats, vowels: Spans) -> Floats:
    """``(frames,)`` loudness for the network. A long vowel in speech fades; in song it keeps its best, but
    for a little at its end."""
    sung = spoken.copy()
    for first, last in vowels:
        a, b = first + 2, min(last, len(spoken))
        if b - a > 2:
            best = max(float(np.percentile(spoken[a : a + max(4, (b - a) // 2)], 80)), _LEAST_LOUDNESS)
            sung[a:b] = np.maximum(sung[a:b], best - _FADING * np.linspace(0.0, 1.0, b - a, dtype=np.float32))
    return smooth(sung, 1.0).astype(np.float32)


def colour(words: Words, vowels: Spans, frames: int, presence_db: float, tract: float) -> Floats:
    """``(frames, 601)`` to be added to log magnitudes: brighter as the notes are louder, and ``presence_db``
    more between 2 and 5 kHz as they are heard."""
    firsts = [first for first, _ in vowels]
    velocities = np.array([tone.accent * words.force for tone in words.tones])
    bright_db = np.clip(_BRIGHT_DB * (velocities - FULL), -_BRIGHTEST_DB, _BRIGHTEST_DB)
    hz = np.linspace(0.0, RATE_HZ / 2.0, BINS) * tract
    high = np.interp(np.log(hz + 1.0), np.log(_BRIGHT_HZ), (0.0, 1.0))
    present = np.interp(hz, _PRESENCE_HZ, (0.0, 1.0, 1.0, 0.0))
    curve = np.interp(np.arange(frames), firsts, bright_db)
    return np.outer(_DB * curve, high).astype(np.float32) + np.float32(_DB * presence_db) * present.astype(
        np.float32
    )


def closures(syllables: Sequence[Syllable], grid: Grid) -> Floats:
    """``(frames, 1)`` to be added to log magnitudes: the silence before the burst of each stop."""
    times_s = grid.times_s()
    added_db = np.zeros(grid.frames)
    for each in chain.from_iterable((*syllable.before(), *syllable.after()) for syllable in syllables):
        closed = (times_s >= each.start_s) & (times_s < each.burst_s - _BEFORE_BURST_S)
        added_db[closed] += _CLOSED_DB if each.token in VOICELESS else _VOICED_CLOSED_DB
    return np.asarray(_DB * smooth(added_db, 0.5), np.float32)[:, np.newaxis]


def gains(sound: Floats, words: Words, vowels: Spans, grid: Grid) -> Floats:
    """``(frames,)``: the gain that evens the notes of ``sound`` out and gives them their accents, with the
    arc of the phrase, and silence around."""
    hop = len(sound) // grid.frames
    power = (sound.reshape(-1, hop) ** 2).mean(axis=1)
    frames = np.arange(grid.frames)
    firsts = np.array([first for first, _ in vowels], np.float64)
    wanted = []
    for tone, (first, last) in zip(words.tones, vowels, strict=True):
        loudest = np.sort(power[first:last])[(last - first) // 3 :]
        own = _EVENED * np.log(float(loudest.mean()) + 1e-9) + (1.0 - _EVENED) * np.log(_USUAL_POWER)
        wanted.append(np.log(LEVEL * tone.accent * words.force / FULL) - 0.5 * own)
    length = max(vowels[-1][1] - firsts[0], 1.0)
    arc = _ARC * np.sin(np.pi * np.clip((frames - firsts[0]) / length, 0.0, 1.0))
    gain = np.exp(smooth(np.interp(frames, firsts - 2.0, wanted) + arc, 2.0))
    gain *= _opening(grid, words.tones[-1].end_s)
    return np.asarray(gain, np.float32)


def _opening(grid: Grid, end_s: float) -> NDArray[np.float64]:
    """``(frames,)`` in 0..1: open from shortly before the first consonant to shortly after the last note."""
    times = grid.origin_s + np.arange(grid.frames) * grid.frame_s
    opens = np.clip((times - grid.origin_s - PAD_S + _BEFORE_S) / _FADE_IN_S, 0.0, 1.0)
    closes = np.clip(1.0 - (times - end_s - _AFTER_S) / _FADE_OUT_S, 0.0, 1.0)
    return np.asarray(opens * closes, np.float64)
