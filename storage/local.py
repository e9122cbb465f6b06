"""A store in a folder of this machine. A write goes to a temporary file, is flushed to the disk, then
renamed. Renames and deletions wait for each other, so that one that depends on what is there can be sure."""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from config.errors import NotFound, StoreUnavailable
from config.process import runs
from storage.contract import Stat, Version, checked_key
from storage.lock import held
from storage.signing import Signer

_PIECE_BYTES = 1 << 20
_TEMPORARY = ".part-"  # begins with a dot, which no key's segment may
_LOCK = ".lock"  # likewise
_PROCESS = uuid4().hex  # two containers that share a folder may have processes with one id
_count = itertools.count()
_TRIES = 100


class LocalStore:
    """Objects as files below ``root``, which is made on the first write.

    With a ``signer``, ``url`` gives a path of our own service; without, a ``file:`` address.
    """

    def __init__(self, root: Path, signer: Signer | None = None) -> None:
        self.root = root
        self._signer = signer

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Writes the object whole. The content type is not kept: a file's ending says it."""
        self._put(key, data, lambda _path: True)

    def put_if(self, key: str, data: bytes, content_type: str, *, etag: str | None) -> str:
        return _etag(data) if self._put(key, data, lambda path: _etag_of(path) == etag) else ""

    def version(self, key: str) -> Version:
        path = self.path(key)
        with _translated(path):
            data = path.read_bytes()
        return Version(data, _etag(data))

    def open(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        path = self.path(key)
        with _translated(path), path.open("rb") as file:
            left = (path.stat().st_size if end is None else end) - start
            file.seek(start)
            while left > 0 and (piece := file.read(min(left, _PIECE_BYTES))):
                left -= len(piece)
                yield piece

    def stat(self, key: str) -> Stat:
        path = self.path(key)
        with _translated(path):
            facts = path.stat()
        return Stat(key, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC))

    def list(self, prefix: str, *, after: str = "", shallow: bool = False) -> Iterator[str]:
        folder = self.root / prefix.rpartition("/")[0]
        with _translated(folder):
            found = self._names(folder) if shallow else self._files(folder)
            keys = sorted(key for key in found if key.startswith(prefix) and key > after)
        return iter(keys)

    def delete(self, key: str) -> None:
        path = self.path(key)
        if not self.root.exists():
            return
        with _translated(path):
            with held(self.root / _LOCK):
                path.unlink(missing_ok=True)
            for folder in path.parents:
                if folder == self.root or not _deleted_if_empty(folder):
                    break

    def url(self, key: str, expires_s: int) -> str:
        """A path to join to the service's own address; without a signer a ``file:`` address that does not
        expire."""
        if self._signer:
            return self._signer.path(checked_key(key), expires_s)
        return self.path(key).resolve().as_uri()

    def path(self, key: str) -> Path:
        """Where the object is, or would be."""
        return self.root / checked_key(key)

    def check_writable(self) -> int:
        """Free bytes on the disk. Raises ``StoreUnavailable`` if a file cannot be written here."""
        with _translated(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(prefix=_TEMPORARY, dir=self.root) as file:
                file.write(b"\0")
                file.flush()
            return shutil.disk_usage(self.root).free

    def sweep(self, prefix: str = "") -> int:
        """Deletes what processes that were killed in the middle of a write have left; how many that were."""
        swept = 0
        with _translated(self.root):
            for part in (self.root / prefix).rglob(f"{_TEMPORARY}*"):
                writer = part.name.removeprefix(_TEMPORARY).partition("-")[0]
                if writer.isdigit() and not runs(int(writer)):
                    part.unlink(missing_ok=True)
                    swept += 1
        return swept

    def _put(self, key: str, data: bytes, may: Callable[[Path], bool]) -> bool:
        """Writes the object if, at the moment of the rename, it ``may`` be; answers whether it did."""
        path = self.path(key)
        part = path.with_name(f"{_TEMPORARY}{os.getpid()}-{_PROCESS}-{next(_count)}")
        with _translated(path):
            try:
                with _new_file(part) as file:
                    if data:
                        file.write(data)
                        file.flush()
                        os.fsync(file.fileno())
                with held(self.root / _LOCK):
                    wrote = may(path)
                    if wrote:
                        part.replace(path)
                    else:
                        part.unlink()
            except BaseException:
                part.unlink(missing_ok=True)
                raise
            _flush_folder(path.parent)
        return wrote

    def _files(self, folder: Path) -> Iterator[str]:
        for path in folder.rglob("[!.]*"):
            key = path.relative_to(self.root).as_posix()
            if path.is_file() and "/." not in f"/{key}":
                yield key

    def _names(self, folder: Path) -> Iterator[str]:
        """The folder's own entries, folders with a "/" at the end; no entry below is looked at."""
        if folder.is_dir():
            start = "" if folder == self.root else f"{folder.relative_to(self.root).as_posix()}/"
            with os.scandir(folder) as entries:
                for entry in entries:
                    if not entry.name.startswith("."):
                        yield f"{start}{entry.name}/" if entry.is_dir() else f"{start}{entry.name}"


def _etag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _etag_of(path: Path) -> str | None:
    try:
        return _etag(path.read_bytes())
    except FileNotFoundError:
        return None


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound("object", str(path)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            fix = "free some space, or set SONGWRIGHT_HOME to a folder on another disk"
        else:
            fix = "set SONGWRIGHT_HOME to a folder you can write to"
        raise StoreUnavailable(f"cannot use {path}: {error.strerror or error}", fix) from error


def _new_file(path: Path) -> BinaryIO:
    """Opens a new file to write, in a folder that is made where it is missing."""
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):
            return path.open("xb")
        with suppress(FileNotFoundError):  # a delete has just taken the folder above it away, empty as it was
            _make_folder(path.parent)
    raise FileNotFoundError(errno.ENOENT, "its folder is deleted again and again", str(path))


def _deleted_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def _make_folder(folder: Path) -> None:
    """Makes ``folder`` and what is missing above it, so that they outlive a power cut."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _flush_folder(folder.parent)


def _flush_folder(folder: Path) -> None:
    """Makes a rename in ``folder`` outlive a power cut (a no-op where folders cannot be opened, as on
    Windows)."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
