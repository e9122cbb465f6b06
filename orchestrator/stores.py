"""Which store the settings name, and the secret files beside a local one."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from config.errors import StoreUnavailable
from config.settings import Settings
from storage.contract import Store
from storage.local import LocalStore
from storage.signing import Signer

FOLDER = ".songwright"


def open_store(settings: Settings, signer: Signer | None = None) -> Store:
    """The store that the settings name; ``signer`` signs its addresses where it has none of its own."""
    return LocalStore(settings.home, signer)


def private_folder(settings: Settings) -> Path:
    """``<home>/.songwright``, made if need be, for its owner alone."""
    folder = settings.home / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreUnavailable(
            f"cannot make {folder}: {error.strerror}", "set SONGWRIGHT_HOME to a folder you can write to"
        ) from error
    return folder


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
