"""The service: its parts, its start and its stop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module

from config.engine import EngineInfo
from config.errors import EngineUnavailable, QueueFull, Unreadable
from config.settings import Settings
from lyrics.contract import SongPlan
from orchestrator.estimates.quotes import Quote
from orchestrator.estimates.quoting import Quotes
from orchestrator.jobs.contract import ServiceJobs
from orchestrator.jobs.endings import SongEndings
from orchestrator.jobs.feed import Feed
from orchestrator.pipeline.inputs.recordings import Recordings
from orchestrator.pipeline.inputs.uploads import Uploads
from orchestrator.server.access.access import Access
from orchestrator.server.answers import Addresses, SongAnswer
from orchestrator.server.auth import Tokens
from orchestrator.server.bucket_keys import WEBHOOK_SECRET, ServiceKeys
from orchestrator.server.library.answering import Answers
from orchestrator.server.library.events import LibraryEvents
from orchestrator.server.metrics import Metrics
from orchestrator.server.readiness import StoreReadiness
from orchestrator.server.webhooks.delivery import Webhooks
from orchestrator.songs.brief import Brief
from orchestrator.songs.facts.labels import cleaned_labels
from orchestrator.songs.index.catalogue import Catalogue
from orchestrator.songs.index.keeper import IndexKeeper
from orchestrator.songs.library import Library
from orchestrator.songs.library_threads import LibraryThreads
from orchestrator.songs.manifest import Song
from orchestrator.songs.reuse import Reuse, StoringRequests
from orchestrator.workers.contract import ServiceWorker
from orchestrator.workers.listening import Listening
from storage.local import LocalStore
from storage.signing import Signer

log = logging.getLogger(__name__)

DRAIN_S = 1.5
"""Seconds after the grace period, in which running songs are stored and engines stop."""
STOP_S = 0.5
MOST_PLANS = 20
"""The most plans that are written or wait at once: their users are waiting in front of a screen."""
_PLAN_RETRY_S = 5.0


@dataclass(frozen=True)
class ServiceParts:
    """The parts of a service, on one machine (``server.wiring``) or on Modal (``modal.wiring``)."""

    settings: Settings
    tokens: Tokens
    library: Library
    threads: LibraryThreads
    signer: Signer
    keys: ServiceKeys
    feed: Feed
    worker: ServiceWorker
    jobs: ServiceJobs
    endings: SongEndings
    """Called by ``jobs`` with each song that has ended."""
    own_address: Callable[[], Awaitable[str]]
    """Returns the address of this service, for webhooks, which have no request."""
    access: Access
    prepare: Callable[[], Awaitable[None]] | None = None
    """Called before anything starts."""
    builds_index: bool = True
    """Whether a bucket that has no index gets one: see ``IndexKeeper``."""
    listening: Listening | None = None
    """The songs that are heard while they are made; None where none can be."""


class Service:
    """The work behind all requests. Created in the event loop's thread; nothing runs before ``start``."""

    def __init__(self, parts: ServiceParts) -> None:
        self.settings = parts.settings
        self.tokens = parts.tokens
        self.access = parts.access
        self.library = parts.library
        self.threads = parts.threads
        self.signer = parts.signer
        self.feed = parts.feed
        self.worker = parts.worker
        self.jobs = jobs = parts.jobs
        self.listening = parts.listening
        self._own_address = parts.own_address
        self._prepare = parts.prepare
        self.readiness = StoreReadiness(self.library.store.look)
        self.metrics = Metrics(lambda: jobs.waiting, lambda: jobs.running)
        self.reuse = Reuse(self.library, self._engine_identities)
        self._requests = StoringRequests(self.reuse, self.threads)
        answering = (lambda: self.library.store, self.signer, self.feed, jobs, self.listening)
        self.answers = Answers(self.settings, *answering)
        self.events = LibraryEvents(self.library, self.threads, self.feed, jobs)
        self.webhooks = Webhooks(
            self.settings.webhooks.chosen_secret or (lambda: parts.keys.of(WEBHOOK_SECRET)),
            allow_private=self.settings.webhooks.allow_private,
            body=self._webhook_body,
            save=self._keep_webhook,
        )
        self.catalogue = Catalogue(self.library)
        self._keeper = IndexKeeper(self.library, self.threads, builds=parts.builds_index)
        self._quotes = Quotes(self.library, self.catalogue, self.threads)
        for listener in (
            self.metrics.song_ended,
            self.webhooks.send,
            self._quotes.learn,
            self._requests.keep,
        ):
            parts.endings.add(listener)
        self._draining: asyncio.Future[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None
        recordings = Recordings(self.library.store, self.settings.source_limit)
        self.uploads = Uploads(recordings, self.threads)
        self._plans = 0  # plans that are written or wait

    async def start(self) -> None:
        """Loads the engines in the background and resumes unfinished songs. If it raises an error, it stops
        everything that it has started."""
        try:
            if self._prepare:
                await self._prepare()
            self.worker.start()
            # What reads descriptions takes a tenth of a second to import, which no request should wait for.
            await asyncio.to_thread(import_module, "lyrics.requests")
            if isinstance(self.library.store, LocalStore):
                self._sweeping = asyncio.get_running_loop().create_task(self._sweep(self.library.store))
            await self.jobs.start()
            self._keeper.start()
            self._quotes.warm()
        except BaseException:
            await self.stop()
            raise

    async def _sweep(self, store: LocalStore) -> None:
        try:
            await self.threads.run(self.library.sweep_unfinished, store)
        except Exception as error:  # noqa: BLE001 - files that stay do no harm
            log.warning("half-written files of an earlier run stay: %s", error)

    async def stop(self) -> None:
        """Stops the service: every song is finished, or is resumed at the next start. Waits for a store or an
        engine that hangs no longer than ``DRAIN_S`` and ``STOP_S`` after the grace period."""
        await self.drain()
        self.worker.close()
        closing = asyncio.ensure_future(self._close())
        await asyncio.wait([closing], timeout=STOP_S)
        if not closing.done():
            closing.cancel()
            log.warning("stopping without what the store still does")

    async def _close(self) -> None:
        await self.webhooks.close()
        await self.wait_for_requests()
        if self._sweeping:
            await asyncio.wait([self._sweeping])
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()

        def close() -> None:
            self.threads.close()
            with suppress(RuntimeError):  # the loop has closed already
                loop.call_soon_threadsafe(ended.set)

        # A daemon: the threads that it waits for may hang in the store for ever.
        threading.Thread(target=close, name="close", daemon=True).start()
        await ended.wait()

    async def drain(self) -> None:
        """Accepts no more songs and releases listeners and waiters, so that their connections can end. A
        second call waits for the first."""
        self.uploads.close()
        self._keeper.stop()
        grace_s = self.settings.shutdown_grace_s
        if self._draining is None:
            self._draining = asyncio.ensure_future(self.jobs.drain(grace_s))
        await asyncio.wait([self._draining], timeout=grace_s + DRAIN_S / 2)
        if not self._draining.done():
            self.worker.close()  # ends an engine that hangs: its song is resumed at the next start
            await asyncio.wait([self._draining], timeout=DRAIN_S / 2)
        if not self._draining.done():
            log.warning("songs are left as the store has them: it does not answer")
            self._draining.cancel()
            await asyncio.wait([self._draining], timeout=STOP_S)
        self.events.close()
        if self.listening:
            self.listening.close()

    def addresses(self, base: str) -> Addresses:
        """As ``Answers.addresses``."""
        return self.answers.addresses(base)

    def answer(self, song: Song, base: str, *, cached: bool = False) -> SongAnswer:
        """As ``Answers.song``."""
        return self.answers.song(song, base, cached=cached)

    async def quote(self, brief: Brief, notes: tuple[str, ...] = ()) -> Quote:
        """The expected time and cost of ``brief``; ``notes`` come before the quote's own notes. Raises
        ``EngineUnavailable`` until the engines of its crafts are loaded: only songs of the same engines
        count."""
        engines, states = self.engines(), self.worker.states()
        if self.worker.separates:  # on Modal it may never have run
            engines.setdefault("separation", EngineInfo(name="", version="", licence=""))
        crafts = brief.crafts_by(separates=self.worker.separates)
        if any(craft not in states or states[craft].state != "ready" for craft in crafts):
            self.worker.check(crafts)
            raise EngineUnavailable("the engines are being loaded", "ask again in some seconds")
        return await self._quotes.quote(brief, engines, self.worker.music_lanes, notes)

    async def draft(self, song: Song) -> SongPlan:
        """Writes only the plan; nothing is stored. Cancelling the awaiting task stops the work.

        Raises ``QueueFull`` if ``MOST_PLANS`` are written or wait already."""
        if self._plans >= MOST_PLANS:
            raise QueueFull(self._plans, _PLAN_RETRY_S, "plans")
        self._plans += 1
        try:
            async with asyncio.timeout(self.settings.job_timeout_s):
                return await self.worker.draft(song)
        finally:
            self._plans -= 1

    async def delete(self, song_id: str) -> None:
        """Ends all work for the song and deletes it; raises as ``Jobs.delete`` does."""
        try:
            song = await self.threads.load(song_id)
        except Unreadable:
            song = None  # entries of ``reuse`` that name it are ignored
        await self.webhooks.stop(song_id)
        await self.jobs.delete(song_id)
        await self.webhooks.stop(song_id)  # a webhook that the cancellation started
        self.events.gone(song_id)
        if song:
            await self.threads.run(self.reuse.forget, song)

    async def update(self, song_id: str, labels: Mapping[str, object]) -> Song:
        """Changes what the user may change of a song, see ``facts.labels``. Raises ``InvalidRequest``, and as
        ``Jobs.edit`` does."""
        return await self.jobs.edit(song_id, cleaned_labels(labels))

    async def _keep_webhook(self, song: Song) -> Song:
        """Stores the delivery of the webhook and changes nothing else: another service may deliver it too,
        and a deleted song must not come back."""
        while True:
            kept, etag = await self.threads.run(self.library.version, song.id)
            if kept.webhook and not kept.webhook.pending:
                return kept
            changed = kept.changed(webhook=song.webhook)
            if await self.threads.run(self.library.save_if, changed, etag):
                return changed

    async def wait_for_requests(self) -> None:
        """Waits until the requests of all finished songs are stored."""
        await self._requests.stored()

    async def _webhook_body(self, song: Song) -> bytes:
        answer = self.answer(song, await self._own_address()).model_dump_json()
        return f'{{"type":"song.{song.status.value}","song":{answer}}}'.encode()

    def engines(self) -> dict[str, EngineInfo]:
        """The engines that are ready, by craft."""
        return {craft: state.info for craft, state in self.worker.states().items() if state.info}

    def _engine_identities(self) -> dict[str, str]:
        return {craft: info.identity for craft, info in self.engines().items()}
