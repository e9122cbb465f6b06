"""Addresses that anybody may read until they expire: an HMAC of key and time replaces the token."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from urllib.parse import quote, urlencode

_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)
_STEP_S = 300  # addresses made within five minutes are the same, so that browsers can cache them


class Signer:
    """Signs keys with ``secret`` (HMAC-SHA256). Whoever has the secret can read everything."""

    def __init__(self, secret: bytes | Callable[[], bytes]) -> None:
        """``secret`` is the secret, or a function that returns it when it is first needed."""
        self._secret = secret

    def path(self, key: str, expires_s: int, now_s: float | None = None) -> str:
        """``/files/<key>?expires=...&signature=...``, valid for ``expires_s`` seconds and up to five minutes
        more."""
        now = time.time() if now_s is None else now_s
        expires = int((now + expires_s) // _STEP_S + 1) * _STEP_S
        query = urlencode({"expires": expires, "signature": self._signature(key, str(expires))})
        return f"/files/{quote(key)}?{query}"

    def check(self, key: str, expires: str, signature: str, now_s: float | None = None) -> bool:
        """Whether ``signature`` is ours for this key and time, and has not expired."""
        now = time.time() if now_s is None else now_s
        if not _TIME.fullmatch(expires):
            return False
        ours = hmac.compare_digest(self._signature(key, expires).encode(), signature.encode())
        return ours and int(expires) > now

    def sign(self, text: str) -> str:
        """The HMAC of ``text`` in hexadecimal, for another purpose than files. ``text`` begins with words for
        it: a file's begins with a number."""
        secret = self._secret() if callable(self._secret) else self._secret
        return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()

    def _signature(self, key: str, expires: str) -> str:
        return self.sign(f"{expires}\n{key}")
