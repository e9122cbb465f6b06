"""What the bucket says of the calls that make a song: ``calls/<id>`` of the song's own, ``calls/<id>.<step>``
of each step's. Whoever goes on with the song finds by it what is under way and paid for already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from config.errors import NotFound
from storage.contract import Store, read

_CALLS = "calls/"


class Mark(BaseModel):
    """What ``calls/<id>`` says."""

    model_config = ConfigDict(frozen=True)

    call_id: str
    """Empty between the decision to spawn and the spawning."""
    number: int = 1
    """How many calls this song has had."""
    at: datetime
    cancelled: bool = False
    """Whether nobody is to spawn another."""


class Marks:
    """The marks of all songs. Every method blocks on the store and raises as it does."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, song_id: str) -> tuple[Mark, str | None]:
        """The song's mark and its version; one without a call and None where there is none."""
        nothing = Mark(call_id="", number=0, at=datetime.fromtimestamp(0, UTC))
        try:
            version = self._store.version(_CALLS + song_id)
        except NotFound:
            return nothing, None
        try:
            return Mark.model_validate_json(version.data), version.etag
        except ValidationError:
            return nothing, version.etag

    def replace(self, song_id: str, mark: Mark, etag: str | None) -> bool:
        """Writes the mark if it is still the version with ``etag``; answers whether it did."""
        data = mark.model_dump_json().encode()
        return bool(self._store.put_if(_CALLS + song_id, data, "application/json", etag=etag))

    def is_cancelled(self, song_id: str) -> bool:
        """Whether nobody is to make the song any more; so too where its mark is gone, for it has ended."""
        mark, etag = self.read(song_id)
        return mark.cancelled or etag is None

    def step(self, song_id: str, step: str) -> str:
        """The id of the last call of a step; empty where there was none."""
        try:
            return read(self._store, _of_step(song_id, step)).decode()
        except NotFound:
            return ""

    def keep_step(self, song_id: str, step: str, call_id: str) -> None:
        self._store.put(_of_step(song_id, step), call_id.encode(), "text/plain")

    def steps(self, song_id: str) -> list[str]:
        """The ids of the calls of all the song's steps."""
        ids = []
        for key in list(self._store.list(f"{_CALLS}{song_id}.")):
            with suppress(NotFound):  # the song has ended meanwhile
                ids.append(read(self._store, key).decode())
        return ids

    def forget(self, song_id: str) -> None:
        """Once the song has ended."""
        for key in list(self._store.list(_CALLS + song_id)):
            self._store.delete(key)

    def songs(self) -> Iterator[str]:
        """The ids of all songs with a mark of any kind."""
        names = (key.removeprefix(_CALLS).partition(".")[0] for key in self._store.list(_CALLS))
        yield from dict.fromkeys(names)


def _of_step(song_id: str, step: str) -> str:
    return f"{_CALLS}{song_id}.{step}"
