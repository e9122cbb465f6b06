"""Downloading a file of a song. A broken download continues where it stopped. The file gets its name only
when it is whole, with the size and the SHA-256 of the manifest."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from zipfile import is_zipfile

from songwright import calls
from songwright.answers import Asset, Song
from songwright.content import file_error
from songwright.effects import Flow, Lost, in_thread, open_stream, read, sleep
from songwright.errors import ClientError, DownloadFailed, error_of
from songwright.retry import Attempts, Patience

PACKAGE = "package"
OnBytes = Callable[[int, int | None], None]
_FROM = re.compile(r"bytes (\d+)-", re.ASCII)
_ETAG = re.compile(r'"[\x21\x23-\x7e]*"', re.ASCII)


def download(song: Song, role: str, path: Path, patience: Patience, on_bytes: OnBytes | None) -> Flow[Path]:
    """Save the file and return its path. Raises ``DownloadFailed``, ``ApiError``, ``ConnectionFailed`` and
    ``FileFailed``."""
    asset = song.assets.get(role)
    if asset is None and role != PACKAGE:
        has = ", ".join(song.assets) or "nothing yet"
        raise DownloadFailed(song.id, role, f"the song is {song.status} and has: {has}")
    name = asset.key.rpartition("/")[2] if asset else f"{song.id}.zip"
    target = path / name if path.is_dir() else path
    attempts = Attempts(patience)
    faulty = 0
    with _Part(target) as part:
        while True:
            error: ClientError
            before = part.size
            request = calls.file(song.id, role, part.size, part.etag)
            try:
                response = yield from open_stream(request)
                if response.status in (200, 206):
                    part.begin(_start(response.headers), response.headers.get("etag", ""))
                    while data := (yield from read()):
                        yield from in_thread(partial(part.add, data))
                        if on_bytes:
                            on_bytes(part.size, asset.size_bytes if asset else None)
                    fault = yield from in_thread(partial(part.fault, asset))
                    if not fault:
                        yield from in_thread(part.keep)
                        return target
                    faulty += 1
                    error = DownloadFailed(song.id, role, fault)
                    part.begin(0, "")
                    if faulty > 1:
                        raise error
                    continue
                error = error_of(response.status, response.headers, response.body)
            except Lost as failure:
                error = failure.error(request)
                if not (asset and part.etag):
                    part.begin(0, "")
            if part.size > before:
                attempts.reset()
            yield from sleep(attempts.pause_s(error))


class _Part:
    """The bytes so far, in a file beside the target. It is deleted unless it becomes the target."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        self._digest = hashlib.sha256()
        self.size = 0
        self.etag = ""

    def __enter__(self) -> _Part:
        with self._errors():
            self._file = self._path.open("xb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._errors():
            self._file.close()
            self._path.unlink(missing_ok=True)

    def begin(self, start: int, etag: str) -> None:
        """Take the next bytes at ``start``: they continue this part, or else replace it."""
        if start != self.size:
            with self._errors():
                self._file.seek(0)
                self._file.truncate()
            self._digest = hashlib.sha256()
            self.size = 0
        # A weak one does not tell that the bytes are the same, and another cannot be sent.
        self.etag = etag if _ETAG.fullmatch(etag) else ""

    def add(self, data: bytes) -> None:
        with self._errors():
            self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    def fault(self, asset: Asset | None) -> str:
        """What is wrong with the complete file; empty if nothing is. A package has no ``asset`` to compare it
        with, since the service makes it while it sends it: it is a whole ZIP file or not."""
        if asset is None:
            with self._errors():
                self._file.flush()
                return "" if is_zipfile(self._path) else "what came is no whole ZIP file"
        if self.size != asset.size_bytes:
            return f"{self.size} bytes came, it has {asset.size_bytes}"
        sha256 = self._digest.hexdigest()
        return "" if sha256 == asset.sha256 else f"its SHA-256 is {sha256}, not {asset.sha256}"

    def keep(self) -> None:
        """Give the file its name, once its bytes are on the disk."""
        with self._errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.replace(self._target)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise file_error(error, self._target) from error


def _start(headers: Mapping[str, str]) -> int:
    """The offset in the file of the bytes that follow."""
    found = _FROM.match(headers.get("content-range", ""))
    return int(found[1]) if found else 0
