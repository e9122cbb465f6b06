"""Whose webhook is called next: receivers take turns, and none can hold up another.

A receiver is a host and its port. It has few calls under way at once; so have all receivers of one site
(``example.com``, whatever stands before it), and all of one address. A receiver that gave no answer several
times in a row is left alone for a while, and then tried with one call, whose outcome stands for all that
wait. Plain data: nothing here calls anybody, and the caller says what time it is.
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
"""To one site, and to one address."""

_FAILURES = 5  # in a row without an answer, until a receiver is left alone
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 60.0
_RECEIVERS_KNOWN = 4096
_IPV6_BITS = 56  # of an IPv6 address say whose it is: the rest are the owner's to choose

T = TypeVar("T")


@dataclass(eq=False)
class Group(Generic[T]):
    """Receivers that share a limit; those in ``blocked`` wait for one of its calls to end."""

    under_way: int = 0
    blocked: list[Receiver[T]] = field(default_factory=list)


@dataclass(eq=False)
class Receiver(Generic[T]):
    """Who is called, ``waiting`` what for, and how the last calls went."""

    name: tuple[str, int]
    waiting: deque[T] = field(default_factory=deque)
    under_way: int = 0
    failures: int = 0
    """Calls in a row that were not answered."""
    closed_until_s: float = 0.0
    addresses: tuple[str, ...] = ()
    """Where it was the last time."""
    offered: bool = False
    """Whether it has a place among those whose turn comes, or among the blocked."""


@dataclass(eq=False)
class Call(Generic[T]):
    """``item`` under way to ``receiver``."""

    receiver: Receiver[T]
    item: T
    groups: tuple[str, ...]
    """Whose limits it counts for."""


class Turns(Generic[T]):
    """What waits to be sent (``T``), by receiver, and whose turn it is."""

    def __init__(self) -> None:
        self._receivers: dict[tuple[str, int], Receiver[T]] = {}
        self._groups: dict[str, Group[T]] = {}
        self._ready: deque[Receiver[T]] = deque()
        self._under_way = 0

    def add(self, url: str, item: T) -> None:
        """``item`` waits for its turn at the receiver that ``url`` names."""
        name = _name(url)
        receiver = self._receivers.setdefault(name, Receiver(name))
        receiver.waiting.append(item)
        self.offer(receiver)

    def remove(self, url: str, item: T) -> None:
        """``item`` waits no longer, if it did."""
        receiver = self._receivers.get(_name(url))
        if receiver and item in receiver.waiting:
            receiver.waiting.remove(item)

    def take(self, now_s: float) -> Call[T] | None:
        """The next call to make, which is under way until it has ``ended``."""
        while self._ready and self._under_way < CALLS:
            receiver = self._ready.popleft()
            receiver.offered = False
            if not receiver.waiting or now_s < receiver.closed_until_s:
                continue  # ``offer`` follows: with the next item, or once its pause is over
            if receiver.under_way >= (1 if receiver.failures >= _FAILURES else CALLS_OF_RECEIVER):
                continue  # ``offer`` follows with the end of one of its calls
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
        """Whether the call may go on to its ``addresses``. If not, one of them has enough calls: its item
        waits again, and the call has ended."""
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
        """A call has ended: ``answered`` with whatever status, or not at all; None where that tells nothing
        of the receiver. Gives the seconds for which the receiver is left alone from now on, after which it is
        to be ``offer``-ed again, and what waited for it and has failed with this call."""
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
        """Gives the receiver a place in the round, if something waits for it and it has none."""
        if receiver.waiting and not receiver.offered:
            receiver.offered = True
            self._ready.append(receiver)

    def _full(self, groups: tuple[str, ...]) -> Group[T] | None:
        """One of the groups that has as many calls as it may."""
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
                # All of them: one that turns out not to need the place would keep it from the others.
                self._ready.extend(group.blocked)
                group.blocked.clear()
            if not group.under_way:
                del self._groups[name]

    def _forget(self, receiver: Receiver[T]) -> None:
        """Keeps no receiver that nothing is known of; and of those that gave no answer not too many."""
        if receiver.failures and len(self._receivers) <= _RECEIVERS_KNOWN:
            return
        if not (receiver.waiting or receiver.under_way or receiver.offered):
            self._receivers.pop(receiver.name, None)


def _name(url: str) -> tuple[str, int]:
    """Host and port, the same for all ways to write them."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    return host, parts.port or (443 if parts.scheme == "https" else 80)


def _groups(receiver: Receiver[T]) -> tuple[str, ...]:
    """Whose limits a call to it counts for; an address that is called by itself is one group, not two."""
    return tuple(dict.fromkeys((_site(receiver.name[0]), *receiver.addresses)))


def _site(host: str) -> str:
    """What all names of one owner end with, more or less: the last two labels; an address is its own."""
    try:
        return _owner(host)
    except ValueError:
        return ".".join(host.split(".")[-2:])


def _owner(address: str) -> str:
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and not found.ipv4_mapped:
        return str(ip_network((int(found), _IPV6_BITS), strict=False))
    return str(found)
