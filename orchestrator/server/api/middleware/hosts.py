"""The host names that the service answers to.

Any site can point its own name at 127.0.0.1, and its pages then share the service's origin (DNS rebinding).
So a service for this machine alone answers only to names that no site can have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from config.errors import shown
from config.settings import Settings, variable_of
from orchestrator.server.access.addresses import is_local
from orchestrator.server.api.problems import MALFORMED_REQUEST, MISDIRECTED, problem
from orchestrator.server.api.requests.incoming import CLOSE

_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(:[0-9]{0,5})?")
_LOCAL = ("localhost", "*.localhost", "127.0.0.1", "[::1]")


def answered_hosts(settings: Settings) -> tuple[str, ...]:
    """The names that a service with these settings answers to; empty: to any."""
    public = urlsplit(settings.public_url).hostname or ""
    if ":" in public:
        public = f"[{public}]"
    if settings.allowed_hosts or is_local(settings.host):
        given = (_bracketed(settings.host), public, *settings.allowed_hosts)
        return (*_LOCAL, *(name for name in given if name))
    return ()


class HostMiddleware:
    """Refuses requests for any other host. A request without ``Host`` comes from no browser, and passes."""

    def __init__(self, app: ASGIApp, answered: Iterable[str]) -> None:
        self._app = app
        self._names = frozenset(answered)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
            if len(given) > 1:
                detail = "Send one Host header."
                await problem(MALFORMED_REQUEST, detail, headers=CLOSE)(scope, receive, send)
                return
            if given and self._names and not self._answers(given[0]):
                detail = (
                    f"This service does not answer as {shown(given[0])}: use localhost, or name the host in "
                    f"{variable_of('allowed_hosts')} or {variable_of('public_url')}."
                )
                await problem(MISDIRECTED, detail, headers=CLOSE)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _answers(self, host: str) -> bool:
        found = _HOST.fullmatch(host.lower())
        if not found:
            return False
        name = found[1].removesuffix(".")
        if name in self._names:
            return True
        labels = name.split(".")
        return any(f"*.{'.'.join(labels[at:])}" in self._names for at in range(1, len(labels)))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host.lower()
