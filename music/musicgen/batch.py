"""Songs of several callers in one decoding loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from models.together import Together
from music.musicgen.decoder import Decoder, Track

_MOST = 16


class Batch:
    """Tracks of any prompts, lengths and ages, all of them a column further with each step."""

    def __init__(self, decoder: Decoder, most: int = _MOST) -> None:
        self._decoder = decoder
        self._loop = Together[Track](self, most, "musicgen")

    def run(self, track: Track, report: Callable[[float], None]) -> None:
        """Until ``track`` is done; ``report`` is told the fraction in the caller's own thread. What it raises
        takes the track out before the next step."""
        self._loop.run(track, lambda: report(track.position / track.steps))

    def join(self, track: Track) -> None:
        """It brings its caches with it."""

    def step(self, tracks: Sequence[Track]) -> Mapping[int, Exception]:
        self._decoder.step(tracks)
        return {}

    def done(self, track: Track) -> bool:
        return track.done

    def leave(self, track: Track) -> None:
        """It takes them along."""
