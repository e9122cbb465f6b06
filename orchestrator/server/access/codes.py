"""One-time codes, which open a session in a browser: 128 random bits, of which only the digest is kept."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from config.errors import NotFound, StoreUnavailable, Unreadable
from storage.contract import Store

CODE_S = 600.0
"""How long a code is good that was made for another device."""
FIRST_CODE_S = 3_600.0
"""Likewise one that ``serve`` shows at its start."""
MOST_CODES = 20
"""So many are good at once; a new one ends the oldest."""
CODE_CHARACTERS = 22
_PREFIX = "session-codes/"


class Codes(Protocol):
    """One-time codes. Both methods may block, and raise ``StoreUnavailable``."""

    def make(self, holder: str, lifetime_s: float) -> tuple[str, float]:
        """A new code for the token ``holder``, and when it expires, by Unix time."""
        ...

    def use(self, code: str) -> str | None:
        """The holder of a code that is good, which it is no more; None for any other. Of several that use it
        at once, one gets the holder."""
        ...


class HeldCodes:
    """Codes in this process's memory: they end with it."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._codes: dict[bytes, tuple[str, float]] = {}

    def make(self, holder: str, lifetime_s: float) -> tuple[str, float]:
        code, now = secrets.token_urlsafe(16), self._now()
        with self._lock:
            self._codes = {digest: kept for digest, kept in self._codes.items() if kept[1] > now}
            while len(self._codes) >= MOST_CODES:
                del self._codes[next(iter(self._codes))]
            self._codes[_digest(code)] = (holder, now + lifetime_s)
        return code, now + lifetime_s

    def use(self, code: str) -> str | None:
        given = _digest(code)
        with self._lock:
            # Every code is compared, each in constant time.
            known = [digest for digest in self._codes if hmac.compare_digest(digest, given)]
            if not known:
                return None
            holder, expires = self._codes.pop(known[0])
        return holder if expires > self._now() else None


class StoredCodes:
    """Codes in a bucket, as objects named by their digests, for containers that share nothing else."""

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now

    def make(self, holder: str, lifetime_s: float) -> tuple[str, float]:
        self._drop_old()
        code, expires = secrets.token_urlsafe(16), self._now() + lifetime_s
        data = json.dumps({"holder": holder, "expires": expires}).encode()
        self._store.put(_key(code), data, "application/json")
        return code, expires

    def use(self, code: str) -> str | None:
        key = _key(code)
        try:
            version = self._store.version(key)
        except (NotFound, Unreadable):
            return None
        kept = json.loads(version.data)
        # Of several that have read this version, one writes over it.
        used = json.dumps({"holder": "", "expires": 0}).encode()
        if not kept["holder"] or not self._store.put_if(key, used, "application/json", etag=version.etag):
            return None
        # It is of no use any more: where the bucket does not delete it now, ``_drop_old`` does.
        with suppress(StoreUnavailable):
            self._store.delete(key)
        return str(kept["holder"]) if kept["expires"] > self._now() else None

    def _drop_old(self) -> None:
        """Deletes codes that have expired, and the oldest of too many."""
        kept: list[tuple[float, str]] = []
        for key in list(self._store.list(_PREFIX)):
            try:
                kept.append((float(json.loads(self._store.version(key).data)["expires"]), key))
            except NotFound:
                continue  # used meanwhile
            except (Unreadable, ValueError, KeyError, TypeError):
                kept.append((0.0, key))
        kept.sort()
        excess = len(kept) - MOST_CODES + 1
        for place, (expires, key) in enumerate(kept):
            if place < excess or expires <= self._now():
                self._store.delete(key)


def _key(code: str) -> str:
    return f"{_PREFIX}{_digest(code).hex()}"


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
