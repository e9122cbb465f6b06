"""Files of users on their way into the store: what has arrived goes through a decoder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from config.errors import InvalidRequest, QueueFull
from orchestrator.pipeline.inputs.decoding import MOST_WAITING, DecoderQueue, decode_once
from orchestrator.pipeline.inputs.photos import PHOTOS
from orchestrator.pipeline.inputs.recordings import (
    RECORDINGS,
    Recording,
    Recordings,
    Rights,
    digest_of,
)
from orchestrator.songs.library_threads import LibraryThreads

_RETRY_S = 10.0


class Uploads:
    """A service's uploads. So many recordings may arrive or wait at once as may wait for the decoder: each
    has a file of its own."""

    def __init__(self, recordings: Recordings, threads: LibraryThreads) -> None:
        self.recordings = recordings
        self._threads = threads
        self._photos = DecoderQueue(PHOTOS)
        self._queue = DecoderQueue(RECORDINGS)
        self._at_once = 0

    async def kept_photo(self, data: Callable[[], Awaitable[bytes]]) -> bytes:
        """The photo as it is stored; raises as ``DecoderQueue.kept``."""

        async def keep(png: bytes) -> bytes:
            return png

        return await self._photos.kept(data, keep)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Held while a recording arrives and is kept. Raises ``QueueFull`` if there are too many already."""
        if self._at_once >= MOST_WAITING:
            raise QueueFull(self._at_once, _RETRY_S, "recordings")
        self._at_once += 1
        try:
            yield
        finally:
            self._at_once -= 1

    async def keep(self, file: BinaryIO, rights: Rights, name: str) -> tuple[Recording, bool]:
        """The recording of the file, and whether it is a new one. Cancelling the awaiting task stops the
        decoding.

        Raises as ``music.sources.kept.kept_recording`` does, ``Conflict`` if no more may be kept,
        ``QueueFull`` if too many wait already, and ``Unavailable`` when stopping."""
        run, recordings = self._threads.run, self.recordings
        sha256 = await run(digest_of, file)
        if found := await run(recordings.known, sha256, rights, name):
            return found, False
        await run(recordings.check_room, sha256)
        size_bytes = file.seek(0, 2)

        async def data() -> BinaryIO:
            return file

        async def keep(decoded: bytes) -> Recording:
            return await run(recordings.keep, decoded, sha256, size_bytes, rights, name)

        return await self._queue.kept(data, keep), True

    def close(self) -> None:
        """Ends the decoders, even in the middle of a file."""
        self._photos.close()
        self._queue.close()


def keep_file(recordings: Recordings, path: Path, limit_bytes: int, rights: Rights, name: str) -> Recording:
    """The recording in a file. Raises ``InvalidRequest`` if there is no such file or it is larger than
    ``limit_bytes``, and as ``Uploads.keep`` does."""
    try:
        with path.open("rb") as file:
            size_bytes = file.seek(0, 2)
            if size_bytes > limit_bytes:
                fix = f"give one of {limit_bytes:,} bytes at the most, or set SONGWRIGHT_AUDIO_LIMIT_BYTES"
                raise InvalidRequest("audio", str(path), fix)
            sha256 = digest_of(file)
            if found := recordings.known(sha256, rights, name):
                return found
            recordings.check_room(sha256)
            return recordings.keep(decode_once(RECORDINGS, file), sha256, size_bytes, rights, name)
    except OSError as error:
        raise InvalidRequest("audio", str(path), f"{error.strerror}: name a recording") from error
