"""Which store the settings name, and the secret files beside a local one."""

from __future__ import annotations

import os
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
from storage.signing import Signer

FOLDER = ".songwright"


def open_store(settings: Settings, signer: Signer | None = None) -> Store:
    """The store that the settings name; ``signer`` signs its addresses where it has none of its own.

    Raises ``InvalidRequest`` for a bucket's setting that is missing.
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


@dataclass(frozen=True)
class Places:
    """Where a person finds an object: a file, or a key in the bucket; and what a player can open."""

    store: Store
    folder: Path | None
    """Of a local store."""
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
    """A setting as text, a secret in the clear."""
    value = getattr(settings, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def private_folder(settings: Settings) -> Path:
    """``<home>/.songwright``, made if need be, for its owner alone and not for git."""
    folder = settings.home / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _keep_private(folder)
    except OSError as error:
        raise StoreUnavailable(
            f"cannot make {folder}: {error.strerror}", "set SONGWRIGHT_HOME to a folder you can write to"
        ) from error
    return folder


def _keep_private(folder: Path) -> None:
    """Takes from everybody but the owner what earlier versions, a copy or a backup have let them do with the
    folder and its files, and has git leave it out: the home may lie in a repository."""
    ignored = folder / ".gitignore"
    if not os.path.lexists(ignored):
        ignored.write_text("*\n")
    for path in (folder.resolve(), *folder.iterdir()):
        with suppress(FileNotFoundError):  # a part that another process has put in its place
            mode = path.lstat().st_mode
            if (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and mode & 0o077:
                path.chmod(stat.S_IMODE(mode) & 0o700)


def kept_secret(settings: Settings, name: str, prefix: str = "") -> tuple[str, bool]:
    """The secret kept in the private folder as ``name``, and whether it was made just now.

    It has 256 random bits and is only readable by its owner (0600). Raises ``StoreUnavailable`` where the
    file cannot be read or written.
    """
    path = private_folder(settings) / name
    try:
        if not path.exists():
            secret = prefix + secrets.token_urlsafe(32)
            if _written_once(path, secret + "\n"):
                return secret, True
        kept = path.read_text().strip()
    except OSError as error:
        raise StoreUnavailable(
            f"cannot use {path}: {error.strerror}", "check who may read and write it"
        ) from error
    if not kept:
        raise StoreUnavailable(f"{path} is empty", "delete it: another is made at the next start")
    return kept, False


def _written_once(path: Path, text: str) -> bool:
    """Whether this call made the file: of several at once one does, and nobody ever reads a part of it."""
    # It has its final rights (0600) from the start: no moment in which others may read it.
    handle, part = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)
        except FileExistsError:
            return False
        except OSError:
            # A file system without links (FAT, some networks' folders): whoever comes last wins there.
            Path(part).replace(path)
        return True
    finally:
        Path(part).unlink(missing_ok=True)
