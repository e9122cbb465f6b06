"""The service on Modal: the web function responds with it, and each song's call makes its song with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import modal

from config.errors import (
    EngineFailed,
    NotFound,
    SongwrightError,
    StoreUnavailable,
)
from orchestrator.jobs.endings import SongEndings
from orchestrator.jobs.intake import SongTaken
from orchestrator.modal.call_records import Begun, CallRecord, CallRecords
from orchestrator.modal.claim import BucketTaken, Claim
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.modal.deployment.warmth import Warmth
from orchestrator.modal.jobs import OWNER, SpawnedJobs
from orchestrator.modal.progress import Progress
from orchestrator.modal.runs import MOST_RUNS
from orchestrator.modal.worker import ModalWorker
from orchestrator.pipeline.make_song import make_song
from orchestrator.pipeline.manifest_writer import Superseded
from orchestrator.pipeline.recorder import RunOptions
from orchestrator.pipeline.worker import drop_unused_cover
from orchestrator.server.bucket_keys import SIGNING_KEY, Keys
from orchestrator.server.service import Service
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import Failure, Song, Status, new_songs
from orchestrator.songs.ownership import this_process
from orchestrator.songs.stages import WITH_ENGINES, Stage, ignore_stages

log = logging.getLogger(__name__)

_MOST_BEGUN = 10  # calls that start at the same stage while engines run in other containers, which may fail
_RETRY_AFTER_S = 5.0  # half of the wait of the third call; each later one waits twice as long
_LONGEST_WAIT_S = 60.0
_SEEN_S = 1.0  # in which those who wait for the song see its end
_LAST_WORDS_S = 30.0  # for a webhook; after that, the web function delivers it


class ModalService:
    """The work of the functions in ``main.py``; ``web`` is the service of the web function."""

    def __init__(
        self,
        settings: Deployment,
        web: Service,
        endings: SongEndings,
        keys: Keys,
        worker: ModalWorker,
        jobs: SpawnedJobs,
        claim: Claim,
        progress: Progress,
        warmth: Warmth,
    ) -> None:
        self.web = web
        self._settings = settings
        self._library = web.library
        self._threads = web.threads
        self._records = CallRecords(web.library.store)
        self._endings = endings
        self._keys = keys
        self._worker = worker
        self._jobs = jobs
        self._claim = claim
        self._progress = progress
        self._warmth = warmth

    async def produce(self, song_id: str, wakes: Mapping[str, str]) -> str:
        """Makes the missing steps of the song, and returns its last status. If this call is interrupted, the
        next one goes on with the finished and the running steps. ``wakes``: see ``ModalWorker.wake``.

        Raises ``StoreUnavailable`` if the manifest cannot be read or written, so that Modal calls again.
        """
        try:
            # The first manifest that this call writes makes it the owner: see ``RunOptions.etag``.
            _, (song, etag) = await asyncio.gather(
                self._claim.check(), self._threads.run(self._library.version, song_id)
            )
            if not song.status.finished and not await self._may_begin(song):
                return "cancelled"  # the canceller writes the manifest
        except NotFound:
            return "gone"  # not accepted after all, or deleted
        except BucketTaken as error:
            log.error("leaving the song: %s", error, extra={"song_id": song_id})
            return "left"
        except EngineFailed as error:
            failure = Failure(type="EngineFailed", message=str(error), step="job")
            failed = song.changed(status=Status.FAILED, error=failure, owner=None)
            if not await self._threads.run(self._library.save_if, failed, etag):
                return "superseded"
            song = failed
        if not song.status.finished:
            self._worker.expect(song_id, wakes)
            # If this call is cancelled, the song is not: a canceller writes that into the manifest itself.
            options = RunOptions(OWNER, self._settings.job_timeout_s, shutting_down=lambda: True, etag=etag)
            try:
                song = await make_song(song, self._worker, self._library, ignore_stages, options)
            except Superseded as error:
                log.warning("leaving the song: %s", error, extra={"song_id": song_id})
                await self._uncount(song_id)
                return "superseded"
            except SongwrightError:
                song = await self._threads.load(song_id)
                if not song.status.finished:
                    await self._uncount(song_id)
                    raise
                await self._worker.stop(song_id)
                await self._threads.run(drop_unused_cover, song, self._library.store)
            except asyncio.CancelledError:
                await self._uncount(song_id)
                raise
        await self._finish(song)
        return song.status.value

    async def order(self, brief: str, song_id: str) -> AsyncIterator[tuple[str, Any]]:
        """Makes a song of a brief in JSON and yields events: "progress" with a stage, the engine's text and
        the fraction; at last "song" with the manifest in JSON and the address of each file by its key. If
        Modal runs the call again in a second container, it is the same song."""
        await self._threads.run(self._keys.of, SIGNING_KEY)
        (song, *_) = new_songs(Brief.model_validate_json(brief), owner=this_process(service=True))
        try:
            await self._threads.load(song_id)
        except NotFound:
            with suppress(SongTaken):  # the same order, a moment before, in the other container
                await self._jobs.submit([song.model_copy(update={"id": song_id, "sibling_ids": (song_id,)})])
        async for event in self.web.feed.follow(song_id):
            if event and event.kind == "progress":
                yield "progress", (event.part, event.stage, event.fraction)
            elif event and event.song:
                made, expires_s = event.song, self._settings.url_expires_s
                urls = {a.key: self._library.store.url(a.key, expires_s) for a in made.assets.values()}
                yield "song", (made.model_dump_json(), urls)

    async def patrol(self) -> None:
        """Spawns songs whose call was lost, delivers pending webhooks, and keeps or releases warm engines,
        all once. The web function does the first two as well while it runs."""
        try:
            if self._settings.modal.warm:
                await self._warmth.keep()
        finally:
            try:
                seen = await self._jobs.look_after_all()
            except BucketTaken as error:
                seen = 0
                log.error("nothing is looked after: %s", error)
            if seen:
                await self.web.webhooks.flush(_LAST_WORDS_S)
                await self.web.webhooks.close()
                await self.web.wait_for_requests()

    async def wake(self) -> None:
        """Starts a container of each engine, keeps it warm for a while, and waits until its model is loaded.
        Raises the error of one that fails."""
        await self._warmth.begin()
        await self._warmth.wake()

    async def _may_begin(self, song: Song) -> bool:
        """Counts a call that starts to make the song, and returns whether it may. Raises ``EngineFailed`` if
        too many calls that started at this stage were killed: Modal would give the song to one container
        after the other. A first call whose engines run elsewhere writes no count: the owner in the manifest,
        which it writes first of all, shows that it started."""
        records, stage = self._records, _made_parts(song)
        while True:
            (record, record_etag), (before, etag) = await asyncio.gather(
                self._threads.run(records.read, song.id), self._threads.run(records.begun, song.id)
            )
            if record.cancelled:
                return False
            if record_etag is None:
                record = CallRecord(call_id=modal.current_function_call_id() or "", at=datetime.now(UTC))
                if not await self._threads.run(records.replace, song.id, record, None):
                    continue
            begun = before.count if before.stage == stage else 0
            if etag is None and song.owner == OWNER:
                begun = int(not stage)  # the first was killed: otherwise it would have released the song
            elif etag is None and not _runs_here(song):
                break
            if begun >= (MOST_RUNS if _runs_here(song) else _MOST_BEGUN):
                raise EngineFailed(
                    "songwright", f"its container ended {begun} times in the middle of this song"
                )
            counted = Begun(count=begun + 1, stage=stage)
            if await self._threads.run(records.replace_begun, song.id, counted, etag):
                break
        if begun > 1:
            await asyncio.sleep(min(_RETRY_AFTER_S * 2 ** (begun - 1), _LONGEST_WAIT_S))
        return True

    async def _uncount(self, song_id: str) -> None:
        """Takes back the count of ``_may_begin``: this call has ended, but the song is not the cause."""
        records = self._records
        try:
            begun, etag = await self._threads.run(records.begun, song_id)
            if etag and begun.count:
                less = begun.model_copy(update={"count": begun.count - 1})
                await self._threads.run(records.replace_begun, song_id, less, etag)
        except StoreUnavailable as error:
            log.warning("the end of this call was not recorded: %s", error, extra={"song_id": song_id})

    async def take_over(self) -> None:
        """Takes the lease of the bucket from any holder."""
        await self._claim.take_over()

    async def _finish(self, song: Song) -> None:
        """Notifies listeners and cleans up after a song has ended."""
        await self._progress.end(song.id)
        self._endings(song)
        await self.web.webhooks.flush(_LAST_WORDS_S)
        await self.web.wait_for_requests()
        if song.was_interrupted:  # an earlier version's call may have left records of other names
            await self._threads.run(self._records.forget, song.id)
        else:
            audio = song.brief.audio_stage(separates=self._worker.separates)
            rare = {
                Stage.PHOTO: bool(song.brief.photo),
                Stage.MUSIC: audio is Stage.MUSIC,
                Stage.SEPARATE: audio is Stage.SEPARATE,
                Stage.LISTEN: self._worker.listens,
            }
            steps = [stage for stage in WITH_ENGINES if rare.get(stage, True)]
            await self._threads.run(self._records.forget_steps, song.id, steps)
        await asyncio.sleep(_SEEN_S)
        await self._progress.forget(song.id)


def _made_parts(song: Song) -> str:
    """The parts of the song that are made, as text: a new part is progress, and the count starts anew."""
    facts = {"photo": song.scene, "plan": song.plan, "heard": song.listening}
    return " ".join([*(name for name, fact in facts.items() if fact), *sorted(song.assets)])


def _runs_here(song: Song) -> bool:
    """Whether the song's next step runs in the container of its own call, which it may then kill."""
    if song.plan is None:
        return song.brief.plan is not None
    photo_waits = song.brief.photo_as_cover and "cover" not in song.assets
    made = "audio" in song.assets and ("cover" in song.assets or not song.brief.cover)
    return photo_waits or made
