"""The service as one thing: what it is made of, how it starts and how it stops."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from config.engine import EngineInfo
from config.errors import EngineUnavailable, QueueFull
from config.settings import Settings
from lyrics.contract import SongPlan
from orchestrator.answers import PACKAGE, Addresses, PartProgress, SongAnswer, song_answer
from orchestrator.auth import Tokens, load_tokens
from orchestrator.costs import newest
from orchestrator.decoding import Decoding
from orchestrator.feed import Feed
from orchestrator.homes import ServiceJobs, ServiceWorker
from orchestrator.jobs import Bounds, Jobs
from orchestrator.library import Library, asset_key
from orchestrator.manifest import Song, Status
from orchestrator.metrics import Metrics
from orchestrator.pace import Pace
from orchestrator.processes import ProcessWorker
from orchestrator.quotes import MOST, Measurements, Quote
from orchestrator.requests import Brief
from orchestrator.reuse import Reuse
from orchestrator.song import this_process
from orchestrator.stores import kept_secret, open_store
from orchestrator.webhooks import SECRET_FILE, SECRET_PREFIX, Webhooks
from storage.local import LocalStore
from storage.signing import Signer

log = logging.getLogger(__name__)

SIGNING_FILE = "signing-key"
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
        signing_key = self._secret(SIGNING_FILE)
        self.signer = Signer(lambda: signing_key().encode())
        self.library = Library(open_store(settings, self.signer))
        self.pace = Pace()
        self._measurements = Measurements()
        self._reading = asyncio.Lock()
        self.feed = self._make_feed()
        self.worker, self.jobs = self._make_workers()
        self.metrics = Metrics(lambda: self.jobs.waiting, lambda: self.jobs.running)
        self.reuse = Reuse(self.library, self._engine_identities)
        secret = settings.webhooks.secret.get_secret_value()
        self.webhooks = Webhooks(
            secret or self._secret(SECRET_FILE, SECRET_PREFIX),
            allow_private=settings.webhooks.allow_private,
            body=self._webhook_body,
            save=self._keep_webhook,
        )
        self._after: set[asyncio.Task[None]] = set()
        self._decoding = Decoding()
        self._plans = 0  # that are being written, or wait for it

    def _secret(self, name: str, prefix: str = "") -> Callable[[], str]:
        """What gives the secret of this name. Raises ``StoreUnavailable`` where it cannot be kept."""
        secret, _ = kept_secret(self.settings, name, prefix)
        return lambda: secret

    def _make_feed(self) -> Feed:
        return Feed(lambda song_id: self.jobs.load(song_id))

    def _make_workers(self) -> tuple[ServiceWorker, ServiceJobs]:
        """What does the work, and what hands it out."""
        settings, worker = self.settings, ProcessWorker(self.settings)
        bounds = Bounds(
            waiting=settings.queue_limit,
            at_once=worker.songs_at_once,
            lanes=worker.music_lanes,
            job_timeout_s=settings.job_timeout_s,
        )
        owner = this_process(service=True)
        return worker, Jobs(self.library, worker, self.feed, self.pace, owner, bounds, self._ended)

    async def start(self) -> None:
        """Loads the engines in the background and takes up what was left unfinished."""
        self.worker.start()
        if isinstance(self.library.store, LocalStore):
            await self.jobs.stored(self.library.store.sweep)
        await self.jobs.start()

    async def stop(self) -> None:
        """Leaves every song whole or to be taken up at the next start."""
        await self.drain()
        await self.webhooks.close()
        if self._after:
            await asyncio.wait(self._after)
        self.jobs.close()
        self.worker.close()

    async def drain(self) -> None:
        """Takes no more songs and lets listeners and waiters go, so that their connections can end."""
        self._decoding.close()
        await self.jobs.drain(self.settings.shutdown_grace_s)

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
        until every engine is loaded: which songs are like it hangs on them."""
        engines = self.engines()
        if any(state.state != "ready" for state in self.worker.states().values()):
            self.worker.check()
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
        song = await self.jobs.load(song_id)
        await self.webhooks.stop(song_id)
        await self.jobs.delete(song_id)
        await self.webhooks.stop(song_id)  # one that its cancelling started
        await self.jobs.stored(self.reuse.forget, song)

    async def _keep_webhook(self, song: Song) -> Song:
        return await self.jobs.stored(self.library.save, song)

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
