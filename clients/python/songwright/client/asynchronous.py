"""The client for asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Unpack

from songwright.answers import Plan, Song, Source
from songwright.calls import Changes, MusicRequest, NewCover, NewPart, PhotoRequest, SongRequest, Take
from songwright.client.asynchronous_library import AsyncLibrary
from songwright.client.operations import Photo, Recording, Rights
from songwright.following import OnProgress


class AsyncClient(AsyncLibrary):
    """``Client`` for asyncio. The methods and their promises are the same; await them, and iterate ``songs``
    with ``async for``. Callbacks are plain functions; the event loop calls them."""

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

    async def cover(
        self, song: Song | str, *, idempotency_key: str | None = None, **wanted: Unpack[NewCover]
    ) -> Song:
        """As ``Client.cover``."""
        return await self._run(self._operations.cover(song, wanted, idempotency_key))

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
        async with aclosing(self._handed(self._operations.listen(song))) as handed:
            async for data in handed:
                yield data
