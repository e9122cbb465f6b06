"""Work for one client alone, which ends when that client disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from config.errors import Cancelled

T = TypeVar("T")


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``. If the client disconnects, it cancels the work and raises ``Cancelled``, which
    no client sees. The request's body must have been read."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise Cancelled
    finally:
        for each in (task, gone):
            each.cancel()
        await asyncio.wait((task, gone))
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not report it as lost


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue
