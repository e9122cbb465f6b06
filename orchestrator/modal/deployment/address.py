"""The scheme of the addresses that the web function answers with."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from orchestrator.modal.calls import MODAL_ERRORS

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]


class AsAddressed:
    """``app``, whose requests have the scheme of the web function's own address.

    Modal ends TLS before its containers, and does not document which scheme it passes on. Share links, the
    addresses of files and whether a cookie is ``Secure`` depend on it.
    """

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Awaitable[None]],
        web_url: Callable[[], Awaitable[str | None]],
    ) -> None:
        self._app = app
        self._web_url = web_url
        self._scheme = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._scheme = self._scheme or await self._asked()
            scope["scheme"] = self._scheme or scope.get("scheme", "http")
        await self._app(scope, receive, send)

    async def _asked(self) -> str:
        try:
            return (await self._web_url() or "").partition("://")[0]
        except MODAL_ERRORS as error:
            log.warning("Modal does not say where the web function is: %s", error)
            return ""
