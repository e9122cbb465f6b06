"""From notes with syllables to control tracks: formants, voicing, noise and pitch, one frame each 5 ms.

Vowels begin on the note, the consonants before it borrow their time from the note before; only vowels
stretch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from config.errors import EngineFailed
from music.sketch.score import SungNote
from music.sketch.voice.phones import CONSONANTS, Consonant, Formants, vowel_targets

Track = NDArray[np.float32]

FRAME_HZ = 200.0
LEGATO_S = 0.13
"""A gap between notes shorter than this is sung through."""
_BORROWED = 0.45
"""The part of the note before that a syllable's opening consonants may take."""
_CODA = 0.40
"""The part of its own note that a syllable's closing consonants may take."""
_GLIDE_S = 0.17
"""A diphthong's glide on a long note; on a short one it takes a third of the vowel."""
_BREATH_S = 0.28
"""A breath before a phrase, where there is time for one."""


@dataclass
class Tracks:
    """Control values by frame. ``formants`` is (frames, 3) in Hz; the amplitudes are relative to a full
    vowel.
    """

    formants: Track
    voiced: Track
    noise: Track
    centre_hz: Track
    width_hz: Track
    aspiration: Track
    nasal: Track
    pitch: Track
    """In MIDI numbers, with vibrato, glides and drift."""


@dataclass(frozen=True)
class Manner:
    """How a take is sung: what makes a double or a harmony another take than the lead."""

    vibrato_hz: float = 5.5
    vibrato_cents: float = 26.0
    drift_cents: float = 5.0
    scoop_cents: float = 45.0
    breath: float = 0.05
    """How loud the breath before a phrase is, beside a full vowel."""


def articulate(
    notes: Sequence[SungNote],
    starts_s: Sequence[float],
    ends_s: Sequence[float],
    origin_s: float,
    frames: int,
    manner: Manner,
    rng: np.random.Generator,
) -> Tracks:
    """Tracks of a phrase from ``origin_s``. Raises ``EngineFailed`` for a phone that is not in the tables."""
    tracks = Tracks(
        formants=np.zeros((frames, 3), np.float32),
        voiced=np.zeros(frames, np.float32),
        noise=np.zeros(frames, np.float32),
        centre_hz=np.full(frames, 5000.0, np.float32),
        width_hz=np.full(frames, 3000.0, np.float32),
        aspiration=np.zeros(frames, np.float32),
        nasal=np.zeros(frames, np.float32),
        pitch=np.zeros(frames, np.float32),
    )
    known = np.zeros(frames, bool)
    starts = [start - origin_s for start in starts_s]
    ends = [end - origin_s for end in ends_s]
    onsets = [_onset_start(notes, starts, k) for k in range(len(notes))]
    for k, note in enumerate(notes):
        following = onsets[k + 1] if k + 1 < len(notes) else None
        joined = following is not None and following - ends[k] < LEGATO_S
        end = following if joined and following is not None else min(ends[k], following or ends[k])
        _syllable(tracks, known, note, onsets[k], starts[k], max(end, starts[k] + 0.02), last=not joined)
    _hold_formants(tracks, known)
    _breathe_in(tracks, onsets[0], manner.breath)
    tracks.formants = _smooth(tracks.formants, 0.060) * _unsteady(frames, rng)
    tracks.voiced = _smooth(tracks.voiced, 0.024)
    tracks.aspiration = _smooth(tracks.aspiration, 0.020)
    tracks.noise = _smooth(tracks.noise, 0.012)
    tracks.nasal = _smooth(tracks.nasal, 0.030)
    tracks.pitch = _pitch(notes, starts, ends, frames, manner, rng)
    return tracks


def _onset_start(notes: Sequence[SungNote], starts: Sequence[float], k: int) -> float:
    """Where the opening consonants of note ``k`` begin."""
    wanted = sum(_consonant(phone).duration_s for phone in notes[k].syllable.onset)
    room = (starts[k] - starts[k - 1]) * _BORROWED if k else min(0.3, starts[k])
    return starts[k] - min(wanted, max(room, 0.0))


