"""What both clients do, as flows: one method for each of theirs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

from songwright import calls
from songwright.answers import (
    Page,
    Plan,
    ShareLink,
    Song,
    Source,
    page_of,
    share_link_of,
    song_of,
    source_of,
    sources_of,
)
from songwright.calls import Changes, MusicRequest, NewCover, NewPart, PhotoRequest, SongRequest, Take
from songwright.checks import checked_id, checked_role
from songwright.content import path_of, picture, recording
from songwright.download import OnBytes, download
from songwright.effects import Flow, Request, in_thread
from songwright.errors import ConnectionFailed
from songwright.following import OnProgress, Wait, listen
from songwright.library import calls as library
from songwright.library.calls import Filters, Labels
from songwright.library.watching import watch
from songwright.retry import Settings, patience, request_json, request_with_retries

Photo = bytes | str | Path
"""A picture, or the path of its file."""
Recording = bytes | str | Path
"""A recording, or the path of its file."""
Rights = Literal["mine", "licensed", "public-domain"]
"""Why a recording may be used: it is your own, its owner allows it, or nobody owns it."""
PAGE_SIZE = 50
_NAME_CHARACTERS = 200


class Operations:
    """The operations of a client with these settings. A song is given as a ``Song`` or by its id."""

    def __init__(self, settings: Settings) -> None:
        """Raises as ``patience``."""
        self._patience = patience(settings)
        self._poll_s = settings.get("poll_s", 2.0)

    def generate(
        self, description: str | None, request: SongRequest, idempotency_key: str | None, *, listen: bool
    ) -> Flow[Song]:
        return self._song(calls.generate(description, request, idempotency_key, listen=listen))

    def generate_like(
        self, song: Song | str, changes: Changes, idempotency_key: str | None, *, listen: bool
    ) -> Flow[Song]:
        return self._song(calls.generate_like(_id(song), changes, idempotency_key, listen=listen))

    def extend(
        self,
        song: Song | str,
        by_s: float,
        part: NewPart,
        idempotency_key: str | None,
        *,
        from_s: float | None,
        before: bool,
    ) -> Flow[Song]:
        span = {"by_s": by_s, "from_s": from_s, "before": before}
        return self._song(calls.change(_id(song), "extend", span, part, idempotency_key))

    def repaint(
        self, song: Song | str, start_s: float, end_s: float, part: NewPart, idempotency_key: str | None
    ) -> Flow[Song]:
        span = {"start_s": start_s, "end_s": end_s}
        return self._song(calls.change(_id(song), "repaint", span, part, idempotency_key))

    def remix(
        self,
        song: Song | str,
        prompt: str,
        take: Take,
        idempotency_key: str | None,
        *,
        strength: float | None,
    ) -> Flow[Song]:
        wanted = {"prompt": prompt, "strength": strength}
        return self._song(calls.change(_id(song), "remix", wanted, take, idempotency_key))

    def resing(self, song: Song | str, lyrics: str, take: Take, idempotency_key: str | None) -> Flow[Song]:
        return self._song(calls.change(_id(song), "resing", {"lyrics": lyrics}, take, idempotency_key))

    def finish(self, song: Song | str, idempotency_key: str | None) -> Flow[Song]:
        return self._song(calls.finish(_id(song), idempotency_key))

    def stems(self, song: Song | str, take: Take, idempotency_key: str | None) -> Flow[Song]:
        return self._song(calls.change(_id(song), "stems", {}, take, idempotency_key))

    def cover(self, song: Song | str, wanted: NewCover, idempotency_key: str | None) -> Flow[Song]:
        return self._song(calls.change(_id(song), "cover", {}, wanted, idempotency_key))

    def generate_from_image(
        self, image: Photo, request: PhotoRequest, idempotency_key: str | None, *, listen: bool
    ) -> Flow[Song]:
        photo = yield from in_thread(partial(picture, image))
        sent = calls.generate_from_image(photo, request, idempotency_key, listen=listen)
        return (yield from self._song(sent))

    def generate_music(self, request: MusicRequest, idempotency_key: str | None) -> Flow[Song]:
        sent = calls.generate_music(request, idempotency_key)
        # For music that was made before, the service sends what a MusicGen service sends: no manifest.
        known = yield from request_json(sent, self._patience, _song_or_id)
        return known if isinstance(known, Song) else (yield from self.song(known))

    def upload_audio(self, audio: Recording, rights: Rights, name: str) -> Flow[Source]:
        data = yield from in_thread(partial(recording, audio))
        called = name or (Path(audio).name[:_NAME_CHARACTERS] if isinstance(audio, str | Path) else "")
        sent = calls.upload_audio(data, rights, called)
        return (yield from request_json(sent, self._patience, source_of))

    def sources(self) -> Flow[tuple[Source, ...]]:
        return request_json(calls.sources(), self._patience, sources_of)

    def delete_source(self, source: Source | str) -> Flow[None]:
        request = calls.delete_source(source.id if isinstance(source, Source) else source)
        return self._gone(request)

    def plan(self, description: str | None, request: SongRequest) -> Flow[Plan]:
        return request_json(calls.plan(description, request), self._patience, _plan_of)

    def quote(self, description: str | None, request: SongRequest) -> Flow[dict[str, Any]]:
        return request_json(calls.quote(description, request), self._patience, dict)

    def wait(self, song: Song | str, timeout_s: float | None, on_progress: OnProgress | None) -> Flow[Song]:
        return Wait(_id(song), self._patience, on_progress, timeout_s, self._poll_s).result()

    def listen(self, song: Song | str) -> Flow[None]:
        return listen(_id(song), self._patience)

    def song(self, song_id: str) -> Flow[Song]:
        return self._song(calls.song(_id(song_id)))

    def page(self, cursor: str, size: int, filters: Filters) -> Flow[Page]:
        return request_json(library.songs(cursor, size, filters), self._patience, page_of)

    def update(self, song: Song | str, labels: Labels) -> Flow[Song]:
        return self._song(library.update(_id(song), labels))

    def share(self, song: Song | str, expires_s: int | None) -> Flow[ShareLink]:
        return request_json(library.share(_id(song), expires_s), self._patience, share_link_of)

    def watch(self) -> Flow[None]:
        return watch(self._patience)

    def download(self, song: Song | str, role: str, path: str | Path, on_bytes: OnBytes | None) -> Flow[Path]:
        target = path_of(path)
        checked_role(role)
        if not isinstance(song, Song) or role not in song.assets:
            song = yield from self.song(_id(song))
        return (yield from download(song, role, target, self._patience, on_bytes))

    def cancel(self, song: Song | str) -> Flow[Song]:
        return self._song(calls.cancel(_id(song)))

    def delete(self, song: Song | str) -> Flow[None]:
        return self._gone(calls.delete(_id(song)))

    def _gone(self, request: Request) -> Flow[None]:
        response = yield from request_with_retries(request, self._patience, accept_gone=True)
        if response.status not in (204, 404):
            raise ConnectionFailed(str(request), f"the answer is {response.status}, not 204", retry=False)

    def _song(self, request: Request) -> Flow[Song]:
        return request_json(request, self._patience, song_of)


def _plan_of(document: Any) -> Plan:
    return cast(Plan, dict(document))


def _song_or_id(document: Any) -> Song | str:
    return str(document["metadata"]["song_id"]) if "audioUrl" in document else song_of(document)


def _id(song: Song | str) -> str:
    return song.id if isinstance(song, Song) else checked_id(song)
