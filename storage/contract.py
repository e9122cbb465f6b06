"""What a store does: bytes by key, each write whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from config.errors import InvalidRequest, Unreadable

LARGEST_VERSION_BYTES = 8 << 20
"""The largest object that ``Store.version`` reads. Manifests and notes have a thousandth of that."""

_KEY = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")


@dataclass(frozen=True)
class Stat:
    """The facts of an object, known without reading it."""

    key: str
    size_bytes: int
    modified: datetime


@dataclass(frozen=True)
class Version:
    """An object's bytes, and the tag of this version of it."""

    data: bytes
    etag: str


class Store(Protocol):
    """Bytes by key. ``put`` is atomic: a reader sees the old object or the new one, never a part.

    Keys are lower-case path segments joined by "/" (see ``checked_key``). Every method raises
    ``StoreUnavailable`` if the disk or the network fails. Methods that read raise ``NotFound`` for a missing
    key, and ``Unreadable`` if only this object cannot be read: a link, a pipe or a folder is in its place.
    """

    def put(self, key: str, data: bytes, content_type: str) -> None: ...

    def put_if(self, key: str, data: bytes, content_type: str, *, etag: str | None) -> str:
        """Writes the object if its version is still ``etag``; with None, if it does not exist.

        Returns the new version's tag, or "" if it did not write. Of several writers that start from one
        version, one succeeds. Versions with the same bytes may have the same tag.
        """
        ...

    def version(self, key: str) -> Version:
        """The whole object with its tag, for ``put_if``. Raises ``Unreadable`` if it is larger than
        ``LARGEST_VERSION_BYTES``."""
        ...

    def open(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` up to but not including ``end`` (default: all), in pieces."""
        ...

    def stat(self, key: str) -> Stat: ...

    def list(self, prefix: str, *, after: str = "", shallow: bool = False) -> Iterator[str]:
        """The keys that start with ``prefix`` and sort after ``after``, in the order of their characters.

        With ``shallow``, all keys with a "/" after the prefix become one entry that ends with the first such
        "/" (S3's delimiter). Foreign objects, whose names are no keys, are left out.
        """
        ...

    def delete(self, key: str) -> None:
        """Deletes the object. A missing key is no error, so that a retry is safe."""
        ...

    def delete_below(self, prefix: str) -> None:
        """Deletes all below ``prefix``, which ends in "/"; foreign objects too."""
        ...

    def url(self, key: str, expires_s: int, disposition: str = "") -> str:
        """An address that serves the object for ``expires_s`` seconds or longer. Where the store itself
        serves it, that is with ``disposition`` as its ``Content-Disposition``."""
        ...

    def sweep(self, prefix: str) -> int:
        """Deletes the unfinished writes that killed processes have left below ``prefix``, and returns their
        number. Nobody may write there meanwhile."""
        ...

    def look(self) -> None:
        """Raises ``StoreUnavailable`` if the store cannot be used. It neither writes nor lists, so it is
        cheap enough for every few seconds, and cannot see every fault."""
        ...

    def check_writable(self) -> int | None:
        """The free bytes, if known. Raises ``StoreUnavailable`` if nothing can be written."""
        ...


def is_key(text: str) -> bool:
    """Whether ``text`` is a key: plain lower-case segments."""
    return _KEY.fullmatch(text) is not None


def checked_key(key: str) -> str:
    """``key`` itself. Raises ``InvalidRequest`` unless it is made of plain lower-case segments: such a key
    can neither leave the store's folder nor name one of its temporary files."""
    if not is_key(key):
        raise InvalidRequest(
            "key", key, "use lower-case letters, digits, '.', '_' and '-' in segments joined by '/'"
        )
    return key


def read(store: Store, key: str, most_bytes: int | None = None) -> bytes:
    """The whole object as one ``bytes``. Raises ``Unreadable`` if it has more than ``most_bytes``, and reads
    no more than that."""
    data = bytearray()
    for piece in store.open(key, 0, None if most_bytes is None else most_bytes + 1):
        data += piece
    if most_bytes is not None and len(data) > most_bytes:
        raise too_large(key, most_bytes)
    return bytes(data)


def too_large(key: str, most_bytes: int) -> Unreadable:
    """The error for an object that has more than ``most_bytes``."""
    return Unreadable(f"{key} has more than {most_bytes:,} bytes", "restore it from a backup, or delete it")
