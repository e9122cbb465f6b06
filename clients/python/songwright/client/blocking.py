"""The client that blocks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
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


class Client:
    """A Songwright service at ``url``. Use it in a ``with`` statement, or ``close`` it.

    Every method may raise ``InvalidArgument`` and ``InvalidCall``, and has sent nothing, and ``ApiError``
    and ``ConnectionFailed``. Before these two, it sends the request again: after 429 and 503 as soon as the
    service says, after 500 once, and after a lost connection a few times. No retry makes a second song.
    """

    def __init__(self, url: str, token: str, **settings: Unpack[Settings]) -> None:
        """Raises ``InvalidArgument`` where ``url`` is not an address, ``token`` no token, or a setting out of
        its bounds, and ``InvalidCall`` for a setting that there is not."""
        self._operations = Operations(settings)
        self._timeout_s = timeout_of(settings)
        self._http = opened(httpx.Client, url, token)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def generate(
        self,
        description: str | None = None,
        *,
        idempotency_key: str | None = None,
        listen: bool = False,
        **request: Unpack[SongRequest],
    ) -> Song:
        """Ask for a song. Returns it at once, usually queued: ``wait`` for it. Give a description; or
        ``prompt`` and ``lyrics``; or ``prompt`` and ``described_lyrics``. Anything else raises
        ``InvalidCall``.
        With an ``idempotency_key`` of your own, another process can ask again and gets the same song. With
        ``listen``, its sound can be heard while it is made: see the method of this name."""
        return self._run(self._operations.generate(description, request, idempotency_key, listen=listen))

    def generate_like(
        self,
        song: Song | str,
        *,
        idempotency_key: str | None = None,
        listen: bool = False,
        **changes: Unpack[Changes],
    ) -> Song:
        """Make a song of the library again, the same except for ``changes``. Returns as ``generate``."""
        return self._run(self._operations.generate_like(song, changes, idempotency_key, listen=listen))

    def extend(
        self,
        song: Song | str,
        by_s: float,
        *,
        from_s: float | None = None,
        before: bool = False,
        idempotency_key: str | None = None,
        **part: Unpack[NewPart],
    ) -> Song:
        """Ask for a song that goes on: ``song`` up to a bar, at ``from_s`` or where it begins to end, and
        ``by_s`` seconds more; with ``before``, these come before its beginning. What is kept is the same to
        the sample. Returns as ``generate``."""
        flow = self._operations.extend(song, by_s, part, idempotency_key, from_s=from_s, before=before)
        return self._run(flow)

    def repaint(
        self,
        song: Song | str,
        start_s: float,
        end_s: float,
        *,
        idempotency_key: str | None = None,
        **part: Unpack[NewPart],
    ) -> Song:
        """Ask for ``song`` with another part from ``start_s`` to ``end_s``, by its bars. Outside of it the
        song is the same to the sample. Returns as ``generate``."""
        return self._run(self._operations.repaint(song, start_s, end_s, part, idempotency_key))

    def remix(
        self,
        song: Song | str,
        prompt: str,
        *,
        strength: float | None = None,
        idempotency_key: str | None = None,
        **take: Unpack[Take],
    ) -> Song:
        """Ask for ``song`` in another style, with its words. ``strength``, 0 to 1: how far it goes from the
        song. Returns as ``generate``."""
        return self._run(self._operations.remix(song, prompt, take, idempotency_key, strength=strength))

    def resing(
        self, song: Song | str, lyrics: str, *, idempotency_key: str | None = None, **take: Unpack[Take]
    ) -> Song:
        """Ask for ``song`` with other words on its tune: as many lines as are sung, or lines under the names
        of its sections. Returns as ``generate``."""
        return self._run(self._operations.resing(song, lyrics, take, idempotency_key))

    def finish(self, song: Song | str, *, idempotency_key: str | None = None) -> Song:
        """Ask for the whole song of a draft, with its plan and seed. Returns as ``generate``."""
        return self._run(self._operations.finish(song, idempotency_key))

    def stems(self, song: Song | str, *, idempotency_key: str | None = None, **take: Unpack[Take]) -> Song:
        """Ask for ``song`` with the parts that it is mixed of: "stem:vocals", "stem:drums" and others among
        its ``assets``. Raises ``Conflict`` if it has them already, and returns as ``generate``."""
        return self._run(self._operations.stems(song, take, idempotency_key))

    def generate_from_image(
        self,
        image: Photo,
        *,
        idempotency_key: str | None = None,
        listen: bool = False,
        **request: Unpack[PhotoRequest],
    ) -> Song:
        """Ask for the song of a photo: a PNG, JPEG or WebP file, or its bytes. Returns as ``generate``. What
        the service sees in the photo is ``Song.manifest["scene"]``. Raises ``FileFailed`` where the file
        cannot be read."""
        return self._run(self._operations.generate_from_image(image, request, idempotency_key, listen=listen))

    def generate_music(self, *, idempotency_key: str | None = None, **request: Unpack[MusicRequest]) -> Song:
        """Ask for music without words or cover. Returns as ``generate``. Give a ``prompt``; or ``mood``,
        ``energy`` and ``genres``. Anything else raises
        ``InvalidCall``."""
        return self._run(self._operations.generate_music(request, idempotency_key))

    def upload_audio(self, audio: Recording, rights: Rights, *, name: str = "") -> Source:
        """Send a recording to make songs from: a WAV, FLAC, MP3, Ogg or M4A file, or its bytes. ``rights`` is
        your word that you may use it, and is kept with every song that is made from it. The same file is the
        same source, however often it is sent. Raises ``FileFailed`` where the file cannot be read."""
        return self._run(self._operations.upload_audio(audio, rights, name))

    def sources(self) -> tuple[Source, ...]:
        """The recordings that the service keeps, newest first."""
        return self._run(self._operations.sources())

    def delete_source(self, source: Source | str) -> None:
        """Delete a recording. Songs that were made from it stay."""
        self._run(self._operations.delete_source(source))

    def plan(self, description: str | None = None, **request: Unpack[SongRequest]) -> Plan:
        """The plan alone, to edit and to give to ``generate`` as ``plan``. The service stores nothing."""
        return self._run(self._operations.plan(description, request))

    def quote(self, description: str | None = None, **request: Unpack[SongRequest]) -> dict[str, Any]:
        """The time and the cost that the song would take: the document of ``POST /quote``."""
        return self._run(self._operations.quote(description, request))

    def wait(
        self, song: Song | str, *, timeout_s: float | None = None, on_progress: OnProgress | None = None
    ) -> Song:
        """Return the song once it is done. Follows its events, through broken connections and restarts of the
        service. Where the events are not available, logs a warning and asks for the song every ``poll_s``
        seconds. Raises ``SongFailed``, ``SongCancelled``, and ``WaitTimeout`` soon after ``timeout_s``."""
        return self._run(self._operations.wait(song, timeout_s, on_progress))

    def listen(self, song: Song | str) -> Iterator[bytes]:
        """The sound of the song, as it comes: a WAV file, from its first seconds on, while the song is made,
        if it was asked for with ``listen`` and its engine can begin early. Otherwise its file, in the format
        that was asked for, once it is done. Raises ``SongFailed`` and ``SongCancelled``, also in the midst of
        the song."""
        flow = self._operations.listen(song)
        if self._http.is_closed:
            raise ClientClosed
        with closing(flow), ExitStack() as connection:
            driver = _Driver(self._http, self._timeout_s, connection)
            step = advance(flow, None)
            while not isinstance(step, Done):
                if isinstance(step, Hand):
                    yield step.data
                    step = advance(flow, None)
                else:
                    step = advance(flow, driver.perform(step))

    def song(self, song_id: str) -> Song:
        """The song as it is now."""
        return self._run(self._operations.song(song_id))

    def songs(self, *, after: str = "", page_size: int = PAGE_SIZE) -> Iterator[Summary]:
        """The library, newest first; with ``after``, from the song that follows the one with this id."""
        cursor: str | None = after
        while cursor is not None:
            page = self._run(self._operations.page(cursor, page_size))
            yield from page.songs
            cursor = page.next_cursor

    def download(
        self, song: Song | str, role: str, path: str | Path, *, on_bytes: OnBytes | None = None
    ) -> Path:
        """Save a file of the song and return its path. ``role`` is a key of ``Song.assets``, such as "audio",
        "cover" or "stem:vocals", or "package": all files in one ZIP. In a folder, the file gets its own name.

        A broken download continues where it stopped. The file appears only when it is whole, with the SHA-256
        of the manifest. ``on_bytes`` is called with the bytes so far and the size, None where it is unknown.
        Raises ``DownloadFailed`` and ``FileFailed``."""
        return self._run(self._operations.download(song, role, path, on_bytes))

    def cancel(self, song: Song | str) -> Song:
        """Stop making the song."""
        return self._run(self._operations.cancel(song))

    def delete(self, song: Song | str) -> None:
        """Delete the song and its files. A song that is being made is cancelled first."""
        self._run(self._operations.delete(song))

    def _run(self, flow: Flow[T]) -> T:
        if self._http.is_closed:
            raise ClientClosed
        with closing(flow), ExitStack() as connection:
            driver = _Driver(self._http, self._timeout_s, connection)
            step = advance(flow, None)
            while not isinstance(step, Done):
                step = advance(flow, driver.perform(step))
            return step.result


class _Driver:
    """Performs the effects of one flow. ``connection`` holds its open stream."""

    def __init__(self, http: httpx.Client, timeout_s: float, connection: ExitStack) -> None:
        self._http = http
        self._timeout_s = timeout_s
        self._connection = connection
        self._stream: Iterator[bytes] = iter(())

    def perform(self, effect: Effect) -> Any:
        """The outcome of ``effect``; ``Lost`` is returned, not raised."""
        try:
            match effect:
                case Send(request):
                    response = self._http.request(**request_arguments(request, self._timeout_s))
                    return response_of(response, response.content)
                case Open(request):
                    self._connection.close()
                    opening = self._http.stream(**request_arguments(request, self._timeout_s))
                    response = self._connection.enter_context(opening)
                    self._stream = response.iter_bytes()
                    return response_of(response, b"" if response.is_success else response.read())
                case Read():
                    return next(self._stream, b"")
                case Sleep(seconds):
                    return time.sleep(with_jitter(seconds))
                case Work(work):
                    return work()
        except httpx.RequestError as error:
            return lost(error)
        except Lost as failure:
            return failure
