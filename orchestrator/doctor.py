"""What ``songwright doctor`` finds: the settings in force, and whether engines and store are ready."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from art.contract import PAINTERS
from config.engine import Registry
from config.errors import SongwrightError
from config.settings import Settings
from lyrics.contract import WRITERS
from music.contract import COMPOSERS
from storage.local import LocalStore

# Each second of a finished song takes about this much disk: a WAV, six FLAC stems and the rest.
_BYTES_PER_SECOND = 700_000
_WANTED_SECONDS = 10 * 180


@dataclass(frozen=True)
class Finding:
    """One thing looked at; ``fix`` says what to do where it is not ``ok``."""

    subject: str
    ok: bool
    detail: str
    fix: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Loads each engine that is set and writes a byte to the store; raises nothing that it can tell
    instead."""
    crafts: dict[str, tuple[Registry[Any], str]] = {
        "lyrics": (WRITERS, settings.lyrics.engine),
        "music": (COMPOSERS, settings.music.engine),
        "art": (PAINTERS, settings.art.engine),
    }
    findings = [Finding("python", ok=True, detail=f"{platform.python_version()} on {platform.platform()}")]
    findings.append(Finding("settings", ok=True, detail=", ".join(_settings(settings))))
    findings += [_engine(craft, registry, name) for craft, (registry, name) in crafts.items()]
    findings.append(_store(settings))
    return findings


def _settings(settings: Settings) -> Iterator[str]:
    """Every setting in force, by the name of its variable; secrets show as stars."""
    for name, value in settings:
        members = value if isinstance(value, BaseModel) else ((None, value),)
        for member, inner in members:
            variable = f"SONGWRIGHT_{name.upper()}" + (f"__{member.upper()}" if member else "")
            yield f"{variable}={inner}"


def _engine(craft: str, registry: Registry[Any], name: str) -> Finding:
    try:
        info = registry.load(name).info
    except SongwrightError as error:
        return Finding(craft, ok=False, detail=f"engine {name!r} is not ready", fix=str(error))
    sale = "may be sold" if info.commercial else "may not be sold"
    detail = (
        f"{info.name} {info.version}: {info.summary.rstrip('.')}; licence {info.licence}, its songs {sale}"
    )
    return Finding(craft, ok=True, detail=detail)


def _store(settings: Settings) -> Finding:
    store = LocalStore(settings.home)
    try:
        free = store.check_writable()
    except SongwrightError as error:
        return Finding("store", ok=False, detail=f"local, {settings.home.resolve()}", fix=str(error))
    songs = free // (_BYTES_PER_SECOND * 180)
    detail = f"local, {settings.home.resolve()}, {free / 1e9:.1f} GB free, about {songs:,} songs of 3 minutes"
    if free < _BYTES_PER_SECOND * _WANTED_SECONDS:
        return Finding(
            "store", ok=False, detail=detail, fix="free space, or set SONGWRIGHT_HOME to another disk"
        )
    return Finding("store", ok=True, detail=detail)
