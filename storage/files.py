"""The files of the local store: regular ones, in real folders, private to their owner.

Links, pipes, sockets and devices below the store's folder are never followed, opened or waited for. The
folder itself and those directly in it may be links, since their owner may keep them on another disk.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from config.errors import Unreadable

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700

_TRIES = 100
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_UNFOLLOWED = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_FIX = "restore it from a backup, or delete it"
_KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISREG, "a file"),
)


def place(root: Path, key: str) -> Path:
    """The path of the object ``key``, which may not exist. Raises ``Unreadable`` if one of its folders is
    something else, such as a link."""
    parts = key.split("/")
    for depth in range(2, len(parts)):
        folder = "/".join(parts[:depth])
        try:
            mode = os.lstat(root / folder).st_mode
        except FileNotFoundError:
            break
        if not stat.S_ISDIR(mode):
            raise Unreadable(f"{folder} is {_kind(mode)}, and should be a folder", _FIX)
    return root / key


def facts(root: Path, key: str) -> os.stat_result:
    """The status of the regular file at ``key``. Raises ``Unreadable`` if something else is there, and
    ``OSError``."""
    found = os.lstat(place(root, key))
    if not stat.S_ISREG(found.st_mode):
        raise Unreadable(f"{key} is {_kind(found.st_mode)}, and should be a file", _FIX)
    return found


def opened(root: Path, key: str) -> BinaryIO:
    """The regular file at ``key``, open for reading. Raises as ``facts`` does."""
    facts(root, key)
    handle = os.open(root / key, _READ | _UNFOLLOWED)
    file = os.fdopen(handle, "rb")
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):  # it has been replaced since
        file.close()
        raise Unreadable(f"{key} is {_kind(mode)}, and should be a file", _FIX)
    return file


def new_file(path: Path) -> BinaryIO:
    """A new private file, open for writing; makes its folder if that is missing."""
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):
            return os.fdopen(os.open(path, _NEW, PRIVATE_FILE), "wb")
        with suppress(FileNotFoundError):  # a delete has just removed the empty folder above
            _make_folder(path.parent)
    raise FileNotFoundError(errno.ENOENT, "its folder is deleted again and again", str(path))


def flush_folder(folder: Path) -> None:
    """Makes a rename in ``folder`` survive a power cut. Does nothing on Windows, where folders cannot be
    opened."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_if_empty(folder: Path) -> bool:
    """Removes the folder if it is empty; returns whether it is gone."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def remove_all(path: Path, keep_prefix: str) -> None:
    """Deletes ``path``: a folder with all below it, or a file, a link, a pipe. It does not follow links, and
    keeps files whose names begin with ``keep_prefix``."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        path.unlink(missing_ok=True)
        return
    for folder, folders, names in os.walk(path, topdown=False, onerror=_raise):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in (*names, *links):
            if not name.startswith(keep_prefix):
                Path(folder, name).unlink(missing_ok=True)
        remove_if_empty(Path(folder))


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # another process has just deleted it
        raise error


def _make_folder(folder: Path) -> None:
    """Makes ``folder`` and its missing parents, private, so that they survive a power cut."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        flush_folder(folder.parent)


def _kind(mode: int) -> str:
    return next((name for check, name in _KINDS if check(mode)), "a device")
