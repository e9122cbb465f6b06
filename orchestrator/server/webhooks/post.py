"""One POST to an address that a client chose: which hosts it may reach, and what the response may cost us.

The address may aim at a host that only this machine can reach, its name server may never answer, and the
response may never end. Each has a limit here.

Why not httpcore, whose network backend could connect to the checked address: it reads responses with h11,
which needs 3 s of the event loop for a header of 15 KB of blanks, within our limit of 16 KiB; and it has no
limit on interim responses. ``test_answers_that_never_end_are_ended`` (tests/hostile/test_webhooks.py) holds
both.
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
"""Seconds for one call, from connecting to the end of the response's head."""
RESOLVE_S = 10.0
_CONNECT_S = 5.0  # for each address of a name, so that one that is silent leaves time for the next
_ADDRESSES = 4  # of a name that are tried; a name may have thousands
_ADDRESSES_SEEN = 64  # of a name that are checked
_INTERIM = 10  # responses with status 100 to 199 before the final one
_HEAD_BYTES = 1 << 14  # of one response: its status line and all headers
_PIECE_BYTES = 1 << 14
_REASON_CHARACTERS = 200
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # the last 32 bits are an IPv4 address
_IPV6_PUBLIC = ipaddress.IPv6Network("2000::/3")
# Reserved by IANA (RFC 6890, RFC 7526, RFC 9637). Not every Python's ``is_global`` knows and refuses them.
_RESERVED = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")))
_REFUSED = "webhook addresses in private networks are not allowed here"
_FIX = "use a public address; the service's owner may set SONGWRIGHT_WEBHOOKS__ALLOW_PRIVATE=true"


class Resolver:
    """Resolves names in threads of its own, at most ``at_once`` at a time.

    A silent name server holds a thread for up to half a minute. So these are not the event loop's threads,
    which everything else needs, and they are daemons, which do not keep the process from ending.
    """

    def __init__(self, at_once: int) -> None:
        self._free = asyncio.Semaphore(at_once)

    async def addresses(self, host: str) -> list[str]:
        """The addresses of ``host``. Raises ``OSError`` and ``UnicodeError`` for a name that has none."""
        with suppress(ValueError):
            return [str(ipaddress.ip_address(host))]
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        result: asyncio.Future[list[str]] = loop.create_future()

        def settle(found: list[str], error: Exception | None) -> None:
            self._free.release()  # only now: a thread counts until it ends, also if nobody waits for it
            if not result.done():
                if error:
                    result.set_exception(error)
                else:
                    result.set_result(found)

        def look_up() -> None:
            found: list[str] = []
            failure: Exception | None = None
            try:
                found = _looked_up(host)
            except (OSError, UnicodeError) as error:
                failure = error
            with suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(settle, found, failure)

        try:
            threading.Thread(target=look_up, name="webhook-names", daemon=True).start()
        except RuntimeError as error:
            self._free.release()
            raise OSError(f"no thread to look up its name: {error}") from error
        return await result


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
        reserved = any(address in network for network in _RESERVED)
        if outside or reserved or not address.is_global or address.is_multicast:
            raise Forbidden(_REFUSED, _FIX)


async def post(
    url: str, headers: Mapping[str, str], body: bytes, addresses: Sequence[str], tls: ssl.SSLContext
) -> int:
    """Sends ``body`` and returns the status of the response. The response's body is not read: it has no use,
    and may have no end.

    ``addresses`` are the checked addresses of the host: the name is not resolved again, so it cannot lead
    elsewhere by then. Raises ``OSError``, of which ``TimeoutError`` is one, and ``ValueError`` if there is no
    response.
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
            writer.transport.abort()  # a normal close waits for a peer that may never read


def _request(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    wire = h11.Connection(h11.CLIENT)
    request = h11.Request(method="POST", target=path, headers=list(headers.items()))
    return b"".join(wire.send(event) or b"" for event in (request, h11.Data(data=body), h11.EndOfMessage()))


class _Head:
    """What the parser has found: the final status, and how many interim responses came before it."""

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
            if not head.status:  # otherwise only the body is malformed
                raise OSError(f"its answer is not HTTP: {error}") from error
        if head.interim > _INTERIM:
            raise OSError(f"it sent more than {_INTERIM} interim answers")
        if not head.status and head.size_bytes > _HEAD_BYTES:
            raise OSError(f"the head of its answer has more than {_HEAD_BYTES} bytes")
    return head.status


async def _connected(
    addresses: Sequence[str], port: int, tls: ssl.SSLContext | None, host: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first of ``addresses`` that accepts one."""
    failure = OSError("its name has no address")
    for address in addresses[:_ADDRESSES]:
        try:
            async with asyncio.timeout(_CONNECT_S):
                return await asyncio.open_connection(
                    address, port, ssl=tls, server_hostname=host if tls else None, limit=_PIECE_BYTES
                )
        except OSError as error:  # also ``TimeoutError``
            failure = error
    raise failure


def reason(error: Exception) -> str:
    """Why a call failed, in one short printable line: the receiver may have written a part of the text."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = f"{type(error).__name__}: {error}"
    shown = "".join(character if character.isprintable() else " " for character in text)
    return shown if len(shown) <= _REASON_CHARACTERS else f"{shown[:_REASON_CHARACTERS]} ..."
