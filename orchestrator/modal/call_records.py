"""Records in the bucket of the calls that make a song. A later runner finds by them which steps run already
or are paid for.

``calls/<id>`` is the record of the song's own call, and ``calls/<id>.begun`` says how often calls have
started, if the manifest does not say it. For each step, ``calls/<id>.<step>.run`` is the record of the call
that runs it. Each has its own key because R2 takes one write a second to a key. What a step has returned is
in the call's output, and in ``Progress``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from config.errors import NotFound, Unavailable
from orchestrator.modal.calls import MODAL_ERRORS, retrying, stop
from orchestrator.songs.manifest import Song
from storage.contract import Store, read

_CALLS = "calls/"
Spawn = Callable[[str, Mapping[str, str]], Awaitable[Any]]
"""Spawns the call that makes a song, with the calls that wake its engines by craft, and returns its
``modal.FunctionCall``."""
Wake = Callable[[Iterable[str]], Awaitable[Mapping[str, str]]]
"""See ``ModalWorker.wake``."""

_STOPPED_S = 10.0
_BEGUN = ".begun"
_RUN = ".run"
_RESULT = ".result"


class CallRecord(BaseModel):
    """The content of ``calls/<id>``."""

    model_config = ConfigDict(frozen=True)

    call_id: str
    """Empty between the decision to spawn and the spawning."""
    number: int = 1
    """How many calls the song has had."""
    at: datetime
    cancelled: bool = False
    """Whether no other call may be spawned."""


class Begun(BaseModel):
    """The content of ``calls/<id>.begun``."""

    model_config = ConfigDict(frozen=True)

    count: int = 0
    """How often a call has started to make the song from ``stage`` on."""
    stage: str = ""


class StepRun(BaseModel):
    """The content of ``calls/<id>.<step>.run``."""

    model_config = ConfigDict(frozen=True)

    call_id: str = ""
    """The call that runs the step, or ran it last."""
    number: int = 0
    """How many runs the step has had."""
    result: str = ""
    """The ``StepResult`` as JSON; empty until the run has ended. It is not stored here: see ``Runs.read``."""


class CallRecords:
    """The call records of all songs. Every method blocks on the store and raises its errors."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, song_id: str) -> tuple[CallRecord, str | None]:
        """The song's record and its etag; an empty record and None if there is none."""
        nothing = CallRecord(call_id="", number=0, at=datetime.fromtimestamp(0, UTC))
        try:
            version = self._store.version(_CALLS + song_id)
        except NotFound:
            return nothing, None
        try:
            return CallRecord.model_validate_json(version.data), version.etag
        except ValidationError:
            return nothing, version.etag

    def replace(self, song_id: str, record: CallRecord, etag: str | None) -> bool:
        """Writes the record if the stored version still has ``etag``. Returns whether it was written."""
        data = record.model_dump_json().encode()
        return bool(self._store.put_if(_CALLS + song_id, data, "application/json", etag=etag))

    def is_cancelled(self, song_id: str) -> bool:
        """Whether the song must not be made any more. True too if it has no record, for then it has ended."""
        record, etag = self.read(song_id)
        return record.cancelled or etag is None

    def begun(self, song_id: str) -> tuple[Begun, str | None]:
        """How often calls have started to make the song, and the etag; None if none has."""
        try:
            version = self._store.version(_CALLS + song_id + _BEGUN)
            return Begun.model_validate_json(version.data), version.etag
        except NotFound:
            return Begun(), None
        except ValidationError:
            return Begun(), version.etag

    def replace_begun(self, song_id: str, begun: Begun, etag: str | None) -> bool:
        """As ``replace``."""
        data = begun.model_dump_json().encode()
        return bool(self._store.put_if(_CALLS + song_id + _BEGUN, data, "application/json", etag=etag))

    def run(self, song_id: str, step: str) -> tuple[StepRun, str | None]:
        """The record of the step's run, and its etag; an empty record and None if there is none."""
        key = _of_step(song_id, step)
        try:
            version = self._store.version(key + _RUN)
        except NotFound:
            return StepRun(), None
        try:
            return StepRun.model_validate_json(version.data), version.etag
        except ValidationError:
            return StepRun(), version.etag

    def former_result(self, song_id: str, step: str) -> str:
        """What the step returned in a container of an earlier version, which stored it in the bucket; empty
        if nothing is stored."""
        try:
            return read(self._store, _of_step(song_id, step) + _RESULT).decode()
        except NotFound:
            return ""

    def replace_run(self, song_id: str, step: str, run: StepRun, etag: str | None) -> str:
        """Writes the record of a run if the stored version still has ``etag``. Returns the new etag, or an
        empty string if it was not written."""
        key, data = _of_step(song_id, step) + _RUN, run.model_dump_json().encode()
        return self._store.put_if(key, data, "application/json", etag=etag)

    def steps(self, song_id: str) -> set[str]:
        """The ids of the calls of all the song's steps that have begun."""
        keys = [key for key in self._store.list(f"{_CALLS}{song_id}.") if key.endswith(_RUN)]
        steps = (key.removeprefix(f"{_CALLS}{song_id}.").removesuffix(_RUN) for key in keys)
        return {self.run(song_id, step)[0].call_id for step in steps} - {""}

    def forget(self, song_id: str) -> None:
        """Deletes all records of a song that has ended."""
        for key in list(self._store.list(_CALLS + song_id)):
            self._store.delete(key)

    def forget_steps(self, song_id: str, steps: Iterable[str]) -> None:
        """As ``forget``, of a song that has had no other steps. It lists nothing: R2 bills a list as a write,
        and no deletion."""
        for ending in ("", _BEGUN, *(f".{step}{_RUN}" for step in steps)):
            self._store.delete(_CALLS + song_id + ending)

    def songs(self) -> Iterator[str]:
        """The ids of all songs that have a record."""
        names = (key.removeprefix(_CALLS).partition(".")[0] for key in self._store.list(_CALLS))
        yield from dict.fromkeys(names)


