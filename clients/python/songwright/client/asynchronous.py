"""The client for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, Unpack

import httpx

from songwright.answers import Plan, Song, Source, Summary
from songwright.calls import Changes, MusicRequest, NewPart, PhotoRequest, SongRequest, Take
from songwright.client.operations import PAGE_SIZE, Operations, Photo, Recording, Rights
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
from songwright.following import OnProgress
from songwright.retry import Settings, timeout_of

T = TypeVar("T")


class AsyncClient:
    """``Client`` for asyncio. The methods and their promises are the same; await them, and iterate ``songs``
    with ``async for``. Callbacks are plain functions; the event loop calls them."""

    def __init__(self, url: str, token: str, **settings: Unpack[Settings]) -> None:
        """As ``Client``."""
        self._operations = Operations(settings)
        self._timeout_s = timeout_of(settings)
        self._http = opened(httpx.AsyncClient, url, token)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """As ``Client.close``."""
        await self._http.aclose()

    async def generate(
        self,
        description: str | None = None,
        *,
        idempotency_key: str | None = None,
        listen: bool = False,
        **request: Unpack[SongRequest],
    ) -> Song:
        """As ``Client.generate``."""
        return await self._run(
            self._operations.generate(description, request, idempotency_key, listen=listen)
        )

    async def generate_like(
        self,
        song: Song | str,
        *,
        idempotency_key: str | None = None,
        listen: bool = False,
        **changes: Unpack[Changes],
    ) -> Song:
        """As ``Client.generate_like``."""
        return await self._run(self._operations.generate_like(song, changes, idempotency_key, listen=listen))

    async def extend(
        self,
        song: Song | str,
        by_s: float,
        *,
        from_s: float | None = None,
        before: bool = False,
        idempotency_key: str | None = None,
        **part: Unpack[NewPart],
    ) -> Song:
        """As ``Client.extend``."""
        flow = self._operations.extend(song, by_s, part, idempotency_key, from_s=from_s, before=before)
        return await self._run(flow)

    async def repaint(
        self,
        song: Song | str,
        start_s: float,
        end_s: float,
        *,
        idempotency_key: str | None = None,
        **part: Unpack[NewPart],
    ) -> Song:
        """As ``Client.repaint``."""
        return await self._run(self._operations.repaint(song, start_s, end_s, part, idempotency_key))

    async def remix(
        self,
        song: Song | str,
        prompt: str,
        *,
        strength: float | None = None,
        idempotency_key: str | None = None,
        **take: Unpack[Take],
    ) -> Song:
        """As ``Client.remix``."""
        return await self._run(self._operations.remix(song, prompt, take, idempotency_key, strength=strength))

    async def resing(
        self, song: Song | str, lyrics: str, *, idempotency_key: str | None = None, **take: Unpack[Take]
    ) -> Song:
        """As ``Client.resing``."""
        return await self._run(self._operations.resing(song, lyrics, take, idempotency_key))

    async def finish(self, song: Song | str, *, idempotency_key: str | None = None) -> Song:
        """As ``Client.finish``."""
        return await self._run(self._operations.finish(song, idempotency_key))

    async def stems(
        self, song: Song | str, *, idempotency_key: str | None = None, **take: Unpack[Take]
    ) -> Song:
        """As ``Client.stems``."""
        return await self._run(self._operations.stems(song, take, idempotency_key))

    async def generate_from_image(
        self,
        image: Photo,
        *,
        idempotency_key: str | None = None,
        listen: bool = False,
        **request: Unpack[PhotoRequest],
    ) -> Song:
        """As ``Client.generate_from_image``."""
        return await self._run(
            self._operations.generate_from_image(image, request, idempotency_key, listen=listen)
        )

    async def generate_music(
        self, *, idempotency_key: str | None = None, **request: Unpack[MusicRequest]
    ) -> Song:
        """As ``Client.generate_music``."""
        return await self._run(self._operations.generate_music(request, idempotency_key))

    async def upload_audio(self, audio: Recording, rights: Rights, *, name: str = "") -> Source:
        """Send a recording to make songs from: a WAV, FLAC, MP3, Ogg or M4A file, or its bytes. ``rights`` is
        your word that you may use it, and is kept with every song that is made from it. The same file is the
        same source, however often it is sent. Raises ``FileFailed`` where the file cannot be read."""
        return await self._run(self._operations.upload_audio(audio, rights, name))

    async def sources(self) -> tuple[Source, ...]:
        """The recordings that the service keeps, newest first."""
        return await self._run(self._operations.sources())

    async def delete_source(self, source: Source | str) -> None:
        """Delete a recording. Songs that were made from it stay."""
        await self._run(self._operations.delete_source(source))

    async def plan(self, description: str | None = None, **request: Unpack[SongRequest]) -> Plan:
        """As ``Client.plan``."""
        return await self._run(self._operations.plan(description, request))

    async def quote(self, description: str | None = None, **request: Unpack[SongRequest]) -> dict[str, Any]:
        """As ``Client.quote``."""
        return await self._run(self._operations.quote(description, request))

    async def wait(
        self, song: Song | str, *, timeout_s: float | None = None, on_progress: OnProgress | None = None
    ) -> Song:
        """As ``Client.wait``."""
        return await self._run(self._operations.wait(song, timeout_s, on_progress))

    async def listen(self, song: Song | str) -> AsyncIterator[bytes]:
        """As ``Client.listen``; iterate with ``async for``."""
        flow = self._operations.listen(song)
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

    async def song(self, song_id: str) -> Song:
        """As ``Client.song``."""
        return await self._run(self._operations.song(song_id))

    async def songs(self, *, after: str = "", page_size: int = PAGE_SIZE) -> AsyncIterator[Summary]:
        """As ``Client.songs``."""
        cursor: str | None = after
        while cursor is not None:
            page = await self._run(self._operations.page(cursor, page_size))
            for song in page.songs:
                yield song
            cursor = page.next_cursor

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
