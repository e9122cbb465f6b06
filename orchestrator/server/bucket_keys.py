"""The service's own keys for songs in a bucket: one object, made once, for all containers and machines."""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable
from typing import Protocol

from config.errors import NotFound, StoreUnavailable
from orchestrator.songs.library import has_songs
from storage.configured import checked_secret
from storage.contract import Store, read

log = logging.getLogger(__name__)

KEY = "keys/service.json"
SIGNING_KEY, WEBHOOK_SECRET = NAMES = ("signing-key", "webhook-secret")
PREFIXES = {SIGNING_KEY: "", WEBHOOK_SECRET: "whsec_"}
_BROKEN = "restore it from a backup, or delete it: another is made, which receivers of webhooks must know"


class ServiceKeys(Protocol):
    """The service's own secrets, by the names in ``NAMES``."""

    def of(self, name: str) -> str:
        """The secret. May block on the store the first time; raises ``StoreUnavailable`` if that fails."""
        ...


class Keys:
    """The keys that sign addresses and webhooks. They do not depend on the tokens, which may change. A reader
    of the object can read every song: the bucket must be private."""

    def __init__(self, store: Store, former: Callable[[str], str | None] = lambda _name: None) -> None:
        """``former`` returns the key of a name that this machine has used so far, or None. It becomes the
        bucket's key if the bucket has none yet."""
        self._store = store
        self._former = former
        self._lock = threading.Lock()
        self._keys: dict[str, str] = {}

    def of(self, name: str) -> str:
        """The key of this name, one of ``NAMES``. Blocks on the store the first time. Raises
        ``StoreUnavailable`` if it cannot be read or is damaged."""
        with self._lock:
            self._keys = self._keys or self._load_or_make()
            return self._keys[name]

    def _load_or_make(self) -> dict[str, str]:
        try:
            data = read(self._store, KEY)
        except NotFound:
            made = {name: self._former(name) or _new(name) for name in NAMES}
            data = json.dumps(made).encode()
            # If several containers start at once, one stores its keys, and all others use these.
            if not self._store.put_if(KEY, data, "application/json", etag=None):
                data = read(self._store, KEY)
            elif has_songs(self._store):
                log.warning(
                    "this library has songs and had no keys: they are made now, in %s. Addresses that were "
                    "signed before may have ended, and who takes webhooks needs the new secret, or set "
                    "SONGWRIGHT_WEBHOOKS__SECRET to the one they have",
                    KEY,
                )
        return _parse(data)


def _new(name: str) -> str:
    return PREFIXES[name] + secrets.token_urlsafe(32)


def _parse(data: bytes) -> dict[str, str]:
    try:
        kept = json.loads(data)
        if wrong := [name for name in NAMES if not isinstance(kept[name], str)]:
            raise TypeError(f"{wrong[0]} is no text")
        return {name: checked_secret(kept[name].encode(), name) for name in NAMES}
    except (ValueError, KeyError, TypeError) as error:
        # The error's own text may contain a part of a key.
        why = f"{type(error).__name__}, {error}" if isinstance(error, KeyError) else type(error).__name__
        raise StoreUnavailable(f"the keys in {KEY} cannot be read ({why})", _BROKEN) from error
    except StoreUnavailable as error:
        raise StoreUnavailable(f"the keys in {KEY} cannot be read: {error.what}", _BROKEN) from error
