"""Delivers webhooks: when a song has ended, POSTs it to the address that its request gave. Each call is
signed by the Standard Webhooks specification (standardwebhooks.com).

A delivered call may be repeated, after a kill or by another container; its ``webhook-id`` is the same then.
The client chose the address, so ``post`` refuses one that is not public, both in the request and again for
each connection. ``receivers`` keeps receivers from holding up one another.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import random
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

import standardwebhooks

from config.errors import Forbidden, InvalidRequest, NotFound, SongwrightError
from orchestrator.server.webhooks.post import RESOLVE_S, Resolver, post, reason, refuse_private
from orchestrator.server.webhooks.receivers import CALLS, Call, Receiver, Turns
from orchestrator.songs.manifest import Song, Webhook

log = logging.getLogger(__name__)

SECRET_FILE = "webhook-secret"
SECRET_PREFIX = "whsec_"
RETRY_AFTER_S = (2.0, 10.0, 60.0, 300.0, 1800.0, 7200.0)
"""Seconds before each further attempt; after the last the webhook is given up."""

_LATEST = 1.2  # times the wait, with the most jitter
_CHECK_S = 2.0  # to resolve the name in a request, which waits meanwhile
_LOOKUPS_OF_CALLS = CALLS  # at once; a lookup that hangs outlives the call that needs it
_LOOKUPS_OF_REQUESTS = 32  # at once
_RECORDS_AT_ONCE = 4

Save = Callable[[Song], Awaitable[Song]]
Body = Callable[[Song], Awaitable[bytes]]


@dataclass(eq=False)
class _Delivery:
    """A song's webhook: it waits for a timer, waits for its turn, or has a task."""

    song: Song
    """As it was when it ended, so that each attempt sends the same body."""
    hook: Webhook
    ended: asyncio.Future[None]
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None


