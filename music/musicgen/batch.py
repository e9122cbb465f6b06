"""Songs of several callers in one decoding loop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from torch import Tensor

from inference.batch_loop import BatchLoop
from music.musicgen.decoder import Decoder, Track
from music.musicgen.encodec.codec import Decoding
from music.musicgen.gpu.slots import COLUMNS, Slots

MOST = 8
"""Songs at a time. Each is two rows of a step."""
_LINGER_S = 0.01  # for songs that ended in the same step, whose threads wake up one after another
T = TypeVar("T")


@dataclass(eq=False)
class _Ended:
    """A song whose tokens are made."""

    codes: Sequence[Tensor]
    waves: list[Tensor] = field(default_factory=list)
    failure: Exception | None = None


class Batch:
    """Tracks of any prompts, lengths and ages. Each step takes all of them one column further."""

    def __init__(self, decoder: Decoder, decode: Decoding, most: int = MOST, columns: int = COLUMNS) -> None:
        """``most`` songs at a time, each of ``columns`` at most; others wait for their turn."""
        self._decoder = decoder
        self._decode = decode
        self._most = most
        self._ended: list[_Ended] = []
        self._ending = threading.Lock()
        self._slots = Slots(decoder, most, columns) if decoder.slotted else None
        self._loop = BatchLoop[Track](self, most, "musicgen")

    def run(self, track: Track, report: Callable[[float], None]) -> None:
        """Steps until ``track`` is done. ``report`` is called with the fraction in the caller's own thread;
        what it raises takes the track out before the next step."""
        self._loop.run(track, lambda: report(track.position / track.steps))

    def do(self, work: Callable[[], T], report: Callable[[], None]) -> T:
        """``work`` in the thread that decodes; see ``BatchLoop``."""
        return self._loop.do(work, report)

    def decode(self, codes: Sequence[Tensor], report: Callable[[], None]) -> list[Tensor]:
        """As ``Decoding``, in the thread that decodes; ``report`` as in ``do``. Songs that end together are
        decoded together."""
        ended = _Ended(codes)
        with self._ending:
            self._ended.append(ended)
        try:
            self._loop.do(self._decode_ended, report)
        finally:
            with self._ending:
                if ended in self._ended:
                    self._ended.remove(ended)
        if ended.failure is not None:
            raise ended.failure
        return ended.waves

    def _decode_ended(self) -> None:
        """Decodes the songs that wait, unless the call of another has decoded them before."""
        if not self._ended:
            return
        time.sleep(_LINGER_S)
        with self._ending:
            some, self._ended = self._ended[: self._most], self._ended[self._most :]
        try:
            waves = iter(self._decode([codes for ended in some for codes in ended.codes]))
            for ended in some:
                ended.waves = [next(waves) for _ in ended.codes]
        except Exception as error:  # noqa: BLE001 - it is raised again where each is waited for
            for ended in some:
                ended.failure = error

    def join(self, track: Track) -> None:
        """Gives the track a slot where there are slots; otherwise it has a cache of its own."""
        if self._slots:
            self._slots.join(track)

    def step(self, tracks: Sequence[Track]) -> Mapping[int, Exception]:
        if self._slots:
            self._slots.step(tracks)
        else:
            self._decoder.step(tracks)
        return {}

    def done(self, track: Track) -> bool:
        return track.done

    def leave(self, track: Track) -> None:
        """Frees the track's slot."""
        if self._slots:
            self._slots.leave(track)
