"""Each step of a song is run once, however often Modal or we deliver it.

Whoever spawned a step may be lost before anybody knows its call, and Modal may give one call to two
containers. So the step itself says in the bucket that it begins, and at last what it has made; one that comes
second leaves the step to the first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from config.errors import Conflict, EngineFailed, StoreUnavailable, Unavailable
from orchestrator.modal.calls import lives
from orchestrator.modal.marks import Marks, Run
from orchestrator.pipeline.make_song import Superseded

log = logging.getLogger(__name__)

MOST_RUNS = 3
_LOOK_S = 1.0


class Elsewhere(Conflict):
    """Another call is at the step: the first part of the ``Outcome`` is its id. No caller ever sees it."""


class Interrupted(Unavailable):
    """The container ended in mid-step: it is to be spawned again, after a while. No caller ever sees it."""


class Runs:
    """The runs of all songs' steps."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    async def once(
        self,
        song_id: str,
        step: str,
        call_id: str,
        work: Callable[[], Awaitable[str]],
        silent: Callable[[], Awaitable[None]],
    ) -> tuple[str, Elsewhere | None]:
        """What ``work`` makes, or has made before; or the id of the call that is at it, and ``Elsewhere``.

        ``silent`` returns once nothing is heard any more of a container that is at this step of the song.
        Raises ``Superseded`` for a song that has ended, ``Interrupted`` where this call's own container ended
        in mid-step, ``EngineFailed`` after the third that did, and what ``work`` raises.
        """
        run, etag = await self._look(song_id, step)
        while not run.result:
            if run.call_id not in ("", call_id) and await lives(run.call_id):
                return run.call_id, Elsewhere("another call is at the step", "wait for that one")
            if run.call_id:
                # Modal has given our call to a second container, or counts another as ended. The container
                # that was at it is gone, or only seems to be.
                waiting = asyncio.ensure_future(silent())
                now, etag = await self._until(waiting, song_id, step, run)
                if now == run and run.call_id == call_id:
                    await self._keep(song_id, step, Run(number=run.number), etag)
                    raise self._interrupted(step, run)
                if now != run:
                    run = now
                    continue
            if run.number >= MOST_RUNS:
                raise self._interrupted(step, run)
            mine = Run(call_id=call_id, number=run.number + 1)
            if etag := await asyncio.to_thread(self._marks.replace_run, song_id, step, mine, etag):
                try:
                    result = await work()
                except asyncio.CancelledError:
                    # By a container that has to go, or by who cancels the song: nobody is at the step.
                    await self._keep(song_id, step, Run(number=run.number), etag)
                    raise
                await self._keep(song_id, step, mine.model_copy(update={"result": result}), etag)
                return result, None
            run, etag = await self._look(song_id, step)
        log.info("the %s step is made already", step, extra={"song_id": song_id})
        return run.result, None

    async def _look(self, song_id: str, step: str) -> tuple[Run, str | None]:
        if await asyncio.to_thread(self._marks.is_cancelled, song_id):
            raise Superseded(f"song {song_id} has ended", "nothing is left to do for it")
        return await asyncio.to_thread(self._marks.run, song_id, step)

    async def _until(
        self, silent: asyncio.Future[None], song_id: str, step: str, before: Run
    ) -> tuple[Run, str | None]:
        """The run as it is once it is another than ``before``, or ``silent``."""
        try:
            while True:
                await asyncio.wait([silent], timeout=_LOOK_S)
                run, etag = await self._look(song_id, step)
                if run != before or silent.done():
                    return run, etag
        finally:
            silent.cancel()

    async def _keep(self, song_id: str, step: str, run: Run, etag: str | None) -> None:
        try:
            await asyncio.to_thread(self._marks.replace_run, song_id, step, run, etag)
        except StoreUnavailable as error:
            # Only a runner that is lost now, with the call's output, would have the step made again.
            log.warning("how the %s step went was not kept: %s", step, error, extra={"song_id": song_id})

    def _interrupted(self, step: str, run: Run) -> Interrupted | EngineFailed:
        if run.number < MOST_RUNS:
            return Interrupted("the container ended in mid-step", "spawn it again")
        return EngineFailed(step, f"its container ended {run.number} times in the middle of this song")
