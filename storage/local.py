"""A store in a folder of this machine. A write goes to a temporary file, is flushed to the disk, and renamed.
A lock orders renames and deletions, so that a conditional write can rely on what it has read."""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from config.errors import NotFound, StoreUnavailable, Unreadable
from config.process import runs
from storage import files
from storage.contract import LARGEST_VERSION_BYTES, Stat, Version, checked_key, is_key, too_large
from storage.lock import StillHeld, held
from storage.signing import Signer

_PIECE_BYTES = 1 << 20
_TEMPORARY = ".part-"  # no key's segment begins with a dot
_LOCK = ".lock"  # likewise
_PROCESS = uuid4().hex  # containers that share a folder may have the same process ids
_count = itertools.count()
_GIT = ".gitignore"
_FOLDERS = (".songwright", "cache", "calls", "check", "idempotency", "keys", "open", "songs")
_IGNORED = "\n".join(
    (
        "# Written by Songwright: what it makes and keeps here is not for a repository.",
        f"/{_GIT}",
        f"/{_LOCK}",
        *(f"/{name}/" for name in _FOLDERS),
        "",
    )
).encode()
_LOOK_S = 0.5  # ``look`` waits for the lock
_FULL_BYTES = 1 << 20  # a disk with less is full: no song fits
# Errors that concern one object, and not the store.
_OF_ONE_OBJECT = frozenset(
    {errno.EACCES, errno.EPERM, errno.EIO, errno.ELOOP, errno.EISDIR, errno.ENOTDIR, errno.ENXIO}
)


