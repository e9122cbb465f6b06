"""A song's steps as calls of the classes on Modal that hold the engines."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import modal

from config.engine import EngineInfo, Report
from config.errors import EngineFailed, EngineTimeout, StoreUnavailable, Unavailable
from lyrics.contract import SongPlan
from orchestrator.modal.calls import REFUSALS, is_lost, steady, stop
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.modal.engine_host import RESULT, Outcome, recorded_engine
from orchestrator.modal.marks import Marks
from orchestrator.modal.runs import Elsewhere, Interrupted
from orchestrator.pipeline.steps import given_plan_step, photo_cover_step, tag_step
from orchestrator.pipeline.worker import StepResult
from orchestrator.songs.manifest import SONG_CRAFTS, Song
from orchestrator.workers.contract import EngineState
from orchestrator.workers.processes import together_for
from storage.contract import Store

log = logging.getLogger(__name__)

_FILES_AT_ONCE = 4  # each is in memory whole, twice
_TRIES = 3
_AGAIN_S = (2.0, 15.0)  # before the second and the third try of a step in whose middle containers end
_STOPPED_S = 10.0
DRAFT = "draft"
"""The one step of no song: a plan that is only shown."""


class ModalWorker:
    """Runs each step where its engine is; see ``Worker`` for the promises. Only keys and facts travel: what
    a step makes goes from its container to the store."""

    def __init__(self, settings: Deployment, store: Store, hosts: Mapping[str, Any]) -> None:
        """``hosts``: by craft, an object of a class on Modal whose method ``step`` is ``Station.step``."""
        self._settings = settings
        self._store = store
        self._marks = Marks(store)
        self._hosts = hosts
        self._left: dict[str, list[Any]] = {}  # calls that went on when their song's task was cancelled
        self._handling = asyncio.Semaphore(_FILES_AT_ONCE)
        self._infos: dict[str, EngineInfo] = {}

    @property
    def songs_at_once(self) -> int:
        """How many songs the most containers there may be can compose, and be planned meanwhile."""
        return self.music_lanes + together_for("lyrics", self._settings)

    @property
    def music_lanes(self) -> int:
        return self._settings.modal.gpu_containers * together_for("music", self._settings)

    def start(self) -> None:
        """Containers start when they are called."""

    def states(self) -> dict[str, EngineState]:
        """By craft: "ready", for its container starts when it is called, with the facts of the last one that
        did."""
        return {
            craft: EngineState("ready", getattr(self._settings, craft).engine, info=self._infos.get(craft))
            for craft in self._hosts
        }

    def check(self, crafts: Iterable[str] = SONG_CRAFTS) -> None:
        """Nothing is known to stand against a song before its container has started."""

    def read_records(self) -> None:
        """Learns what ran last, and would run now. Blocks on the store."""
        for craft in self._hosts:
            info, chosen = recorded_engine(self._store, craft), getattr(self._settings, craft)
            if info and info.name == chosen.engine:
                self._infos[craft] = info

    async def draft(self, song: Song) -> SongPlan:
        return SongPlan.model_validate_json(await self._call("lyrics", DRAFT, song))

    async def scene(self, song: Song, _report: Report) -> StepResult:
        return RESULT.validate_json(await self._call("vision", "scene", song))

    async def plan(self, song: Song, _report: Report) -> StepResult:
        if song.brief.plan:
            return await asyncio.to_thread(given_plan_step, self._store, song, song.brief.plan)
        return RESULT.validate_json(await self._call("lyrics", "plan", song))

    async def music(self, song: Song, _report: Report) -> StepResult:
        return RESULT.validate_json(await self._call("music", "music", song))

    async def cover(self, song: Song, _report: Report) -> StepResult:
        if song.brief.photo_as_cover:
            return await self._here(photo_cover_step, song)
        return RESULT.validate_json(await self._call("art", "cover", song))

    async def tag(self, song: Song) -> StepResult:
        return await self._here(tag_step, song)

    async def _here(self, step: Callable[[Store, Song], StepResult], song: Song) -> StepResult:
        """A step that no engine has a part in."""
        async with self._handling:
            return await asyncio.to_thread(step, self._store, song)

    def close(self) -> None:
        """Containers end by themselves."""

    async def stop(self, song_id: str) -> None:
        """Ends the steps that still run for a song that has ended without them."""
        calls = self._left.pop(song_id, [])
        await asyncio.gather(*(stop(call.object_id, _STOPPED_S) for call in calls))

    async def _call(self, craft: str, step: str, song: Song) -> str:
        """The step's result as JSON. Raises the error that ended it. Cancelling the awaiting task cancels
        the call, and with it the engine's work, unless the song goes on elsewhere."""
        engine = getattr(self._settings, craft).engine
        if step != DRAFT and song.taken_up and (made := await self._made(step, song)):
            return made
        call = await self._earlier(step, song)
        tries, waits_s = 0, iter(_AGAIN_S)
        while True:
            taken_up = call is not None
            try:
                call = call or await self._spawned(craft, step, song)
                result, error = await self._outcome(craft, step, song, call)
            except modal.exception.FunctionTimeoutError as late:
                what = f"engine {engine!r} took too long on Modal"
                raise EngineTimeout(what, "ask for a shorter song") from late
            except REFUSALS as refusal:
                # An earlier runner may have cancelled its call: one of ours is still to be made.
                if not (taken_up or is_lost(refusal)):
                    raise EngineFailed(engine, f"its container ended: {refusal}") from refusal
                log.warning("the %s step was lost: %s", craft, refusal, extra={"song_id": song.id})
                if step != DRAFT and (made := await self._made(step, song)):
                    return made  # only its output was
                call = None
                tries += not taken_up
                if tries == _TRIES:
                    what = f"Modal could not run the {craft} step: {refusal}"
                    raise Unavailable(what, "ask again") from refusal
                continue
            if isinstance(error, Elsewhere):
                call = await _known(result)
            elif isinstance(error, Interrupted):
                # Waited for here, where it costs next to nothing: a container that ends again has a GPU.
                log.warning("the %s step: %s", craft, error, extra={"song_id": song.id})
                await asyncio.sleep(next(waits_s, _AGAIN_S[-1]) * random.uniform(0.7, 1.3))
                call = None
            elif error:
                raise error
            else:
                return result

    async def _made(self, step: str, song: Song) -> str:
        """What a lost runner's call has made; empty where that was not so."""
        run, _ = await asyncio.to_thread(self._marks.run, song.id, step)
        return run.result

    async def _earlier(self, step: str, song: Song) -> Any:
        """The call that makes the step already, of a runner that was lost; None where there is none."""
        if step == DRAFT or not song.taken_up:
            return None
        if call_id := await asyncio.to_thread(self._marks.step, song.id, step):
            log.info("going on with the %s step under way", step, extra={"song_id": song.id})
            return await _known(call_id)
        return None

    async def _spawned(self, craft: str, step: str, song: Song) -> Any:
        host, song_json = self._hosts[craft], song.model_dump_json()
        return await steady(f"the {craft} step", lambda: host.step.spawn.aio(step, song_json))

    async def _outcome(self, craft: str, step: str, song: Song, call: Any) -> Outcome:
        engine = getattr(self._settings, craft).engine
        # Shielded: Modal's own wait may not be broken off.
        waiting = asyncio.ensure_future(steady(f"the {craft} step", lambda: _answer(engine, call)))
        keeping = asyncio.ensure_future(self._keep(step, song, call))
        try:
            outcome: Outcome = await asyncio.shield(waiting)
            await keeping
        except asyncio.CancelledError:
            await asyncio.shield(self._let_go(step, song, call, waiting))
            raise
        return outcome

    async def _keep(self, step: str, song: Song, call: Any) -> None:
        """Notes the call, so that whoever goes on with the song after us finds it."""
        if step == DRAFT:
            return
        try:
            await asyncio.to_thread(self._marks.keep_step, song.id, step, call.object_id)
        except StoreUnavailable as error:
            # Only a runner that is lost now would make the step again.
            log.warning("the %s step's call was not kept: %s", step, error, extra={"song_id": song.id})

    async def _let_go(self, step: str, song: Song, call: Any, waiting: asyncio.Future[Any]) -> None:
        """Cancels a call whose answer nobody waits for any more; one whose song may go on elsewhere, or has
        run out of time, is left until ``stop``."""
        if step != DRAFT and not await self._cancelled(song.id):
            self._left.setdefault(song.id, []).append(call)
            waiting.add_done_callback(_seen)
        else:
            await _stop(call, waiting)

    async def _cancelled(self, song_id: str) -> bool:
        try:
            return await asyncio.to_thread(self._marks.is_cancelled, song_id)
        except StoreUnavailable as error:
            log.warning("taken as cancelled: %s", error, extra={"song_id": song_id})
            return True


async def _known(call_id: str) -> Any:
    call: modal.FunctionCall[Any] = modal.FunctionCall.from_id(call_id)
    await call.hydrate.aio()  # which asks nothing: without it, the call does not know its own id
    return call


async def _answer(engine: str, call: Any) -> Outcome:
    """What the call returned. An ``OSError`` is the step's own, for the client makes ``ConnectionError`` of
    the network's: it is not to be asked for again."""
    try:
        outcome: Outcome = await call.get.aio()
    except OSError as error:
        raise EngineFailed(engine, f"{type(error).__name__}: {error}") from error
    return outcome


async def _stop(call: Any, waiting: asyncio.Future[Any]) -> None:
    """Cancels a call, and waits a little for its container to have stopped."""
    try:
        await steady("cancelling", lambda: call.cancel.aio())
    except (Unavailable, *REFUSALS) as error:
        log.warning("a call was not cancelled: %s", error)
    await asyncio.wait([waiting], timeout=_STOPPED_S)
    if waiting.done():
        _seen(waiting)
    else:
        waiting.cancel()


def _seen(waiting: asyncio.Future[Any]) -> None:
    """So that asyncio does not report what it ended with as lost."""
    if not waiting.cancelled():
        waiting.exception()
