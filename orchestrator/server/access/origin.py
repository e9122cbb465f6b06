"""Whether a browser's request comes from the service's own page.

A cookie is sent with requests that other pages cause, also those of another port of the same machine, for
which ``SameSite`` is no help. So a request that is let in by its cookie must come from the same origin, by
headers that browsers set and scripts cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def is_same_origin(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request with a cookie may be let in by it.

    ``Sec-Fetch-Site`` decides where the browser sends it (W3C Fetch Metadata): "same-origin", or "none", an
    address that the user has typed or opened, for a request that only reads. Else ``Origin`` must name the
    host of the request. A request with neither may read (``SameSite=Strict`` keeps other sites out), and
    change nothing.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin" or (site == "none" and method in _READING)
    origin = headers.get("origin")
    if origin is not None:
        return _is_of_host(origin, headers.get("host", ""))
    return method in _READING


def is_cross_site(headers: Mapping[str, str]) -> bool:
    """Whether a page of another origin has caused the request, as far as its headers say."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in ("same-origin", "none")
    return origin is not None and not _is_of_host(origin, headers.get("host", ""))


def came_by_https(scheme: str, headers: Mapping[str, str], public_url: str) -> bool:
    """Whether the browser has sent the request by https, perhaps to a proxy that is not trusted. A request
    that only reads has no ``Origin``: then the settings' ``public_url`` tells, if it names the host."""
    if scheme == "https" or headers.get("origin", "").startswith("https://"):
        return True
    return public_url.startswith("https://") and _is_of_host(public_url, headers.get("host", ""))


def _is_of_host(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin.lower())
    except ValueError:
        return False
    if parts.scheme not in _DEFAULT_PORTS or not host:
        return False
    default = _DEFAULT_PORTS[parts.scheme]
    return parts.netloc.removesuffix(default) == host.lower().removesuffix(default)
