"""Requests to Modal, over a network that fails now and then.

In client 1.6.4 most classes of ``modal.exception`` inherit grpclib's ``GRPCError``, those of a request that
can never succeed among them, so a class says nothing until it is looked at by itself: see ``passes``.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import grpclib.exceptions
import modal

from config.errors import Unavailable

T = TypeVar("T")
log = logging.getLogger(__name__)

REFUSALS = (
    modal.exception.Error,
    grpclib.exceptions.GRPCError,
    grpclib.exceptions.StreamTerminatedError,
    aiohttp.ClientError,  # large inputs and outputs travel by HTTP
    OSError,
)
"""All that a request to Modal can raise; what a called function itself raised apart."""

_PASSING = (
    modal.exception.ConnectionError,
    modal.exception.InternalError,
    modal.exception.ResourceExhaustedError,
    modal.exception.ServiceError,
)
"""Of Modal's own classes those of a request that may succeed later, as it is."""
_PASSING_STATUSES = {
    grpclib.Status.CANCELLED,
    grpclib.Status.DEADLINE_EXCEEDED,
    grpclib.Status.INTERNAL,
    grpclib.Status.RESOURCE_EXHAUSTED,
    grpclib.Status.UNAVAILABLE,
    grpclib.Status.UNKNOWN,
}
"""The same of a gRPC error that the client has not translated: what it makes ``_PASSING`` of."""
_FORGOTTEN = (
    modal.exception.NotFoundError,
    modal.exception.OutputExpiredError,  # its result is kept for seven days
    modal.exception.InternalFailure,
)
_NOT_ALLOWED = (
    modal.exception.AuthError,
    modal.exception.ClientClosed,
    modal.exception.PermissionDeniedError,
    modal.exception.UnimplementedError,
    modal.exception.VersionError,
)
"""What says something of us, and nothing of the call that was asked about."""

_WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
_LIMITED_WAITS_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Where Modal refuses for its rate limit: asking sooner only keeps the limit reached."""


def passes(error: BaseException) -> bool:
    """Whether the same request may succeed a little later: Modal, or the way to it, has failed, and not what
    was asked."""
    if isinstance(error, modal.exception.Error):
        return isinstance(error, _PASSING)
    if isinstance(error, grpclib.exceptions.GRPCError):
        return error.status in _PASSING_STATUSES
    return isinstance(error, REFUSALS)


def is_lost(error: BaseException) -> bool:
    """Whether a call ended without its function having ended: Modal has forgotten it, or could not run it."""
    return isinstance(error, _FORGOTTEN)


async def steady(what: str, ask: Callable[[], Awaitable[T]]) -> T:
    """What ``ask`` answers, asked up to seven times in all while its error ``passes``: within 16 s, or within
    a minute where a rate limit is reached. Raises ``Unavailable`` when that has not helped, and at once what
    else ``ask`` raises."""
    for wait_s, limited_wait_s in zip(_WAITS_S, _LIMITED_WAITS_S, strict=True):
        try:
            return await ask()
        except REFUSALS as error:
            if not passes(error):
                raise
            log.warning("%s: asking Modal again: %s", what, error)
            limited = isinstance(error, modal.exception.ResourceExhaustedError)
            # Jitter, so that many that failed together do not ask together.
            await asyncio.sleep((limited_wait_s if limited else wait_s) * random.uniform(0.7, 1.3))
    try:
        return await ask()
    except modal.exception.ResourceExhaustedError as error:
        limit = f"{what}: Modal takes no more for now: {error}"
        raise Unavailable(limit, "ask again in a minute; see the workspace's limits and budget") from error
    except REFUSALS as error:
        if not passes(error):
            raise
        raise Unavailable(f"{what}: Modal cannot be reached: {error}", "ask again") from error


async def lives(call_id: str, within_s: float = 0.0) -> bool:
    """Whether the call is still to answer after so many seconds; one that Modal has forgotten is not. True
    too while Modal cannot be reached. Raises what keeps us from asking: a refused token, a client too old."""
    call = modal.FunctionCall.from_id(call_id)
    try:
        await call.get.aio(timeout=within_s)
    except TimeoutError:
        return True
    except _NOT_ALLOWED:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the function raised, its call has ended
        # An ``OSError`` is the function's own: the client makes ``ConnectionError`` of the network's.
        return passes(error) and not isinstance(error, OSError)
    return False


async def stop(call_id: str, within_s: float) -> None:
    """Cancels the call, and waits for so many seconds until it has ended. Raises ``Unavailable`` where Modal
    could not cancel it."""
    call = modal.FunctionCall.from_id(call_id)
    try:
        await steady("cancelling", lambda: call.cancel.aio())
    except REFUSALS as error:
        if is_lost(error):
            return  # a call that Modal does not know any more has ended
        raise Unavailable(f"Modal could not cancel a call: {error}", "ask again") from error
    await lives(call_id, within_s)
