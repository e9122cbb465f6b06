"""The service as one thing: what it is made of, how it starts and how it stops."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from config.engine import EngineInfo
from config.errors import EngineUnavailable, QueueFull, Unreadable
from config.settings import Settings
from lyrics.contract import SongPlan
from orchestrator.estimates.costs import newest
from orchestrator.estimates.pace import Pace
from orchestrator.estimates.quotes import MOST, Measurements, Quote
from orchestrator.jobs.contract import ServiceJobs
from orchestrator.jobs.feed import Feed
from orchestrator.jobs.queue import Bounds, Jobs
from orchestrator.pipeline.make_song import this_process
from orchestrator.pipeline.photo_decoding import Decoding
from orchestrator.pipeline.tries import Unrest
from orchestrator.server.answers import PACKAGE, Addresses, PartProgress, SongAnswer, song_answer
from orchestrator.server.auth import Tokens, load_tokens
from orchestrator.server.bucket_keys import Keys
from orchestrator.server.metrics import Metrics
from orchestrator.server.readiness import StoreReadiness
from orchestrator.server.webhooks.delivery import SECRET_FILE, SECRET_PREFIX, Webhooks
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library, asset_key
from orchestrator.songs.manifest import Song, Status
from orchestrator.songs.reuse import Reuse
from orchestrator.workers.contract import ServiceWorker
from orchestrator.workers.processes import ProcessWorker
from storage.configured import kept_secret, open_store, private_folder
from storage.local import LocalStore
from storage.signing import Signer

log = logging.getLogger(__name__)

SIGNING_FILE = "signing-key"
DRAIN_S = 1.5
"""Seconds beyond the grace in which songs at work are stored and engines notice that they are to stop."""
STOP_S = 0.5
MOST_PLANS = 20
"""Plans that are written or wait at once: whoever asks for one looks at a screen meanwhile."""
_PLAN_RETRY_S = 5.0


class Service:
    """Everything that requests are answered with. Made in the event loop's thread; nothing runs before
    ``start``."""

    def __init__(self, settings: Settings, tokens: Tokens | None = None) -> None:
        """Raises ``InvalidRequest`` and ``StoreUnavailable`` for settings and a folder that do not do."""
        self.settings = settings
        self.tokens = tokens or load_tokens(settings)[0]
        self.signer = Signer(lambda: signing_key().encode())
        self.library = Library(open_store(settings, self.signer))
        self._keys = Keys(self.library.store, self._former_key)
        signing_key = self._secret(SIGNING_FILE)
        self.pace = Pace()
        self.readiness = StoreReadiness(self.library.store.look)
        self._measurements = Measurements()
        self._reading = asyncio.Lock()
        self.feed = self._make_feed()
        self.worker, self.jobs = self._make_workers()
        self.metrics = Metrics(lambda: self.jobs.waiting, lambda: self.jobs.running)
        self.reuse = Reuse(self.library, self._engine_identities)
        secret = settings.webhooks.secret.get_secret_value().strip().strip("\ufeff")
        self.webhooks = Webhooks(
            secret or self._secret(SECRET_FILE, SECRET_PREFIX),
            allow_private=settings.webhooks.allow_private,
            body=self._webhook_body,
            save=self._keep_webhook,
        )
        self._after: set[asyncio.Task[None]] = set()
        self._draining: asyncio.Future[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._decoding = Decoding()
        self._plans = 0  # that are being written, or wait for it

    def _secret(self, name: str, prefix: str = "") -> Callable[[], str]:
        """What gives the secret of this name, which is kept where the songs are. Raises ``StoreUnavailable``
        where it cannot be."""
        if self.settings.store == "local":
            secret, _ = kept_secret(self.settings, name, prefix)
        else:
            secret = self._keys.of(name)
            if self._former_key(name) not in (None, secret):
                log.warning("%s of this machine is not used: the bucket has another", name)
        return lambda: secret

    def _former_key(self, name: str) -> str | None:
        """The secret of this machine, from when each that had the bucket kept its own."""
        path = private_folder(self.settings) / name
        return kept_secret(self.settings, name)[0] if path.exists() else None

    def _make_feed(self) -> Feed:
        return Feed(lambda song_id: self.jobs.load(song_id))

    def _make_workers(self) -> tuple[ServiceWorker, ServiceJobs]:
        """What does the work, and what hands it out."""
        unrest = Unrest()
        settings, worker = self.settings, ProcessWorker(self.settings, unrest)
        bounds = Bounds(
            waiting=settings.queue_limit,
            at_once=worker.songs_at_once,
            lanes=worker.music_lanes,
            job_timeout_s=settings.job_timeout_s,
        )
        owner = this_process(service=True)
        return worker, Jobs(self.library, worker, self.feed, self.pace, owner, bounds, self._ended, unrest)

    async def start(self) -> None:
        """Loads the engines in the background and takes up what was left unfinished. Whatever it raises,
        nothing that it began goes on."""
        try:
            self.worker.start()
            if isinstance(self.library.store, LocalStore):
                self._sweeping = asyncio.get_running_loop().create_task(self._sweep(self.library.store))
            await self.jobs.start()
        except BaseException:
            await self.stop()
            raise

    async def _sweep(self, store: LocalStore) -> None:
        try:
            await self.jobs.stored(store.sweep)
        except Exception as error:  # noqa: BLE001 - what is left over is only in nobody's way
            log.warning("half-written files of an earlier run stay: %s", error)

    async def stop(self) -> None:
        """Leaves every song whole or to be taken up at the next start. What hangs meanwhile, in a store or an
        engine, is waited for no longer than ``DRAIN_S`` and ``STOP_S`` beyond the grace."""
        await self.drain()
        self.worker.close()
        closing = asyncio.ensure_future(self._close())
        await asyncio.wait([closing], timeout=STOP_S)
        if not closing.done():
            closing.cancel()
            log.warning("stopping without what the store still does")

    async def _close(self) -> None:
        await self.webhooks.close()
        if last := {*self._after, *([self._sweeping] if self._sweeping else [])}:
            await asyncio.wait(last)
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()

        def close() -> None:
            self.jobs.close()
            with suppress(RuntimeError):  # the loop has closed without us
                loop.call_soon_threadsafe(ended.set)

        # A daemon: the threads that it waits for may never come back from the store.
        threading.Thread(target=close, name="close", daemon=True).start()
        await ended.wait()

    async def drain(self) -> None:
        """Takes no more songs and lets listeners and waiters go, so that their connections can end. A second
        call waits for the first."""
        self._decoding.close()
        grace_s = self.settings.shutdown_grace_s
        if self._draining is None:
            self._draining = asyncio.ensure_future(self.jobs.drain(grace_s))
        await asyncio.wait([self._draining], timeout=grace_s + DRAIN_S / 2)
        if not self._draining.done():
            self.worker.close()  # nobody waits for an engine that hangs: its song goes on at the next start
            await asyncio.wait([self._draining], timeout=DRAIN_S / 2)
        if not self._draining.done():
            log.warning("songs are left as the store has them: it does not answer")
            self._draining.cancel()
            await asyncio.wait([self._draining], timeout=STOP_S)

    def addresses(self, base: str) -> Addresses:
        """``base`` is where the client found us, unless the settings know better."""
        expires_s = self.settings.url_expires_s
        return Addresses(
            self.settings.public_url or base,
            url=lambda key: self.library.store.url(key, expires_s),
            package_path=lambda song: self.signer.path(asset_key(song.id, PACKAGE), expires_s),
        )

    def answer(self, song: Song, base: str, *, cached: bool = False) -> SongAnswer:
        """The manifest with what is only known here and now."""
        progress = {
            part: PartProgress(stage=event.stage, fraction=event.fraction)
            for part, event in self.feed.told(song.id).items()
        }
        urls = self.addresses(base).of(song)
        return song_answer(song, urls, self.jobs.outlook(song.id), progress, cached=cached)

    async def quote(self, brief: Brief, notes: tuple[str, ...] = ()) -> Quote:
        """What ``brief`` is expected to take and cost; ``notes`` come first among the quote's own. At most
        once a minute the library is asked for songs that are not known yet. Raises ``EngineUnavailable``
        until the engines of its own crafts are loaded: which songs are like it hangs on them."""
        engines = self.engines()
        states = self.worker.states()
        if any(craft not in states or states[craft].state != "ready" for craft in brief.crafts):
            self.worker.check(brief.crafts)
            raise EngineUnavailable("the engines are being loaded", "ask again in some seconds")
        known = self._measurements
        async with self._reading:
            if known.due(now_s := time.monotonic()):
                songs = await self.jobs.stored(lambda: list(newest(self.library, last=MOST, skip=known)))
                known.learn(songs, read_at_s=now_s)
        return known.quote(brief, engines, self.worker.music_lanes, notes)

    async def kept_photo(self, data: Callable[[], Awaitable[bytes]]) -> bytes:
        """The photo in ``data``, which is asked for when its turn has come, as it is kept; raises as
        ``Decoding.kept_photo`` does. Cancelling the awaiting task ends its decoding."""
        return await self._decoding.kept_photo(data)

    async def draft(self, song: Song) -> SongPlan:
        """The plan alone; nothing is stored. Cancelling the awaiting task ends its writing.

        Raises ``QueueFull`` where ``MOST_PLANS`` are written or wait already."""
        if self._plans >= MOST_PLANS:
            raise QueueFull(self._plans, _PLAN_RETRY_S, "plans")
        self._plans += 1
        try:
            async with asyncio.timeout(self.settings.job_timeout_s):
                return await self.worker.draft(song)
        finally:
            self._plans -= 1

    async def delete(self, song_id: str) -> None:
        """Ends whatever is under way for the song and deletes it; raises as ``Jobs.delete`` does."""
        try:
            song = await self.jobs.load(song_id)
        except Unreadable:
            song = None  # notes that lead to it count for nothing
        await self.webhooks.stop(song_id)
        await self.jobs.delete(song_id)
        await self.webhooks.stop(song_id)  # one that its cancelling started
        if song:
            await self.jobs.stored(self.reuse.forget, song)

    async def _keep_webhook(self, song: Song) -> Song:
        """Writes how the webhook went, and nothing else: another service may tell of the song as well, and
        none may bring back one that was deleted."""
        while True:
            kept, etag = await self.jobs.stored(self.library.version, song.id)
            if kept.webhook and not kept.webhook.pending:
                return kept
            changed = kept.changed(webhook=song.webhook)
            if await self.jobs.stored(self.library.save_if, changed, etag):
                return changed

    def _ended(self, song: Song) -> None:
        self.metrics.song_ended(song)
        self.webhooks.send(song)
        self._measurements.learn([song])
        if song.status is Status.DONE:
            task = asyncio.get_running_loop().create_task(self.jobs.stored(self.reuse.keep_request, song))
            self._after.add(task)
            task.add_done_callback(self._remembered)

    def _remembered(self, task: asyncio.Task[None]) -> None:
        self._after.discard(task)
        if error := task.exception():
            # The song is made and kept; only a repeated request will not find it.
            log.warning("the request was not remembered: %s", error)

    async def _base(self) -> str:
        """Where this service is reached, by itself, when no request tells."""
        return f"http://{self.settings.host}:{self.settings.port}/"

    async def _webhook_body(self, song: Song) -> bytes:
        answer = self.answer(song, await self._base()).model_dump_json()
        return f'{{"type":"song.{song.status.value}","song":{answer}}}'.encode()

    def engines(self) -> dict[str, EngineInfo]:
        """By craft, the engine that is ready."""
        return {craft: state.info for craft, state in self.worker.states().items() if state.info}

    def _engine_identities(self) -> dict[str, str]:
        return {craft: info.identity for craft, info in self.engines().items()}
