"""The service's own keys, which all its containers share: one object of the bucket, made once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading

from config.errors import NotFound, StoreUnavailable
from orchestrator.library import has_songs
from storage.contract import Store, read

KEY = "keys/service.json"
NAMES = ("signing-key", "webhook-secret")
_PREFIXES = {"webhook-secret": "whsec_"}
_BROKEN = "restore it from a backup, or delete it: another is made, which receivers of webhooks must know"


class Keys:
    """Signs addresses and webhooks with the same keys whatever becomes of the tokens. Whoever can read the
    object can read every song: the bucket is private."""

    def __init__(self, store: Store, token: str) -> None:
        """``token``: the setting ``API_BEARER_TOKEN``, of which the keys were made before they were kept."""
        self._store = store
        self._token = token
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}

    def of(self, name: str) -> str:
        """The key of this name, one of ``NAMES``. Blocks on the store the first time. Raises
        ``StoreUnavailable`` where it cannot be read, or is not what was kept."""
        with self._lock:
            self._known = self._known or self._kept()
            return self._known[name]

    def _kept(self) -> dict[str, str]:
        try:
            data = read(self._store, KEY)
        except NotFound:
            made = json.dumps(self._made()).encode()
            # Of several containers that begin at once one makes it, and all have that one's.
            won = self._store.put_if(KEY, made, "application/json", etag=None)
            data = made if won else read(self._store, KEY)
        try:
            kept = json.loads(data)
            return {name: str(kept[name]) for name in NAMES}
        except (ValueError, KeyError, TypeError) as error:
            raise StoreUnavailable(f"the keys in {KEY} cannot be read: {error!r}", _BROKEN) from error

    def _made(self) -> dict[str, str]:
        """At random; but of the token, as they were, where songs and whoever takes webhooks know those."""
        if not has_songs(self._store):
            return {name: _PREFIXES.get(name, "") + secrets.token_urlsafe(32) for name in NAMES}
        return {name: derived(self._token, name) for name in NAMES}


def derived(token: str, name: str) -> str:
    """The key as it was made of the token."""
    digest = hmac.digest(token.encode(), f"songwright {name}".encode(), hashlib.sha256)
    return _PREFIXES.get(name, "") + base64.b64encode(digest).decode()
