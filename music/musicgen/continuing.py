"""What a song goes on from, as MusicGen takes it: its last seconds, at the model's rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import resample_poly

from config.errors import InvalidRequest
from music.changes.joins import matched
from music.changes.places import Place, extended, in_stereo, place_in
from music.contract import COMPOSERS, Change, MusicRequest, Samples, Source


@dataclass(frozen=True)
class Continuation:
    """Sound to go on from, which ends where the new part begins."""

    source: Source
    place: Place
    frames: int
    """Of the sound to go on from."""
    rate_hz: int
    """The model's."""
    frame: int
    """Samples of a frame at that rate."""

    @classmethod
    def of(
        cls, request: MusicRequest, source: Source, *, rate_hz: int, frame: int, most: int
    ) -> Continuation:
        """With ``most`` frames at the most. Raises ``InvalidRequest`` for a task that MusicGen does not do,
        and as ``extended``."""
        if request.task != "extend":
            raise InvalidRequest(
                "task", request.task, f"MusicGen only goes on with songs: {_who(request.task)}"
            )
        change = request.change or Change()
        if change.before:
            fix = f"MusicGen goes on after a song, not before it: {_who('extend')}"
            raise InvalidRequest("before", "true", fix)
        source = in_stereo(source)
        place = extended(change, source)
        frames = min(most, int(place.start_s * rate_hz / frame + 1e-6))
        return cls(source, place, frames, rate_hz, frame)

    def sound(self, channels: int) -> Samples:
        """``(channels, frames * frame)`` at the model's rate: the song before the new part."""
        rate = self.source.rate_hz
        end, length = round(self.place.start_s * rate), self._at_source(self.frames * self.frame)
        begin = end - length
        # With a second around it that is cut off again: a filter rings where a sound breaks off.
        around = [max(begin - rate, 0), min(end + rate, self.source.samples.shape[1])]
        piece = self.source.samples[:, around[0] : around[1]]
        piece = np.pad(piece, ((0, 0), (around[0] - (begin - rate), end + rate - around[1])))
        if channels == 1:
            piece = piece.mean(axis=0, keepdims=True)
        whole = _resampled(piece, rate, self.rate_hz)
        return whole[:, self.rate_hz : self.rate_hz + self.frames * self.frame]

    def placed(self, decoded: Samples) -> Samples:
        """The song with its continuation. ``decoded`` is what the model makes of the sound and of what comes
        after it."""
        rate, place = self.source.rate_hz, self.place
        made = _resampled(decoded, self.rate_hz, rate)
        before = self._at_source(self.frames * self.frame)
        start = round(place.start_s * rate)
        kept = self.source.samples[:, start - before : start]
        made = matched(made, made[:, : kept.shape[1]], kept, rate)
        return place_in(self.source, made[:, before - (start - round(place.join_s * rate)) :], place)

    def _at_source(self, samples: int) -> int:
        return round(samples * self.source.rate_hz / self.rate_hz)


def _resampled(samples: Samples, rate_hz: int, to_hz: int) -> Samples:
    if rate_hz == to_hz:
        return samples
    return np.asarray(resample_poly(samples, to_hz, rate_hz, axis=1), np.float32)


def _who(task: str) -> str:
    able = [name for name in COMPOSERS.built_in if name != "musicgen"]
    able = [name for name in able if task in COMPOSERS.spec(name).tasks]
    return f"use {' or '.join(map(repr, able))}" if able else "no engine here does it"
