"""The store that the settings name, and the files of secrets in the library's private folder."""

from __future__ import annotations

import logging
import os
import re
import secrets
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from config.errors import InvalidRequest, StoreUnavailable
from config.settings import Settings, variable_of
from storage.contract import Store
from storage.local import LocalStore
from storage.lock import held
from storage.signing import Signer

log = logging.getLogger(__name__)

FOLDER = ".songwright"
SHORTEST = 20
"""The fewest characters of a secret: shorter ones can be guessed."""
_LONGEST = 1000
_LOCK = ".lock"  # the local store's, in the library's folder


def open_store(settings: Settings, signer: Signer | None = None) -> Store:
    """The store that the settings name; ``signer`` signs the addresses of a local one.

    Raises ``InvalidRequest`` if a setting of the bucket is missing.
    """
    if settings.store == "local":
        return LocalStore(settings.home, signer)
    for name in ("r2_bucket_name", "r2_endpoint_url", "r2_access_key_id", "r2_secret_access_key"):
        if not str(value_of(settings, name)).strip():
            raise InvalidRequest(variable_of(name), "", "set it: SONGWRIGHT_STORE=r2 needs it")
    try:
        from storage.r2 import R2Store
    except ModuleNotFoundError as error:
        raise StoreUnavailable(
            f"store 'r2' needs the package {error.name!r}", "install it: pip install 'songwright[r2]'"
        ) from error
    return R2Store(
        settings.r2_bucket_name,
        settings.r2_endpoint_url,
        value_of(settings, "r2_access_key_id"),
        value_of(settings, "r2_secret_access_key"),
        settings.r2_region,
        settings.r2_timeout_s,
    )


def index_table(settings: Settings) -> Path | None:
    """The file in which this machine copies the index of its bucket; None for a folder, which has its own."""
    if settings.store == "local":
        return None
    name = re.sub(r"[^A-Za-z0-9.-]", "-", settings.r2_bucket_name)
    return settings.home / ".songwright-index" / f"{name}.sqlite"


@dataclass(frozen=True)
class Places:
    """Where a person finds an object (a file, or a key in the bucket), and what a player can open."""

    store: Store
    folder: Path | None
    """The folder of a local store."""
    bucket: str = ""

    def of(self, key: str) -> str:
        return str(self.folder / key) if self.folder else f"{self.bucket}/{key}"

    def playable(self, key: str) -> str:
        return self.of(key) if self.folder else self.store.url(key, 3600)


def places_in(settings: Settings, store: Store) -> Places:
    if settings.store == "local":
        return Places(store, settings.home)
    return Places(store, None, settings.r2_bucket_name)


def value_of(settings: Settings, name: str) -> str:
    """A setting as text; a secret in the clear."""
    value = getattr(settings, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def private_folder(settings: Settings) -> Path:
    """``<home>/.songwright``. It is made if it is missing. It and its files are private to their owner
    (0700), also if they existed before, and git ignores them.

    Raises ``StoreUnavailable`` if it cannot be made, is a link, or belongs to another user.
    """
    folder = settings.home / FOLDER
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        try:
            folder.mkdir(mode=0o700)
            folder.chmod(0o700)  # whatever the umask removes
            ignored = folder / ".gitignore"  # the home may lie in a repository
            ignored.touch(mode=0o600)
            ignored.chmod(0o600)
            ignored.write_text("*\n")
        except FileExistsError:
            _look_at(folder, stat.S_IFDIR)
            for path in folder.iterdir():
                with suppress(FileNotFoundError):  # a temporary file that another process has renamed
                    if stat.S_ISREG(path.lstat().st_mode):
                        _look_at(path, stat.S_IFREG)
    except OSError as error:
        raise StoreUnavailable(
            f"cannot make {folder}: {error.strerror}", "set SONGWRIGHT_HOME to a folder you can write to"
        ) from error
    return folder


def kept_secret(settings: Settings, name: str, prefix: str = "") -> tuple[str, bool]:
    """The secret in the file ``name`` of the private folder, and whether it was made just now.

    A new one has 256 random bits, and only its owner can read it (0600). Raises ``StoreUnavailable`` if the
    file cannot be read or written, is a link, or does not contain a secret.
    """
    path = private_folder(settings) / name
    try:
        if not os.path.lexists(path):
            secret = prefix + secrets.token_urlsafe(32)
            if _written_once(path, secret + "\n", settings.home / _LOCK):
                return secret, True
        _look_at(path, stat.S_IFREG)
        data = _read(path)
    except OSError as error:
        raise StoreUnavailable(
            f"cannot use {path}: {error.strerror or error}", "check who may read and write it"
        ) from error
    return checked_secret(data, str(path)), False


def checked_secret(data: bytes, where: str) -> str:
    """The secret in ``data``, without the line end. Raises ``StoreUnavailable`` if it is empty, no text, or
    so short that it can be guessed; the message names ``where``, and shows nothing of the secret."""
    another = "delete it: another is made at the next start"
    try:
        secret = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise StoreUnavailable(f"{where} is not text", another) from error
    if not secret:
        raise StoreUnavailable(f"{where} is empty", another)
    if not secret.isprintable() or len(secret) > _LONGEST:
        raise StoreUnavailable(f"{where} is more than one line of text", another)
    if len(secret) < SHORTEST:
        raise StoreUnavailable(
            f"{where} has {len(secret)} characters, which can be guessed: {SHORTEST} are wanted", another
        )
    return secret


def _look_at(path: Path, kind: int) -> None:
    """Makes ``path`` private to its owner. Raises ``StoreUnavailable`` if it is not of the kind ``kind``, or
    is another user's, and ``OSError``."""
    facts = path.lstat()
    if stat.S_IFMT(facts.st_mode) != kind:
        wanted = "folder" if kind == stat.S_IFDIR else "file"
        found = "a link" if stat.S_ISLNK(facts.st_mode) else f"no {wanted}"
        raise StoreUnavailable(f"{path} is {found}", f"put a {wanted} of your own there, or delete it")
    if os.name != "posix":
        return
    if os.geteuid() and facts.st_uid not in (0, os.geteuid()):
        raise StoreUnavailable(
            f"{path} belongs to another user (id {facts.st_uid})",
            "give it to the user that runs this: chown, or delete it",
        )
    wide = stat.S_IMODE(facts.st_mode)
    if wide & 0o077:
        with suppress(PermissionError):  # a file system without rights, or a file of root's: see below
            path.chmod(wide & 0o700)
        if stat.S_IMODE(path.lstat().st_mode) & 0o077:
            log.warning("%s can be read by others (%o), and its rights cannot be changed", path, wide)
        else:
            log.warning("%s could be read by others (%o): it is for its owner alone now", path, wide)


def _read(path: Path) -> bytes:
    # Neither follow a link that was put there meanwhile, nor wait for a pipe.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        return file.read(4 * _LONGEST + 1)


def _written_once(path: Path, text: str, lock: Path) -> bool:
    """Writes the file if it does not exist; returns whether it did. Of several at once one does, and no
    reader ever sees a part of it."""
    # It is private (0600) from the start, so that others can never read it. If the process is killed, the
    # store's next sweep removes the temporary file.
    handle, part = tempfile.mkstemp(prefix=f".part-{os.getpid()}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w") as file:
            if os.name == "posix":
                os.fchmod(file.fileno(), 0o600)  # whatever the umask removes
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)
        except FileExistsError:
            return False
        except OSError:
            # A file system without links (FAT, some networks' folders).
            with held(lock):
                if os.path.lexists(path):
                    return False
                Path(part).replace(path)
        return True
    finally:
        Path(part).unlink(missing_ok=True)
