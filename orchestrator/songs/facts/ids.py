"""The ids of songs: they sort newest first, and say when they were made."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, in the order of its characters
_TIME_BITS = 45  # milliseconds until the year 3084, in nine characters
_RANDOM_BITS = 30


def new_id(now_s: float | None = None) -> str:
    """A new song id of 15 characters: nine of time, which count down so that ids sort newest first, then six
    random ones."""
    ms = int((time.time() if now_s is None else now_s) * 1000)
    left = 2**_TIME_BITS - 1 - ms
    number = left << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    shifts = range(_TIME_BITS + _RANDOM_BITS - 5, -1, -5)
    return "".join(ALPHABET[number >> shift & 31] for shift in shifts)


def id_time(song_id: str) -> datetime:
    """When the id was made, by the clock of the machine that made it; the store has another clock."""
    number = 0
    for character in song_id:
        number = number << 5 | ALPHABET.index(character)
    ms = 2**_TIME_BITS - 1 - (number >> _RANDOM_BITS)
    return datetime.fromtimestamp(ms / 1000, UTC)
