"""The deployment's lease of its bucket. It never expires, for nothing runs most of the time. Another service
takes the bucket by command (``songwright serve --take-over``, or ``modal run main.py::take_over``)."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable

from config.errors import Unavailable
from orchestrator.jobs.lease import Holder, Lease, LeaseClient
from orchestrator.modal.calls import MODAL_ERRORS, retrying
from storage.contract import Store

log = logging.getLogger(__name__)


class BucketTaken(Unavailable):
    """Another service holds the bucket's lease."""


class Claim:
    """Acquires and checks the lease for this deployment."""

    def __init__(self, store: Store, app: str, identity: Callable[[], Awaitable[str]]) -> None:
        """``identity`` returns an id that differs for each app, environment and workspace of Modal, and stays
        the same over deployments."""
        self._store = store
        self._app = app
        self._identity = identity
        self._client: LeaseClient | None = None
        self._guard = threading.Lock()

    async def hold(self) -> None:
        """Acquires the lease. Raises ``BucketTaken`` if another service holds it."""
        _check(await asyncio.to_thread(self._locked, (await self._lease_client()).acquire))

    async def check(self) -> None:
        """Raises ``BucketTaken`` if another service holds the lease."""
        _check(await asyncio.to_thread(self._locked, (await self._lease_client()).other))

    async def take_over(self) -> None:
        """Takes the lease from any holder."""
        client = await self._lease_client()
        await asyncio.to_thread(lambda: client.acquire(force=True))

    def _locked(self, read_lease: Callable[[], Lease | None]) -> Lease | None:
        with self._guard:
            return read_lease()

    async def _lease_client(self) -> LeaseClient:
        if self._client is None:
            try:
                identity = await retrying("the deployment's identity", self._identity)
            except MODAL_ERRORS as error:
                raise Unavailable(f"Modal does not say what this is: {error}", "ask again") from error
            holder = Holder(f"modal {identity}", f"the deployment {self._app!r} on Modal")
            self._client = self._client or LeaseClient(self._store, holder)
        return self._client


def _check(other: Lease | None) -> None:
    if other is not None:
        fix = "stop that one, then run: modal run main.py::take_over"
        if other.renewal_s:
            fix = f"stop that one, or wait until it has not been heard of for {2 * other.renewal_s:g} s"
        raise BucketTaken(f"the bucket is that of {other.name}, which makes its songs", fix)
