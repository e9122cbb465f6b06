"""The service as it is on Modal: the web function answers with it, and each song's own call makes the song
with it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

from config.deployment import Deployment
from config.engine import ignore_progress
from config.errors import NotFound, SongwrightError, StoreUnavailable
from orchestrator.feed import Feed
from orchestrator.homes import ServiceJobs, ServiceWorker
from orchestrator.manifest import Song, new_songs
from orchestrator.remote.jobs import OWNER, Spawn, SpawnedJobs, forget_call
from orchestrator.remote.progress import Progress
from orchestrator.remote.worker import ModalWorker
from orchestrator.requests import Brief
from orchestrator.service import Service
from orchestrator.song import Terms, make_song

log = logging.getLogger(__name__)

_LAST_WORDS_S = 30.0  # for a webhook; one not taken by then is called again by the web function


class ModalService(Service):
    """``Service`` over spawned calls and the classes that hold the engines."""

    settings: Deployment

    def __init__(self, settings: Deployment, hosts: Mapping[str, Any], spawn: Spawn) -> None:
        """``hosts``: by craft, an object of its class on Modal. Raises as ``Service`` does."""
        self._hosts = hosts
        self._spawn = spawn
        self._progress = Progress(f"{settings.modal.app}-progress")
        super().__init__(settings)

    def _secret(self, name: str, prefix: str = "") -> str:
        """Containers share no folder: what they share is the token, so it is made of that."""
        token = self.settings.api_bearer_token.get_secret_value()
        digest = hmac.digest(token.encode(), f"songwright {name}".encode(), hashlib.sha256)
        return prefix + base64.b64encode(digest).decode()

    def _make_feed(self) -> Feed:
        return Feed(lambda song_id: self.jobs.load(song_id), self._progress.of)

    def _make_workers(self) -> tuple[ServiceWorker, ServiceJobs]:
        worker = ModalWorker(self.settings, self.library.store, self._hosts)
        jobs = SpawnedJobs(self.library, self.feed, self._spawn, self._ended, self.settings.queue_limit)
        self._read_records = worker.read_records
        return worker, jobs

    async def start(self) -> None:
        """A bucket that cannot be used is logged with what mends it; each request is told so, too."""
        try:
            await self.jobs.stored(self.library.store.check_writable)
            await self.jobs.stored(self._read_records)
        except StoreUnavailable as error:
            log.error("the bucket cannot be used: %s", error)
        await super().start()

    async def produce(self, song_id: str) -> str:
        """Makes the song, from wherever it is, and answers its last status. What stops this call loses at
        most the steps under way: made again, it goes on from there.

        Raises ``StoreUnavailable`` where the manifest cannot be read or written, so that Modal calls again.
        """
        try:
            song = await self._claimed(song_id)
        except NotFound:
            return "gone"  # taken back, or deleted
        if not song.status.finished:
            # Cancelled is this call, by whomever; the song is by who writes so into its manifest.
            terms = Terms(OWNER, self.settings.job_timeout_s, halting=True)
            try:
                song = await make_song(song, self.worker, self.library, ignore_progress, terms)
            except SongwrightError:
                song = await self.jobs.load(song_id)
                if not song.status.finished:
                    raise
        await self._settle(song)
        return song.status.value

    async def order(self, brief: str) -> AsyncIterator[tuple[str, Any]]:
        """Makes a song of a brief in JSON, and tells of it: "progress" with stage and fraction, and at last
        "song" with the manifest in JSON and the address of each file by its key."""
        (song, *_) = await self.jobs.submit(new_songs(Brief.model_validate_json(brief)))
        async for event in self.feed.follow(song.id):
            if event and event.kind == "progress":
                yield "progress", (f"{event.part}: {event.stage}", event.fraction)
            elif event and event.song:
                made, expires_s = event.song, self.settings.url_expires_s
                urls = {a.key: self.library.store.url(a.key, expires_s) for a in made.assets.values()}
                yield "song", (made.model_dump_json(), urls)

    async def wake(self) -> None:
        """Has a container of each engine started, and waits until its model is loaded."""
        await asyncio.gather(*(host.wake.remote.aio() for host in self._hosts.values()))

    async def _claimed(self, song_id: str) -> Song:
        """The song with its mark of being at work; or as it is, if it has ended. Nobody who cancels it
        meanwhile is overlooked."""
        while True:
            song, etag = await self.jobs.stored(self.library.version, song_id)
            if song.status.finished:
                return song
            taken = song.changed(owner=OWNER)
            if await self.jobs.stored(self.library.save_if, taken, etag):
                return taken

    async def _settle(self, song: Song) -> None:
        """What is due once a song has ended, and is not the web function's to do."""
        self._ended(song)
        await self.webhooks.flush(_LAST_WORDS_S)
        if self._after:
            await asyncio.wait(self._after)
        await self._progress.forget(song.id)
        await self.jobs.stored(forget_call, self.library, song.id)
