"""``Client`` and ``AsyncClient``: the same calls, one blocking, the other to be awaited.

Both only drive the generators of the modules beside this one (see ``songwright.effects``) and talk HTTP
through httpx. A client may be used by several threads, or tasks, at once.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, Unpack, cast

from songwright import calls
from songwright.answers import Page, Plan, Song, page_of, song_of
from songwright.answers import Summary as SongSummary
from songwright.calls import Asked, Changes, Music, Pictured
from songwright.download import OnBytes, downloaded
from songwright.effects import Answer, Effect, Flow, Lost, Open, Read, Request, Send, Sleep, Work, worked
from songwright.following import OnProgress, Wait
from songwright.retry import Settings, answered, patience, told

try:
    import httpx
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "the client needs httpx: pip install 'songwright[client]'", name=missing.name
    ) from missing

T = TypeVar("T")
Photo = bytes | str | Path
"""A picture, or the path of its file."""
_JITTER = 0.25  # of a pause, so that clients that were refused together do not come back together
_PAGE = 50
_CONNECT_S = 10.0


class _Calls:
    """What a client can do, as flows; and the settings that they share."""

    def __init__(self, url: str, token: str, settings: Settings) -> None:
        """Raises ``ValueError`` for an address that is not one."""
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url!r} is no address of a service: it begins with http:// or https://")
        self._timeout_s = settings.get("timeout_s", 60.0)
        self._poll_s = settings.get("poll_s", 2.0)
        self._patience = patience(settings)
        self._options: dict[str, Any] = {
            "base_url": url,
            "headers": {"Authorization": f"Bearer {token}", "User-Agent": "songwright-client"},
            "follow_redirects": True,  # files of a bucket are read from there; the token is not sent along
            "limits": httpx.Limits(max_connections=None),  # one for each song that is waited for
        }

    def _arguments(self, request: Request) -> dict[str, Any]:
        silence_s = self._timeout_s if request.silence_s is None else request.silence_s
        return {
            "method": request.method,
            "url": request.path,
            **_content(request),
            "headers": request.headers,
            "params": request.params,
            "timeout": httpx.Timeout(
                self._timeout_s, connect=min(_CONNECT_S, self._timeout_s), read=silence_s
            ),
        }

    def _json(self, request: Request) -> Flow[dict[str, Any]]:
        return told(request, self._patience, dict)

    def _song(self, request: Request) -> Flow[Song]:
        return told(request, self._patience, song_of)

    def _pictured(self, image: Photo, asked: Pictured, idempotency_key: str) -> Flow[Song]:
        photo = image if isinstance(image, bytes) else (yield from worked(Path(image).read_bytes))
        return (yield from self._song(calls.generate_from_image(photo, asked, idempotency_key)))

    def _music(self, request: Request) -> Flow[Song]:
        # A piece that was made before is answered as MusicGen's services answered, without its manifest.
        known = yield from told(request, self._patience, _song_or_id)
        return known if isinstance(known, Song) else (yield from self._song(calls.song(known)))

    def _page(self, cursor: str, size: int) -> Flow[Page]:
        return told(calls.songs(cursor, size), self._patience, page_of)

    def _plan(self, description: str | None, asked: Asked) -> Flow[Plan]:
        return told(calls.plan(description, asked), self._patience, _plan_of)

    def _delete(self, song_id: str) -> Flow[None]:
        yield from answered(calls.delete(song_id), self._patience, gone=True)

    def _wait(self, song: Song | str, timeout_s: float | None, on_progress: OnProgress | None) -> Flow[Song]:
        return Wait(_id(song), self._patience, on_progress, timeout_s, self._poll_s).done()

    def _download(self, song: Song | str, role: str, path: Path, on_bytes: OnBytes | None) -> Flow[Path]:
        if isinstance(song, str) or role not in song.assets:
            song = yield from self._song(calls.song(_id(song)))
        return (yield from downloaded(song, role, path, self._patience, on_bytes))


class Client(_Calls):
    """A Songwright service at ``url``. Use it in a ``with`` statement, or ``close`` it.

    Every method may raise ``ApiError`` and ``ConnectionFailed``. Before that, 429 and 503 are asked again
    after the time they name, 500 once, and a connection that was lost a few times: no retry makes a second
    song.
    """

    def __init__(self, url: str, token: str, **settings: Unpack[Settings]) -> None:
        super().__init__(url, token, settings)
        self._http = httpx.Client(**self._options)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets the connections go."""
        self._http.close()

    def generate(
        self, description: str | None = None, *, idempotency_key: str = "", **asked: Unpack[Asked]
    ) -> Song:
        """Asks for a song and returns it as it is now, most often queued: ``wait`` for it. Its words are a
        description, or ``prompt`` and ``lyrics``, or ``prompt`` and ``described_lyrics``; anything else is a
        ``TypeError``. A key of your own lets another process ask again for the same song."""
        return self._run(self._song(calls.generate(description, asked, idempotency_key)))

    def generate_like(
        self, song: Song | str, *, idempotency_key: str = "", **changes: Unpack[Changes]
    ) -> Song:
        """Asks for a song of the library again, the same but for ``changes``."""
        return self._run(self._song(calls.generate_like(_id(song), changes, idempotency_key)))

    def generate_from_image(
        self, image: Photo, *, idempotency_key: str = "", **asked: Unpack[Pictured]
    ) -> Song:
        """As ``generate``, from a photo: a PNG, JPEG or WebP file, or its bytes. What was read from it is
        ``Song.manifest["scene"]``. Raises ``OSError`` for a file that cannot be read."""
        return self._run(self._pictured(image, asked, idempotency_key))

    def generate_music(self, *, idempotency_key: str = "", **asked: Unpack[Music]) -> Song:
        """As ``generate``, music without words or cover: by a ``prompt``, or by ``mood``, ``energy`` and
        ``genres``; anything else is a ``TypeError``."""
        return self._run(self._music(calls.generate_music(asked, idempotency_key)))

    def plan(self, description: str | None = None, **asked: Unpack[Asked]) -> Plan:
        """The plan alone, to edit and give to ``generate`` as ``plan``. Nothing is stored."""
        return self._run(self._plan(description, asked))

    def quote(self, description: str | None = None, **asked: Unpack[Asked]) -> dict[str, Any]:
        """What the song would take: the service's ``POST /quote``."""
        return self._run(self._json(calls.quote(description, asked)))

    def wait(
        self,
        song: Song | str,
        *,
        timeout_s: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Song:
        """The song once it is done. Follows its events, through broken connections and restarts of the
        service; where these cannot be had, it logs a warning and asks every ``poll_s``. Raises
        ``SongFailed``, ``SongCancelled``, and ``WaitTimeout`` soon after ``timeout_s``."""
        return self._run(self._wait(song, timeout_s, on_progress))

    def song(self, song_id: str) -> Song:
        """The song as it is now."""
        return self._run(self._song(calls.song(song_id)))

    def songs(self, *, after: str = "", page_size: int = _PAGE) -> Iterator[SongSummary]:
        """The library, newest first, from the song after the one with this id."""
        cursor: str | None = after
        while cursor is not None:
            page = self._run(self._page(cursor, page_size))
            yield from page.songs
            cursor = page.next_cursor

    def download(
        self, song: Song | str, role: str, path: str | Path, *, on_bytes: OnBytes | None = None
    ) -> Path:
        """Writes a file of the song, "audio", "cover", "stem:vocals" or another of ``Song.assets``, or
        "package", all of them in one ZIP; to ``path``, or into it under its own name where it is a folder.
        A download that breaks goes on where it broke off; the file is there only when it is whole, with the
        manifest's SHA-256. ``on_bytes`` is told how many bytes came and how many there are. Raises
        ``DownloadFailed`` and ``OSError``."""
        return self._run(self._download(song, role, Path(path), on_bytes))

    def cancel(self, song: Song | str) -> Song:
        """Stops making the song."""
        return self._run(self._song(calls.cancel(_id(song))))

    def delete(self, song: Song | str) -> None:
        """Deletes the song with its files; one that is being made is cancelled first."""
        self._run(self._delete(_id(song)))

    def _run(self, flow: Flow[T]) -> T:
        with closing(flow), ExitStack() as connection:
            stream: Iterator[bytes] = iter(())
            outcome: Any = None
            while True:
                try:
                    effect: Effect = flow.throw(outcome) if isinstance(outcome, Lost) else flow.send(outcome)
                except StopIteration as end:
                    result: T = end.value
                    return result
                outcome = None
                try:
                    match effect:
                        case Send(request):
                            response = self._http.request(**self._arguments(request))
                            outcome = _answer(response, response.content)
                        case Open(request):
                            connection.close()
                            opening = self._http.stream(**self._arguments(request))
                            response = connection.enter_context(opening)
                            outcome = _answer(response, b"" if response.is_success else response.read())
                            stream = response.iter_bytes()
                        case Read():
                            outcome = next(stream, b"")
                        case Sleep(seconds):
                            time.sleep(_jittered(seconds))
                        case Work(work):
                            outcome = work()
                except httpx.RequestError as error:
                    outcome = _lost(error)


class AsyncClient(_Calls):
    """``Client`` for asyncio: the same methods with the same promises, to be awaited; ``songs`` is for
    ``async for``. Callbacks are plain functions, and are called in the event loop."""

    def __init__(self, url: str, token: str, **settings: Unpack[Settings]) -> None:
        super().__init__(url, token, settings)
        self._http = httpx.AsyncClient(**self._options)

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
        self, description: str | None = None, *, idempotency_key: str = "", **asked: Unpack[Asked]
    ) -> Song:
        """As ``Client.generate``."""
        return await self._run(self._song(calls.generate(description, asked, idempotency_key)))

    async def generate_like(
        self, song: Song | str, *, idempotency_key: str = "", **changes: Unpack[Changes]
    ) -> Song:
        """As ``Client.generate_like``."""
        return await self._run(self._song(calls.generate_like(_id(song), changes, idempotency_key)))

    async def generate_from_image(
        self, image: Photo, *, idempotency_key: str = "", **asked: Unpack[Pictured]
    ) -> Song:
        """As ``Client.generate_from_image``."""
        return await self._run(self._pictured(image, asked, idempotency_key))

    async def generate_music(self, *, idempotency_key: str = "", **asked: Unpack[Music]) -> Song:
        """As ``Client.generate_music``."""
        return await self._run(self._music(calls.generate_music(asked, idempotency_key)))

    async def plan(self, description: str | None = None, **asked: Unpack[Asked]) -> Plan:
        """As ``Client.plan``."""
        return await self._run(self._plan(description, asked))

    async def quote(self, description: str | None = None, **asked: Unpack[Asked]) -> dict[str, Any]:
        """As ``Client.quote``."""
        return await self._run(self._json(calls.quote(description, asked)))

    async def wait(
        self,
        song: Song | str,
        *,
        timeout_s: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> Song:
        """As ``Client.wait``."""
        return await self._run(self._wait(song, timeout_s, on_progress))

    async def song(self, song_id: str) -> Song:
        """As ``Client.song``."""
        return await self._run(self._song(calls.song(song_id)))

    async def songs(self, *, after: str = "", page_size: int = _PAGE) -> AsyncIterator[SongSummary]:
        """As ``Client.songs``."""
        cursor: str | None = after
        while cursor is not None:
            page = await self._run(self._page(cursor, page_size))
            for song in page.songs:
                yield song
            cursor = page.next_cursor

    async def download(
        self, song: Song | str, role: str, path: str | Path, *, on_bytes: OnBytes | None = None
    ) -> Path:
        """As ``Client.download``."""
        return await self._run(self._download(song, role, Path(path), on_bytes))

    async def cancel(self, song: Song | str) -> Song:
        """As ``Client.cancel``."""
        return await self._run(self._song(calls.cancel(_id(song))))

    async def delete(self, song: Song | str) -> None:
        """As ``Client.delete``."""
        await self._run(self._delete(_id(song)))

    async def _run(self, flow: Flow[T]) -> T:
        with closing(flow):
            async with AsyncExitStack() as connection:
                stream: AsyncIterator[bytes] = _nothing()
                outcome: Any = None
                while True:
                    try:
                        effect: Effect = (
                            flow.throw(outcome) if isinstance(outcome, Lost) else flow.send(outcome)
                        )
                    except StopIteration as end:
                        result: T = end.value
                        return result
                    outcome = None
                    try:
                        match effect:
                            case Send(request):
                                response = await self._http.request(**self._arguments(request))
                                outcome = _answer(response, response.content)
                            case Open(request):
                                await connection.aclose()
                                opening = self._http.stream(**self._arguments(request))
                                response = await connection.enter_async_context(opening)
                                body = b"" if response.is_success else await response.aread()
                                outcome = _answer(response, body)
                                stream = response.aiter_bytes()
                            case Read():
                                outcome = await anext(stream, b"")
                            case Sleep(seconds):
                                await asyncio.sleep(_jittered(seconds))
                            case Work(work):
                                outcome = await asyncio.to_thread(work)
                    except httpx.RequestError as error:
                        outcome = _lost(error)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


def _plan_of(answer: Any) -> Plan:
    return cast(Plan, dict(answer))


def _song_or_id(answer: Any) -> Song | str:
    return str(answer["metadata"]["song_id"]) if "audioUrl" in answer else song_of(answer)


def _content(request: Request) -> dict[str, Any]:
    if request.photo is None:
        return {"json": request.body}
    return {"data": request.body, "files": {"image": request.photo}}


def _id(song: Song | str) -> str:
    return song if isinstance(song, str) else song.id


def _answer(response: httpx.Response, body: bytes) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, body)


def _lost(error: httpx.RequestError) -> Lost:
    reached = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
    return Lost(str(error) or type(error).__name__, reached=reached)


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(1.0, 1.0 + _JITTER)
