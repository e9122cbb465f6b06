"""One POST to an address that somebody else chose: who it may reach, and what its answer may cost us.

The address may be aimed at what only this machine can reach, its name server may never answer, and whoever
answers may do so for ever: each has a bound here.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from urllib.parse import urlsplit

import h11
import httptools

from config.errors import Forbidden

CALL_S = 20.0
"""Seconds for one call, from its connection to the head of its answer."""
RESOLVE_S = 10.0
_CONNECT_S = 5.0  # to each address of a name: one that answers nothing leaves time for the next
_ADDRESSES = 4  # of a name are tried; a name may have thousands
_ADDRESSES_SEEN = 64  # are looked at before that
_INTERIM = 10  # answers of 100 to 199 before the real one
_HEAD_BYTES = 1 << 14  # of one answer, all its headers together
_PIECE_BYTES = 1 << 14
_REASON_CHARACTERS = 200
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # the last 32 bits are an IPv4 address
_IPV6_PUBLIC = ipaddress.IPv6Network("2000::/3")
# Set apart by IANA (RFC 6890, RFC 7526, RFC 9637), which not every Python's ``is_global`` knows or refuses.
_SET_APART = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")))
_REFUSED = "webhook addresses in private networks are not allowed here"
_FIX = "use a public address; the service's owner may set SONGWRIGHT_WEBHOOKS__ALLOW_PRIVATE=true"


class Resolver:
    """Looks names up in threads of its own, ``at_once`` of them at most.

    A name server that is silent holds a thread for up to half a minute: not one of the loop's own threads,
    which everything else waits for, nor one that the process waits for when it ends.
    """

    def __init__(self, at_once: int) -> None:
        self._free = asyncio.Semaphore(at_once)

    async def addresses(self, host: str) -> list[str]:
        """The addresses of ``host``. Raises ``OSError`` and ``UnicodeError`` for a name that has none."""
        with suppress(ValueError):
            return [str(ipaddress.ip_address(host))]
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()

        def settle(found: list[str], error: Exception | None) -> None:
            self._free.release()  # only now: a thread that nobody waits for any more is still one
            if not answer.done():
                if error:
                    answer.set_exception(error)
                else:
                    answer.set_result(found)

        def look_up() -> None:
            found: list[str] = []
            failure: Exception | None = None
            try:
                found = _looked_up(host)
            except (OSError, UnicodeError) as error:
                failure = error
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, found, failure)

        try:
            threading.Thread(target=look_up, name="webhook-names", daemon=True).start()
        except RuntimeError as error:
            self._free.release()
            raise OSError(f"no thread to look up its name: {error}") from error
        return await answer


def _looked_up(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found[:_ADDRESSES_SEEN]))


def refuse_private(addresses: Iterable[str]) -> None:
    """Raises ``Forbidden`` if one of the addresses is not public."""
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address):
            if address in _NAT64:
                address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
            else:
                address = address.ipv4_mapped or address.sixtofour or address
        outside = isinstance(address, ipaddress.IPv6Address) and address not in _IPV6_PUBLIC
        apart = any(address in network for network in _SET_APART)
        if outside or apart or not address.is_global or address.is_multicast:
            raise Forbidden(_REFUSED, _FIX)


async def post(
    url: str, headers: Mapping[str, str], body: bytes, addresses: Sequence[str], tls: ssl.SSLContext
) -> int:
    """The status of the answer, whose body is not read: it is of no use, and may have no end.

    ``addresses`` are those that were looked at: a name that answers otherwise the second time gains nothing.
    Raises ``OSError`` and ``ValueError`` where there is no such answer; ``TimeoutError`` is the former.
    """
    async with asyncio.timeout(CALL_S):
        parts = urlsplit(url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        reader, writer = await _connected(addresses, port, tls if secure else None, host)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            fixed = {
                "host": parts.netloc.rpartition("@")[2],
                "content-length": str(len(body)),
                "connection": "close",
            }
            writer.write(_request(path, fixed | dict(headers), body))
            await writer.drain()
            return await _status(reader)
        finally:
            writer.transport.abort()  # closing would wait for a peer that may never read


def _request(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    wire = h11.Connection(h11.CLIENT)
    request = h11.Request(method="POST", target=path, headers=list(headers.items()))
    return b"".join(wire.send(event) or b"" for event in (request, h11.Data(data=body), h11.EndOfMessage()))


class _Head:
    """Told by the parser of each answer's head. (h11 takes a second for 15 KB of blanks, httptools none.)"""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.interim = 0
        self.size_bytes = 0

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        self.size_bytes = 0
        if status >= 200:
            self.status = self.status or status
        else:
            self.interim += 1


async def _status(reader: asyncio.StreamReader) -> int:
    head = _Head()
    while not head.status:
        data = await reader.read(_PIECE_BYTES)
        if not data:
            raise OSError("it closed the connection without an answer")
        head.size_bytes += len(data)
        try:
            head.parser.feed_data(data)
        except httptools.HttpParserError as error:
            if not head.status:  # else it is the body that is odd
                raise OSError(f"its answer is not HTTP: {error}") from error
        if head.interim > _INTERIM:
            raise OSError(f"it sent more than {_INTERIM} interim answers")
        if not head.status and head.size_bytes > _HEAD_BYTES:
            raise OSError(f"the head of its answer has more than {_HEAD_BYTES} bytes")
    return head.status


async def _connected(
    addresses: Sequence[str], port: int, tls: ssl.SSLContext | None, host: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first of ``addresses`` that takes one."""
    failure = OSError("its name has no address")
    for address in addresses[:_ADDRESSES]:
        try:
            async with asyncio.timeout(_CONNECT_S):
                return await asyncio.open_connection(
                    address, port, ssl=tls, server_hostname=host if tls else None, limit=_PIECE_BYTES
                )
        except OSError as error:  # ``TimeoutError`` is one
            failure = error
    raise failure


def reason(error: Exception) -> str:
    """Why a call failed, on one line that is not long: the receiver may have written a part of it."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = f"{type(error).__name__}: {error}"
    shown = "".join(character if character.isprintable() else " " for character in text)
    return shown if len(shown) <= _REASON_CHARACTERS else f"{shown[:_REASON_CHARACTERS]} ..."
