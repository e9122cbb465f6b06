"""Asking Modal for something, over a network that fails now and then."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpclib.exceptions
import modal

from config.errors import Unavailable

T = TypeVar("T")
log = logging.getLogger(__name__)

NETWORK = (
    grpclib.exceptions.GRPCError,
    grpclib.exceptions.StreamTerminatedError,
    modal.exception.ConnectionError,
    modal.exception.InternalError,
    modal.exception.ServiceError,
    OSError,
)
"""What is raised where Modal, or the way to it, and not what was asked, has failed."""
REFUSALS = (*NETWORK, modal.exception.Error)
"""All that asking Modal can raise; what a call itself raised apart."""
_WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)


async def steady(what: str, ask: Callable[[], Awaitable[T]]) -> T:
    """What ``ask`` answers, asked again, up to seven times in all, where the network fails. Raises
    ``Unavailable`` when that has not helped, and what else ``ask`` raises."""
    for wait_s in _WAITS_S:
        try:
            return await ask()
        except NETWORK as error:
            log.warning("%s: asking Modal again: %s", what, error)
            # Jitter, so that many that failed together do not ask together.
            await asyncio.sleep(wait_s * random.uniform(0.7, 1.3))
    try:
        return await ask()
    except NETWORK as error:
        raise Unavailable(f"{what}: Modal cannot be reached: {error}", "ask again") from error
