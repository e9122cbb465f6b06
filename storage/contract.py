"""What a store does: bytes by key, each write whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from config.errors import InvalidRequest, Unreadable

LARGEST_VERSION_BYTES = 8 << 20
"""Of an object that ``Store.version`` reads: manifests and notes, which are a thousandth of that."""

_KEY = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")


@dataclass(frozen=True)
class Stat:
    """What a store knows about an object without reading it."""

    key: str
    size_bytes: int
    modified: datetime


@dataclass(frozen=True)
class Version:
    """An object as it was when it was read, and the tag that tells this version of it from others."""

    data: bytes
    etag: str


class Store(Protocol):
    """Bytes by key. ``put`` is atomic: a reader sees the old object or the new one, never a part.

    Keys are lower-case path segments joined by "/" (see ``checked_key``). Every method raises
    ``StoreUnavailable`` where the disk or the network refuses. The readers raise ``NotFound`` for a key that
    is not there, and ``Unreadable`` where this one object cannot be read, whatever the others do: a link, a
    pipe, a folder in its place.
    """

    def put(self, key: str, data: bytes, content_type: str) -> None: ...

    def put_if(self, key: str, data: bytes, content_type: str, *, etag: str | None) -> str:
        """Writes the object if it is still the version with ``etag``, or with None if there is none.

        Answers with the new version's tag, or with nothing where it did not: of several writers that go out
        from one version, one does. A version with the same bytes as an earlier one may have the same tag.
        """
        ...

    def version(self, key: str) -> Version:
        """The whole object with its tag, for ``put_if``. Raises ``Unreadable`` for one that has more than
        ``LARGEST_VERSION_BYTES``."""
        ...

    def open(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` up to but not including ``end`` (default: all), in pieces."""
        ...

    def stat(self, key: str) -> Stat: ...

    def list(self, prefix: str, *, after: str = "", shallow: bool = False) -> Iterator[str]:
        """Keys that start with ``prefix`` and come after ``after``, in the order of their characters.

        With ``shallow``, keys that have a "/" after the prefix are given as one: what comes before it, and
        the "/" (S3's delimiter). Foreign objects, whose names are no keys, are left out.
        """
        ...

    def delete(self, key: str) -> None:
        """Deletes the object; a key that is not there is no error, so that a retry is safe."""
        ...

    def delete_below(self, prefix: str) -> None:
        """Deletes whatever there is below ``prefix``, which ends in "/", foreign objects too."""
        ...

    def url(self, key: str, expires_s: int) -> str:
        """An address at which the object can be read for ``expires_s`` seconds or longer."""
        ...

    def sweep(self, prefix: str) -> int:
        """Takes away what killed writers have left of unfinished writes below ``prefix``, where nobody else
        writes now; how many that were."""
        ...

    def look(self) -> None:
        """Raises ``StoreUnavailable`` if the store cannot be used, as far as that shows without a write or a
        listing: cheap enough for every few seconds."""
        ...

    def check_writable(self) -> int | None:
        """Raises ``StoreUnavailable`` if nothing can be written; else the free bytes, where that is known."""
        ...


def is_key(text: str) -> bool:
    """Whether ``text`` is made of plain lower-case segments."""
    return _KEY.fullmatch(text) is not None


def checked_key(key: str) -> str:
    """``key`` itself. Raises ``InvalidRequest`` unless it is made of plain lower-case segments, so that no
    key can leave the store's folder or name one of its temporary files."""
    if not is_key(key):
        raise InvalidRequest(
            "key", key, "use lower-case letters, digits, '.', '_' and '-' in segments joined by '/'"
        )
    return key


def read(store: Store, key: str, most_bytes: int | None = None) -> bytes:
    """The whole object as one ``bytes``. Raises ``Unreadable`` for one that has more than ``most_bytes``, of
    which no more than that is read."""
    data = bytearray()
    for piece in store.open(key, 0, None if most_bytes is None else most_bytes + 1):
        data += piece
    if most_bytes is not None and len(data) > most_bytes:
        raise too_large(key, most_bytes)
    return bytes(data)


def too_large(key: str, most_bytes: int) -> Unreadable:
    """Of an object that has more than the ``most_bytes`` that may be read of it."""
    return Unreadable(f"{key} has more than {most_bytes:,} bytes", "restore it from a backup, or delete it")
