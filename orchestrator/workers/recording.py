"""The sound of one song while it is made: what is there can be read, what is not can be waited for."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from music.hearing.pieces import Piece, wav_head

log = logging.getLogger(__name__)


class Recording:
    """A WAV file that grows. It has no name in the file system, so nothing is left of it, whatever dies. Any
    thread may use it."""

    def __init__(self, song_id: str) -> None:
        self.song_id = song_id
        self._change = threading.Condition()  # of all that follows
        self._file: IO[bytes] | None = None
        self._size = 0
        self._whole_size = 0
        """0 before the first piece."""
        self._ended = False
        self._readers = 0
        self._callbacks: set[Callable[[], None]] = set()

    @property
    def begun(self) -> bool:
        """Whether there is something to hear."""
        return bool(self._size)

    @property
    def whole(self) -> bool:
        return self.begun and self._size == self._whole_size

    @property
    def ended(self) -> bool:
        """Whether nothing more will come. Unless it is ``whole``, the song has failed or was stopped."""
        return self._ended or self.whole

    def add(self, piece: Piece) -> None:
        """Adds a piece. A song that is begun again, because its engine's process has died, has the same
        pieces: what is there already is left out. Where the disk takes no more, the recording ends, and the
        song is made all the same."""
        with self._change:
            if self._ended:
                return
            try:
                if not self.begun:
                    head = wav_head(piece)
                    self._whole_size = len(head) + piece.song_bytes
                    self._write(head)
                known = self._size - (self._whole_size - piece.song_bytes) - piece.start
                self._write(piece.pcm[max(known, 0) :])
            except OSError as error:
                facts = {"song_id": self.song_id}
                log.warning("the song cannot be heard while it is made: %s", error, extra=facts)
                self._ended = True
            self._changed()

    def end(self) -> None:
        """Nothing more will come. The file is closed with its last reader."""
        with self._change:
            self._ended = True
            self._changed()
            self._close_unused()

    @contextmanager
    def reading(self, callback: Callable[[], None] | None = None) -> Iterator[None]:
        """Keeps the file open. ``callback`` is called at each change, in the thread that makes it."""
        with self._change:
            self._readers += 1
            if callback:
                self._callbacks.add(callback)
        try:
            yield
        finally:
            with self._change:
                self._readers -= 1
                if callback:
                    self._callbacks.discard(callback)
                self._close_unused()

    def read(self, start: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``start`` on; empty if they are not there yet, or never will be."""
        with self._change:
            if self._file is None or start >= self._size:
                return b""
            self._file.seek(start)
            return self._file.read(min(size, self._size - start))

    def wait(self, start: int) -> None:
        """Waits until there are bytes from ``start`` on, or nothing more will come."""
        with self._change:
            self._change.wait_for(lambda: self._size > start or self.ended)

    def _write(self, data: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="songwright-")  # noqa: SIM115 - see ``_close_unused``
        self._file.seek(self._size)
        self._file.write(data)
        self._file.flush()
        self._size += len(data)

    def _changed(self) -> None:
        self._change.notify_all()
        for callback in self._callbacks:
            callback()

    def _close_unused(self) -> None:
        if self._ended and not self._readers and self._file is not None:
            self._file.close()
            self._file, self._size = None, 0
