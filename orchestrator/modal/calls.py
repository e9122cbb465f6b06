"""Requests to Modal, with retries for a network that fails now and then.

In client 1.6.4 most classes of ``modal.exception`` inherit grpclib's ``GRPCError``, even those of a request
that can never succeed. So each class is listed by itself: see ``is_transient``.
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

MODAL_ERRORS = (
    modal.exception.Error,
    grpclib.exceptions.GRPCError,
    grpclib.exceptions.StreamTerminatedError,
    aiohttp.ClientError,  # large inputs and outputs travel by HTTP
    OSError,
)
"""All errors of a request to Modal, without those that a called function itself raises."""

_TRANSIENT = (
    modal.exception.ConnectionError,
    modal.exception.InternalError,
    modal.exception.ResourceExhaustedError,
    modal.exception.ServiceError,
)
"""Modal's errors of a request that may succeed later, unchanged."""
_TRANSIENT_STATUSES = {
    grpclib.Status.CANCELLED,
    grpclib.Status.DEADLINE_EXCEEDED,
    grpclib.Status.INTERNAL,
    grpclib.Status.RESOURCE_EXHAUSTED,
    grpclib.Status.UNAVAILABLE,
    grpclib.Status.UNKNOWN,
}
"""The same for gRPC errors that the client has not translated."""
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
"""Errors about this client, which say nothing about the call."""

_WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
_LIMITED_WAITS_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Waits after Modal's rate limit: an earlier retry would only extend the limit."""


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed a little later: Modal or the network has failed, and the request
    is valid."""
    if isinstance(error, modal.exception.Error):
        return isinstance(error, _TRANSIENT)
    if isinstance(error, grpclib.exceptions.GRPCError):
        return error.status in _TRANSIENT_STATUSES
    return isinstance(error, MODAL_ERRORS)


def is_lost(error: BaseException) -> bool:
    """Whether Modal has forgotten a call, or could not run it: its function has not returned."""
    return isinstance(error, _FORGOTTEN)


async def retrying(what: str, request: Callable[[], Awaitable[T]]) -> T:
    """The result of ``request``, tried up to seven times while its error ``is_transient``: for 16 s, or for a
    minute at a rate limit. Raises ``Unavailable`` after the last try, and other errors of ``request`` at
    once."""
    for wait_s, limited_wait_s in zip(_WAITS_S, _LIMITED_WAITS_S, strict=True):
        try:
            return await request()
        except MODAL_ERRORS as error:
            if not is_transient(error):
                raise
            log.warning("%s: asking Modal again: %s", what, error)
            limited = isinstance(error, modal.exception.ResourceExhaustedError)
            # Jitter, so that requests that failed together are not repeated together.
            await asyncio.sleep((limited_wait_s if limited else wait_s) * random.uniform(0.7, 1.3))
    try:
        return await request()
    except modal.exception.ResourceExhaustedError as error:
        limit = f"{what}: Modal takes no more for now: {error}"
        raise Unavailable(limit, "ask again in a minute; see the workspace's limits and budget") from error
    except MODAL_ERRORS as error:
        if not is_transient(error):
            raise
        raise Unavailable(f"{what}: Modal cannot be reached: {error}", "ask again") from error


async def is_running(call_id: str, within_s: float = 0.0) -> bool:
    """Whether the call still runs after ``within_s`` seconds. False for a call that Modal has forgotten, True
    while Modal cannot be reached. Raises errors about this client: a refused token, a version too old."""
    call = modal.FunctionCall.from_id(call_id)
    try:
        await call.get.aio(timeout=within_s)
    except TimeoutError:
        return True
    except _NOT_ALLOWED:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the function raised, its call has ended
        # An ``OSError`` is the function's own: the client raises ``ConnectionError`` for the network's.
        return is_transient(error) and not isinstance(error, OSError)
    return False


async def stop(call_id: str, within_s: float) -> None:
    """Cancels the call, and waits up to ``within_s`` seconds for its end. Raises ``Unavailable`` if Modal
    could not cancel it."""
    call = modal.FunctionCall.from_id(call_id)
    try:
        await retrying("cancelling", lambda: call.cancel.aio())
    except MODAL_ERRORS as error:
        if is_lost(error):
            return  # a call that Modal has forgotten has ended
        raise Unavailable(f"Modal could not cancel a call: {error}", "ask again") from error
    await is_running(call_id, within_s)