class LocalStore:
    """Objects as files below ``root``, which the first write makes.

    With a ``signer``, ``url`` returns a path of our service; without one, a ``file:`` address. Files and
    folders are private to their owner, and git ignores them if the folder lies in a repository.
    """

    def __init__(self, root: Path, signer: Signer | None = None) -> None:
        self.root = root
        self._signer = signer
        self._ignored: set[str] = set()

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Writes the object whole. The content type is not stored, since the key's ending gives it."""
        self._put(key, data, lambda: True)

    def put_if(self, key: str, data: bytes, content_type: str, *, etag: str | None) -> str:
        def unchanged() -> bool:
            return self._etag_now(key) == etag

        return _etag(data) if self._put(key, data, unchanged) else ""

    def version(self, key: str) -> Version:
        with _translated(self.path(key), reading=key), files.opened(self.root, key) as file:
            data = file.read(LARGEST_VERSION_BYTES + 1)
        if len(data) > LARGEST_VERSION_BYTES:
            raise too_large(key, LARGEST_VERSION_BYTES)
        return Version(data, _etag(data))

    def open(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        with _translated(self.path(key), reading=key), files.opened(self.root, key) as file:
            left = (os.fstat(file.fileno()).st_size if end is None else end) - start
            file.seek(start)
            while left > 0 and (piece := file.read(min(left, _PIECE_BYTES))):
                left -= len(piece)
                yield piece

    def stat(self, key: str) -> Stat:
        with _translated(self.path(key), reading=key):
            facts = files.facts(self.root, key)
        return Stat(key, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC))

    def list(self, prefix: str, *, after: str = "", shallow: bool = False) -> Iterator[str]:
        folder = self._folder(prefix)
        if folder is None:
            return iter(())
        with _translated(folder):
            found = self._names(folder) if shallow else self._files(folder)
            keys = sorted(key for key in found if key.startswith(prefix) and key > after)
        return iter(keys)

    def delete(self, key: str) -> None:
        path = self.path(key)
        with _translated(path):
            try:
                files.place(self.root, key)
            except Unreadable:
                return  # nothing behind a link is ours
            if not path.is_dir() or path.is_symlink():  # a folder is no object
                if not self.root.exists():
                    return
                with held(self.root / _LOCK):
                    path.unlink(missing_ok=True)
            self._tidy(path)

    def delete_below(self, prefix: str) -> None:
        key = checked_key(prefix.removesuffix("/"))
        path = self.root / key
        with _translated(path):
            files.place(self.root, key)
            if os.path.lexists(path):
                with held(self.root / _LOCK):
                    # Temporary files are their writers' to remove, or the sweep's.
                    files.remove_all(path, keep_prefix=_TEMPORARY)
            self._tidy(path)

    def url(self, key: str, expires_s: int, disposition: str = "") -> str:
        """A path to append to the service's address; without a signer, a ``file:`` address that does not
        expire."""
        if self._signer:
            return self._signer.path(checked_key(key), expires_s)
        return self.path(key).resolve().as_uri()

    def path(self, key: str) -> Path:
        """The object's path; it may not exist."""
        return self.root / checked_key(key)

    def look(self) -> None:
        with _translated(self.root):
            if not os.access(self.root, os.W_OK | os.X_OK):
                code = errno.EACCES if self.root.is_dir() else errno.ENOTDIR
                raise OSError(code, os.strerror(code))
            if shutil.disk_usage(self.root).free < _FULL_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if (self.root / _LOCK).exists():
                with held(self.root / _LOCK, most_s=_LOOK_S):
                    pass

    def check_writable(self) -> int:
        """The free bytes on the disk. Raises ``StoreUnavailable`` if no file can be written here."""
        with _translated(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(prefix=_TEMPORARY, dir=self.root) as file:
                file.write(b"\0")
                file.flush()
            return shutil.disk_usage(self.root).free

    def sweep(self, prefix: str = "", leave_out: str = "") -> int:
        """Deletes the temporary files of processes that were killed while writing; returns their number.
        ``leave_out`` is a folder that is not looked through."""
        swept = 0
        folder = self._folder(prefix)
        if folder is None:
            return swept
        with _translated(self.root):
            for place, folders, names in os.walk(folder):
                if leave_out and Path(place) == self.root:
                    folders[:] = [name for name in folders if name != leave_out.removesuffix("/")]
                for name in names:
                    writer = name.removeprefix(_TEMPORARY).partition("-")[0]
                    if name.startswith(_TEMPORARY) and writer.isdigit() and not runs(int(writer)):
                        Path(place, name).unlink(missing_ok=True)
                        swept += 1
        return swept

    def _put(self, key: str, data: bytes, may: Callable[[], bool]) -> bool:
        """Writes the object if ``may`` is true at the moment of the rename; returns whether it did."""
        path = self.path(key)
        part = path.with_name(f"{_TEMPORARY}{os.getpid()}-{_PROCESS}-{next(_count)}")
        with _translated(path):
            files.place(self.root, key)
            try:
                with files.new_file(part) as file:
                    if data:
                        file.write(data)
                        file.flush()
                        os.fsync(file.fileno())
                self._ignore(key)
                with held(self.root / _LOCK):
                    wrote = may()
                    if wrote:
                        part.replace(path)
                    else:
                        part.unlink()
            except BaseException:
                part.unlink(missing_ok=True)
                raise
            files.flush_folder(path.parent)
        return wrote

    def _etag_now(self, key: str) -> str | None:
        try:
            with files.opened(self.root, key) as file:
                return _etag(file.read())
        except FileNotFoundError:
            return None

    def _ignore(self, key: str) -> None:
        """Has git ignore what the store makes: by a .gitignore in ``root``, or if its owner has written one
        there, by one in the folder that ``key`` begins with."""
        first, _, rest = key.partition("/")
        if not rest or first in self._ignored:
            return
        own = self.root / first / _GIT
        try:
            with files.opened(self.root, _GIT) as file:
                ours = file.read(len(_IGNORED) + 1) == _IGNORED
        except FileNotFoundError:
            (self.root / _GIT).write_bytes(_IGNORED)
            ours = True
        except Unreadable:
            ours = False
        if not ours and not os.path.lexists(own):
            own.write_bytes(b"*\n")
        self._ignored.add(first)

    def _tidy(self, path: Path) -> None:
        """Deletes the empty folders above ``path``."""
        for folder in path.parents:
            if folder == self.root or not files.remove_if_empty(folder):
                break

    def _folder(self, prefix: str) -> Path | None:
        """The folder that ``prefix`` ends in; None if a link or a file is in its place."""
        key = prefix.rpartition("/")[0]
        try:
            return files.place(self.root, f"{key}/any").parent if key else self.root
        except Unreadable:
            return None

    def _files(self, folder: Path) -> Iterator[str]:
        for path in folder.rglob("[!.]*"):
            key = path.relative_to(self.root).as_posix()
            if is_key(key) and stat.S_ISREG(path.lstat().st_mode):
                yield key

    def _names(self, folder: Path) -> Iterator[str]:
        """The direct entries of ``folder``, folders with a "/" at the end."""
        if folder.is_dir():
            start = "" if folder == self.root else f"{folder.relative_to(self.root).as_posix()}/"
            with os.scandir(folder) as entries:
                for entry in entries:
                    if is_key(entry.name):
                        is_folder = entry.is_dir(follow_symlinks=False)
                        yield f"{start}{entry.name}/" if is_folder else f"{start}{entry.name}"


def _etag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contextmanager
def _translated(path: Path, *, reading: str = "") -> Iterator[None]:
    """Raises our errors instead of ``OSError``. ``reading`` is the key of the object that is read."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound("object", str(path)) from error
    except OSError as error:
        why = error.strerror or str(error)
        if reading and error.errno in _OF_ONE_OBJECT:
            raise Unreadable(
                f"{reading} cannot be read: {why}",
                "see who may read it, restore it from a backup, or delete it",
            ) from error
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            fix = "free some space, or set SONGWRIGHT_HOME to a folder on another disk"
        elif isinstance(error, StillHeld):
            fix = f"end that program: on Linux, 'fuser {_LOCK}' in that folder names it"
        else:
            fix = "set SONGWRIGHT_HOME to a folder you can write to"
        raise StoreUnavailable(f"cannot use {path}: {why}", fix) from error
