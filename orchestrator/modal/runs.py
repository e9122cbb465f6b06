"""Runs each step of a song once, even if Modal or we call it several times.

The spawner of a step may be lost before the call's id is recorded, and Modal may give one call to two
containers. So the step itself records in the bucket that it begins. A second call of the step leaves it to
the first. At the end the step keeps its result in ``Progress`` too, where that costs no write of the bucket:
its call's output may be lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from config.errors import Conflict, EngineFailed, StoreUnavailable, Unavailable
from orchestrator.modal.call_records import CallRecords, StepRun
from orchestrator.modal.calls import is_running
from orchestrator.modal.progress import Progress
from orchestrator.pipeline.manifest_writer import Superseded

log = logging.getLogger(__name__)

MOST_RUNS = 3
_LOOK_S = 1.0


class Elsewhere(Conflict):
    """Another call runs the step; its id is the first part of the ``Outcome``. Clients never see this. It is
    pickled between containers of different versions, so its name and module stay."""


class Interrupted(Unavailable):
    """The container ended in the middle of the step: the caller spawns it again after a while. Clients never
    see this. It is pickled like ``Elsewhere``."""


class Runs:
    """Runs the steps of songs once each."""

    def __init__(self, records: CallRecords, progress: Progress) -> None:
        self._records = records
        self._progress = progress

    async def read(self, song_id: str, step: str) -> tuple[StepRun, str | None]:
        """The record of the step's run with its result, and the record's etag; an empty record and None if
        there is none."""
        run, etag = await asyncio.to_thread(self._records.run, song_id, step)
        if run.call_id and not run.result:  # the earliest versions stored it in the record
            result = await self._progress.result(song_id, step, run.call_id) or await asyncio.to_thread(
                self._records.former_result, song_id, step
            )
            run = run.model_copy(update={"result": result})
        return run, etag

    async def once(
        self,
        song_id: str,
        step: str,
        call_id: str,
        work: Callable[[], Awaitable[str]],
        heartbeat_stopped: Callable[[], Awaitable[None]],
    ) -> tuple[str, Elsewhere | None]:
        """The result of ``work``, or its stored result; or the id of another call that runs it, and
        ``Elsewhere``.

        ``heartbeat_stopped`` returns once the heartbeats of this step have stopped. Raises ``Superseded`` if
        the song has ended, ``Interrupted`` if an earlier container of this call ended in the middle of the
        step, ``EngineFailed`` after the third that did, and the errors of ``work``.
        """
        run, etag = await self._read(song_id, step)
        while not run.result:
            if run.call_id not in ("", call_id) and await is_running(run.call_id):
                return run.call_id, Elsewhere("another call is at the step", "wait for that one")
            if run.call_id:
                # Modal has given our call to a second container, or says that the other call has ended. The
                # other container has ended, or only seems to have.
                waiting = asyncio.ensure_future(heartbeat_stopped())
                now, etag = await self._wait_for_change(waiting, song_id, step, run)
                if now == run and run.call_id == call_id:
                    await self._store(song_id, step, StepRun(number=run.number), etag)
                    raise self._interrupted(step, run)
                if now != run:
                    run = now
                    continue
            if run.number >= MOST_RUNS:
                raise self._interrupted(step, run)
            mine = StepRun(call_id=call_id, number=run.number + 1)
            if etag := await asyncio.to_thread(self._records.replace_run, song_id, step, mine, etag):
                try:
                    result = await work()
                except asyncio.CancelledError:
                    # The container must end, or the song is cancelled: no call runs the step any more.
                    await self._store(song_id, step, StepRun(number=run.number), etag)
                    raise
                await self._progress.keep_result(song_id, step, call_id, result)
                return result, None
            run, etag = await self._read(song_id, step)
        log.info("the %s step is made already", step, extra={"song_id": song_id})
        return run.result, None

    async def _read(self, song_id: str, step: str) -> tuple[StepRun, str | None]:
        cancelled, run = await asyncio.gather(
            asyncio.to_thread(self._records.is_cancelled, song_id),
            self.read(song_id, step),
        )
        if cancelled:
            raise Superseded(f"song {song_id} has ended", "nothing is left to do for it")
        return run

    async def _wait_for_change(
        self, heartbeat_stopped: asyncio.Future[None], song_id: str, step: str, before: StepRun
    ) -> tuple[StepRun, str | None]:
        """The record of the run once it differs from ``before`` or ``heartbeat_stopped`` is done, and its
        etag."""
        try:
            while True:
                await asyncio.wait([heartbeat_stopped], timeout=_LOOK_S)
                run, etag = await self._read(song_id, step)
                if run != before or heartbeat_stopped.done():
                    return run, etag
        finally:
            heartbeat_stopped.cancel()

    async def _store(self, song_id: str, step: str, run: StepRun, etag: str | None) -> None:
        with _logged(song_id, step):
            await asyncio.to_thread(self._records.replace_run, song_id, step, run, etag)

    def _interrupted(self, step: str, run: StepRun) -> Interrupted | EngineFailed:
        if run.number < MOST_RUNS:
            return Interrupted("the container ended in mid-step", "spawn it again")
        return EngineFailed(step, f"its container ended {run.number} times in the middle of this song")


@contextmanager
def _logged(song_id: str, step: str) -> Iterator[None]:
    """Logs an error of the store in the block. It only matters if this call's output is lost now: the step is
    then made again."""
    try:
        yield
    except StoreUnavailable as error:
        log.warning("the run of the %s step was not recorded: %s", step, error, extra={"song_id": song_id})
