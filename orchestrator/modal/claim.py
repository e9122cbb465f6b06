"""The deployment's lease of its bucket: it stands while nothing runs, until another service takes the bucket
by command (``songwright serve --take-over``, or another deployment's ``modal run main.py::take_over``)."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable

from config.errors import Unavailable
from orchestrator.jobs.lease import Holder, Lease, Lessee
from orchestrator.modal.calls import REFUSALS, steady
from storage.contract import Store

log = logging.getLogger(__name__)


class BucketTaken(Unavailable):
    """The bucket is another service's."""


class Claim:
    """Whether this deployment makes the songs of the bucket."""

    def __init__(self, store: Store, app: str, identity: Callable[[], Awaitable[str]]) -> None:
        """``identity`` gives what no other app, environment or workspace of Modal has, and what this one
        keeps over deployments."""
        self._store = store
        self._app = app
        self._identity = identity
        self._known: Lessee | None = None
        self._looking = threading.Lock()

    async def hold(self) -> None:
        """Sees to it that the bucket is ours. Raises ``BucketTaken`` where it is another's."""
        _check(await asyncio.to_thread(self._locked, (await self._lessee()).acquire))

    async def check(self) -> None:
        """Raises ``BucketTaken`` where the bucket is another's."""
        _check(await asyncio.to_thread(self._locked, (await self._lessee()).other))

    async def take_over(self) -> None:
        """Takes the bucket from whoever has it."""
        lessee = await self._lessee()
        await asyncio.to_thread(lambda: lessee.acquire(force=True))

    def _locked(self, look: Callable[[], Lease | None]) -> Lease | None:
        with self._looking:
            return look()

    async def _lessee(self) -> Lessee:
        if self._known is None:
            try:
                identity = await steady("the deployment's identity", self._identity)
            except REFUSALS as error:
                raise Unavailable(f"Modal does not say what this is: {error}", "ask again") from error
            holder = Holder(f"modal {identity}", f"the deployment {self._app!r} on Modal")
            self._known = self._known or Lessee(self._store, holder)
        return self._known


def _check(other: Lease | None) -> None:
    if other is not None:
        fix = "stop that one, then run: modal run main.py::take_over"
        if other.renewal_s:
            fix = f"stop that one, or wait until it has not been heard of for {2 * other.renewal_s:g} s"
        raise BucketTaken(f"the bucket is that of {other.name}, which makes its songs", fix)