def _syllable(
    tracks: Tracks,
    known: NDArray[np.bool_],
    note: SungNote,
    onset: float,
    start: float,
    end: float,
    *,
    last: bool,
) -> None:
    syllable = note.syllable
    try:
        opening, closing = vowel_targets(syllable.nucleus)
    except KeyError as error:
        raise EngineFailed("sketch", f"the voice has no vowel {syllable.nucleus!r}") from error
    level = note.velocity / 0.8
    _cluster(tracks, known, syllable.onset, onset, start, opening, level)
    coda = [_consonant(phone).duration_s for phone in syllable.coda]
    vowel_end = end - min(sum(coda), (end - start) * _CODA)
    _vowel(tracks, known, start, vowel_end, opening, closing, level)
    _cluster(tracks, known, syllable.coda, vowel_end, end, closing, level)
    if last and not coda:
        fade = _frames(max(start, vowel_end - 0.12), vowel_end, len(known))
        tracks.voiced[fade] *= np.linspace(1.0, 0.15, fade.stop - fade.start, dtype=np.float32) ** 1.5


def _vowel(
    tracks: Tracks,
    known: NDArray[np.bool_],
    start: float,
    end: float,
    opening: Formants,
    closing: Formants,
    level: float,
) -> None:
    span = _frames(start, end, len(known))
    count = span.stop - span.start
    # A diphthong stays on its first vowel and glides late, as singers are taught.
    length = max(1.0, min(_GLIDE_S * FRAME_HZ, count * 0.34))
    glide = np.clip((np.arange(count) - (count * 0.96 - length)) / length, 0.0, 1.0)[:, np.newaxis]
    tracks.formants[span] = np.asarray(opening) * (1.0 - glide) + np.asarray(closing) * glide
    tracks.voiced[span] = level * _swell(count)
    known[span] = True


def _swell(count: int) -> Track:
    """A note's loudness over ``count`` frames: it opens in its first tenth of a second, grows a little while
    it is held and relaxes towards its end. A level that never moves is what makes a voice a machine."""
    at = np.arange(count, dtype=np.float32)
    opening = 1.0 - 0.25 * np.exp(-at / (0.045 * FRAME_HZ))
    held = 1.0 + 0.12 * np.sin(np.pi * np.clip(at / max(count, 1), 0.0, 1.0)) * min(1.0, count / FRAME_HZ)
    relaxing = 1.0 - 0.22 * np.clip((at - 0.7 * count) / max(0.3 * count, 1.0), 0.0, 1.0)
    return np.asarray(opening * held * relaxing, np.float32)


def _cluster(
    tracks: Tracks,
    known: NDArray[np.bool_],
    phones: Sequence[str],
    start: float,
    end: float,
    vowel: Formants,
    level: float,
) -> None:
    durations = [_consonant(phone).duration_s for phone in phones]
    scale = (end - start) / sum(durations) if durations else 0.0
    at = start
    for phone, duration in zip(phones, durations, strict=True):
        _sound(tracks, known, _consonant(phone), at, at + duration * scale, vowel, level)
        at += duration * scale


def _sound(
    tracks: Tracks,
    known: NDArray[np.bool_],
    consonant: Consonant,
    start: float,
    end: float,
    vowel: Formants,
    level: float,
) -> None:
    whole = _frames(start, end, len(known))
    tracks.formants[whole] = consonant.formants or vowel
    tracks.voiced[whole] = consonant.voiced * level
    tracks.nasal[whole] = float(consonant.nasal)
    tracks.centre_hz[whole], tracks.width_hz[whole] = consonant.centre_hz, consonant.width_hz
    known[whole] = True
    if not consonant.stop:
        tracks.noise[whole] = consonant.noise * level
        tracks.aspiration[whole] = consonant.aspiration * level
        return
    # A closure, then a burst, then what breath is left.
    long_burst = consonant.duration_s >= 0.1  # an affricate
    burst = start + (end - start) * (0.40 if long_burst else 0.60)
    after = min(end, burst + (0.060 if long_burst else 0.016))
    tracks.noise[_frames(burst, after, len(known))] = consonant.noise * level
    tracks.aspiration[_frames(after, end, len(known))] = consonant.aspiration * level


