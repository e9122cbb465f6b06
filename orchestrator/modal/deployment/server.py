"""Checks before a deployment whether its engines may be used, and its containers can ask the server that one
needs."""

from __future__ import annotations

import ipaddress
import sys
from urllib.parse import urlsplit

from config.errors import InvalidRequest
from config.models import licence_of, refuse_unless_sellable
from orchestrator.modal.deployment.cards import check_licence
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.pipeline.engines import REGISTRIES, crafts_in_use

_LOCAL_NAMES = (".local", ".internal", ".lan", ".home.arpa", ".localhost")


def check_choices(settings: Deployment) -> None:
    """Raises as ``check_licence`` and ``check_server`` for the engines in use. Says on stderr if songs are
    made for everyone: on Modal the service is on the internet."""
    for craft in crafts_in_use(settings):
        check_licence(settings, craft)
        check_server(settings, craft)
    if settings.doors.open_to_all:
        print(f"{settings.doors.open_to_all} On Modal everyone does.", file=sys.stderr)


def check_server(settings: Deployment, craft: str) -> None:
    """Raises ``InvalidRequest`` if the engine of ``craft`` asks a server, and its address or model is not
    set, or a container cannot reach the address; and ``EngineUnavailable`` if songs are sold and the licence
    of the model is not known to allow it. The server is not asked: it may start later."""
    chosen = getattr(settings, craft)
    if not REGISTRIES[craft].spec(chosen.engine).server:
        return
    address = settings.openai.base_url
    host = urlsplit(address).hostname or ""
    if not _is_public(host):
        fix = "give the server's address on the internet, such as https://llm.example.com/v1"
        if host:
            fix = f"a container on Modal cannot reach {host}, which is in a network of its own: {fix}"
        raise InvalidRequest("SONGWRIGHT_OPENAI__BASE_URL", address, fix)
    if not chosen.model:
        fix = "name the model as the server does"
        raise InvalidRequest(f"SONGWRIGHT_{craft.upper()}__MODEL", "", fix)
    if settings.commercial and not settings.openai.licence:
        instead = "a model that allows it, or name its licence in SONGWRIGHT_OPENAI__LICENCE"
        refuse_unless_sellable(chosen.model, licence_of(chosen.model), instead)


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:  # a name
        return "." in host and not host.endswith(_LOCAL_NAMES)
