"""The addresses under which this machine is reached, without asking any other."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from urllib.parse import urlsplit

from config.settings import Settings

_ELSEWHERE = (
    (socket.AF_INET, "192.0.2.1"),
    (socket.AF_INET6, "2001:db8::1"),
)
"""Addresses of documents (RFC 5737, RFC 3849): no packet is sent to them."""
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""The addresses that stand for all of a machine, with the one by which the machine itself reaches it."""


def is_local(host: str) -> bool:
    """Whether only this machine can reach a service that listens at ``host``."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None)} if host else set()
        return bool(found) and all(ipaddress.ip_address(address).is_loopback for address in found)
    except (OSError, ValueError):
        return False


def own_host(host: str) -> str:
    """How this machine names a service that listens at the address ``host``, as in an address."""
    return _bracketed(_ANY.get(host, host))


def network_host(host: str) -> str:
    """How other machines of the network name a service that listens at ``host``, as in an address; empty if
    they cannot reach it, or this machine is in no network."""
    if is_local(host):
        return ""
    if host and host not in _ANY:
        return _bracketed(host)
    for family, elsewhere in _ELSEWHERE:
        # Connecting a UDP socket sends nothing: the system only chooses the interface.
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as chosen:
            chosen.connect((elsewhere, 9))
            own = ipaddress.ip_address(str(chosen.getsockname()[0]).partition("%")[0])
            if not (own.is_loopback or own.is_unspecified):
                return _bracketed(str(own))
    return ""


def page_for_others(settings: Settings, base: str) -> str:
    """The page's address for another device, with a "/" at its end. ``base``, which this client used, stays
    if the service has no address that others reach."""
    if settings.public_url:
        return settings.public_url.rstrip("/") + "/"
    parts = urlsplit(base)
    if is_local(parts.hostname or "") and (host := network_host(settings.host)):
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{host}{port}/"
    return base


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
