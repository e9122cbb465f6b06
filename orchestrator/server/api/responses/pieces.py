"""A streaming response from an iterator that runs in a thread, and is closed at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping

import anyio
from starlette.concurrency import iterate_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class Pieces(StreamingResponse):
    """The bytes of an iterator. It closes the iterator at the end and when the client disconnects; otherwise
    an open file would wait for the garbage collector."""

    def __init__(
        self,
        pieces: Iterator[bytes],
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
    ) -> None:
        self._pieces = pieces
        super().__init__(_read(pieces), status_code, headers, media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if close := getattr(self._pieces, "close", None):
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(close)


async def _read(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in iterate_in_threadpool(pieces):
        yield piece
