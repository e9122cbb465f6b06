"""Copies a finished song's files to a folder that the user chose, under readable names."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Protocol
from uuid import uuid4

from config.errors import InvalidRequest, SongwrightError, StoreUnavailable
from music.formats import FORMATS
from orchestrator.songs.manifest import Asset, Song

_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')  # in a file name on one of Windows, macOS and Linux
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of controls, also those that turn the direction of a name around, and line breaks."""
_JOINERS = "\u200c\u200d"  # of that kind, and yet part of words and of emoji
_AT_ENDS = f" .{_JOINERS}"
_DEVICES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\xb9\xb2\xb3])(?= *(?:\.|$))", re.IGNORECASE
)
"""Names that Windows keeps for devices, whatever ending follows."""

_ENDINGS = {kind.media_type: kind.extension for kind in FORMATS.values()} | {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "text/plain": ".txt",
    "audio/midi": ".mid",
    "application/json": ".json",
}

_LONGEST_BYTES = 200  # of the 255 of a file name: what follows the title needs the rest


def checked_folder(out: str | None) -> Path | None:
    """The folder that is named, None if none is. Raises as ``check_folder``."""
    if out is None:
        return None
    check_folder(Path(out))
    return Path(out)


def check_folder(folder: Path) -> None:
    """Makes ``folder`` if it is missing. Raises ``InvalidRequest`` if files cannot be written there. Called
    before the song is made."""
    probe = folder / f".part-{uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        with suppress(OSError):  # a disk may have room for a name, and not for another
            probe.unlink(missing_ok=True)
        raise InvalidRequest(
            "out", str(folder), f"{error.strerror}: choose a folder you can write to"
        ) from error


class Readable(Protocol):
    """Where files are read from: a ``Store``, or one that can only be read."""

    def open(self, key: str) -> Iterator[bytes]: ...


def export(song: Song, store: Readable, folder: Path) -> Path:
    """Copies the song's files to ``folder``: ``<title>.wav``, ``<title>.png``, ..., ``<title> stems/``.

    Returns the path of the audio. Existing files stay: the new ones are then named ``<title> 2`` and so on.
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
                f"cannot write {path}: {error.strerror or error}",
                f"the song is whole in the library: songwright show {song.id}",
            ) from error
    audio = song.assets.get("audio")
    return folder / f"{stem}{ending_of(audio) if audio else ''}"


def ending_of(asset: Asset) -> str:
    """The extension of the file's name, such as ".flac": that of its key, else that of its content type;
    empty if neither is known."""
    kind = asset.content_type.partition(";")[0].strip().lower()
    return PurePosixPath(asset.key).suffix or _ENDINGS.get(kind, "")


def plain_title(song: Song) -> str:
    """The title as a file name that every system accepts, at most ``_LONGEST_BYTES`` long, and that no
    command takes for an option."""
    title = "".join(map(_seen, unicodedata.normalize("NFC", song.title)))
    title = _FORBIDDEN.sub("", title).strip(_AT_ENDS).lstrip("-~ .")
    if device := _DEVICES.match(title):
        title = f"{device[0]}_{title[device.end() :]}"
    return title.encode()[:_LONGEST_BYTES].decode(errors="ignore").rstrip(_AT_ENDS) or song.id


def _seen(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind == "Zs":
        return " "
    return letter if kind not in _UNSEEN or letter in _JOINERS else ""


def file_name(song: Song, role: str) -> str:
    """The name of a file that is downloaded alone: ``<title>.flac``, ``<title> - bass.flac``."""
    asset = song.assets[role]
    names = {key: name.removeprefix(" stems/").strip() for name, key in file_names(song)}
    name = names.get(asset.key, role.replace(":", "-") + ending_of(asset))
    return plain_title(song) + (name if name.startswith(".") else f" - {name}")


def file_names(song: Song) -> Iterator[tuple[str, str]]:
    """For each file the part of its name after the title, each different, and its key. The waveform is left
    out: only players need it."""
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
    while any(os.path.lexists(folder / f"{stem}{name}") for name, _ in file_names(song)):
        count += 1
        stem = f"{title} {count}"
    return stem
