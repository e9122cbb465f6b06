"""Copies of a finished song's files in a folder of the user's choice, under names a person would give
them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Protocol
from uuid import uuid4

from config.errors import InvalidRequest, SongwrightError, StoreUnavailable
from music.formats import FORMATS
from orchestrator.songs.manifest import Asset, Song

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')  # in a file name on one of Windows, macOS and Linux

_ENDINGS = {kind.media_type: kind.extension for kind in FORMATS.values()} | {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "text/plain": ".txt",
    "audio/midi": ".mid",
    "application/json": ".json",
}

_LONGEST_BYTES = 200  # of the 255 that a name may have: what follows the title needs its part


def check_folder(folder: Path) -> None:
    """Makes ``folder`` where it is missing. Raises ``InvalidRequest`` if files cannot be written into it:
    better before the song is made than after."""
    probe = folder / f".part-{uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InvalidRequest(
            "out", str(folder), f"{error.strerror}: choose a folder you can write to"
        ) from error


class Readable(Protocol):
    """Where files are read from: a ``Store``, or what can be reached of one."""

    def open(self, key: str) -> Iterator[bytes]: ...


def export(song: Song, store: Readable, folder: Path) -> Path:
    """Copies the song's files to ``folder``: ``<title>.wav``, ``<title>.png``, ..., ``<title> stems/``.

    Answers the audio's path. Files that are there already stay: the new ones are then named ``<title> 2``
    and so on.
    """
    stem = _free_stem(folder, song)
    for name, key in file_names(song):
        path = folder / f"{stem}{name}"
        part = path.with_name(f".part-{uuid4().hex}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("xb") as file:
                for piece in store.open(key):
                    file.write(piece)
            shutil.move(part, path)
        except SongwrightError:
            part.unlink(missing_ok=True)
            raise
        except OSError as error:
            part.unlink(missing_ok=True)
            raise StoreUnavailable(
                f"cannot write {path}: {error.strerror}",
                f"the song is whole in the library: songwright show {song.id}",
            ) from error
    audio = song.assets.get("audio")
    return folder / f"{stem}{ending_of(audio) if audio else ''}"


def ending_of(asset: Asset) -> str:
    """What the file's name ends in, such as ".flac": as its key does, or as its content type tells where the
    key has none; empty for a type that is not known either."""
    kind = asset.content_type.partition(";")[0].strip().lower()
    return PurePosixPath(asset.key).suffix or _ENDINGS.get(kind, "")


def plain_title(song: Song) -> str:
    """The title as a file name of any system, at most ``_LONGEST_BYTES`` long."""
    title = _FORBIDDEN.sub("", song.title).strip(" .")
    return title.encode()[:_LONGEST_BYTES].decode(errors="ignore").rstrip(" .") or song.id


def file_names(song: Song) -> Iterator[tuple[str, str]]:
    """What follows the title in each file's name, no two alike, and the file's key; what only players draw is
    left out."""
    taken: set[str] = set()
    for role, asset in song.assets.items():
        if role == "waveform":
            continue
        ending = ending_of(asset)
        folder = f" stems/{role.removeprefix('stem:')}" if role.startswith("stem:") else ""
        folder = " photo" if role == "photo" else folder  # the cover is a PNG too
        if folder + ending in taken:
            folder = f" {role.replace(':', '-')}"
        taken.add(folder + ending)
        yield folder + ending, asset.key


def _free_stem(folder: Path, song: Song) -> str:
    title = plain_title(song)
    stem, count = title, 1
    while any((folder / f"{stem}{name}").exists() for name, _ in file_names(song)):
        count += 1
        stem = f"{title} {count}"
    return stem
