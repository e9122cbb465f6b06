"""The part of the blocking client that is about the library, and what runs its flows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
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


class BlockingLibrary:
    """What ``Client`` does with the songs that there are."""

    def __init__(self, url: str, token: str, **settings: Unpack[Settings]) -> None:
        """Raises ``InvalidArgument`` where ``url`` is not an address, ``token`` no token, or a setting out of
        its bounds, and ``InvalidCall`` for a setting that there is not."""
        self._operations = Operations(settings)
        self._timeout_s = timeout_of(settings)
        self._http = opened(httpx.Client, url, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def song(self, song_id: str) -> Song:
        """The song as it is now."""
        return self._run(self._operations.song(song_id))

    def songs(
        self, *, after: str = "", page_size: int = PAGE_SIZE, **filters: Unpack[Filters]
    ) -> Iterator[Summary]:
        """The songs of the library that meet all ``filters``, newest first or as ``sort`` says; with
        ``after``, newest first from the song that follows the one with this id."""
        cursor: str | None = after
        while cursor is not None:
            page = self._run(self._operations.page(cursor, page_size, filters))
            yield from page.songs
            cursor = page.next_cursor

    def update(self, song: Song | str, **labels: Unpack[Labels]) -> Song:
        """Rename a song, mark it as a favourite, tag it, or keep metadata of your own with it. ``tags`` and
        ``metadata`` replace the former. Raises ``Conflict`` while another process makes the song."""
        return self._run(self._operations.update(song, labels))

    def share(self, song: Song | str, *, expires_s: int | None = None) -> ShareLink:
        """A link that shows the song with its cover, words and a player to whoever has it, for ``expires_s``
        seconds: a minute to 90 days, by default 7 days. Raises ``Conflict`` for a song that is not done."""
        return self._run(self._operations.share(song, expires_s))

    def watch(self) -> Iterator[LibraryEvent]:
        """What happens in the library, as it happens, for as long as you iterate: through broken connections
        and restarts of the service. The first event is a "reset": read ``songs`` then, and nothing is
        missed."""
        yield from self._handed(self._operations.watch())

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

    def _handed(self, flow: Flow[None]) -> Iterator[Any]:
        """What the flow hands over."""
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
