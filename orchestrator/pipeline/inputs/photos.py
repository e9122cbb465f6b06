"""The photo that a song is made from: it is stored before the song, so that no song lacks its photo; its
scene is a part of the description."""

from __future__ import annotations

import hashlib
from pathlib import Path

from config.errors import InvalidRequest
from orchestrator.pipeline.inputs.decoding import Kind, decode_once
from orchestrator.songs.library import Library, put_asset
from orchestrator.songs.manifest import Song
from storage.contract import read
from vision.contract import Scene
from vision.decode import CPU_S, MEMORY_BYTES

NAME = "photo.png"
PHOTOS = Kind(
    noun="photo",
    field="image",
    module="vision.decode",
    cpu_s=CPU_S,
    memory_bytes=MEMORY_BYTES,
    wall_s=60.0,
    fix="save it anew",
)


def photo_name(png: bytes) -> str:
    """The name of a photo in a brief: its SHA-256."""
    return hashlib.sha256(png).hexdigest()


def photo_in(path: Path, limit_bytes: int) -> bytes:
    """The photo in a file, as it is stored. Raises ``InvalidRequest`` as ``decoding.Decoder.decode``
    does, and if there is no such file or it is larger than ``limit_bytes``."""
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)  # never the whole of a huge file
    except OSError as error:
        raise InvalidRequest("image", str(path), f"{error.strerror}: name a photo") from error
    if len(data) > limit_bytes:
        fix = f"give one of {limit_bytes:,} bytes at the most, or set SONGWRIGHT_IMAGE_LIMIT_BYTES"
        raise InvalidRequest("image", str(path), fix)
    return decode_once(PHOTOS, data)


def keep_photo(library: Library, song: Song, png: bytes) -> Song:
    """Stores the photo and returns ``song`` with it. The caller saves the manifest."""
    library.mark(song.id)
    asset = put_asset(library.store, song.id, NAME, png, "image/png")
    return song.model_copy(update={"assets": song.assets | {"photo": asset}})


def photo_of(library: Library, song: Song) -> bytes:
    """The photo that ``song`` was made from; empty if there was none."""
    asset = song.assets.get("photo")
    return read(library.store, asset.key) if asset else b""


def full_description(words: str, scene: Scene | None) -> str:
    """The description of the song: the user's words, then the photo's scene. What comes first has precedence
    if the two differ."""
    if scene is None:
        return words
    style = " and ".join(dict.fromkeys(scene.genres[:2]))
    seen = " and ".join(scene.elements[:2])
    photo = (
        f"a {scene.mood} {style} song, {scene.tempo_bpm:g} BPM, energy {scene.energy}, about {seen}. "
        f"The photo it goes with: {scene.description}"
    )
    return f"{words}; {photo}" if words else photo
