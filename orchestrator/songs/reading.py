"""Reads a stored manifest, written by this version or another, and checks it for damage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError
from pydantic_core import from_json

from config.errors import InvalidRequest, NotFound, Unreadable, shown
from orchestrator.songs.limits import KEPT, check_values
from orchestrator.songs.manifest import Asset, Song, id_time
from storage.contract import is_key

LARGEST_BYTES = 2 << 20
"""The largest manifest; one with the longest lyrics has a tenth of that. It is parsed in one call, in a
thread beside the event loop."""
_SEPARATORS, _MOST_SEPARATORS = (b",", b"[", b"{"), 100_000  # those in lyrics are counted too

_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{15}")
_ROLE = re.compile(r"[a-z0-9_-]{1,60}(:[a-z0-9_.-]{1,60})?")
_DIGEST = re.compile(r"[0-9a-f]{0,128}")
_MEDIA_TYPE = re.compile(r"[\x20-\x7e]{0,200}")
_LARGEST_FILE_BYTES = 1 << 40
_LONGEST_S = 1e9
_PIDS = range(2**31)
_PLAIN_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Damaged:
    """A song whose manifest cannot be read, and why."""

    id: str
    reason: str

    @property
    def created_at(self) -> datetime:
        """The time in its id."""
        return id_time(self.id)


def is_id(text: str) -> bool:
    """Whether ``text`` may be the id of a song."""
    return _ID.fullmatch(text) is not None


def song_of(song_id: str, data: bytes) -> Song:
    """The song whose manifest is ``data``. Raises ``Unreadable`` with the reason if ``data`` is no manifest,
    or names objects of another song."""
    try:
        if sum(map(data.count, _SEPARATORS)) > _MOST_SEPARATORS:
            raise ValueError(f"it has more than {_MOST_SEPARATORS:,} commas and brackets")
        raw = from_json(data, allow_inf_nan=False)
        check_values(raw)
        song = Song.model_validate(raw, context=KEPT)
        _check(song, song_id)
    except ValidationError as error:
        raise unreadable(song_id, _first(error)) from error
    except InvalidRequest as error:
        raise unreadable(song_id, f"{error.field} is {shown(error.value)}: {error.fix}") from error
    except ValueError as error:
        raise unreadable(song_id, str(error) if data else "it is empty") from error
    return _typed(song)


def unreadable(song_id: str, reason: str) -> Unreadable:
    """The error for a song whose manifest cannot be read, with the ``reason``."""
    return Unreadable(
        f"song {song_id} cannot be read: {reason}",
        f"restore songs/{song_id}/song.json from a backup, or delete the song: songwright delete {song_id}",
    )


def _check(song: Song, song_id: str) -> None:
    """Raises ``ValueError`` for values that each field allows, but this song does not."""
    if song.id != song_id:
        raise ValueError(f"it is that of song {shown(song.id)}")
    for role, asset in song.assets.items():
        if not _ROLE.fullmatch(role):
            raise ValueError(f"{shown(role)} is no role of a file")
        if not is_key(asset.key) or not asset.key.startswith(f"songs/{song_id}/"):
            raise ValueError(f"the key of its {role}, {shown(asset.key)}, is not one of this song's")
        if not 0 <= asset.size_bytes <= _LARGEST_FILE_BYTES:
            raise ValueError(f"the size of its {role} is {asset.size_bytes} bytes")
        for digest in (asset.sha256, asset.cover_sha256):
            if not _DIGEST.fullmatch(digest):
                raise ValueError(f"the SHA-256 of its {role} is {shown(digest)}")
    lengths = {f"timings_s.{stage}": seconds for stage, seconds in song.timings_s.items()}
    if song.music:
        lengths["music.duration_s"] = song.music.duration_s
    for name, seconds in lengths.items():
        if not 0 <= seconds <= _LONGEST_S:
            raise ValueError(f"{name} is {seconds:g} s")
    if song.owner and song.owner.pid not in _PIDS:
        raise ValueError(f"owner.pid is {song.owner.pid}")
    if song.variation < 0:
        raise ValueError(f"variation is {song.variation}")
    if song.idempotency and not is_key(song.idempotency):
        raise ValueError(f"idempotency is {shown(song.idempotency)}")


def _typed(song: Song) -> Song:
    """``song`` with content types that an HTTP header can carry."""
    odd = {role: asset for role, asset in song.assets.items() if not _plain(asset)}
    if not odd:
        return song
    mended = {role: asset.model_copy(update={"content_type": _PLAIN_TYPE}) for role, asset in odd.items()}
    return song.model_copy(update={"assets": song.assets | mended})


def _plain(asset: Asset) -> bool:
    return "/" in asset.content_type and _MEDIA_TYPE.fullmatch(asset.content_type) is not None


def _first(error: ValidationError) -> str:
    """The first error, in one line."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    message = first["msg"][0].lower() + first["msg"][1:]
    if first["type"] == "missing":
        return f"{where} is missing"
    return f"{where or 'the manifest'} is {shown(first['input'])}: {message}"


@contextmanager
def errors_naming(song_id: str) -> Iterator[None]:
    """Raises the store's errors about a manifest with the id of the song."""
    try:
        yield
    except NotFound as error:
        raise NotFound("song", song_id, "see 'songwright list'") from error
    except Unreadable as error:
        raise unreadable(song_id, error.what) from error
