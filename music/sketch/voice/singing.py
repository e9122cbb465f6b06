"""Words that several takes have in common are spoken once by the network; each take sings them at its own
pitch and time, with its own throat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from music.sketch.voice.layout import PAD_S, Grid, Layout, Syllable, lay_out, syllables_of
from music.sketch.voice.levels import closures, colour, gains, held
from music.sketch.voice.network import LH, LN, LR, Complex, Floats, Network
from music.sketch.voice.onsets import lateness_s, moves_s
from music.sketch.voice.phrases import Phrase, Words
from music.sketch.voice.pitch import f0_hz, pitch_curve
from music.sketch.voice.sound import breath, filters, resampled, sounding, stretched, with_air
from music.sketch.voice.takes import Manner, Take

_MOST_SPREAD_S = 0.015
_BREATH_BEFORE_S = 0.06


@dataclass(frozen=True)
class Spoken:
    """Words as the network makes them: a filter for each frame, and what is added to it."""

    words: Words
    syllables: list[Syllable]
    layout: Layout
    harmonic: Complex
    added: Complex


def speak(network: Network, phrase: Phrase, take: Take, seed: int) -> Spoken:
    """The words of ``phrase`` at its pitch, as ``take`` alone would sing them. The network is asked twice:
    its first answer shows which vowels come late or early."""
    words, tract = phrase.words, take.base_tract
    syllables = syllables_of(words)
    layout = lay_out(syllables, tract, [0.0] * len(syllables))
    voice, prose = network.encode(layout.tokens)
    spectra, f0 = _sung_spectra(network, voice, prose, phrase, syllables, layout, tract, seed)
    late_s = lateness_s(syllables, layout.grid, spectra, f0, tract)
    layout = lay_out(syllables, tract, moves_s(late_s))
    spectra, _ = _sung_spectra(network, voice, prose, phrase, syllables, layout, tract, seed)
    grid = layout.grid
    added = colour(words, grid.vowels(syllables), grid.frames, take.presence_db, tract)
    added += closures(syllables, grid)
    for row in (LH, LN, LR):
        spectra[:, row] += added
    first = int(phrase.rng(seed, 1).integers(1 << 16))
    return Spoken(words, syllables, layout, *filters(spectra, first))


def _sung_spectra(
    network: Network,
    voice: Floats,
    prose: Floats,
    phrase: Phrase,
    syllables: list[Syllable],
    layout: Layout,
    tract: float,
    seed: int,
) -> tuple[Floats, Floats]:
    """The spectra of the phrase laid out so, and the fundamental that they were made with."""
    grid, columns = layout.grid, layout.columns()
    pitch = pitch_curve(phrase, grid.times_s(), grid.frame_s, Manner(), phrase.rng(seed, 0))
    f0 = f0_hz(pitch, layout.voiced(), tract)
    loudness = held(network.loudness(prose[:, columns[::2]]), grid.vowels(syllables))
    return network.spectra(voice[:, columns], f0, loudness), f0


def sing_take(
    network: Network, spoken: Spoken, phrase: Phrase, take: Take, *, rate_hz: int, seed: int
) -> tuple[float, Floats]:
    """The second at which the sound begins, after the phrase's first vowel, and the sound, ``(samples,)``."""
    rng = phrase.rng(seed, take.number)
    grid = spoken.layout.grid.for_throat(take.tract)
    voiced = spoken.layout.voiced()
    pulsed = []
    for manner in take.singers:
        times_s = grid.times_s() - _late_s(phrase, grid, manner, rng)
        frames = _frames_at(spoken.layout.grid, times_s)
        pitch = pitch_curve(phrase, times_s, grid.frame_s, manner, rng)
        pulsed.append((spoken.harmonic[frames], f0_hz(pitch, voiced[frames], take.tract)))
    sound, strength = sounding(network, pulsed, spoken.added[frames])
    gain = gains(sound, phrase.words, grid.vowels(spoken.syllables), grid)
    sound *= stretched(gain, len(sound))
    heard = with_air(resampled(sound, rate_hz, take.tract), strength * gain, rate_hz, rng)
    if phrase.words.breathes:
        inhaled = breath(rate_hz, take.breath, rng)
        end = round((PAD_S - _BREATH_BEFORE_S) * rate_hz)
        heard[end - len(inhaled) : end] += inhaled
    return grid.origin_s, heard


def _late_s(phrase: Phrase, grid: Grid, manner: Manner, rng: np.random.Generator) -> NDArray[np.float64]:
    """``(frames,)``: how late a singer is at each time."""
    tones = phrase.words.tones
    spread = rng.normal(0.0, manner.spread_s, len(tones)).clip(-_MOST_SPREAD_S, _MOST_SPREAD_S)
    late = np.interp(grid.times_s(), [tone.start_s for tone in tones], manner.late_s + spread)
    return np.asarray(late, np.float64)


def _frames_at(grid: Grid, times_s: NDArray[np.float64]) -> NDArray[np.intp]:
    """The frame that is in the middle at each time."""
    frames = np.rint((times_s - grid.origin_s) / grid.frame_s - 0.5)
    return np.clip(frames, 0, grid.frames - 1).astype(np.intp)