class Webhooks:
    """Delivers webhooks. Each outcome is written to the song's manifest, so that a pending webhook is sent
    after a restart. There are never more tasks than calls allowed at once."""

    def __init__(
        self,
        secret: str | Callable[[], str],
        *,
        allow_private: bool,
        body: Body,
        save: Save,
        retry_after_s: Sequence[float] = RETRY_AFTER_S,
    ) -> None:
        """``secret`` is the secret, or a function that returns it when it is first needed. Raises
        ``InvalidRequest`` for one that begins with ``whsec_`` and does not go on in base64."""
        if isinstance(secret, str):
            _key(secret)
        self._secret = secret
        self._allow_private = allow_private
        self._body = body
        self._save = save
        self._retry_after_s = retry_after_s
        self._pending: dict[str, _Delivery] = {}
        self._turns: Turns[_Delivery] = Turns()
        self._failed: deque[tuple[_Delivery, str]] = deque()
        self._recording = 0
        self._ssl = ssl.create_default_context()
        # Two, so that the lookups of requests cannot use up the threads that the calls need.
        self._resolver, self._request_resolver = Resolver(_LOOKUPS_OF_CALLS), Resolver(_LOOKUPS_OF_REQUESTS)

    async def check(self, url: str) -> None:
        """Raises ``Forbidden`` for an address that is not public. A name that cannot be resolved passes: it
        may resolve later, and is checked again before it is called."""
        if self._allow_private:
            return
        host = urlsplit(url).hostname or ""
        try:
            addresses = await asyncio.wait_for(self._request_resolver.addresses(host), _CHECK_S)
        except (OSError, TimeoutError, UnicodeError):
            return
        refuse_private(addresses)

    def send(self, song: Song) -> None:
        """Starts the delivery for a song that has ended, if its webhook is pending."""
        if song.webhook and song.webhook.pending and song.id not in self._pending:
            ended = asyncio.get_running_loop().create_future()
            delivery = self._pending[song.id] = _Delivery(song, song.webhook, ended)
            self._line_up(delivery)

    async def stop(self, song_id: str) -> None:
        """Ends the delivery for a song that will be deleted."""
        if delivery := self._pending.get(song_id):
            self._end(delivery)
            if delivery.task:
                delivery.task.cancel()
                await asyncio.wait([delivery.task])

    async def flush(self, seconds: float) -> None:
        """Waits until all pending deliveries have ended, for ``seconds`` at most."""
        if self._pending:
            await asyncio.wait([delivery.ended for delivery in self._pending.values()], timeout=seconds)

    async def close(self) -> None:
        """Ends every delivery; those still pending are made after the next start."""
        deliveries = list(self._pending.values())
        for delivery in deliveries:
            self._end(delivery)
        tasks = [delivery.task for delivery in deliveries if delivery.task]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _end(self, delivery: _Delivery) -> None:
        """Removes it from all queues. A task that works on it may still run."""
        if self._pending.get(delivery.song.id) is delivery:
            del self._pending[delivery.song.id]
        if delivery.timer:
            delivery.timer.cancel()
        self._turns.remove(delivery.hook.url, delivery)
        if not delivery.ended.done():
            delivery.ended.set_result(None)

    def _has_ended(self, delivery: _Delivery) -> bool:
        return self._pending.get(delivery.song.id) is not delivery

    def _line_up(self, delivery: _Delivery) -> None:
        delivery.timer = None
        self._turns.add(delivery.hook.url, delivery)
        self._go_on()

    def _go_on(self) -> None:
        """Starts as many calls and writes as are allowed now."""
        loop = asyncio.get_running_loop()
        while call := self._turns.take(loop.time()):
            self._start(call.item, self._attempt(call))
        while self._failed and self._recording < _RECORDS_AT_ONCE:
            delivery, error = self._failed.popleft()
            if not self._has_ended(delivery):
                self._recording += 1
                self._start(delivery, self._failed_with_another(delivery, error))

    def _start(self, delivery: _Delivery, work: Coroutine[None, None, None]) -> None:
        delivery.task = asyncio.get_running_loop().create_task(work)
        delivery.task.add_done_callback(partial(self._done, delivery))

    def _done(self, delivery: _Delivery, task: asyncio.Task[None]) -> None:
        if delivery.task is task:
            delivery.task = None
        if not task.cancelled() and (bug := task.exception()):
            log.error("a bug ended a webhook", exc_info=bug, extra={"song_id": delivery.song.id})
            self._end(delivery)
        self._go_on()

    async def _attempt(self, call: Call[_Delivery]) -> None:
        """One attempt, when it is the receiver's turn."""
        delivery, loop = call.item, asyncio.get_running_loop()
        song, url = delivery.song, delivery.hook.url
        answered: bool | None = None  # nothing is known of the receiver until it is called
        entered, error = True, ""
        try:
            body = await self._body(song)
            headers = self._headers(song, body)
            addresses = await asyncio.wait_for(
                self._resolver.addresses(urlsplit(url).hostname or ""), RESOLVE_S
            )
            if not self._allow_private:
                refuse_private(addresses)
            entered = self._turns.enter(call, addresses)
            if not entered:
                return
            status = await post(url, headers, body, addresses, self._ssl)
            answered, error = True, "" if 200 <= status < 300 else f"it answered {status}"
        except Forbidden as refusal:
            error = str(refusal)
        except SongwrightError as refusal:
            # It stays pending: the next process that takes up the song starts again.
            log.warning("webhook could not be written: %s", refusal, extra={"song_id": song.id})
            self._end(delivery)
            return
        except (OSError, ValueError) as failure:
            answered, error = False, reason(failure)
        finally:
            if entered:
                pause_s, failed = self._turns.ended(call, loop.time(), answered=answered)
                if pause_s:
                    loop.call_later(pause_s, self._offer, call.receiver)
                self._failed.extend((other, error) for other in failed)
                self._go_on()
        await self._keep(delivery, error)

    async def _failed_with_another(self, delivery: _Delivery, error: str) -> None:
        """Records an attempt that was not made, because its receiver did not answer the call before."""
        try:
            await self._keep(delivery, f"not called, for the call before: {error}")
        finally:
            self._recording -= 1

    async def _keep(self, delivery: _Delivery, error: str) -> None:
        """Writes the outcome of an attempt, and schedules the next."""
        song, attempts = delivery.song, delivery.hook.attempts + 1
        facts: dict[str, object] = {"attempts": attempts, "error": error}
        if not error:
            facts["delivered_at"] = datetime.now(UTC)
        elif attempts > len(self._retry_after_s):
            facts["given_up"] = True
        hook = delivery.hook.model_copy(update=facts)
        log.info("webhook called", extra={"song_id": song.id, "attempts": attempts, "error": error or None})
        pending = hook.pending
        try:
            kept = (await self._save(song.changed(webhook=hook))).webhook
            pending = pending and bool(kept and kept.pending)  # another container may have delivered it
        except (SongwrightError, RuntimeError) as refusal:
            log.warning("webhook's outcome was not stored: %s", refusal, extra={"song_id": song.id})
            pending = pending and not isinstance(refusal, NotFound)
        delivery.hook = hook
        if not pending:
            self._end(delivery)
        elif not self._has_ended(delivery):
            # Jitter, so that songs that ended together do not call together each time.
            wait_s = self._retry_after_s[attempts - 1] * random.uniform(0.8, _LATEST)
            delivery.timer = asyncio.get_running_loop().call_later(wait_s, self._line_up, delivery)

    def _offer(self, receiver: Receiver[_Delivery]) -> None:
        self._turns.offer(receiver)
        self._go_on()

    def _headers(self, song: Song, body: bytes) -> dict[str, str]:
        secret = self._secret() if callable(self._secret) else self._secret
        headers = {"content-type": "application/json", "user-agent": "songwright-webhook"}
        return headers | signature(secret, f"msg_{song.id}", int(time.time()), body)


def next_attempt_s(hook: Webhook | None) -> float:
    """Seconds from the last attempt to the next, at most; 0 if there was none."""
    attempts = hook.attempts if hook else 0
    return _LATEST * RETRY_AFTER_S[min(attempts, len(RETRY_AFTER_S)) - 1] if attempts else 0.0


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of the specification for a ``body`` in UTF-8. ``timestamp`` is in seconds since 1970;
    ``secret`` is ``whsec_`` and base64, or any other text."""
    signer = standardwebhooks.Webhook(_key(secret))
    signed = signer.sign(message_id, datetime.fromtimestamp(timestamp, UTC), body.decode())
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": signed}


def _key(secret: str) -> bytes:
    """The key's bytes. The library would read ``whsec_`` secrets too, but skips the "-" and "_" of URL-safe
    base64, in which our own are written."""
    if not secret.startswith(SECRET_PREFIX):
        return secret.encode()
    text = secret.removeprefix(SECRET_PREFIX).replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise InvalidRequest("webhook secret", "***", f"after {SECRET_PREFIX} it goes on in base64")
    return key
