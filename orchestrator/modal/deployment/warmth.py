"""Engines that are kept warm at set times: a container each, from a time of ``SONGWRIGHT_MODAL__WARM`` for as
long as ``SONGWRIGHT_MODAL__WARM_S`` says, and then none."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

import modal

from orchestrator.modal.calls import steady

log = logging.getLogger(__name__)

_UNTIL = "until"


class Warmth:
    """Until when engines are warm, kept where all containers see it, and Modal's autoscaler held to that.

    A deployment sets every autoscaler back to none, and whoever was to end a window may be lost: so ``keep``
    compares what is with what is to be, as often as it is called.
    """

    def __init__(self, name: str, hosts: Mapping[str, Any], window_s: float) -> None:
        """``hosts``: by craft, an object of its class on Modal."""
        self._kept = modal.Dict.from_name(name, create_if_missing=True)
        self._hosts = hosts
        self._window_s = window_s

    async def begin(self, now_s: float | None = None) -> None:
        """Has each engine kept warm for the window's seconds from now."""
        until_s = (time.time() if now_s is None else now_s) + self._window_s
        await steady("warming", lambda: self._kept.put.aio(_UNTIL, until_s))
        await self.keep(now_s)

    async def keep(self, now_s: float | None = None) -> None:
        """Sees to it that one container of each engine is kept within a window, and none outside."""
        until_s = await steady("warming", lambda: self._kept.get.aio(_UNTIL, 0.0))
        containers = int(until_s > (time.time() if now_s is None else now_s))
        await asyncio.gather(*(self._hold(craft, containers) for craft in self._hosts))

    async def _hold(self, craft: str, containers: int) -> None:
        # A class without parameters and its methods are one function to Modal, with one autoscaler.
        autoscaler = self._hosts[craft].step.autoscaler
        settings = await steady("warming", lambda: autoscaler.settings.aio())
        if (settings.min_containers or 0) != containers:
            await steady("warming", lambda: autoscaler.update.aio(min_containers=containers))
            log.info("the %s engine is %s", craft, "kept warm" if containers else "let go")
