"""What ``songwright doctor --modal`` finds: whether ``modal deploy main.py`` will do, and what is there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import PurePosixPath
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import modal

from config.errors import InvalidRequest, SongwrightError
from config.gpus import usd_per_second
from config.models import gpu_download
from orchestrator.cli.finding import Finding
from orchestrator.modal.deployment.cards import check_card, check_licence
from orchestrator.modal.deployment.server import check_server
from orchestrator.modal.deployment.settings import SECRET_KEYS, Deployment
from orchestrator.pipeline.engines import REGISTRIES, crafts_in_use
from orchestrator.server.auth import given_tokens

_GREETING_S = 10.0
_COLD_START_S = 90.0


def examine_deployment(settings: Deployment) -> list[Finding]:
    """Asks Modal for the secret, the volumes and the app that ``settings`` name; raises nothing that it can
    tell instead. Nothing is made. Only where ``API_BEARER_TOKEN`` is set here too is a container started, the
    web function's, to see whether it takes that token: Modal shows what is in a secret to nobody."""
    findings = list(_choices(settings))
    tokens: tuple[str, ...] = ()
    try:
        tokens = given_tokens(settings)
    except InvalidRequest as error:
        findings.append(Finding("token", ok=False, detail="API_BEARER_TOKEN will not do", fix=error.fix))
    try:
        _greet()
    except modal.exception.AuthError as error:
        return [*findings, Finding("modal", ok=False, detail=_line(error), fix="run: modal setup")]
    except modal.exception.Error as error:
        fix = "see whether this machine reaches the network"
        detail = f"Modal cannot be reached: {_line(error)}"
        return [*findings, Finding("modal", ok=False, detail=detail, fix=fix)]
    findings.append(Finding("modal", ok=True, detail=f"client {modal.__version__}, the token is good"))
    findings.append(_secret(settings))
    findings += _weights(settings)
    findings.append(_app(settings, tokens))
    return findings


def _greet() -> None:
    """Asks Modal whether it knows us. Its client itself would ask for a minute."""
    outcome: Future[None] = Future()

    def greet() -> None:
        try:
            modal.Client.from_env().hello()
            outcome.set_result(None)
        except Exception as error:  # noqa: BLE001 - raised where the outcome is looked at
            outcome.set_exception(error)

    threading.Thread(target=greet, daemon=True).start()
    try:
        outcome.result(timeout=_GREETING_S)
    except TimeoutError as error:
        raise modal.exception.ConnectionError(f"no answer within {_GREETING_S:g} s") from error


def _choices(settings: Deployment) -> Iterator[Finding]:
    """Engines that there are not, licences that stand against it, GPUs that cannot run the model they are set
    for, and doors that are open to all."""
    for craft in crafts_in_use(settings):
        try:
            REGISTRIES[craft].spec(getattr(settings, craft).engine)
            check_licence(settings, craft)
            check_server(settings, craft)
        except SongwrightError as error:
            detail, _, fix = str(error).partition(" - ")
            yield Finding(craft, ok=False, detail=detail, fix=fix)
        try:
            check_card(settings, craft)
        except InvalidRequest as error:
            detail, _, fix = str(error).rpartition("; ")
            yield Finding(craft, ok=False, detail=detail, fix=fix)
    if settings.doors.open_to_all:
        yield Finding("doors", ok=True, detail=f"{settings.doors.open_to_all} On Modal everyone does.")


def _secret(settings: Deployment) -> Finding:
    name = settings.modal.secret
    make = f"run: modal secret create --force {name} " + " ".join(f"{key}=..." for key in SECRET_KEYS)
    try:
        modal.Secret.from_name(name, required_keys=list(SECRET_KEYS)).hydrate()
    except modal.exception.Error as error:
        return Finding("secret", ok=False, detail=f"{name}: {_line(error)}", fix=make)
    return Finding("secret", ok=True, detail=f"{name} has {', '.join(SECRET_KEYS)}")


