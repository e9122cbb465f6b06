"""Builds the service on Modal: songs are spawned calls, engines run in classes of their own."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from config.errors import (
    InvalidRequest,
    Unavailable,
)
from orchestrator.jobs.endings import SongEndings
from orchestrator.jobs.feed import Feed
from orchestrator.modal.call_records import CallRecords, SongCalls, Spawn
from orchestrator.modal.calls import MODAL_ERRORS, retrying
from orchestrator.modal.claim import Claim
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.modal.deployment.warmth import Warmth
from orchestrator.modal.jobs import SpawnedJobs
from orchestrator.modal.progress import Progress
from orchestrator.modal.service import ModalService
from orchestrator.modal.worker import ModalWorker
from orchestrator.server.access.access import Access
from orchestrator.server.auth import Tokens, required_tokens
from orchestrator.server.bucket_keys import SIGNING_KEY, Keys
from orchestrator.server.service import Service, ServiceParts
from orchestrator.songs.library import Library
from orchestrator.songs.library_threads import LibraryThreads
from storage.configured import open_store
from storage.signing import Signer

log = logging.getLogger(__name__)


def modal_service(
    settings: Deployment,
    hosts: Mapping[str, Any],
    spawn: Spawn,
    web_url: Callable[[], Awaitable[str | None]],
    kept: Mapping[str, tuple[Any, int]],
) -> ModalService:
    """The service of spawned calls and engine classes.

    ``hosts``: by craft, an object of its class on Modal; ``web_url`` returns the web function's address.
    ``kept``: the functions that are kept warm with the engines, as in ``Warmth``.
    Raises ``InvalidRequest`` and ``StoreUnavailable`` for settings that cannot be used.
    """
    # Containers share no folder: the keys are in the bucket, and are read when they are needed.
    signer = Signer(lambda: keys.of(SIGNING_KEY).encode())
    library = Library(open_store(settings, signer))
    keys = Keys(library.store)
    threads, endings = LibraryThreads(library), SongEndings()
    progress = Progress(f"{settings.modal.app}-progress")
    feed = Feed(threads.load, progress.of)
    claim = Claim(library.store, settings.modal.app, progress.identity)
    worker = ModalWorker(settings, library.store, hosts, progress)
    calls = SongCalls(CallRecords(library.store), spawn, worker.wake, separates=worker.separates)
    jobs = SpawnedJobs(library, threads, feed, calls, progress, endings, settings.queue_limit, claim)

    async def own_address() -> str:
        """The web function's address from Modal; there is no request to take it from."""
        try:
            url = await retrying("the web address", web_url)
        except MODAL_ERRORS as error:
            raise Unavailable(
                f"Modal does not say where the web function is: {error}", "ask again"
            ) from error
        # The webhook's addresses are signed in the event loop: the keys must be loaded by then.
        await threads.run(keys.of, SIGNING_KEY)
        return f"{url}/"

    async def prepare() -> None:
        """Checks the bucket. An error is logged with its fix; each request gets it too."""
        try:
            await threads.run(library.store.check_writable)
            await threads.run(keys.of, SIGNING_KEY)
            await threads.run(worker.read_records)
            await claim.hold()
        except Unavailable as error:
            log.error("the bucket cannot be used: %s", error)

    tokens = Tokens(_tokens(settings))
    parts = (library, threads, signer, keys, feed, worker, jobs, endings)
    access = Access.of_containers(settings, library.store, lambda: keys.of(SIGNING_KEY).encode())
    web = Service(ServiceParts(settings, tokens, *parts, own_address, access, prepare, builds_index=False))
    warmth = Warmth(f"{settings.modal.app}-warmth", hosts, settings.modal.warm_s, kept)
    return ModalService(settings, web, endings, keys, worker, jobs, claim, progress, warmth)


def _tokens(settings: Deployment) -> tuple[str, ...]:
    """The tokens of the secret. If they are not valid, all requests are refused, and running songs go on."""
    try:
        return required_tokens(settings)
    except InvalidRequest as error:
        log.error("nobody can use the service: %s", error)
        return ()
