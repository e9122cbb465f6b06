"""The lease of a bucket: of all services that could work on its songs, one does.

One object names the holder. It is only ever written over the version that was read, so of several services
one gets it. A ``songwright serve`` renews its lease; who else wants the bucket watches the object and takes
it over once it has not changed for two renewals, by the watcher's own monotonic clock: no two are compared.
The lease of a deployment on Modal, where nothing runs most of the time, stands until it is taken by command.

The lease decides who begins; it cannot stop a holder that was paused in mid-song. Each manifest is therefore
written over the version before as well (``orchestrator.pipeline.make_song.Terms``).
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
"""Between the renewals of a service that runs: each is a write, 58,000 a month."""
_MISSED = 2  # renewals that a holder may miss before another takes over
_LOOKS = 9  # at the lease between two renewals, by who waits for it or failed to renew it
_ANSWER_S = 10.0
_ID_FILE = "service-id"
_RELEASED_S = 4.0  # for the last write of a service that ends


class Lease(BaseModel):
    """What the object says."""

    model_config = ConfigDict(frozen=True)

    holder: str
    """An id; empty once the holder has let go."""
    name: str
    """The holder for people."""
    renewal_s: float = Field(ge=0.0, le=600.0)
    """How often it is renewed; 0: never, it stands."""
    version: str
    """Random, so that no two versions have the same bytes."""
    at: datetime
    """By the holder's clock, for people."""


@dataclass(frozen=True)
class Holder:
    """Who asks for the lease. The same ``id`` takes it up again at once: it is for one service at a time."""

    id: str
    name: str
    renewal_s: float = 0.0


class Lessee:
    """One process's side of the lease. Every method blocks on the store and raises as it does."""

    def __init__(self, store: Store, holder: Holder, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` gives seconds that only go forward."""
        self._store = store
        self._holder = holder
        self._clock = clock
        self._etag: str | None = None  # of the version that is ours, or that we go out from
        self._tried: list[str] = []  # the versions that may be what is there, though no answer said so
        self._seen: tuple[str, float] = ("", 0.0)  # another's version, and since when it has been that one
        self.changes = 0
        """How often another's lease was renewed while we looked."""

    def other(self) -> Lease | None:
        """The lease that keeps us from the bucket; None where it is ours or nobody's. Writes nothing."""
        return self._other(self._read())

    def acquire(self, *, force: bool = False) -> Lease | None:
        """Takes the lease, from whoever has it with ``force``; the other's that stands where it cannot."""
        while True:
            lease = self._read()
            if not force and (other := self._other(lease)):
                return other
            if lease and lease.holder == self._holder.id and not self._holder.renewal_s:
                return None
            if self._write(self._holder.id):
                return None

    def renew(self) -> Lease | None:
        """Writes the lease again; the other's if it is ours no more."""
        if self._write(self._holder.id):
            return None
        lease = self._read()
        if lease and lease.version in self._tried:
            return None  # a write whose answer was lost
        if lease is None and self._write(self._holder.id):
            return None  # the object was deleted, and that gave the bucket to nobody
        return lease or self._read()

    def release(self) -> None:
        """Lets the next one have it at once, if it is still ours."""
        self._write("")

    def _other(self, lease: Lease | None) -> Lease | None:
        """``lease`` if it is another's and stands."""
        if lease is None or lease.holder in ("", self._holder.id):
            return None
        etag, since_s = self._seen
        if self._etag != etag:
            self.changes += bool(etag)
            self._seen = (str(self._etag), self._clock())
            return lease
        lapsed = lease.renewal_s and self._clock() - since_s >= _MISSED * lease.renewal_s
        return None if lapsed else lease

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
    """Whether a service has the bucket, and with it what other services have left; of a folder it has a lock
    instead."""
    lease = _read(store)[0]
    return lease is not None and bool(lease.holder)


class Tenure:
    """The time in which a service has the lease."""

    def __init__(self) -> None:
        self.lost_to: Lease | None = None
        """Who has it, once it is not ours any more."""

    def check(self) -> None:
        """Raises ``Conflict`` once the lease is another's."""
        if self.lost_to:
            raise Conflict(
                f"the bucket is {_whose(self.lost_to)} now: this service has ended, and left it its songs",
                "to take the bucket back: songwright serve --take-over",
            )


@contextmanager
def leased(
    store: Store, holder: Holder, say: Callable[[str], None], *, take_over: bool = False
) -> Iterator[Tenure]:
    """Holds the lease of the bucket, and renews it. Waits for one that has lapsed to be seen as such, up to
    ``_MISSED`` renewals of its holder; raises ``Conflict`` where another service is alive, or a deployment
    has the bucket. With ``take_over`` it is taken from them."""
    lessee = Lessee(store, holder)
    _wait(lessee, say, take_over=take_over)
    tenure, ending = Tenure(), threading.Event()
    keeper = threading.Thread(target=_keep, args=(lessee, holder, tenure, ending), name="lease", daemon=True)
    keeper.start()
    try:
        yield tenure
    finally:
        ending.set()
        keeper.join(timeout=_RELEASED_S)


@contextmanager
def leased_bucket(
    settings: Settings, say: Callable[[str], None], *, take_over: bool = False
) -> Iterator[Tenure]:
    """``leased`` for ``songwright serve``: who that is, its folder and its machine say. A copy of the folder
    on another machine is another holder."""
    kept, _ = kept_secret(settings, _ID_FILE)
    machine = platform.node()
    holder = Holder(f"{machine} {kept[:16]}", f"songwright serve on {machine}", RENEWAL_S)
    # Patience is for songs: a renewal that hangs is to be tried anew.
    store = open_store(settings.model_copy(update={"r2_timeout_s": min(settings.r2_timeout_s, _ANSWER_S)}))
    with leased(store, holder, say, take_over=take_over) as tenure:
        yield tenure


def _wait(lessee: Lessee, say: Callable[[str], None], *, take_over: bool) -> None:
    waiting = False
    while other := lessee.acquire(force=take_over):
        if not other.renewal_s or lessee.changes:
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


def _keep(lessee: Lessee, holder: Holder, tenure: Tenure, ending: threading.Event) -> None:
    """Renews the lease until the service ends, and then lets go of it; in a thread of its own, which nothing
    that the service does holds up."""
    wait_s = holder.renewal_s
    while not ending.wait(wait_s):
        try:
            tenure.lost_to = lessee.renew()
            wait_s = holder.renewal_s
        except StoreUnavailable as error:
            # Nobody else can reach the bucket, or somebody has it by the time that we can: then we find that.
            log.warning("the lease was not renewed: %s", error)
            wait_s = holder.renewal_s / _LOOKS
        if tenure.lost_to:
            log.error("the bucket is %s now: this service stops", _whose(tenure.lost_to))
            return
    try:
        lessee.release()
    except StoreUnavailable as error:
        log.warning("the lease was not released, and lapses by itself: %s", error)


def _whose(lease: Lease) -> str:
    return f"that of {lease.name}"


def _read(store: Store) -> tuple[Lease | None, str | None]:
    """The lease and its tag."""
    try:
        version = store.version(KEY)
    except NotFound:
        return None, None
    try:
        return Lease.model_validate_json(version.data), version.etag
    except ValidationError:
        # Whoever wrote it goes on writing it if it is alive.
        name, then = "a service whose lease cannot be read", datetime.fromtimestamp(0, UTC)
        return Lease(holder="?", name=name, renewal_s=RENEWAL_S, version="", at=then), version.etag
