"""Keeps engines, the web function and the songs' call warm at set times: one container each, from a time of
``SONGWRIGHT_MODAL__WARM`` for ``SONGWRIGHT_MODAL__WARM_S`` seconds, and then as many as are declared."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

import modal

from orchestrator.modal.calls import retrying

log = logging.getLogger(__name__)

_UNTIL = "until"


class Warmth:
    """Stores until when containers stay warm, for all containers, and sets Modal's autoscaler to that.

    A deployment resets every autoscaler to what is declared, and the call that ends a window may be lost. So
    ``keep`` compares the autoscalers with the stored time at every call.
    """

    def __init__(
        self,
        name: str,
        hosts: Mapping[str, Any],
        window_s: float,
        functions: Mapping[str, tuple[Any, int]] | None = None,
    ) -> None:
        """``hosts``: by craft, an object of its class on Modal. ``functions``: by name, other functions on
        Modal, each with the number of containers that it declares."""
        self._dict = modal.Dict.from_name(name, create_if_missing=True)
        self._hosts = hosts
        self._window_s = window_s
        self._functions = functions or {}

    async def begin(self, now_s: float | None = None) -> None:
        """Keeps one container of each warm from now, for the window's seconds."""
        until_s = (time.time() if now_s is None else now_s) + self._window_s
        await retrying("warming", lambda: self._dict.put.aio(_UNTIL, until_s))
        await self.keep(now_s)

    async def wake(self) -> None:
        """Waits until a container of each engine has loaded its model. Raises the error of one that fails."""
        await asyncio.gather(*(host.wake.remote.aio() for host in self._hosts.values()))

    async def keep(self, now_s: float | None = None) -> None:
        """Sets the autoscalers: at least one container of each within a window, and as declared outside."""
        until_s = await retrying("warming", lambda: self._dict.get.aio(_UNTIL, 0.0))
        containers = int(until_s > (time.time() if now_s is None else now_s))
        # For Modal, a class without parameters and its methods are one function, with one autoscaler.
        wanted = [(craft, host.step, containers) for craft, host in self._hosts.items()]
        for name, (function, declared) in self._functions.items():
            wanted.append((name, function, max(containers, declared)))
        await asyncio.gather(*(_set_containers(*each) for each in wanted))


async def _set_containers(name: str, function: Any, containers: int) -> None:
    autoscaler = function.autoscaler
    settings = await retrying("warming", lambda: autoscaler.settings.aio())
    if (settings.min_containers or 0) != containers:
        await retrying("warming", lambda: autoscaler.update.aio(min_containers=containers))
        log.info("%s: %s", name, "kept warm" if containers else "let go")
