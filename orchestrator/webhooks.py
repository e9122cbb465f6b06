"""Calls the address that a request named once its song has ended, signed as the Standard Webhooks
specification says (standardwebhooks.com): ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``.

The address is the asker's, so it may be aimed at what only this machine can reach: unless the settings allow
it, an address that is not public is refused, when it is given and again for the very connection that is made.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import logging
import random
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

import h11

from config.errors import Forbidden, NotFound, SongwrightError
from orchestrator.manifest import Song, Webhook

log = logging.getLogger(__name__)

SECRET_FILE = "webhook-secret"
SECRET_PREFIX = "whsec_"
RETRY_AFTER_S = (2.0, 10.0, 60.0, 300.0, 1800.0, 7200.0)
"""Seconds before each further attempt; then it is given up."""

_TIMEOUT_S = 20.0
_LATEST = 1.2  # times the wait, for jitter
_CONNECT_S = 5.0  # to each address of a name: one that answers nothing leaves time for the next
_CALLS_AT_ONCE = 20
_PIECE_BYTES = 1 << 16
_RESOLVE_S = 2.0
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # the last 32 bits are an IPv4 address
_IPV6_PUBLIC = ipaddress.IPv6Network("2000::/3")
# Set apart by IANA (RFC 6890, RFC 7526, RFC 9637), which not every Python's ``is_global`` knows or refuses.
_SET_APART = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")))
_REFUSED = "webhook addresses in private networks are not allowed here"
_FIX = "use a public address; the service's owner may set SONGWRIGHT_WEBHOOKS__ALLOW_PRIVATE=true"

Save = Callable[[Song], Awaitable[Song]]
Body = Callable[[Song], Awaitable[bytes]]


class Webhooks:
    """Delivers, each song's call in a task of its own. The outcome goes to the manifest, so that a call that
    was not yet taken is made again after a restart."""

    def __init__(
        self,
        secret: str | Callable[[], str],
        *,
        allow_private: bool,
        body: Body,
        save: Save,
        retry_after_s: Sequence[float] = RETRY_AFTER_S,
    ) -> None:
        """``secret`` itself, or what is called for it once it is needed."""
        self._secret = secret
        self._allow_private = allow_private
        self._body = body
        self._save = save
        self._retry_after_s = retry_after_s
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ssl = ssl.create_default_context()
        self._calling = asyncio.Semaphore(_CALLS_AT_ONCE)

    async def check(self, url: str) -> None:
        """Raises ``Forbidden`` for an address that is not public. A name that cannot be resolved now may be
        one day: it passes, and is checked again when it is called."""
        if self._allow_private:
            return
        host = urlsplit(url).hostname or ""
        try:
            addresses = await asyncio.wait_for(_resolved(host), _RESOLVE_S)
        except (OSError, TimeoutError, UnicodeError):
            return
        _refuse_private(addresses)

    def send(self, song: Song) -> None:
        """Starts the delivery for a song that has ended, if it has one to make."""
        if song.webhook and song.webhook.pending and song.id not in self._tasks:
            task = asyncio.get_running_loop().create_task(self._deliver(song, song.webhook))
            self._tasks[song.id] = task
            task.add_done_callback(lambda _task: self._tasks.pop(song.id, None))

    async def stop(self, song_id: str) -> None:
        """Ends the delivery for a song that is to be deleted."""
        if task := self._tasks.get(song_id):
            task.cancel()
            await asyncio.wait([task])

    async def flush(self, seconds: float) -> None:
        """Waits for the deliveries under way, but no longer than so many seconds."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=seconds)

    async def close(self) -> None:
        """Ends every delivery; those not taken yet are made after the next start."""
        for song_id in list(self._tasks):
            await self.stop(song_id)

    async def _deliver(self, song: Song, hook: Webhook) -> None:
        try:
            body = await self._body(song)
        except SongwrightError as refusal:
            # It stays pending: whoever looks after the song next begins again.
            log.warning("webhook could not be written: %s", refusal, extra={"song_id": song.id})
            return
        while hook.pending:
            error = await self._call(song, hook.url, body)
            attempts = hook.attempts + 1
            facts: dict[str, object] = {"attempts": attempts, "error": error}
            if not error:
                facts["delivered_at"] = datetime.now(UTC)
            elif attempts > len(self._retry_after_s):
                facts["given_up"] = True
            hook = hook.model_copy(update=facts)
            log.info(
                "webhook called", extra={"song_id": song.id, "attempts": attempts, "error": error or None}
            )
            try:
                song = await self._save(song.changed(webhook=hook))
            except (SongwrightError, RuntimeError) as refusal:
                log.warning("webhook's outcome was not stored: %s", refusal, extra={"song_id": song.id})
                if isinstance(refusal, NotFound):
                    return
            if hook.pending:
                # Jitter, so that many songs that ended together do not call together for ever.
                await asyncio.sleep(self._retry_after_s[attempts - 1] * random.uniform(0.8, _LATEST))

    async def _call(self, song: Song, url: str, body: bytes) -> str:
        """One attempt; why it failed, or nothing."""
        headers = {"content-type": "application/json", "user-agent": "songwright-webhook"}
        secret = self._secret() if callable(self._secret) else self._secret
        headers |= signature(secret, f"msg_{song.id}", int(time.time()), body)
        try:
            async with self._calling, asyncio.timeout(_TIMEOUT_S):
                status = await self._post(url, headers, body)
        except Forbidden as error:
            return str(error)
        except TimeoutError:
            return "no answer in time"
        except (OSError, ValueError, h11.ProtocolError) as error:
            return f"{type(error).__name__}: {error}"
        return "" if 200 <= status < 300 else f"it answered {status}"

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        """The answer's status. Its body is not read: it is of no use, and may have no end."""
        parts = urlsplit(url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        addresses = await _resolved(host)
        if not self._allow_private:
            _refuse_private(addresses)
        port = parts.port or (443 if secure else 80)
        reader, writer = await self._connected(addresses, port, host if secure else None)
        try:
            wire = h11.Connection(h11.CLIENT)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            fixed = {
                "host": parts.netloc.rpartition("@")[2],
                "content-length": str(len(body)),
                "connection": "close",
            }
            request = h11.Request(method="POST", target=path, headers=list((fixed | headers).items()))
            for event in (request, h11.Data(data=body), h11.EndOfMessage()):
                writer.write(wire.send(event) or b"")
            await writer.drain()
            while not isinstance(answer := wire.next_event(), h11.Response):
                if answer is h11.NEED_DATA:
                    wire.receive_data(await reader.read(_PIECE_BYTES))
        except BaseException:
            writer.transport.abort()  # closing would wait for a peer that may never read
            raise
        writer.close()
        return answer.status_code

    async def _connected(
        self, addresses: Sequence[str], port: int, secure_host: str | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the first of ``addresses`` that takes one. They are the very ones that were looked
        at: a name that answers otherwise the second time gains nothing."""
        failure = OSError("its name has no address")
        for address in addresses:
            try:
                async with asyncio.timeout(_CONNECT_S):
                    return await asyncio.open_connection(
                        address,
                        port,
                        ssl=self._ssl if secure_host else None,
                        server_hostname=secure_host,
                    )
            except OSError as error:  # ``TimeoutError`` is one
                failure = error
        raise failure


def next_attempt_s(hook: Webhook | None) -> float:
    """In how many seconds from its last attempt the next is made, at the latest."""
    attempts = hook.attempts if hook else 0
    return _LATEST * RETRY_AFTER_S[min(attempts, len(RETRY_AFTER_S)) - 1] if attempts else 0.0


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of the specification; ``secret`` is ``whsec_`` and base64, or any other text."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    mac = base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{mac}"}


def _key(secret: str) -> bytes:
    if not secret.startswith(SECRET_PREFIX):
        return secret.encode()
    text = secret.removeprefix(SECRET_PREFIX).replace("-", "+").replace("_", "/")
    return base64.b64decode(text + "=" * (-len(text) % 4))


async def _resolved(host: str) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[4][0]) for address in found]


def _refuse_private(addresses: Iterable[str]) -> None:
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
