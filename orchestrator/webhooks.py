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

import httpcore

from config.errors import Forbidden, NotFound, SongwrightError
from orchestrator.manifest import Song, Webhook

log = logging.getLogger(__name__)

SECRET_FILE = "webhook-secret"
SECRET_PREFIX = "whsec_"
RETRY_AFTER_S = (2.0, 10.0, 60.0, 300.0, 1800.0, 7200.0)
"""Seconds before each further attempt; then it is given up."""

_TIMEOUT_S = 10.0
_RESOLVE_S = 2.0
_REFUSED = "webhook addresses in private networks are not allowed here"
_FIX = "use a public address; the service's owner may set SONGWRIGHT_WEBHOOKS__ALLOW_PRIVATE=true"

Save = Callable[[Song], Awaitable[Song]]
Body = Callable[[Song], bytes]


class Webhooks:
    """Delivers, each song's call in a task of its own. The outcome goes to the manifest, so that a call that
    was not yet taken is made again after a restart."""

    def __init__(
        self,
        secret: str,
        *,
        allow_private: bool,
        body: Body,
        save: Save,
        retry_after_s: Sequence[float] = RETRY_AFTER_S,
    ) -> None:
        self._secret = secret
        self._allow_private = allow_private
        self._body = body
        self._save = save
        self._retry_after_s = retry_after_s
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._client = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            network_backend=None if allow_private else _PublicOnly(),
            max_connections=20,
            keepalive_expiry=5.0,
        )

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

    async def close(self) -> None:
        """Ends every delivery; those not taken yet are made after the next start."""
        for song_id in list(self._tasks):
            await self.stop(song_id)
        await self._client.aclose()

    async def _deliver(self, song: Song, hook: Webhook) -> None:
        body = self._body(song)
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
                await asyncio.sleep(self._retry_after_s[attempts - 1] * random.uniform(0.8, 1.2))

    async def _call(self, song: Song, url: str, body: bytes) -> str:
        """One attempt; why it failed, or nothing."""
        headers = {"content-type": "application/json", "user-agent": "songwright-webhook"}
        headers |= signature(self._secret, f"msg_{song.id}", int(time.time()), body)
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), _TIMEOUT_S)
        try:
            async with asyncio.timeout(2 * _TIMEOUT_S):
                async with self._client.stream(
                    "POST", url, headers=list(headers.items()), content=body, extensions={"timeout": timeouts}
                ) as response:
                    # The body is not read: it is of no use, and may have no end.
                    return "" if 200 <= response.status < 300 else f"it answered {response.status}"
        except Forbidden as error:
            return str(error)
        except TimeoutError:
            return "no answer in time"
        except (
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
            OSError,
            ValueError,
        ) as error:
            return f"{type(error).__name__}: {error}"


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


class _PublicOnly(httpcore.AsyncNetworkBackend):
    """Connects only to public addresses, to the very address that was looked at: a name that answers another
    way the second time gains nothing."""

    def __init__(self) -> None:
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the backend's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await asyncio.wait_for(_resolved(host), timeout)
        _refuse_private(addresses)
        return await self._plain.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def _resolved(host: str) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[4][0]) for address in found]


def _refuse_private(addresses: Iterable[str]) -> None:
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address):
            address = address.ipv4_mapped or address.sixtofour or address
        if not address.is_global or address.is_multicast:
            raise Forbidden(_REFUSED, _FIX)
