"""The lease of a bucket: only the service that holds it makes the bucket's songs.

One object names the holder. It is only written over the version that was read, so only one of several
services gets it. ``songwright serve`` renews its lease. Another service watches the object, and takes the
lease over once the object has not changed for two renewals by its own monotonic clock: no two clocks are
compared. A deployment on Modal runs nothing most of the time: its lease never expires, and is only taken by
command.

The lease decides which service starts a song. It cannot stop a holder that was paused in the middle of one,
so each manifest is also written only over the version before (``orchestrator.pipeline.recorder.RunOptions``).
"""

from __future__ import annotations

import logging
import platform
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.errors import Conflict, NotFound, StoreUnavailable
from config.settings import Settings
from storage.configured import kept_secret, open_store
from storage.contract import Store

log = logging.getLogger(__name__)

KEY = "lease/service.json"
RENEWAL_S = 45.0
"""Seconds between the renewals of a running service. Each is a write: 58,000 a month."""
_MISSED = 2  # renewals that a holder may miss before another service takes over
_LOOKS = 9  # reads of the lease between two renewals, while waiting for it or after a failed renewal
_ANSWER_S = 10.0
_ID_FILE = "service-id"
_RELEASED_S = 4.0  # for the last write of a service that ends


class Lease(BaseModel):
    """The content of the object."""

    model_config = ConfigDict(frozen=True)

    holder: str
    """The holder's id; empty once the lease is released."""
    name: str
    """The holder's name for people."""
    renewal_s: float = Field(ge=0.0, le=600.0)
    """Seconds between renewals; 0: the lease is never renewed and never expires."""
    version: str
    """Random, so that no two versions have the same bytes."""
    at: datetime
    """When it was written, by the holder's clock; for people."""


@dataclass(frozen=True)
class Holder:
    """The identity of a service. A service gets the lease of its own ``id`` back at once, for only one
    service at a time has that id."""

    id: str
    name: str
    renewal_s: float = 0.0


