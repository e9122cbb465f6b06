"""What ``songwright doctor`` finds: the settings in force, and whether engines and store are ready."""

from __future__ import annotations

import errno
import os
import platform
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from config.engine import EngineOptions
from config.errors import InvalidRequest, SongwrightError, Unavailable
from config.registry import Registry
from config.settings import EngineSettings, Settings, given_names, options_of, variable_of, variables
from music.singing import embedded_voice
from orchestrator.cli.finding import Finding
from orchestrator.modal.deployment.settings import Deployment, load_deployment
from orchestrator.pipeline.engines import REGISTRIES, crafts_in_use
from orchestrator.server.auth import TOKEN_FILE, given_tokens, load_tokens
from orchestrator.server.http.listening import listening
from orchestrator.server.http.running import running_at
from storage.configured import FOLDER, open_store
from storage.local import LocalStore

# Each second of a finished song takes about this much disk: a WAV, six FLAC stems and the rest.
_BYTES_PER_SECOND = 700_000
_WANTED_SECONDS = 10 * 180
_OF_COMPOSE = ("SONGWRIGHT_ADDRESS", "SONGWRIGHT_EXTRAS")
"""What ``compose.yaml`` reads of the file of settings."""


def examine(settings: Settings, *, every_engine: bool = False) -> list[Finding]:
    """Looks at each engine that is set, or at ``every_engine`` that there is, and writes a byte to the store;
    raises nothing that it can tell instead. Nothing is fetched, and no model is loaded but the small voice.
    """
    findings: list[Finding] = []
    for craft in crafts_in_use(settings):
        registry = REGISTRIES[craft]
        chosen: EngineSettings = getattr(settings, craft)
        findings.append(_engine(craft, registry, chosen.engine, options_of(settings, craft)))
        if every_engine:
            # As it would be with nothing else set: another engine's model and precision mean nothing to it.
            usual = EngineOptions(device=chosen.device, commercial=settings.commercial)
            others = [_engine(craft, registry, name, usual) for name in registry if name != chosen.engine]
            findings += [replace(other, wanted=False) for other in others]
        if craft == "music" and (chosen.engine == "sketch" or every_engine):
            findings.append(replace(_voice(), wanted=chosen.engine == "sketch"))
    findings.append(_store(settings))
    python = Finding("python", ok=True, detail=f"{platform.python_version()} on {platform.platform()}")
    return [*findings, _service(settings), _settings(settings), python]


def examine_modal() -> list[Finding]:
    """Likewise of a deployment on Modal; nothing is made there. Raises ``Unavailable`` where its client is
    not installed."""
    settings = load_deployment()
    try:
        from orchestrator.cli.modal_doctor import examine_deployment
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"a deployment needs the package {error.name!r}", "install it: pip install 'songwright[modal]'"
        ) from error
    return [*examine_deployment(settings), _settings(settings)]


def _settings(settings: Settings) -> Finding:
    """Every setting in force by the name of its variable, those that somebody set first; secrets show as
    stars."""
    given: list[str] = []
    by_default: list[str] = []
    for variable, value, default in variables(settings):
        text = str(value) if not isinstance(value, tuple) else ",".join(value)
        (by_default if value == default else given).append(f"{variable}={text}")
    detail, more = f"set: {', '.join(given) or 'none'}", f"by default: {', '.join(by_default)}"
    return Finding("settings", ok=True, detail=detail, more=more, fix=_unknown())


def _unknown() -> str:
    """What is wrong with variables that have our prefix and are no setting, such as a misspelt one."""
    groups = {variable_of(craft) for craft in (*REGISTRIES, "webhooks", "openai", "doors")}
    groups |= {"SONGWRIGHT_MODAL", *_OF_COMPOSE}
    known = {variable for variable, _, _ in variables(Deployment.model_construct())} | groups
    lines = []
    for name in sorted(given_names() - known):
        close = get_close_matches(name, known, n=1, cutoff=0.85)
        lines.append(
            f"{name} is no setting and is not used" + (f": did you mean {close[0]}?" if close else "")
        )
    return "\n".join(lines)


def _service(settings: Settings) -> Finding:
    """Where the service is or would be, and whose token it takes."""
    trouble = ""
    if running := running_at(settings):
        where = f"runs at {running}"
    else:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        where = f"does not run; songwright serve: http://{host}:{settings.port}/"
        busy, trouble = _why_it_cannot_listen(settings)
        where += busy
    kept = settings.home / FOLDER / TOKEN_FILE
    try:
        count = len(given_tokens(settings))
        if not count and os.path.lexists(kept):
            load_tokens(settings)
    except SongwrightError as error:
        return Finding("service", ok=False, detail=where, fix="\n".join(filter(None, (str(error), trouble))))
    if count:
        tokens = f"{count} token{'s' if count > 1 else ''} from API_BEARER_TOKEN"
    else:
        tokens = f"token in {kept}" if kept.exists() else "token made at its first start"
    open_ = f"\n{settings.doors.open_to_all}" if settings.doors.open_to_all else ""
    return Finding("service", ok=True, detail=f"{where}; {tokens}{open_}", fix=trouble)


def _why_it_cannot_listen(settings: Settings) -> tuple[str, str]:
    """That another program listens at the address of the settings now, and what is wrong with the address;
    empty if nothing is."""
    try:
        with listening(settings):
            return "", ""
    except InvalidRequest as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE:
            return ", where another program listens now (choose another with --port)", ""
        return "", f"songwright serve cannot listen there: {error}"


def _engine(craft: str, registry: Registry[Any], name: str, options: EngineOptions) -> Finding:
    try:
        info = registry.check(name, options)
    except SongwrightError as error:
        return Finding(craft, ok=False, detail=f"engine {name!r} is not ready", fix=str(error))
    sale = "may be sold" if info.commercial else "may not be sold"
    detail = (
        f"{info.name} {info.version}: {info.summary.rstrip('.')}; licence {info.licence}, its songs {sale}"
    )
    return Finding(craft, ok=True, detail=detail)


def _voice() -> Finding:
    try:
        return Finding("voice", ok=True, detail=f"the embedded composer sings with {embedded_voice()}")
    except SongwrightError as error:
        return Finding("voice", ok=False, detail="the embedded composer cannot sing", fix=str(error))


def _store(settings: Settings) -> Finding:
    if settings.store == "r2":
        return _bucket(settings)
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


def _bucket(settings: Settings) -> Finding:
    where = f"r2, bucket {settings.r2_bucket_name!r} at {settings.r2_endpoint_url}"
    try:
        open_store(settings).check_writable()
    except SongwrightError as error:
        return Finding("store", ok=False, detail=where, fix=str(error))
    return Finding("store", ok=True, detail=f"{where}, can be written, read and listed")