def _weights(settings: Deployment) -> Iterator[Finding]:
    ask_hub = True
    for craft in crafts_in_use(settings):
        chosen = getattr(settings, craft)
        try:
            spec = REGISTRIES[craft].spec(chosen.engine)
        except SongwrightError:
            continue  # it is no engine, which another finding says
        if spec.server:
            asked = f"engine {chosen.engine!r} asks {settings.openai.base_url or 'a server that is not set'}"
            yield Finding(craft, ok=True, detail=f"{asked}, and needs no weights and no GPU")
            continue
        if not spec.gpu:
            yield Finding(craft, ok=True, detail=f"engine {chosen.engine!r} needs no weights and no GPU")
            continue
        price = usd_per_second(chosen.gpu)
        on = f"{chosen.gpu}, {'priced by what comes' if price is None else f'{price * 3600:.2f} USD an hour'}"
        on = on if chosen.gpu else "no GPU"
        name = spec.volume
        if not name:
            yield Finding(craft, ok=True, detail=f"engine {chosen.engine!r} is your own, on {on}")
            continue
        detail = f"engine {chosen.engine!r} on {on}, weights in volume {name!r}"
        trouble = ""
        try:
            size = gpu_download(chosen.model or spec.default_model, chosen.precision, ask_hub=ask_hub)
            ask_hub = bool(size and size.listed)  # one wait for a hub that does not answer is enough
            detail += f", {size}" if size else ""
        except SongwrightError as error:
            # No trouble where the weights are in the volume, or Modal has HF_TOKEN.
            trouble = f"; from here: {error}"
        missing = "the volume holds none: run: modal run main.py::prefetch" + trouble
        try:
            there = _holds(modal.Volume.from_name(name), chosen.model, f"{settings.modal.weights}/{name}")
        except modal.exception.NotFoundError:
            there = False
        yield Finding(craft, ok=there, detail=detail, fix="" if there else missing)


def _holds(volume: modal.Volume, model: str, mounted: str) -> bool:
    """Whether the hub's cache in the volume, or the folder that ``model`` is in it, has anything."""
    path = PurePosixPath(model)
    if path.is_relative_to(mounted):
        return bool(volume.listdir(str(path.relative_to(mounted))))
    folders = [entry.path for entry in volume.listdir("hub")]
    wanted = "models--" + model.partition("@")[0].replace("/", "--")
    return any(PurePosixPath(folder).name.startswith(wanted) for folder in folders)


def _app(settings: Deployment, tokens: tuple[str, ...]) -> Finding:
    name = settings.modal.app
    try:
        url = modal.Function.from_name(name, "web").get_web_url()
    except modal.exception.NotFoundError:
        fix = "run: modal deploy main.py"
        return Finding("app", ok=True, detail=f"{name} is not deployed; {fix}")
    detail = f"{name} is at {url}"
    if not tokens:
        return Finding("app", ok=True, detail=f"{detail}; export API_BEARER_TOKEN to see whether it takes it")
    status = _status(f"{url}/auth-status", tokens[0])
    if status == 200:
        return Finding("app", ok=True, detail=f"{detail}, and takes the token set here")
    if status == 401:
        fix = (
            f"the secret {settings.modal.secret} has another API_BEARER_TOKEN, or an empty one: set it with "
            f"modal secret create --force, then run: modal app rollover {name}"
        )
        return Finding("app", ok=False, detail=f"{detail}, and does not take the token set here", fix=fix)
    said = f"answers HTTP {status}" if status else "does not answer"
    return Finding("app", ok=False, detail=f"{detail}, and {said}", fix=f"see: modal app logs {name}")


def _status(url: str, token: str) -> int:
    """What the web function answers; 0 where it does not in the time that a cold start takes."""
    request = Request(url, data=b"", headers={"Authorization": f"Bearer {token}"})
    try:
        with urlopen(request, timeout=_COLD_START_S) as response:
            return int(response.status)
    except HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
