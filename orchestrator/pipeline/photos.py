"""The photo that a song is made from: stored before the song is, so that no song is ever without it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from config.errors import InvalidRequest
from orchestrator.pipeline.photo_decoding import decoded
from orchestrator.songs.library import Library, put_asset
from orchestrator.songs.manifest import Song
from storage.contract import read

NAME = "photo.png"


def photo_name(png: bytes) -> str:
    """What a brief calls a photo: its SHA-256."""
    return hashlib.sha256(png).hexdigest()


def photo_in(path: Path, limit_bytes: int) -> bytes:
    """The photo in a file, as it is kept. Raises ``InvalidRequest`` as ``decoding.Decoder.decode`` does, and
    where there is no such file or it is larger than ``limit_bytes``."""
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)  # never all of a file that is no photo
    except OSError as error:
        raise InvalidRequest("image", str(path), f"{error.strerror}: name a photo") from error
    if len(data) > limit_bytes:
        fix = f"give one of {limit_bytes:,} bytes at the most, or set SONGWRIGHT_IMAGE_LIMIT_BYTES"
        raise InvalidRequest("image", str(path), fix)
    return decoded(data)


def keep_photo(library: Library, song: Song, png: bytes) -> Song:
    """``song`` with its photo stored. Its manifest is still to be saved."""
    library.mark(song.id)
    asset = put_asset(library.store, song.id, NAME, png, "image/png")
    return song.model_copy(update={"assets": song.assets | {"photo": asset}})


def photo_of(library: Library, song: Song) -> bytes:
    """The photo that ``song`` was made from; nothing if there was none."""
    asset = song.assets.get("photo")
    return read(library.store, asset.key) if asset else b""
