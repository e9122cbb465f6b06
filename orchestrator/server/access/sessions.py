"""The sessions of browsers: a cookie stands for a token, and is of no use once that token is not valid."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import re
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from config.errors import StoreUnavailable

log = logging.getLogger(__name__)

LIFETIME_S = 30 * 86_400
"""A session ends when it was not used for so long."""
MOST_SESSIONS = 100
"""Of one service; a new one ends the one that was unused for longest."""
_RENEWED_S = 86_400  # a session that is used is renewed once a day
_SIGNED = re.compile(r"([0-9a-f]{12})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})\.([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True)
class Session:
    """A valid session."""

    name: str
    """For the log and the limits of rates: it gives nothing away."""
    holder: str
    """The name of the token that it was opened with: see ``Tokens.holder``."""
    expires: int
    """By Unix time."""

    def is_due(self, now_s: float | None = None) -> bool:
        """Whether it should be renewed."""
        now = time.time() if now_s is None else now_s
        return self.expires < now + LIFETIME_S - _RENEWED_S


class Sessions(Protocol):
    """Sessions by the value of a cookie. All but ``find`` may block."""

    @property
    def cookie(self) -> str:
        """The cookie's name."""
        ...

    def open(self, holder: str) -> str:
        """A new session for the token ``holder``: the cookie's value."""
        ...

    def find(self, value: str) -> Session | None:
        """The session of a cookie; None if there is none, or it has ended."""
        ...

    def renew(self, value: str) -> str:
        """Lets a valid session begin its lifetime anew. Returns the cookie's value, perhaps a new one."""
        ...

    def end(self, value: str) -> None:
        """Ends the session, if there is one."""
        ...


class KeptSessions:
    """Sessions in a file of the service's private folder. It has only the digests of the cookies, so a reader
    of it cannot come in. One process uses it: see ``serve.lock``."""

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        """Raises ``StoreUnavailable`` for a file that cannot be read. What is damaged in it is dropped, and
        the browsers have to sign in again."""
        self._path = path
        self._now = now
        self._lock = threading.Lock()
        self._mark, self._kept = _read(path)

    @property
    def cookie(self) -> str:
        """Browsers send a cookie to every port of a host: the name differs between services of a machine."""
        return f"songwright-{self._mark}"

    def open(self, holder: str) -> str:
        value = secrets.token_urlsafe(32)
        with self._lock:
            now = self._now()
            valid = {digest: kept for digest, kept in self._kept.items() if kept[1] > now}
            while len(valid) >= MOST_SESSIONS:
                del valid[min(valid, key=lambda digest: valid[digest][1])]
            self._write(valid | {_digest(value): (holder, int(now + LIFETIME_S))})
        return value

    def find(self, value: str) -> Session | None:
        digest = _digest(value)
        # Looked up by a digest, whose time reveals nothing of the value.
        holder, expires = self._kept.get(digest, ("", 0))
        return Session(f"session-{digest[:12]}", holder, expires) if expires > self._now() else None

    def renew(self, value: str) -> str:
        with self._lock:
            if session := self.find(value):
                until = int(self._now() + LIFETIME_S)
                self._write(self._kept | {_digest(value): (session.holder, until)})
        return value

    def end(self, value: str) -> None:
        with self._lock:
            gone = _digest(value)
            if gone in self._kept:
                self._write({digest: kept for digest, kept in self._kept.items() if digest != gone})

    def _write(self, sessions: dict[str, tuple[str, int]]) -> None:
        text = json.dumps({"mark": self._mark, "sessions": sessions})
        part = ""
        try:
            # Private (0600) from the start.
            handle, part = tempfile.mkstemp(prefix=f".part-{os.getpid()}-", dir=self._path.parent)
            with os.fdopen(handle, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(part).replace(self._path)
        except OSError as error:
            if part:
                Path(part).unlink(missing_ok=True)
            raise StoreUnavailable(
                f"cannot write {self._path}: {error.strerror}", "check who may write it, and the disk's space"
            ) from error
        self._kept = sessions


class SignedSessions:
    """Sessions that are signed, for containers that share no folder: the cookie has all that is to be known.

    So none is kept anywhere, and one that was ended is forgotten by its browser alone: whoever has copied the
    cookie before can use it until it expires, or its token or the bucket's signing key is changed.
    """

    cookie = "songwright-session"

    def __init__(self, secret: Callable[[], bytes], now: Callable[[], float] = time.time) -> None:
        """``secret`` returns the key, and raises ``StoreUnavailable`` if it cannot be read."""
        self._secret = secret
        self._now = now

    def open(self, holder: str) -> str:
        return self._value(holder, secrets.token_urlsafe(32))

    def find(self, value: str) -> Session | None:
        found = _SIGNED.fullmatch(value)
        if found is None:
            return None
        holder, expires, nonce, signature = found.groups()
        if not hmac.compare_digest(self._signature(holder, expires, nonce), signature):
            return None
        if int(expires) <= self._now():
            return None
        return Session(f"session-{_digest(nonce)[:12]}", holder, int(expires))

    def renew(self, value: str) -> str:
        found = _SIGNED.fullmatch(value)
        return self._value(found[1], found[3]) if found and self.find(value) else value

    def end(self, value: str) -> None:
        """Nothing is kept that could be ended: see the class."""

    def _value(self, holder: str, nonce: str) -> str:
        expires = str(int(self._now() + LIFETIME_S))
        return f"{holder}.{expires}.{nonce}.{self._signature(holder, expires, nonce)}"

    def _signature(self, holder: str, expires: str, nonce: str) -> str:
        # Begins unlike anything else that is signed with this key.
        text = f"songwright session\n{holder}\n{expires}\n{nonce}"
        return hmac.new(self._secret(), text.encode(), hashlib.sha256).hexdigest()


def set_cookie(name: str, value: str, *, secure: bool) -> str:
    """The ``Set-Cookie`` header of a session; an empty value takes the cookie away."""
    age = LIFETIME_S if value else 0
    header = f"{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict"
    return f"{header}; Secure" if secure else header


def cookie_of(header: str, name: str) -> str:
    """The value of the cookie ``name`` in a ``Cookie`` header; empty if it has none."""
    for part in header.split(";"):
        given, _, value = part.strip().partition("=")
        if given == name:
            return value
    return ""


def _read(path: Path) -> tuple[str, dict[str, tuple[str, int]]]:
    try:
        text = path.read_text()
    except FileNotFoundError:
        return secrets.token_hex(4), {}
    except (OSError, UnicodeDecodeError) as error:
        raise StoreUnavailable(
            f"cannot read {path}: {error}", "check who may read it, or delete it: browsers then sign in anew"
        ) from error
    try:
        kept = json.loads(text)
        mark, sessions = kept["mark"], kept["sessions"]
        if not re.fullmatch("[0-9a-f]{8}", mark):
            raise ValueError("mark")
        return mark, {str(digest): (str(holder), int(until)) for digest, (holder, until) in sessions.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        log.warning("%s is damaged: all browsers have to sign in anew", path)
        return secrets.token_hex(4), {}


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
