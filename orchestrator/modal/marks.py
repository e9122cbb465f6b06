"""What the bucket says of the calls that make a song: ``calls/<id>`` of the song's own; of each step's,
``calls/<id>.<step>`` which was spawned, and ``calls/<id>.<step>.run`` which runs, and what it has made.
Whoever goes on with the song finds by it what is under way or paid for already."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from config.errors import NotFound
from storage.contract import Store, read

_CALLS = "calls/"
_RUN = ".run"


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
    begun: int = 0
    """How often a call has begun to make the song from ``stage`` on."""
    stage: str = ""


class Run(BaseModel):
    """What ``calls/<id>.<step>.run`` says."""

    model_config = ConfigDict(frozen=True)

    call_id: str = ""
    """The call that is at the step, or was."""
    number: int = 0
    """How many have been."""
    result: str = ""
    """What it has made, a ``StepResult`` as JSON; empty until then."""


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

    def run(self, song_id: str, step: str) -> tuple[Run, str | None]:
        """Who is at the step, and that version; an empty one and None where nobody was."""
        try:
            version = self._store.version(_of_step(song_id, step) + _RUN)
        except NotFound:
            return Run(), None
        try:
            return Run.model_validate_json(version.data), version.etag
        except ValidationError:
            return Run(), version.etag

    def replace_run(self, song_id: str, step: str, run: Run, etag: str | None) -> str:
        """Writes who is at the step if it is still the version with ``etag``; the new version's, or nothing
        where it is not."""
        key, data = _of_step(song_id, step) + _RUN, run.model_dump_json().encode()
        return self._store.put_if(key, data, "application/json", etag=etag)

    def steps(self, song_id: str) -> set[str]:
        """The ids of the calls of all the song's steps."""
        ids = set()
        for key in list(self._store.list(f"{_CALLS}{song_id}.")):
            step = key.removeprefix(f"{_CALLS}{song_id}.")
            if step.endswith(_RUN):
                ids.add(self.run(song_id, step.removesuffix(_RUN))[0].call_id)
            else:
                ids.add(self.step(song_id, step))
        return ids - {""}

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