class SongCalls:
    """Spawns the calls that make songs, and records them."""

    def __init__(self, records: CallRecords, spawn: Spawn, wake: Wake, *, separates: bool = False) -> None:
        """``separates``: as in ``Worker``."""
        self._records = records
        self._spawn = spawn
        self._wake = wake
        self._separates = separates

    async def _spawned(self, song: Song) -> Any:
        """Wakes the engines of the song and spawns its call. Raises ``Unavailable`` if Modal takes none."""
        wakes = await self._wake(song.brief.crafts_by(separates=self._separates))
        try:
            return await retrying("the song", lambda: self._spawn(song.id, wakes))
        except MODAL_ERRORS as error:
            raise Unavailable(
                f"Modal takes no call: {error}", "the song is kept, and made when it does"
            ) from error

    async def begin(self, song: Song) -> None:
        """Spawns the call of a song that was just accepted. It is recorded afterwards: the patrol spawns a
        call if this container is lost before."""
        call = await self._spawned(song)
        record = CallRecord(call_id=call.object_id, at=datetime.now(UTC))
        if await asyncio.to_thread(self._records.replace, song.id, record, None):
            return
        now, etag = await asyncio.to_thread(self._records.read, song.id)
        # The call itself may have written the record, and may have ended since.
        if etag and (now.cancelled or now.call_id != call.object_id):
            await stop(call.object_id, _STOPPED_S)

    async def begin_again(self, song: Song, record: CallRecord, etag: str | None) -> None:
        """Spawns the call, unless the record was changed since the version with ``etag``."""
        song_id = song.id
        if not await asyncio.to_thread(self._records.replace, song_id, record, etag):
            return
        call = await self._spawned(song)
        known = record.model_copy(update={"call_id": call.object_id})
        while True:
            now, etag = await asyncio.to_thread(self._records.read, song_id)
            if now.cancelled:
                await stop(call.object_id, _STOPPED_S)
                return
            # Without a record the song has ended already.
            if etag is None or await asyncio.to_thread(self._records.replace, song_id, known, etag):
                return


def _of_step(song_id: str, step: str) -> str:
    return f"{_CALLS}{song_id}.{step}"
