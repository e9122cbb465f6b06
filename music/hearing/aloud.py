"""Composes a song aloud: whoever listens hears its beginning first, and then the song itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from config.engine import Report
from music.contract import Audio, Beginning, Composer, EarlyComposer, MusicRequest, Samples
from music.encode import quantise
from music.hearing.pieces import Hear, Piece

CROSSFADE_S = 0.05
MATCHED_S = 1.5
"""The end of the beginning, by which the song's level is matched to it."""
RETURN_S = 6.0
"""In this time after the join the song comes back to its own level."""
MOST_DB = 6.0
_PIECE_FRAMES = 1 << 18
_BEGIN, _BEGIN_STAGE = 0.0, "the beginning"


def compose_aloud(
    composer: Composer,
    request: MusicRequest,
    report: Report,
    hear: Hear,
    finished: Callable[[Audio], Audio] = lambda audio: audio,
) -> Audio:
    """As ``finished(composer.compose(request, report))``; ``hear`` gets that song, and where the composer is
    an ``EarlyComposer`` it gets the beginning first. From ``RETURN_S`` after the beginning, what is heard is
    the song bit by bit. Raises ``ValueError`` if the song is not the one that has begun: another rate, number
    of channels or length."""

    def still_wanted(_stage: str, _fraction: float) -> None:
        report(_BEGIN_STAGE, _BEGIN)

    begun = composer.begin(request, still_wanted) if isinstance(composer, EarlyComposer) else None
    frames = round(request.duration_s * begun.rate_hz) if begun else 0
    if begun:
        _hear_all(hear, begun.samples[:, : _join(begun)], 0, frames, begun.rate_hz)
    audio = finished(composer.compose(request, report))
    if begun and (audio.rate_hz, *audio.samples.shape) != (begun.rate_hz, len(begun.samples), frames):
        raise ValueError(f"the beginning is not that of the song: {audio.samples.shape}, {audio.rate_hz} Hz")
    if begun:
        for start, samples in _rest(begun, audio):
            _hear_all(hear, samples, start, frames, audio.rate_hz)
    else:
        _hear_all(hear, audio.samples, 0, audio.samples.shape[1], audio.rate_hz)
    return audio


def _join(begun: Beginning) -> int:
    """The sample at which the crossfade from the beginning to the song starts."""
    length: int = begun.samples.shape[1]
    return max(length - round(CROSSFADE_S * begun.rate_hz), 0)


def _rest(begun: Beginning, audio: Audio) -> Iterator[tuple[int, Samples]]:
    """What follows the beginning, each part with its first sample: the joint, and the song after it."""
    first = _join(begun)
    last = min(first + round(RETURN_S * begun.rate_hz), audio.samples.shape[1])
    joint = audio.samples[:, first:last] * _gain(begun, audio, first, last)
    fading = begun.samples[:, first:]
    fade = np.linspace(0.0, 1.0, fading.shape[1], dtype=np.float32)
    joint[:, : len(fade)] = fading * (1.0 - fade) + joint[:, : len(fade)] * fade
    yield first, joint
    yield last, audio.samples[:, last:]


def _gain(begun: Beginning, audio: Audio, first: int, last: int) -> Samples:
    """``(last - first,)``: matches the song's level at the join to the beginning's, and lets go of it."""
    matched = slice(max(first - round(MATCHED_S * begun.rate_hz), 0), first)
    mine, theirs = (
        float(np.mean(np.square(samples[:, matched]))) for samples in (begun.samples, audio.samples)
    )
    if min(mine, theirs) < 1e-8:  # silence has no level to match
        return np.ones(last - first, dtype=np.float32)
    db = float(np.clip(10.0 * np.log10(mine / theirs), -MOST_DB, MOST_DB))
    peak = float(np.max(np.abs(audio.samples[:, first:last]), initial=1e-9))
    db = min(db, max(-20.0 * float(np.log10(peak)), 0.0))
    return (10.0 ** (np.linspace(db, 0.0, last - first) / 20.0)).astype(np.float32)


def _hear_all(hear: Hear, samples: Samples, start: int, frames: int, rate_hz: int) -> None:
    """Hands out ``samples``, whose first is number ``start`` of the song's ``frames``."""
    channels, length = samples.shape
    for at in range(0, length, _PIECE_FRAMES):  # a song of ten minutes takes hundreds of megabytes at once
        pcm = quantise(samples[:, at : at + _PIECE_FRAMES]).astype("<i2", copy=False)
        place = (start + at) * channels * pcm.itemsize
        hear(Piece(pcm.tobytes(), place, frames, rate_hz, channels))
