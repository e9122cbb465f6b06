"""Clients by address: one name for each, and how many wrong tokens it has sent."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

_MOST_CALLERS = 10_000
_WINDOW_S = 60.0
_V6_PREFIX = 64  # of one customer, who can use all 2**64 addresses


def caller(address: str) -> str:
    """The name under which an address is counted: the address itself, or the /64 network of an IPv6 address.
    An IPv4 address within IPv6 is the IPv4 address; all that is no address is one caller, ``""``."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed), _V6_PREFIX), strict=False))
    return str(parsed)


class WrongTokens:
    """Counts wrong tokens by caller. After ``per_minute`` of them a caller has to wait.

    It remembers ten thousand callers at most, those with the newest wrong tokens.
    """

    def __init__(self, per_minute: int) -> None:
        """``per_minute``: 0 for no limit."""
        self._per_minute = per_minute
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self.count = 0

    def add(self, name: str, now_s: float) -> float:
        """Counts a wrong token of the caller ``name``. Returns the seconds that it has to wait, 0 within the
        limit."""
        self.count += 1
        if not self._per_minute:
            return 0.0
        began_s, count = self._seen.pop(name, (now_s, 0))
        if now_s - began_s >= _WINDOW_S:
            began_s, count = now_s, 0
        count += 1
        self._seen[name] = (began_s, count)
        if len(self._seen) > _MOST_CALLERS:
            self._seen.popitem(last=False)
        return 0.0 if count <= self._per_minute else began_s + _WINDOW_S - now_s

    @property
    def callers(self) -> int:
        """How many callers it remembers."""
        return len(self._seen)
