"""The worker on Modal: a song's steps are calls of the engines' classes."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import Any

import modal

from config.engine import EngineInfo, Report, ignore_progress
from config.errors import EngineFailed, EngineTimeout, StoreUnavailable, Unavailable
from lyrics.contract import CoverWords, OnCover, SongPlan
from orchestrator.modal.call_records import CallRecords
from orchestrator.modal.calls import MODAL_ERRORS, is_lost, retrying, stop
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.modal.engine_host import RESULT, Outcome, recorded_engine
from orchestrator.modal.progress import EarlyWords, Progress
from orchestrator.modal.runs import Elsewhere, Interrupted, Runs
from orchestrator.pipeline.steps import step_of
from orchestrator.pipeline.worker import (
    DRAFT,
    REPAINT,
    StepResult,
    engine_for,
    retrieve_exception,
    wants_listening,
)
from orchestrator.songs.manifest import Song
from orchestrator.songs.stages import SONG_CRAFTS, Stage
from orchestrator.workers.contract import EngineState
from orchestrator.workers.processes import batch_size_for
from storage.contract import Store

log = logging.getLogger(__name__)

_FILES_AT_ONCE = 4  # each is in memory whole, twice
_TRIES = 3
_RETRY_AFTER_S = (2.0, 15.0)  # before the second and the third try of a step whose container ended
_STOPPED_S = 10.0


class ModalWorker:
    """A ``Worker`` that runs each step in its engine's container. Only keys and facts are returned: files go
    from the container to the store."""

    def __init__(
        self, settings: Deployment, store: Store, hosts: Mapping[str, Any], progress: Progress
    ) -> None:
        """``hosts``: by craft, an object of a class on Modal whose method ``step`` is ``EngineHost.step``."""
        self._settings = settings
        self._store = store
        self._records = CallRecords(store)
        self._words = EarlyWords(f"{settings.modal.app}-words")
        self._runs = Runs(self._records, progress)
        self._hosts = hosts
        self._abandoned: dict[
            str, list[Any]
        ] = {}  # calls that still ran when their song's task was cancelled
        self._wakes: dict[str, dict[str, str]] = {}  # calls of ``wake`` by craft, by song
        self._local_steps = asyncio.Semaphore(_FILES_AT_ONCE)
        self._infos: dict[str, EngineInfo] = {}

    @property
    def songs_at_once(self) -> int:
        """How many songs all containers can compose, and how many more can be planned meanwhile."""
        return self.music_lanes + batch_size_for("lyrics", self._settings)

    @property
    def music_lanes(self) -> int:
        return self._settings.modal.gpu_containers * batch_size_for("music", self._settings)

    @property
    def listens(self) -> bool:
        return "listening" in self._hosts

    @property
    def separates(self) -> bool:
        return "separation" in self._hosts

    def start(self) -> None:
        """Does nothing: containers start when they are called."""

    def states(self) -> dict[str, EngineState]:
        """By craft: always "ready", for a container starts when it is called, with the facts of the last
        engine that ran."""
        return {
            craft: EngineState("ready", getattr(self._settings, craft).engine, info=self._infos.get(craft))
            for craft in self._hosts
        }

    def check(self, crafts: Iterable[str] = SONG_CRAFTS) -> None:
        """Does nothing: errors are only known once a container has started."""

    def read_records(self) -> None:
        """Reads the facts of the engines that ran last and are still set. Blocks on the store."""
        for craft in self._hosts:
            info, chosen = recorded_engine(self._store, craft), getattr(self._settings, craft)
            if info and info.name == chosen.engine:
                self._infos[craft] = info

    async def draft(self, song: Song) -> SongPlan:
        return SongPlan.model_validate_json(await self._call("lyrics", DRAFT, song))

    async def run(
        self, stage: Stage, song: Song, _report: Report, on_cover: OnCover | None = None
    ) -> StepResult:
        craft = engine_for(stage, song)
        if craft is None:
            async with self._local_steps:
                step = step_of(stage, song)
                return await asyncio.to_thread(step, None, self._store, song, ignore_progress)
        if stage in (Stage.MUSIC, Stage.SEPARATE) and self.listens and wants_listening(song):
            # Now, and not with the others: its container would wait for the plan and the music.
            woken = await self.wake(["listening"])
            self._wakes[song.id] = self._wakes.get(song.id, {}) | woken
        async with self._words.relayed(song.id, on_cover) if on_cover else nullcontext():
            result = RESULT.validate_json(await self._call(craft, stage, song))
        if result.words and song.plan and result.words != CoverWords.of(song.plan):
            log.warning("the cover has other words: it is painted again", extra={"song_id": song.id})
            result = RESULT.validate_json(await self._call(craft, REPAINT, song))
        return result

    def close(self) -> None:
        """Does nothing: containers end by themselves."""

    async def stop(self, song_id: str) -> None:
        """Ends the steps that still run for a song that has ended."""
        self._wakes.pop(song_id, None)
        calls = self._abandoned.pop(song_id, [])
        await asyncio.gather(*(stop(call.object_id, _STOPPED_S) for call in calls))

    async def _call(self, craft: str, step: str, song: Song) -> str:
        """Runs the step and returns its result as JSON. Raises the step's error. Cancelling the awaiting task
        cancels the call, and so the engine's work, unless the song may go on in another call."""
        engine = getattr(self._settings, craft).engine
        if step != DRAFT and song.was_interrupted and (result := await self._stored_result(step, song)):
            return result
        call = await self._earlier_call(step, song)
        tries, waits_s = 0, iter(_RETRY_AFTER_S)
        while True:
            is_earlier = call is not None
            try:
                call = call or await self._spawn(craft, step, song)
                result, error = await self._outcome(craft, step, song, call)
            except modal.exception.FunctionTimeoutError as late:
                what = f"engine {engine!r} took too long on Modal"
                raise EngineTimeout(what, "ask for a shorter song") from late
            except MODAL_ERRORS as refusal:
                # An earlier runner may have cancelled its call; then we spawn one of our own.
                if not (is_earlier or is_lost(refusal)):
                    raise EngineFailed(engine, f"its container ended: {refusal}") from refusal
                log.warning("the %s step was lost: %s", craft, refusal, extra={"song_id": song.id})
                if step != DRAFT and (result := await self._stored_result(step, song)):
                    return result  # only the call's output was lost
                call = None
                tries += not is_earlier
                if tries == _TRIES:
                    what = f"Modal could not run the {craft} step: {refusal}"
                    raise Unavailable(what, "ask again") from refusal
                continue
            if isinstance(error, Elsewhere):
                call = await _call_of(result)
            elif isinstance(error, Interrupted):
                # The backoff is here, where waiting costs next to nothing: the container has a GPU.
                log.warning("the %s step: %s", craft, error, extra={"song_id": song.id})
                await asyncio.sleep(next(waits_s, _RETRY_AFTER_S[-1]) * random.uniform(0.7, 1.3))
                call = None
            elif error:
                raise error
            else:
                return result

    async def _stored_result(self, step: str, song: Song) -> str:
        """The step's result that an earlier runner's call has kept; empty if there is none."""
        run, _ = await self._runs.read(song.id, step)
        return run.result

    async def _earlier_call(self, step: str, song: Song) -> Any:
        """The call of an earlier, lost runner that already runs the step; None if there is none."""
        if step == DRAFT or not song.was_interrupted:
            return None
        run, _ = await asyncio.to_thread(self._records.run, song.id, step)
        if run.call_id:
            log.info("going on with the %s step under way", step, extra={"song_id": song.id})
            return await _call_of(run.call_id)
        return None  # one that was spawned and has not begun will find that ours has

    async def wake(self, crafts: Iterable[str]) -> dict[str, str]:
        """Has a container of each craft's engine load its model, and returns the calls' ids by craft. Calls
        that Modal does not take are left out: the engines then start with their steps."""

        async def spawn(craft: str) -> tuple[str, str]:
            call = await self._hosts[craft].wake.spawn.aio()
            return craft, str(call.object_id)

        calls = {}
        for outcome in await asyncio.gather(*map(spawn, crafts), return_exceptions=True):
            if isinstance(outcome, MODAL_ERRORS):
                log.warning("an engine was not started early: %s", outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                calls[outcome[0]] = outcome[1]
        return calls

    def expect(self, song_id: str, wakes: Mapping[str, str]) -> None:
        """Takes note of the calls of ``wake`` that were made for a song."""
        self._wakes[song_id] = dict(wakes)

    async def _take_place(self, craft: str, song_id: str) -> None:
        """Cancels the call that woke the engine for this song, if it still waits for the container: with the
        step it would be two inputs, for which Modal may start two containers."""
        wakes = self._wakes.get(song_id, {})
        call_id = wakes.pop(craft, "")
        if not wakes:
            self._wakes.pop(song_id, None)
        if call_id:
            call: modal.FunctionCall[Any] = modal.FunctionCall.from_id(call_id)
            try:
                await call.cancel.aio()
            except MODAL_ERRORS as error:
                log.warning("a call was not cancelled: %s", error, extra={"song_id": song_id})

    async def _spawn(self, craft: str, step: str, song: Song) -> Any:
        await self._take_place(craft, song.id)
        host, song_json = self._hosts[craft], song.model_dump_json()
        return await retrying(f"the {craft} step", lambda: host.step.spawn.aio(step, song_json))

    async def _outcome(self, craft: str, step: str, song: Song, call: Any) -> Outcome:
        engine = getattr(self._settings, craft).engine
        # Shielded: the wait of Modal's client must not be interrupted.
        waiting = asyncio.ensure_future(retrying(f"the {craft} step", lambda: _get_outcome(engine, call)))
        try:
            outcome: Outcome = await asyncio.shield(waiting)
        except asyncio.CancelledError:
            await asyncio.shield(self._cancel_or_abandon(step, song, call, waiting))
            raise
        return outcome

    async def _cancel_or_abandon(
        self, step: str, song: Song, call: Any, waiting: asyncio.Future[Any]
    ) -> None:
        """Cancels the call of a draft or of a cancelled song. For other songs the call goes on until
        ``stop``: another runner may need it."""
        if step != DRAFT and not await self._is_cancelled(song.id):
            self._abandoned.setdefault(song.id, []).append(call)
            waiting.add_done_callback(retrieve_exception)
        else:
            await _stop(call, waiting)

    async def _is_cancelled(self, song_id: str) -> bool:
        try:
            return await asyncio.to_thread(self._records.is_cancelled, song_id)
        except StoreUnavailable as error:
            log.warning("taken as cancelled: %s", error, extra={"song_id": song_id})
            return True


async def _call_of(call_id: str) -> Any:
    call: modal.FunctionCall[Any] = modal.FunctionCall.from_id(call_id)
    await call.hydrate.aio()  # sends no request; without it, the object has no id
    return call


async def _get_outcome(engine: str, call: Any) -> Outcome:
    """Waits for what the call returns. An ``OSError`` is the step's own and is not retried: the client raises
    ``ConnectionError`` for the network's."""
    try:
        outcome: Outcome = await call.get.aio()
    except OSError as error:
        raise EngineFailed(engine, f"{type(error).__name__}: {error}") from error
    return outcome


async def _stop(call: Any, waiting: asyncio.Future[Any]) -> None:
    """Cancels a call, and waits up to ``_STOPPED_S`` seconds for its end."""
    try:
        await retrying("cancelling", lambda: call.cancel.aio())
    except (Unavailable, *MODAL_ERRORS) as error:
        log.warning("a call was not cancelled: %s", error)
    await asyncio.wait([waiting], timeout=_STOPPED_S)
    if waiting.done():
        retrieve_exception(waiting)
    else:
        waiting.cancel()
