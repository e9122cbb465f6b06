"""The pitch of a phrase: glides between notes, scoops, late vibrato, drift and flutter."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from music.sketch.voice.network import Floats
from music.sketch.voice.phrases import Phrase
from music.sketch.voice.smoothing import smooth
from music.sketch.voice.takes import Manner

_GLIDE_S, _GLIDE_STEP_S, _LONGEST_LEAP = 0.050, 0.005, 8.0
"""A glide's time, what each semitone adds to it, and up to how many."""
_GLIDE_AHEAD_S = 0.025
"""The middle of a glide comes this much before its note, so that the note begins on its pitch."""
_STEEP = 30.0
_DRIFT_S, _FLUTTER_S, _FLUTTER_CENTS = 0.12, 0.02, 2.0
_SCOOP_S, _LATER_SCOOP, _SCOOPED_PART = 0.045, 0.35, 0.4
"""A phrase begins under its pitch; within it two of five syllables do, a little."""
_VIBRATO_FROM_S, _VIBRATO_RISE_S, _SHORTEST_VIBRATO_S = 0.25, 0.35, 0.42
_LOWEST_HZ, _HIGHEST_HZ = 45.0, 1600.0
"""What the network's pulses can be."""


def pitch_curve(
    phrase: Phrase, times_s: NDArray[np.float64], frame_s: float, manner: Manner, rng: np.random.Generator
) -> NDArray[np.float64]:
    """``(frames,)``: the pitch at each of ``times_s``, which are ``frame_s`` apart, as a MIDI number."""
    drift, flutter = (
        smooth(rng.normal(size=len(times_s)), seconds / frame_s) for seconds in (_DRIFT_S, _FLUTTER_S)
    )
    cents = manner.detune_cents + manner.drift_cents * _unit(drift) + _FLUTTER_CENTS * _unit(flutter)
    for n, (tone, notes) in enumerate(zip(phrase.words.tones, phrase.pitches, strict=True)):
        since = times_s - tone.start_s
        here = (since >= -2.0 * _GLIDE_AHEAD_S) & (times_s < tone.end_s)
        scoop = manner.scoop_cents * (1.0 if n == 0 else _LATER_SCOOP * (rng.random() < _SCOOPED_PART))
        cents -= here * scoop * rng.uniform(0.5, 1.0) * np.exp(-np.maximum(since, 0.0) / _SCOOP_S)
        last_s = notes[-1][0]
        if tone.end_s - last_s > _SHORTEST_VIBRATO_S:
            after = times_s - last_s
            depth = np.clip((after - _VIBRATO_FROM_S) / _VIBRATO_RISE_S, 0.0, 1.0) * rng.uniform(0.8, 1.15)
            rate = manner.vibrato_hz * rng.uniform(0.96, 1.04)
            cents += here * manner.vibrato_cents * depth * np.sin(2.0 * np.pi * rate * after)
    return np.asarray(_gliding(phrase, times_s) + cents / 100.0, np.float64)


def f0_hz(pitch: NDArray[np.float64], voiced: NDArray[np.bool_], tract: float) -> Floats:
    """``(frames,)``: the network's fundamental; 0 where the vocal folds rest, so that no pulses buzz in a
    hiss."""
    f0 = np.clip(440.0 * 2.0 ** ((pitch - 69.0) / 12.0) / tract, _LOWEST_HZ, _HIGHEST_HZ)
    return np.where(voiced, f0, 0.0).astype(np.float32)


def _gliding(phrase: Phrase, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """The notes, joined by glides."""
    notes = [note for of_syllable in phrase.pitches for note in of_syllable]
    curve = np.full(len(times_s), notes[0][1])
    for (_, before), (at_s, pitch) in pairwise(notes):
        glide_s = _GLIDE_S + _GLIDE_STEP_S * min(abs(pitch - before), _LONGEST_LEAP)
        slope = np.clip((times_s - at_s + _GLIDE_AHEAD_S) / (glide_s / 5.0), -_STEEP, _STEEP)
        curve += (pitch - before) / (1.0 + np.exp(-slope))
    return curve


def _unit(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(curve / max(float(curve.std()), 1e-9), np.float64)