class LeaseClient:
    """Acquires, renews and releases the lease for one process. Every method blocks on the store and raises
    its errors."""

    def __init__(self, store: Store, holder: Holder, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` returns seconds that never go back."""
        self._store = store
        self._holder = holder
        self._clock = clock
        self._etag: str | None = None  # of the version that we wrote or read last
        self._tried: list[str] = []  # versions that may be stored although no response confirmed it
        self._seen: tuple[str, float] = ("", 0.0)  # another holder's version, and when we first read it
        self.changes = 0
        """How often another holder renewed the lease while we watched."""

    def other(self) -> Lease | None:
        """The valid lease of another holder; None if there is none. Writes nothing."""
        return self._other(self._read())

    def acquire(self, *, force: bool = False) -> Lease | None:
        """Takes the lease; with ``force`` from any holder. Returns None, or the valid lease of another."""
        while True:
            lease = self._read()
            if not force and (other := self._other(lease)):
                return other
            if lease and lease.holder == self._holder.id and not self._holder.renewal_s:
                return None
            if self._write(self._holder.id):
                return None

    def renew(self) -> Lease | None:
        """Renews the lease. Returns None, or the lease of the service that holds it now."""
        if self._write(self._holder.id):
            return None
        lease = self._read()
        if lease and lease.version in self._tried:
            return None  # our write, whose response was lost
        if lease is None and self._write(self._holder.id):
            return None  # the object was deleted, which gave the lease to nobody
        return lease or self._read()

    def release(self) -> None:
        """Releases the lease if it is still ours: the next service gets it at once."""
        self._write("")

    def _other(self, lease: Lease | None) -> Lease | None:
        """``lease`` if it belongs to another holder and has not expired."""
        if lease is None or lease.holder in ("", self._holder.id):
            return None
        etag, since_s = self._seen
        if self._etag != etag:
            self.changes += bool(etag)
            self._seen = (str(self._etag), self._clock())
            return lease
        expired = lease.renewal_s and self._clock() - since_s >= _MISSED * lease.renewal_s
        return None if expired else lease

    def _read(self) -> Lease | None:
        lease, self._etag = _read(self._store)
        return lease

    def _write(self, holder_id: str) -> bool:
        lease = Lease(
            holder=holder_id,
            name=self._holder.name,
            renewal_s=self._holder.renewal_s,
            version=uuid4().hex,
            at=datetime.now(UTC),
        )
        self._tried.append(lease.version)
        etag = self._store.put_if(KEY, lease.model_dump_json().encode(), "application/json", etag=self._etag)
        if etag:
            self._etag = etag
            self._tried.clear()
        return bool(etag)


def is_leased(store: Store) -> bool:
    """Whether a service holds the lease of the bucket, and resumes its songs. A folder has a lock instead."""
    lease = _read(store)[0]
    return lease is not None and bool(lease.holder)


class HeldLease:
    """The state of the lease that this service holds."""

    def __init__(self) -> None:
        self.lost_to: Lease | None = None
        """The new holder's lease, once we have lost ours."""

    def check(self) -> None:
        """Raises ``Conflict`` once the lease is lost."""
        if self.lost_to:
            raise Conflict(
                f"the bucket is {_whose(self.lost_to)} now: this service has ended, and left it its songs",
                "to take the bucket back: songwright serve --take-over",
            )


@contextmanager
def leased(
    store: Store, holder: Holder, say: Callable[[str], None], *, take_over: bool = False
) -> Iterator[HeldLease]:
    """Holds the lease of the bucket and renews it. If another holder's lease may have expired, waits up to
    ``_MISSED`` of its renewals. Raises ``Conflict`` if that service still renews it, or if the holder is a
    deployment. ``take_over`` takes the lease from any holder. ``say`` is called with a line for the user."""
    client = LeaseClient(store, holder)
    _acquire(client, say, take_over=take_over)
    held, ending = HeldLease(), threading.Event()
    renewer = threading.Thread(target=_renew, args=(client, holder, held, ending), name="lease", daemon=True)
    renewer.start()
    try:
        yield held
    finally:
        ending.set()
        renewer.join(timeout=_RELEASED_S)


@contextmanager
def leased_bucket(
    settings: Settings, say: Callable[[str], None], *, take_over: bool = False
) -> Iterator[HeldLease]:
    """``leased`` for ``songwright serve``, whose identity is its folder and its machine. A copy of the folder
    on another machine is another holder."""
    kept, _ = kept_secret(settings, _ID_FILE)
    machine = platform.node()
    holder = Holder(f"{machine} {kept[:16]}", f"songwright serve on {machine}", RENEWAL_S)
    # A shorter timeout than for songs: a renewal that hangs is tried again.
    store = open_store(settings.model_copy(update={"r2_timeout_s": min(settings.r2_timeout_s, _ANSWER_S)}))
    with leased(store, holder, say, take_over=take_over) as held:
        yield held


def _acquire(client: LeaseClient, say: Callable[[str], None], *, take_over: bool) -> None:
    waiting = False
    while other := client.acquire(force=take_over):
        if not other.renewal_s or client.changes:
            raise Conflict(
                f"the bucket is {_whose(other)}, which makes its songs",
                "stop that one, or set R2_BUCKET_NAME to another bucket; "
                "to take this one from it: songwright serve --take-over",
            )
        if not waiting:
            say(
                f"The bucket was {_whose(other)}: it is taken over if nothing is heard of that for "
                f"{_MISSED * other.renewal_s:g} s"
            )
        waiting = True
        time.sleep(other.renewal_s / _LOOKS)


def _renew(client: LeaseClient, holder: Holder, held: HeldLease, ending: threading.Event) -> None:
    """Renews the lease until the service ends, and then releases it. Runs in its own thread, so that nothing
    in the service delays it."""
    wait_s = holder.renewal_s
    while not ending.wait(wait_s):
        try:
            held.lost_to = client.renew()
            wait_s = holder.renewal_s
        except StoreUnavailable as error:
            # If another service takes the lease meanwhile, a later renewal finds that.
            log.warning("the lease was not renewed: %s", error)
            wait_s = holder.renewal_s / _LOOKS
        if held.lost_to:
            log.error("the bucket is %s now: this service stops", _whose(held.lost_to))
            return
    try:
        client.release()
    except StoreUnavailable as error:
        log.warning("the lease was not released, and lapses by itself: %s", error)


def _whose(lease: Lease) -> str:
    return f"that of {lease.name}"


def _read(store: Store) -> tuple[Lease | None, str | None]:
    """The lease and its etag."""
    try:
        version = store.version(KEY)
    except NotFound:
        return None, None
    try:
        return Lease.model_validate_json(version.data), version.etag
    except ValidationError:
        # If its writer is alive, it renews it like any other.
        name, then = "a service whose lease cannot be read", datetime.fromtimestamp(0, UTC)
        return Lease(holder="?", name=name, renewal_s=RENEWAL_S, version="", at=then), version.etag
