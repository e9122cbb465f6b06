"""A song's files as one ZIP for release, made while it is sent: only one piece is in memory at a time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from config.errors import NotFound, Unreadable
from orchestrator.songs.export import file_names, plain_title
from orchestrator.songs.manifest import Song
from storage.contract import Store

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

_YEARS = (1980, 2107)  # that a ZIP's dates have
_NOT_FOR_OTHERS = {"owner", "webhook", "idempotency"}


def package_name(song: Song) -> str:
    """``<title>.zip``."""
    return f"{plain_title(song)}.zip"


def check_files(song: Song, store: Store) -> int:
    """The size of the ZIP in bytes, with the files as they are. Raises ``Unreadable`` if one is missing,
    before a ZIP begins that would lack it."""
    missing, size_bytes = [], 0
    for _, key in file_names(song):
        try:
            size_bytes += store.stat(key).size_bytes
        except NotFound:
            missing.append(key)
    if missing:
        raise Unreadable(
            f"the store has no {', '.join(missing)}",
            "restore it from a backup, or take the other files singly",
        )
    # Nothing is compressed, so all the rest is the same for empty files.
    return size_bytes + sum(map(len, _zip(song, lambda _: ())))


def package(song: Song, store: Store) -> Iterator[bytes]:
    """The ZIP in pieces: tagged audio, cover, lyrics, timed lyrics, stems, MIDI and the manifest, under names
    for people. It is not compressed: audio and pictures are already, or gain little."""
    return _zip(song, store.open)


def _zip(song: Song, pieces_of: Callable[[str], Iterable[bytes]]) -> Iterator[bytes]:
    title = plain_title(song)
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, key in file_names(song):
            with archive.open(_entry(song, f"{title}/{title}{name}"), "w") as file:
                for piece in pieces_of(key):
                    file.write(piece)
                    yield sink.take()
        manifest = song.model_dump_json(indent=2, exclude=_NOT_FOR_OTHERS)
        archive.writestr(_entry(song, f"{title}/song.json"), manifest)
    yield sink.take()


def _entry(song: Song, name: str) -> zipfile.ZipInfo:
    # The song's own time, so that the same song is the same package.
    year, *rest = song.created_at.timetuple()[:6]
    first, last = _YEARS
    if not first <= year <= last:
        year, rest = min(max(year, first), last), [1, 1, 0, 0, 0]
    month, day, hour, minute, second = rest
    return zipfile.ZipInfo(name, (year, month, day, hour, minute, second))


class _Sink(io.RawIOBase):
    """A file that cannot seek; ``take`` returns the bytes that were written since the last call."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        self._bytes += data
        return memoryview(data).nbytes

    def take(self) -> bytes:
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken
