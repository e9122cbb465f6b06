"""Share links: an address of one song, signed, which expires."""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from storage.signing import Signer

SHARE_S = 7 * 86_400
"""How long a link is good where its maker says nothing."""
LONGEST_SHARE_S = 90 * 86_400
SHORTEST_SHARE_S = 60
_LINK = re.compile(r"([0-9a-hjkmnp-tv-z]{15})\.([0-9]{1,12})\.([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True)
class Shared:
    """What a link of ours says."""

    song_id: str
    expires: int
    """By Unix time."""
    is_over: bool


class ShareLinks:
    """Makes and reads the secret part of share links: the song, the time and an HMAC of both. Nothing is
    kept, so a link cannot be taken back before it expires, except by deleting its song."""

    def __init__(self, signer: Signer, now: Callable[[], float] = time.time) -> None:
        self._signer = signer
        self._now = now

    def make(self, song_id: str, lifetime_s: int) -> tuple[str, int]:
        """A link's secret part, and when it expires, by Unix time."""
        expires = int(self._now()) + lifetime_s
        return f"{song_id}.{expires}.{self._signature(song_id, str(expires))}", expires

    def read(self, secret: str) -> Shared | None:
        """What the link says; None for one that is not ours."""
        found = _LINK.fullmatch(secret)
        if found is None:
            return None
        song_id, expires, signature = found.groups()
        if not hmac.compare_digest(self._signature(song_id, expires), signature):
            return None
        return Shared(song_id, int(expires), is_over=int(expires) <= self._now())

    def _signature(self, song_id: str, expires: str) -> str:
        return self._signer.sign(f"share link\n{song_id}\n{expires}")
