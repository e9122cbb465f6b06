"""The sound of a song for a client that waits for it: while it is made, where its engine begins early, else
when it is done. The song itself is a durable job: a client that hangs up ends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from fastapi import Request
from starlette.responses import Response

from config.errors import EngineFailed, SongwrightError
from orchestrator.server.api.problems import of_failure
from orchestrator.server.api.requests.bodies.songs import Asking
from orchestrator.server.api.requests.connection import while_connected
from orchestrator.server.api.responses.live import LiveSound
from orchestrator.server.api.responses.ranges import asset_response
from orchestrator.server.api.song_requests import SongRequest, begin
from orchestrator.server.http.naming import disposition
from orchestrator.server.service import Service
from orchestrator.songs.brief import Brief
from orchestrator.songs.export import file_name
from orchestrator.songs.manifest import Song, Status
from orchestrator.workers.recording import Recording
from storage.contract import read

PIECE_BYTES = 49_152
"""Divisible by three, so that pieces of base64 can be put together as they are."""


class SongEnded(SongwrightError):
    """The song has failed or was cancelled: ``song`` says why."""

    def __init__(self, song: Song) -> None:
        super().__init__(song)
        self.song = song

    def __str__(self) -> str:
        return self.song.error.message if self.song.error else "The song was cancelled while you waited."


async def begun(service: Service, brief: Brief, notes: Sequence[str]) -> Song:
    """A new song, which can be heard while it is made if it is WAV and its engine begins early. Raises
    ``QueueFull`` and ``EngineUnavailable``."""
    listen = brief.format == "wav"
    songs = await begin(SongRequest(Asking(), brief, tuple(notes), listen=listen), service)
    return songs[0]


async def done(service: Service, song_id: str) -> Song:
    """The song once it is done. Raises ``SongEnded`` if it ends otherwise."""
    song = await service.jobs.wait(song_id)
    if song.status is not Status.DONE:
        raise SongEnded(song)
    return song


async def sound_response(request: Request, service: Service, song: Song) -> Response:
    """The song's sound as the body of a response: a WAV file while it grows, where that is possible."""
    headers = {"song-id": song.id, "Location": f"/songs/{song.id}"}
    recording = _recording(service, song.id)
    heard: bool = recording is not None and await while_connected(request, _begins(recording))
    if recording and heard:
        name = disposition("inline", f"{song.id}.wav", song.id)
        response: Response = LiveSound(recording, service, name)
    else:
        try:
            song = await done(service, song.id)
        except SongEnded as ended:
            return of_failure(ended.song)
        asset = song.assets["audio"]
        stat = await service.threads.run(service.library.store.stat, asset.key)
        name = disposition("inline", file_name(song, "audio"), song.id)
        response = asset_response(request, service.library.store, asset, stat, name)
    response.headers.update(headers)
    return response


async def sound_pieces(service: Service, song_id: str) -> AsyncIterator[bytes]:
    """The bytes of the song's file, in pieces of ``PIECE_BYTES``. Raises ``SongEnded``, also after the first
    pieces of a song that is heard while it is made."""
    rest, heard = b"", False
    async for data in _recorded(service, song_id):
        heard = True
        rest += data
        while len(rest) >= PIECE_BYTES:
            yield rest[:PIECE_BYTES]
            rest = rest[PIECE_BYTES:]
    if rest:
        yield rest
    if heard:
        return
    song = await done(service, song_id)
    content = await service.threads.run(read, service.library.store, song.assets["audio"].key)
    for start in range(0, len(content), PIECE_BYTES):
        yield content[start : start + PIECE_BYTES]


async def with_pauses(pieces: AsyncIterator[bytes], every_s: float) -> AsyncIterator[bytes | None]:
    """The pieces, and None whenever there was none for that long."""
    iterator = aiter(pieces)
    while True:
        piece = asyncio.ensure_future(anext(iterator))
        try:
            while not (await asyncio.wait([piece], timeout=every_s))[0]:
                yield None
        finally:
            if not piece.done():
                piece.cancel()
        try:
            yield piece.result()
        except StopAsyncIteration:
            return


def _recording(service: Service, song_id: str) -> Recording | None:
    """What records the song while it is made, if it can be heard then."""
    return service.listening.recording(song_id) if service.listening else None


class _Changes:
    """Wakes a task of the event loop from any thread."""

    def __init__(self) -> None:
        self._event, self._loop = asyncio.Event(), asyncio.get_running_loop()

    def set(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self) -> None:
        await self._event.wait()
        self._event.clear()


async def _begins(recording: Recording) -> bool:
    """Whether there is something to hear, as soon as that is known."""
    changes = _Changes()
    with recording.reading(changes.set):
        while not recording.begun and not recording.ended:
            await changes.wait()
    return recording.begun


async def _recorded(service: Service, song_id: str) -> AsyncIterator[bytes]:
    """What is heard of a song while it is made; nothing if it cannot be."""
    recording = _recording(service, song_id)
    if recording is None:
        return
    changes, at = _Changes(), 0
    with recording.reading(changes.set):
        while True:
            ended = recording.ended
            if data := await service.threads.run(recording.read, at, PIECE_BYTES):
                at += len(data)
                yield data
            elif ended:
                break
            else:
                await changes.wait()
    if at and not recording.whole:
        await done(service, song_id)  # it raises
        raise EngineFailed("music", "the song was made anew while you listened: read it at its address")
