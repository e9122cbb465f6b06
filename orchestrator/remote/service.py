"""The service as it is on Modal: the web function answers with it, and each song's own call makes the song
with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from config.deployment import Deployment
from config.engine import ignore_progress
from config.errors import InvalidRequest, NotFound, SongwrightError, StoreUnavailable, Unavailable
from orchestrator.auth import Tokens, wanted_tokens
from orchestrator.feed import Feed
from orchestrator.homes import ServiceJobs, ServiceWorker
from orchestrator.manifest import Song, new_songs
from orchestrator.remote.calls import REFUSALS, steady
from orchestrator.remote.jobs import OWNER, Spawn, SpawnedJobs
from orchestrator.remote.keys import Keys
from orchestrator.remote.marks import Marks
from orchestrator.remote.progress import Progress
from orchestrator.remote.warmth import Warmth
from orchestrator.remote.worker import ModalWorker
from orchestrator.requests import Brief
from orchestrator.service import SIGNING_FILE, Service
from orchestrator.song import Superseded, Terms, make_song

log = logging.getLogger(__name__)

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
        self._songs = SpawnedJobs(
            self.library, self.feed, self._spawn, self._ended, self.settings.queue_limit
        )
        return self._steps, self._songs

    async def start(self) -> None:
        """A bucket that cannot be used is logged with what mends it; each request is told so, too."""
        try:
            await self.jobs.stored(self.library.store.check_writable)
            await self.jobs.stored(self._keys.of, SIGNING_FILE)
            await self.jobs.stored(self._steps.read_records)
        except StoreUnavailable as error:
            log.error("the bucket cannot be used: %s", error)
        await super().start()

    async def produce(self, song_id: str) -> str:
        """Makes the song, from wherever it is, and answers its last status. What stops this call loses
        nothing: made again, it goes on from there, with the steps that are under way.

        Raises ``StoreUnavailable`` where the manifest cannot be read or written, so that Modal calls again.
        """
        try:
            song, etag = await self._claimed(song_id)
        except NotFound:
            return "gone"  # taken back, or deleted
        if not song.status.finished:
            # Cancelled is this call, by whomever; the song is by who writes so into its manifest.
            terms = Terms(OWNER, self.settings.job_timeout_s, halting=True, etag=etag)
            try:
                song = await make_song(song, self.worker, self.library, ignore_progress, terms)
            except Superseded as error:
                log.warning("leaving the song: %s", error, extra={"song_id": song_id})
                return "superseded"
            except SongwrightError:
                song = await self.jobs.load(song_id)
                if not song.status.finished:
                    raise
                await self._steps.stop(song_id)
        await self._settle(song)
        return song.status.value

    async def order(self, brief: str) -> AsyncIterator[tuple[str, Any]]:
        """Makes a song of a brief in JSON, and tells of it: "progress" with stage and fraction, and at last
        "song" with the manifest in JSON and the address of each file by its key."""
        await self.jobs.stored(self._keys.of, SIGNING_FILE)
        (song, *_) = await self.jobs.submit(new_songs(Brief.model_validate_json(brief)))
        async for event in self.feed.follow(song.id):
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
            if await self._songs.look_after_all():
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

    async def _keep_webhook(self, song: Song) -> Song:
        """Writes how the webhook went, and nothing else: another container may tell of the song as well, and
        none may bring back one that was deleted."""
        while True:
            kept, etag = await self.jobs.stored(self.library.version, song.id)
            if kept.webhook and not kept.webhook.pending:
                return kept
            changed = kept.changed(webhook=song.webhook)
            if await self.jobs.stored(self.library.save_if, changed, etag):
                return changed

    async def _settle(self, song: Song) -> None:
        """What is due once a song has ended, and is not the web function's to do."""
        self._ended(song)
        await self.webhooks.flush(_LAST_WORDS_S)
        if self._after:
            await asyncio.wait(self._after)
        await self._progress.forget(song.id)
        await self.jobs.stored(Marks(self.library.store).forget, song.id)


def _tokens(settings: Deployment) -> tuple[str, ...]:
    """Those of the secret. Where they will not do nobody gets in, and songs at work go on."""
    try:
        return wanted_tokens(settings)
    except InvalidRequest as error:
        log.error("nobody can use the service: %s", error)
        return ()
