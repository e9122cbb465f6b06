"""Which store the settings name, and the secret files beside a local one."""

from __future__ import annotations

import os
import secrets
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
        try:
            # Created with its final rights and only if absent: no moment in which others may read it, and of
            # two processes that start together one makes it.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            kept = path.read_text().strip()
            if not kept:
                raise StoreUnavailable(
                    f"{path} is empty", "delete it: another is made at the next start"
                ) from None
            return kept, False
        secret = prefix + secrets.token_urlsafe(32)
        with os.fdopen(handle, "w") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreUnavailable(
            f"cannot use {path}: {error.strerror}", "check who may read and write it"
        ) from error
    return secret, True
