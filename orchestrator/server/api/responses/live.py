"""The sound of a song while it is made, as a WAV file that is sent as it grows.

It has no validators and no ranges: it will be another file once the song is done. A range is answered with
all of it, as the standard allows (RFC 9110, section 14.2)."""

from __future__ import annotations

import asyncio
import logging

from fastapi import Request
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from music.hearing.pieces import MEDIA_TYPE
from orchestrator.server.api.problems import LISTENERS, PRECONDITION, problem, retry_after
from orchestrator.server.api.requests.connection import while_connected
from orchestrator.server.http.naming import disposition
from orchestrator.server.service import Service
from orchestrator.songs.export import plain_title
from orchestrator.songs.manifest import Song, Status
from orchestrator.workers.recording import Recording

log = logging.getLogger(__name__)

_BYTES = 1 << 16
_PLACE_RETRY_S = 10


async def live_response(request: Request, service: Service, song: Song) -> Response | None:
    """The sound of ``song``, once there is some: a GET waits for it. None if the song is not to be heard
    before it is done, or has ended meanwhile."""
    recording = _recording(service, song)
    if recording is None:
        return None
    if request.headers.get("if-match", "*").strip() != "*":
        detail = "The song is being made: its sound has no version yet that a condition could name."
        return problem(PRECONDITION, detail)
    if request.method == "GET" and not recording.begun:
        await while_connected(request, _change(recording))
        if not recording.begun:
            return None
    name = disposition("inline", f"{plain_title(song)}.wav", song.id)
    return LiveSound(recording, service, name)


def _recording(service: Service, song: Song) -> Recording | None:
    """The recording of a song at work, if somebody asked to hear it in time, or asks now while the song is
    still planned."""
    listening = service.listening
    if listening is None or not song.status.at_work:
        return None
    known, music = listening.recording(song.id), service.engines().get("music")
    if known or song.status is not Status.PLANNING or not (music and music.begins_early):
        return known
    return listening.want(song.id) if service.jobs.is_made(song.id) else None


async def _change(recording: Recording) -> None:
    """Waits until the recording has begun, or ended without."""
    changed = _Changed()
    with recording.reading(changed.set):
        while not recording.begun and not recording.ended:
            await changed.wait()


class LiveSound(Response):
    """Sends a recording from its begin to its end, and takes a listener's place meanwhile. Every client reads
    the same file, as fast as it likes: of each there are ``_BYTES`` in memory. If the song fails or is
    stopped, the connection is broken off, so that nobody takes the rest for the whole."""

    media_type = MEDIA_TYPE

    def __init__(self, recording: Recording, service: Service, name: str) -> None:
        self._recording = recording
        self._service = service
        headers = {
            "Accept-Ranges": "none",
            "Cache-Control": "no-store",
            "Content-Disposition": name,
            "X-Accel-Buffering": "no",
        }
        super().__init__(headers=headers)
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = HTTPConnection(scope).app.state
        if scope["method"] == "HEAD":
            await self._start(send)
            await send({"type": "http.response.body"})
            return
        # A signed address has no token, and so no holder.
        with state.listeners.place(scope.get("songwright.token", "")) as free:
            if free:
                await self._send(receive, send)
                return
        detail = "As many clients listen as may: ask again later, or when the song is done."
        await problem(LISTENERS, detail, headers=retry_after(_PLACE_RETRY_S))(scope, receive, send)

    async def _start(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})

    async def _send(self, receive: Receive, send: Send) -> None:
        recording, changed, at = self._recording, _Changed(), 0
        with recording.reading(changed.set):
            gone = asyncio.ensure_future(_disconnected(receive, changed))
            try:
                await self._start(send)
                while not gone.done():
                    ended = recording.ended
                    data: bytes = await self._service.threads.run(recording.read, at, _BYTES)
                    if data:
                        at += len(data)
                        await send({"type": "http.response.body", "body": data, "more_body": True})
                    elif ended:
                        break
                    else:
                        await changed.wait()
                if recording.whole:
                    await send({"type": "http.response.body"})
                elif not gone.done():
                    facts = {"song_id": recording.song_id}
                    log.info("the song ended before its listeners had heard it", extra=facts)
            finally:
                gone.cancel()
                await asyncio.wait([gone])


class _Changed:
    """Wakes a task of the event loop from any thread."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def set(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self) -> None:
        await self._event.wait()
        self._event.clear()


async def _disconnected(receive: Receive, changed: _Changed) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    changed.set()
