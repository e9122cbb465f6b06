"""The service's own keys where its songs are in a bucket: one object, made once, that all its containers and
machines share."""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable

from config.errors import NotFound, StoreUnavailable
from orchestrator.songs.library import has_songs
from storage.configured import checked_secret
from storage.contract import Store, read

log = logging.getLogger(__name__)

KEY = "keys/service.json"
NAMES = ("signing-key", "webhook-secret")
_PREFIXES = {"webhook-secret": "whsec_"}
_BROKEN = "restore it from a backup, or delete it: another is made, which receivers of webhooks must know"


class Keys:
    """Signs addresses and webhooks with the same keys whatever becomes of the tokens, of which no key is
    made. Whoever can read the object can read every song: the bucket is private."""

    def __init__(self, store: Store, former: Callable[[str], str | None] = lambda _name: None) -> None:
        """``former`` knows the key that the library's only machine has used so far, if it has one of this
        name: it goes on, where the bucket has none yet."""
        self._store = store
        self._former = former
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
            made = {name: self._former(name) or _new(name) for name in NAMES}
            data = json.dumps(made).encode()
            # Of several containers that begin at once one makes it, and all have that one's.
            if not self._store.put_if(KEY, data, "application/json", etag=None):
                data = read(self._store, KEY)
            elif has_songs(self._store):
                log.warning(
                    "this library has songs and had no keys: they are made now, in %s. Addresses that were "
                    "signed before may have ended, and who takes webhooks needs the new secret, or set "
                    "SONGWRIGHT_WEBHOOKS__SECRET to the one they have",
                    KEY,
                )
        return _checked(data)


def _new(name: str) -> str:
    return _PREFIXES.get(name, "") + secrets.token_urlsafe(32)


def _checked(data: bytes) -> dict[str, str]:
    try:
        kept = json.loads(data)
        if wrong := [name for name in NAMES if not isinstance(kept[name], str)]:
            raise TypeError(f"{wrong[0]} is no text")
        return {name: checked_secret(kept[name].encode(), name) for name in NAMES}
    except (ValueError, KeyError, TypeError) as error:
        # Its own text may have a piece of a key in it.
        why = f"{type(error).__name__}, {error}" if isinstance(error, KeyError) else type(error).__name__
        raise StoreUnavailable(f"the keys in {KEY} cannot be read ({why})", _BROKEN) from error
    except StoreUnavailable as error:
        raise StoreUnavailable(f"the keys in {KEY} cannot be read: {error.what}", _BROKEN) from error
