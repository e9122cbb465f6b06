"""The service as it is on Modal: the web function answers with it, and each song's own call makes the song
with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import modal

from config.engine import ignore_progress
from config.errors import (
    EngineFailed,
    InvalidRequest,
    NotFound,
    SongwrightError,
    StoreUnavailable,
    Unavailable,
)
from orchestrator.jobs.contract import ServiceJobs
from orchestrator.jobs.feed import Feed
from orchestrator.modal.calls import REFUSALS, steady
from orchestrator.modal.claim import BucketTaken, Claim
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.modal.deployment.warmth import Warmth
from orchestrator.modal.jobs import OWNER, Spawn, SpawnedJobs
from orchestrator.modal.marks import Mark, Marks
from orchestrator.modal.progress import Progress
from orchestrator.modal.runs import MOST_RUNS
from orchestrator.modal.worker import ModalWorker
from orchestrator.pipeline.make_song import Superseded, Terms, make_song, this_process
from orchestrator.server.auth import Tokens, wanted_tokens
from orchestrator.server.bucket_keys import Keys
from orchestrator.server.service import SIGNING_FILE, Service
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import Failure, Song, Status, new_songs
from orchestrator.workers.contract import ServiceWorker

log = logging.getLogger(__name__)

_MOST_BEGUN = 10  # calls from one place of a song, where an engine works elsewhere: it may be others' doing
_AGAIN_S = 5.0  # half of what the third of them waits; each later one waits twice as long
_LONGEST_WAIT_S = 60.0
_LAST_WORDS_S = 30.0  # for a webhook; one not taken by then is called again by the web function


class ModalService(Service):
    """``Service`` over spawned calls and the classes that hold the engines."""

    settings: Deployment

    def __init__(
        self,
        settings: Deployment,
        hosts: Mapping[str, Any],
        spawn: Spawn,
        web_url: Callable[[], Awaitable[str | None]],
    ) -> None:
        """``hosts``: by craft, an object of its class on Modal; ``web_url`` gives the web function's address.
        Raises as ``Service`` does."""
        self._hosts = hosts
        self._spawn = spawn
        self._web_url = web_url
        self._progress = Progress(f"{settings.modal.app}-progress")
        self._warmth = Warmth(f"{settings.modal.app}-warmth", hosts, settings.modal.warm_s)
        super().__init__(settings, Tokens(_tokens(settings)))
        self._keys = Keys(self.library.store)  # no container has kept any of its own

    def _secret(self, name: str, prefix: str = "") -> Callable[[], str]:
        """Containers share no folder: theirs are in the bucket, and are read once they are needed."""
        return lambda: self._keys.of(name)

    async def _base(self) -> str:
        """The web function's address, which this container knows from its app: no request has told it."""
        try:
            url = await steady("the web address", self._web_url)
        except REFUSALS as error:
            raise Unavailable(
                f"Modal does not say where the web function is: {error}", "ask again"
            ) from error
        # What is signed for the webhook is read in the event loop: the keys are to be there by then.
        await self.jobs.stored(self._keys.of, SIGNING_FILE)
        return f"{url}/"

    def _make_feed(self) -> Feed:
        return Feed(lambda song_id: self.jobs.load(song_id), self._progress.of)

    def _make_workers(self) -> tuple[ServiceWorker, ServiceJobs]:
        self._steps = ModalWorker(self.settings, self.library.store, self._hosts)
        self._claim = Claim(self.library.store, self.settings.modal.app, self._progress.identity)
        self._songs = SpawnedJobs(
            self.library, self.feed, self._spawn, self._ended, self.settings.queue_limit, self._claim
        )
        return self._steps, self._songs

    async def start(self) -> None:
        """A bucket that cannot be used is logged with what mends it; each request is told so, too."""
        try:
            await self.jobs.stored(self.library.store.check_writable)
            await self.jobs.stored(self._keys.of, SIGNING_FILE)
            await self.jobs.stored(self._steps.read_records)
            await self._claim.hold()
        except Unavailable as error:
            log.error("the bucket cannot be used: %s", error)
        await super().start()

    async def produce(self, song_id: str) -> str:
        """Makes the song, from wherever it is, and answers its last status. What stops this call loses
        nothing: made again, it goes on from there, with the steps that are under way.

        Raises ``StoreUnavailable`` where the manifest cannot be read or written, so that Modal calls again.
        """
        try:
            await self._claim.check()
            song, etag = await self._claimed(song_id)
            if not song.status.finished and not await self._beginning(song):
                return "cancelled"  # which whoever cancels it writes
        except NotFound:
            return "gone"  # taken back, or deleted
        except BucketTaken as error:
            log.error("leaving the song: %s", error, extra={"song_id": song_id})
            return "left"
        except EngineFailed as error:
            failure = Failure(type="EngineFailed", message=str(error), step="job")
            failed = song.changed(status=Status.FAILED, error=failure, owner=None)
            if not await self.jobs.stored(self.library.save_if, failed, etag):
                return "superseded"
            song = failed
        if not song.status.finished:
            # Cancelled is this call, by whomever; the song is by who writes so into its manifest.
            terms = Terms(OWNER, self.settings.job_timeout_s, halting=True, etag=etag)
            try:
                song = await make_song(song, self.worker, self.library, ignore_progress, terms)
            except Superseded as error:
                log.warning("leaving the song: %s", error, extra={"song_id": song_id})
                await self._let_go(song_id)
                return "superseded"
            except SongwrightError:
                song = await self.jobs.load(song_id)
                if not song.status.finished:
                    await self._let_go(song_id)
                    raise
                await self._steps.stop(song_id)
            except asyncio.CancelledError:
                await self._let_go(song_id)
                raise
        await self._settle(song)
        return song.status.value

    async def order(self, brief: str, song_id: str) -> AsyncIterator[tuple[str, Any]]:
        """Makes a song of a brief in JSON, and tells of it: "progress" with stage and fraction, and at last
        "song" with the manifest in JSON and the address of each file by its key. Ordered again, for Modal may
        give the call to a second container, it is the same song."""
        await self.jobs.stored(self._keys.of, SIGNING_FILE)
        (song, *_) = new_songs(Brief.model_validate_json(brief), owner=this_process(service=True))
        try:
            await self.jobs.load(song_id)
        except NotFound:
            await self.jobs.submit([song.model_copy(update={"id": song_id, "sibling_ids": (song_id,)})])
        async for event in self.feed.follow(song_id):
            if event and event.kind == "progress":
                yield "progress", (f"{event.part}: {event.stage}", event.fraction)
            elif event and event.song:
                made, expires_s = event.song, self.settings.url_expires_s
                urls = {a.key: self.library.store.url(a.key, expires_s) for a in made.assets.values()}
                yield "song", (made.model_dump_json(), urls)

    async def patrol(self) -> None:
        """Sees once to songs whose call was lost, to webhooks that nobody takes to their end, and to engines
        that were to be warm for a while: what the web function does too, for as long as it is there."""
        try:
            if self.settings.modal.warm:
                await self._warmth.keep()
        finally:
            try:
                seen = await self._songs.look_after_all()
            except BucketTaken as error:
                seen = 0
                log.error("nothing is looked after: %s", error)
            if seen:
                await self.webhooks.flush(_LAST_WORDS_S)
                await self.webhooks.close()
                if self._after:
                    await asyncio.wait(self._after)

    async def wake(self) -> None:
        """Has a container of each engine started and kept for a while, and waits until its model is loaded.
        Raises what keeps one from that."""
        await self._warmth.begin()
        await asyncio.gather(*(host.wake.remote.aio() for host in self._hosts.values()))

    async def _claimed(self, song_id: str) -> tuple[Song, str]:
        """The song with its mark of being at work, or as it is, if it has ended; and its version. Nobody who
        cancels it meanwhile is overlooked, and whoever was at work on it can write no more."""
        while True:
            song, etag = await self.jobs.stored(self.library.version, song_id)
            if song.status.finished:
                return song, etag
            taken = song.changed(owner=OWNER)
            if etag := await self.jobs.stored(self.library.save_if, taken, etag):
                return taken, etag

    async def _beginning(self, song: Song) -> bool:
        """Counts that a call begins to make the song from where it is; answers whether it may. Raises
        ``EngineFailed`` where so many have begun there, and ended without a word, that it is the song's
        doing: Modal would give it to one container after the other."""
        marks, stage = Marks(self.library.store), _stage(song)
        while True:
            mark, etag = await self.jobs.stored(marks.read, song.id)
            if mark.cancelled:
                return False
            if etag is None:
                mark = Mark(call_id=modal.current_function_call_id() or "", at=datetime.now(UTC))
            begun = mark.begun if mark.stage == stage else 0
            if begun >= (MOST_RUNS if _at_work(song) else _MOST_BEGUN):
                raise EngineFailed(
                    "songwright", f"its container ended {begun} times in the middle of this song"
                )
            counted = mark.model_copy(update={"begun": begun + 1, "stage": stage})
            if await self.jobs.stored(marks.replace, song.id, counted, etag):
                break
        if begun > 1:
            await asyncio.sleep(min(_AGAIN_S * 2 ** (begun - 1), _LONGEST_WAIT_S))
        return True

    async def _let_go(self, song_id: str) -> None:
        """Counts that a call has ended for a reason of its own, which is none against the song."""
        marks = Marks(self.library.store)
        try:
            mark, etag = await self.jobs.stored(marks.read, song_id)
            if etag and mark.begun:
                less = mark.model_copy(update={"begun": mark.begun - 1})
                await self.jobs.stored(marks.replace, song_id, less, etag)
        except StoreUnavailable as error:
            log.warning("that this call let go was not kept: %s", error, extra={"song_id": song_id})

    async def take_over(self) -> None:
        """Makes the bucket this deployment's, whoever has it."""
        await self._claim.take_over()

    async def _settle(self, song: Song) -> None:
        """What is due once a song has ended, and is not the web function's to do."""
        self._ended(song)
        await self.webhooks.flush(_LAST_WORDS_S)
        if self._after:
            await asyncio.wait(self._after)
        await self._progress.forget(song.id)
        await self.jobs.stored(Marks(self.library.store).forget, song.id)


def _stage(song: Song) -> str:
    """How far the song has come: a call that takes it further has not ended in vain."""
    return " ".join(["photo"] * bool(song.scene) + ["plan"] * bool(song.plan) + sorted(song.assets))


def _at_work(song: Song) -> bool:
    """Whether the song's own call is what works on it now, in its own container: it may be what ends that."""
    if song.plan is None:
        return song.brief.plan is not None
    photo_waits = song.brief.photo_as_cover and "cover" not in song.assets
    made = "audio" in song.assets and ("cover" in song.assets or not song.brief.cover)
    return photo_waits or made


def _tokens(settings: Deployment) -> tuple[str, ...]:
    """Those of the secret. Where they will not do nobody gets in, and songs at work go on."""
    try:
        return wanted_tokens(settings)
    except InvalidRequest as error:
        log.error("nobody can use the service: %s", error)
        return ()
