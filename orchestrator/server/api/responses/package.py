"""A song's files as one ZIP for release, made while it is sent: nothing is held but the piece in hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.errors import Unreadable
from orchestrator.songs.export import file_names, plain_title
from orchestrator.songs.manifest import Song
from storage.contract import Store

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

_YEARS = (1980, 2107)  # that a ZIP's dates have
_NOT_FOR_OTHERS = {"owner", "webhook", "idempotency"}


def package_name(song: Song) -> str:
    """``<title>.zip``, in ASCII for the header that carries it."""
    return plain_title(song).encode("ascii", "ignore").decode().strip(" .") or song.id


def check_files(song: Song, store: Store) -> None:
    """Raises ``Unreadable`` where a file of the song is not there: better than half a ZIP."""
    there = set(store.list(f"songs/{song.id}/"))
    if missing := [key for _, key in file_names(song) if key not in there]:
        raise Unreadable(
            f"the store has no {', '.join(missing)}",
            "restore it from a backup, or take the other files singly",
        )


def package(song: Song, store: Store) -> Iterator[bytes]:
    """The ZIP in pieces: tagged audio, cover, lyrics, timed lyrics, stems, MIDI and the manifest, under names
    a person would give them. Nothing is compressed: audio and pictures already are, or gain little."""
    title = plain_title(song)
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, key in file_names(song):
            with archive.open(_entry(song, f"{title}/{title}{name}"), "w") as file:
                for piece in store.open(key):
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
    """A file that cannot seek, whose bytes are taken away as they come."""

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
