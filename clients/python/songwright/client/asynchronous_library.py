"""The part of the client for asyncio that is about the library, and what runs its flows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from songwright.answers import ShareLink, Song, Summary
from songwright.client.operations import PAGE_SIZE, Operations
from songwright.client.transport import (
    lost,
    opened,
    request_arguments,
    response_of,
    with_jitter,
)
from songwright.download import OnBytes
from songwright.effects import Done, Effect, Flow, Hand, Lost, Open, Read, Send, Sleep, Work, advance
from songwright.errors import ClientClosed
from songwright.library.calls import Filters, Labels
from songwright.library.watching import LibraryEvent
from songwright.retry import Settings, timeout_of

T = TypeVar("T")


class AsyncLibrary:
    """What ``AsyncClient`` does with the songs that there are."""

    def __init__(self, url: str, token: str, **settings: Unpack[Settings]) -> None:
        """As ``Client``."""
        self._operations = Operations(settings)
        self._timeout_s = timeout_of(settings)
        self._http = opened(httpx.AsyncClient, url, token)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """As ``Client.close``."""
        await self._http.aclose()

    async def song(self, song_id: str) -> Song:
        """As ``Client.song``."""
        return await self._run(self._operations.song(song_id))

    async def songs(
        self, *, after: str = "", page_size: int = PAGE_SIZE, **filters: Unpack[Filters]
    ) -> AsyncIterator[Summary]:
        """As ``Client.songs``."""
        cursor: str | None = after
        while cursor is not None:
            page = await self._run(self._operations.page(cursor, page_size, filters))
            for song in page.songs:
                yield song
            cursor = page.next_cursor

    async def update(self, song: Song | str, **labels: Unpack[Labels]) -> Song:
        """As ``Client.update``."""
        return await self._run(self._operations.update(song, labels))

    async def share(self, song: Song | str, *, expires_s: int | None = None) -> ShareLink:
        """As ``Client.share``."""
        return await self._run(self._operations.share(song, expires_s))

    async def watch(self) -> AsyncIterator[LibraryEvent]:
        """As ``Client.watch``; iterate with ``async for``."""
        async with aclosing(self._handed(self._operations.watch())) as handed:
            async for event in handed:
                yield event

    async def download(
        self, song: Song | str, role: str, path: str | Path, *, on_bytes: OnBytes | None = None
    ) -> Path:
        """As ``Client.download``."""
        return await self._run(self._operations.download(song, role, path, on_bytes))

    async def cancel(self, song: Song | str) -> Song:
        """As ``Client.cancel``."""
        return await self._run(self._operations.cancel(song))

    async def delete(self, song: Song | str) -> None:
        """As ``Client.delete``."""
        await self._run(self._operations.delete(song))

    async def _handed(self, flow: Flow[None]) -> AsyncGenerator[Any]:
        """What the flow hands over."""
        if self._http.is_closed:
            raise ClientClosed
        with closing(flow):
            async with AsyncExitStack() as connection:
                driver = _Driver(self._http, self._timeout_s, connection)
                step = advance(flow, None)
                while not isinstance(step, Done):
                    if isinstance(step, Hand):
                        yield step.data
                        step = advance(flow, None)
                    else:
                        step = advance(flow, await driver.perform(step))

    async def _run(self, flow: Flow[T]) -> T:
        if self._http.is_closed:
            raise ClientClosed
        with closing(flow):
            async with AsyncExitStack() as connection:
                driver = _Driver(self._http, self._timeout_s, connection)
                step = advance(flow, None)
                while not isinstance(step, Done):
                    step = advance(flow, await driver.perform(step))
                return step.result


class _Driver:
    """As that of the blocking client, for asyncio."""

    def __init__(self, http: httpx.AsyncClient, timeout_s: float, connection: AsyncExitStack) -> None:
        self._http = http
        self._timeout_s = timeout_s
        self._connection = connection
        self._stream: AsyncIterator[bytes] = _no_bytes()

    async def perform(self, effect: Effect) -> Any:
        """The outcome of ``effect``; ``Lost`` is returned, not raised."""
        try:
            match effect:
                case Send(request):
                    response = await self._http.request(**request_arguments(request, self._timeout_s))
                    return response_of(response, response.content)
                case Open(request):
                    await self._connection.aclose()
                    opening = self._http.stream(**request_arguments(request, self._timeout_s))
                    response = await self._connection.enter_async_context(opening)
                    self._stream = response.aiter_bytes()
                    return response_of(response, b"" if response.is_success else await response.aread())
                case Read():
                    return await anext(self._stream, b"")
                case Sleep(seconds):
                    return await asyncio.sleep(with_jitter(seconds))
                case Work(work):
                    return await asyncio.to_thread(work)
        except httpx.RequestError as error:
            return lost(error)
        except Lost as failure:
            return failure


async def _no_bytes() -> AsyncIterator[bytes]:
    return
    yield b""