def _consonant(phone: str) -> Consonant:
    try:
        return CONSONANTS[phone]
    except KeyError as error:
        raise EngineFailed("sketch", f"the voice has no consonant {phone!r}") from error


def _hold_formants(tracks: Tracks, known: NDArray[np.bool_]) -> None:
    """Where nobody sings the mouth stays as it was, so that the next sound starts without a jump."""
    if not known.any():
        return
    held = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
    held[held < 0] = int(np.argmax(known))
    tracks.formants = tracks.formants[held]


def _breathe_in(tracks: Tracks, onset: float, level: float) -> None:
    """A soft breath that ends just before the first sound."""
    end = onset - 0.05
    if end < _BREATH_S:
        return
    span = _frames(end - _BREATH_S, end, len(tracks.aspiration))
    rise = np.linspace(0.0, 1.0, span.stop - span.start, dtype=np.float32)
    tracks.aspiration[span] += level * np.sin(np.pi * rise**1.6) ** 2


def _unsteady(frames: int, rng: np.random.Generator) -> Track:
    """(frames, 3) about 1: no mouth keeps a shape to the millimetre."""
    drift = _smooth(rng.normal(size=(frames, 3)).astype(np.float32), 0.180)
    return np.asarray(1.0 + 0.012 * drift / max(float(drift.std()), 1e-6), np.float32)


def _pitch(
    notes: Sequence[SungNote],
    starts: Sequence[float],
    ends: Sequence[float],
    frames: int,
    manner: Manner,
    rng: np.random.Generator,
) -> Track:
    time_s = np.arange(frames) / FRAME_HZ
    pitch = np.full(frames, float(notes[0].pitch))
    for note, start in zip(notes[1:], starts[1:], strict=True):
        pitch[time_s >= start - 0.030] = note.pitch  # the glide is over when the vowel begins
    pitch = _smooth(pitch.astype(np.float32), 0.070).astype(np.float64)
    cents = _smooth(rng.normal(0.0, 1.0, frames).astype(np.float32), 0.150).astype(np.float64)
    cents *= manner.drift_cents / max(float(cents.std()), 1e-6)
    for start, end in zip(starts, ends, strict=True):
        span = _frames(start, end, frames)
        since = np.maximum(time_s[span] - start, 0.0)
        cents[span] -= manner.scoop_cents * rng.uniform(0.3, 1.0) * np.exp(-since / 0.030)
        if end - start > 0.42:
            depth = manner.vibrato_cents * np.clip((since - 0.22) / 0.35, 0.0, 1.0)
            rate = manner.vibrato_hz * rng.uniform(0.96, 1.04)
            cents[span] += depth * np.sin(2.0 * np.pi * rate * since)
    return (pitch + cents / 100.0).astype(np.float32)


def _frames(start: float, end: float, frames: int) -> slice:
    """At least one frame, inside the tracks."""
    first = min(max(round(start * FRAME_HZ), 0), frames - 1)
    return slice(first, min(max(round(end * FRAME_HZ), first + 1), frames))


def _smooth(track: Track, seconds: float) -> Track:
    """Weighted mean over ``seconds``, along the first axis."""
    size = int(seconds * FRAME_HZ) | 1
    weights = np.hanning(size + 2)[1:-1]
    weights /= weights.sum()
    rows = track[:, np.newaxis] if track.ndim == 1 else track
    padded = np.pad(rows, ((size // 2, size // 2), (0, 0)), mode="edge")
    columns = [np.convolve(padded[:, c], weights, "valid") for c in range(rows.shape[1])]
    return np.stack(columns, axis=1).astype(np.float32).reshape(track.shape)
