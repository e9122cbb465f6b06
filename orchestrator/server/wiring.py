"""Builds the service of one machine: engines in processes of their own, songs in its own queue."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from config.settings import Settings
from orchestrator.estimates.pace import Pace
from orchestrator.jobs.contract import Bounds
from orchestrator.jobs.endings import SongEndings
from orchestrator.jobs.feed import Feed
from orchestrator.jobs.queue import Jobs
from orchestrator.pipeline.tries import CrashCooldown
from orchestrator.server.access.access import Access
from orchestrator.server.auth import Tokens, load_tokens
from orchestrator.server.bucket_keys import NAMES, PREFIXES, SIGNING_KEY, Keys, ServiceKeys
from orchestrator.server.service import Service, ServiceParts
from orchestrator.songs.library import Library
from orchestrator.songs.library_threads import LibraryThreads
from orchestrator.songs.ownership import this_process
from orchestrator.workers.listening import Listening
from orchestrator.workers.processes import ProcessWorker
from storage.configured import index_table, kept_secret, open_store, private_folder
from storage.contract import Store
from storage.signing import Signer

log = logging.getLogger(__name__)


def local_service(settings: Settings, tokens: Tokens | None = None) -> Service:
    """The service. Called in the event loop's thread; nothing runs before ``start``. Raises
    ``InvalidRequest`` for settings that cannot be used, and ``StoreUnavailable`` if the folder or the bucket
    cannot be used."""
    tokens = tokens or load_tokens(settings)[0]
    signer = Signer(lambda: keys.of(SIGNING_KEY).encode())
    library = Library(open_store(settings, signer), index_table(settings))
    keys = _keys(settings, library.store)
    threads, endings, cooldown, pace = LibraryThreads(library), SongEndings(), CrashCooldown(), Pace()
    feed = Feed(threads.load)
    listening = Listening(lambda song_id: jobs.is_made(song_id))
    worker = ProcessWorker(settings, cooldown, listening)
    bounds = Bounds(
        waiting=settings.queue_limit,
        at_once=worker.songs_at_once,
        lanes=worker.music_lanes,
        job_timeout_s=settings.job_timeout_s,
    )
    owner = this_process(service=True)
    jobs = Jobs(library, threads, worker, feed, pace, owner, bounds, endings, cooldown)
    endings.add(pace.learn_song)
    endings.add(listening.song_ended)

    async def own_address() -> str:
        return f"http://{settings.host}:{settings.port}/"

    parts = (library, threads, signer, keys, feed, worker, jobs, endings)
    access = Access.of_machine(settings, private_folder(settings))
    return Service(ServiceParts(settings, tokens, *parts, own_address, access, listening=listening))


class _FolderKeys:
    """The service's keys for songs in a folder: files beside them."""

    def __init__(self, settings: Settings, names: Iterable[str]) -> None:
        self._keys_by_name = {name: kept_secret(settings, name, PREFIXES[name])[0] for name in names}

    def of(self, name: str) -> str:
        return self._keys_by_name[name]


def _keys(settings: Settings, store: Store) -> ServiceKeys:
    """Reads the keys now: a service that cannot read them does not start."""
    names = [SIGNING_KEY] if settings.webhooks.chosen_secret else list(NAMES)
    if settings.store == "local":
        return _FolderKeys(settings, names)

    def former(name: str) -> str | None:
        """This machine's key of an earlier version, in which each machine with the bucket had its own."""
        path = private_folder(settings) / name
        return kept_secret(settings, name)[0] if path.exists() else None

    keys = Keys(store, former)
    for name in names:
        if former(name) not in (None, keys.of(name)):
            log.warning("%s of this machine is not used: the bucket has another", name)
    return keys
