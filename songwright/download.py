"""A song's file onto the disk: resumed where it broke off, held to the manifest's size and SHA-256, and there
under its name only when it is whole."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType

from songwright import calls
from songwright.answers import Asset, Song
from songwright.effects import Flow, Lost, opened, read, slept, worked
from songwright.errors import ClientError, ConnectionFailed, DownloadFailed, refusal
from songwright.retry import Attempts, Patience

PACKAGE = "package"
OnBytes = Callable[[int, int | None], None]
_FROM = re.compile(r"bytes (\d+)-", re.ASCII)


def downloaded(song: Song, role: str, path: Path, patience: Patience, on_bytes: OnBytes | None) -> Flow[Path]:
    """Where the file now lies. Raises ``DownloadFailed``, ``ApiError``, ``ConnectionFailed``, ``OSError``."""
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
                answer = yield from opened(request)
                if answer.status in (200, 206):
                    part.begin(_start(answer.headers), answer.headers.get("etag", ""))
                    while data := (yield from read()):
                        yield from worked(partial(part.add, data))
                        if on_bytes:
                            on_bytes(part.size, asset.size_bytes if asset else None)
                    fault = _fault(part, asset)
                    if not fault:
                        yield from worked(part.keep)
                        return target
                    faulty += 1
                    error = DownloadFailed(song.id, role, fault)
                    part.begin(0, "")
                    if faulty > 1:
                        raise error
                    continue
                error = refusal(answer.status, answer.headers, answer.body)
            except Lost as failure:
                error = ConnectionFailed(str(request), str(failure))
                if not (asset and part.etag):
                    part.begin(0, "")
            if part.size > before:
                attempts.progressed()
            yield from slept(attempts.pause_s(error))


class _Part:
    """What has come so far, in a file beside the one it is to become; gone, if it does not become it."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        self._digest = hashlib.sha256()
        self.size = 0
        self.etag = ""

    def __enter__(self) -> _Part:
        self._file = self._path.open("xb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def begin(self, start: int, etag: str) -> None:
        """What comes next belongs at ``start``: where this part ends, or at its very beginning."""
        if start != self.size:
            self._file.seek(0)
            self._file.truncate()
            self._digest = hashlib.sha256()
            self.size = 0
        self.etag = "" if etag.startswith("W/") else etag

    def add(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def keep(self) -> None:
        """Gives the file its name, once its bytes are on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.replace(self._target)


def _start(headers: Mapping[str, str]) -> int:
    """The offset in the file of what follows."""
    found = _FROM.match(headers.get("content-range", ""))
    return int(found[1]) if found else 0


def _fault(part: _Part, asset: Asset | None) -> str:
    """What is wrong with a file that came to its end. A package is made as it is sent: there is nothing to
    hold it to."""
    if asset is None:
        return ""
    if part.size != asset.size_bytes:
        return f"{part.size} bytes came, it has {asset.size_bytes}"
    if part.sha256 != asset.sha256:
        return f"its SHA-256 is {part.sha256}, not {asset.sha256}"
    return ""
