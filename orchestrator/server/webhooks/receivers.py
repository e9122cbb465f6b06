"""Which webhook is sent next: receivers take turns, and none can hold up another.

A receiver is a host and a port. The calls under way are limited for each receiver, for all receivers of one
site (``example.com`` and its subdomains), and for each address. A receiver that did not answer several times
in a row is paused, and then tried with a single call, whose failure counts for all that wait. This is plain
data: nothing here makes calls, and the caller passes the time.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Generic, TypeVar
from urllib.parse import urlsplit

CALLS = 128
"""Calls under way at once, to all receivers together."""
CALLS_OF_RECEIVER = 4
CALLS_OF_GROUP = 24
"""Calls at once to one site, and to one address."""

_FAILURES = 5  # in a row without an answer, until a receiver is paused
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 60.0
_RECEIVERS_KNOWN = 4096
_IPV6_BITS = 56  # of an IPv6 address that identify its owner, who chooses the rest

T = TypeVar("T")


@dataclass(eq=False)
class Group(Generic[T]):
    """Receivers that share a limit; those in ``blocked`` wait for one of the group's calls to end."""

    under_way: int = 0
    blocked: list[Receiver[T]] = field(default_factory=list)


@dataclass(eq=False)
class Receiver(Generic[T]):
    """A host and port, the items waiting for it, and how its last calls went."""

    name: tuple[str, int]
    waiting: deque[T] = field(default_factory=deque)
    under_way: int = 0
    failures: int = 0
    """Calls in a row that were not answered."""
    closed_until_s: float = 0.0
    addresses: tuple[str, ...] = ()
    """Where the last call went, by owner."""
    offered: bool = False
    """Whether it is queued for its turn, or blocked."""


@dataclass(eq=False)
class Call(Generic[T]):
    """A call under way: ``item`` to ``receiver``."""

    receiver: Receiver[T]
    item: T
    groups: tuple[str, ...]
    """The groups whose limits it counts towards."""


class Turns(Generic[T]):
    """The items (``T``) that wait to be sent, by receiver, and whose turn it is."""

    def __init__(self) -> None:
        self._receivers: dict[tuple[str, int], Receiver[T]] = {}
        self._groups: dict[str, Group[T]] = {}
        self._ready: deque[Receiver[T]] = deque()
        self._under_way = 0

    def add(self, url: str, item: T) -> None:
        """Queues ``item`` for the receiver that ``url`` names."""
        name = _name(url)
        receiver = self._receivers.setdefault(name, Receiver(name))
        receiver.waiting.append(item)
        self.offer(receiver)

    def remove(self, url: str, item: T) -> None:
        """Removes ``item`` from the queue, if it is there."""
        receiver = self._receivers.get(_name(url))
        if receiver and item in receiver.waiting:
            receiver.waiting.remove(item)

    def take(self, now_s: float) -> Call[T] | None:
        """The next call to make, or None. It counts as under way until ``ended``."""
        while self._ready and self._under_way < CALLS:
            receiver = self._ready.popleft()
            receiver.offered = False
            if not receiver.waiting or now_s < receiver.closed_until_s:
                continue  # ``offer`` follows with the next item, or after its pause
            if receiver.under_way >= (1 if receiver.failures >= _FAILURES else CALLS_OF_RECEIVER):
                continue  # ``offer`` follows when one of its calls ends
            groups = _groups(receiver)
            if full := self._full(groups):
                self._block(receiver, full)
                continue
            self._count(receiver, groups, 1)
            call = Call(receiver, receiver.waiting.popleft(), groups)
            self.offer(receiver)
            return call
        return None

    def enter(self, call: Call[T], addresses: Iterable[str]) -> bool:
        """Whether the call may connect to ``addresses``. If not, one of them is at its limit: the item waits
        again, and the call has ended."""
        receiver = call.receiver
        receiver.addresses = tuple(_owner(address) for address in addresses)
        groups = _groups(receiver)
        self._count(receiver, call.groups, -1)
        if full := self._full(groups):
            receiver.waiting.appendleft(call.item)
            self._block(receiver, full)
            return False
        self._count(receiver, groups, 1)
        call.groups = groups
        return True

    def ended(self, call: Call[T], now_s: float, *, answered: bool | None) -> tuple[float, list[T]]:
        """Ends a call. ``answered`` says whether there was a response, of any status; None if that is not
        known. Returns the seconds for which the receiver is paused, after which the caller must ``offer`` it,
        and the waiting items that have failed with this call."""
        receiver = call.receiver
        self._count(receiver, call.groups, -1)
        pause_s, failed = 0.0, []
        if answered:
            receiver.failures, receiver.closed_until_s = 0, 0.0
        elif answered is not None and now_s >= receiver.closed_until_s:  # else it began before the pause
            receiver.failures += 1
            if (beyond := receiver.failures - _FAILURES) >= 0:
                pause_s = min(_FIRST_PAUSE_S * 2 ** min(beyond, 10), _LONGEST_PAUSE_S)
                pause_s *= random.uniform(0.8, 1.2)
                receiver.closed_until_s = now_s + pause_s
                failed = list(receiver.waiting)
                receiver.waiting.clear()
        self.offer(receiver)
        self._forget(receiver)
        return pause_s, failed

    def offer(self, receiver: Receiver[T]) -> None:
        """Queues the receiver for its turn, if something waits for it and it is not queued."""
        if receiver.waiting and not receiver.offered:
            receiver.offered = True
            self._ready.append(receiver)

    def _full(self, groups: tuple[str, ...]) -> Group[T] | None:
        """One of the groups that is at its limit, or None."""
        found = (self._groups.get(name) for name in groups)
        return next((group for group in found if group and group.under_way >= CALLS_OF_GROUP), None)

    def _block(self, receiver: Receiver[T], full: Group[T]) -> None:
        if not receiver.offered:
            receiver.offered = True
            full.blocked.append(receiver)

    def _count(self, receiver: Receiver[T], groups: tuple[str, ...], calls: int) -> None:
        receiver.under_way += calls
        self._under_way += calls
        for name in groups:
            group = self._groups.setdefault(name, Group())
            group.under_way += calls
            if calls < 0:
                # Offer all of them: a single one might not use the free place, which the others need.
                self._ready.extend(group.blocked)
                group.blocked.clear()
            if not group.under_way:
                del self._groups[name]

    def _forget(self, receiver: Receiver[T]) -> None:
        """Drops a receiver without failures; and one with failures, where too many are known."""
        if receiver.failures and len(self._receivers) <= _RECEIVERS_KNOWN:
            return
        if not (receiver.waiting or receiver.under_way or receiver.offered):
            self._receivers.pop(receiver.name, None)


def _name(url: str) -> tuple[str, int]:
    """Host and port, the same for each way to write them."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    return host, parts.port or (443 if parts.scheme == "https" else 80)


def _groups(receiver: Receiver[T]) -> tuple[str, ...]:
    """The groups that a call to it counts towards. A URL that names an address is in one group, not two."""
    return tuple(dict.fromkeys((_site(receiver.name[0]), *receiver.addresses)))


def _site(host: str) -> str:
    """The site of ``host``: roughly its registered domain, the last two labels; an address stands for
    itself."""
    try:
        return _owner(host)
    except ValueError:
        return ".".join(host.split(".")[-2:])


def _owner(address: str) -> str:
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and not found.ipv4_mapped:
        return str(ip_network((int(found), _IPV6_BITS), strict=False))
    return str(found)
