"""The tones of notes, made once: notes that differ in length alone are cut from one tone.

Tones of the last songs are kept, so that a service does not make the same kick drum for each song."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import replace

from music.sketch.instruments import Instrument, Signal, Strike, sustain

CLASS_S = 0.5
"""A tone lasts a multiple of this, whichever notes are cut from it, so that other songs can use it too."""
KEPT_BYTES = 48_000_000

_Key = tuple[str, Strike, int]


class Tones:
    """Tones by instrument, strike and variant; the oldest are dropped beyond ``most_bytes``. Safe in threads:
    a tone depends only on its key, so two that make the same one at once lose time alone."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._tones: OrderedDict[_Key, Signal] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, name: str, strike: Strike, variant: int) -> Signal:
        """``(1 or 2, samples)``: ``sustain``'s tone, which nobody may change."""
        key = name, strike, variant
        with self._lock:
            if key in self._tones:
                self._tones.move_to_end(key)
                return self._tones[key]
        tone = sustain(name, strike, variant)
        tone.flags.writeable = False
        with self._lock:
            if key not in self._tones:
                self._tones[key] = tone
                self._bytes += tone.nbytes
            while self._bytes > self._most_bytes:
                self._bytes -= self._tones.popitem(last=False)[1].nbytes
        return tone


TONES = Tones(KEPT_BYTES)


def lasting(strike: Strike, seconds: float, player: Instrument) -> Strike:
    """``strike`` for notes of up to ``seconds``, release included."""
    classed = math.ceil(seconds / CLASS_S) * CLASS_S if seconds < player.longest_s else player.longest_s
    return replace(strike, seconds=min(classed, player.longest_s))
