"""Calls the address that a request named once its song has ended, signed as the Standard Webhooks
specification says (standardwebhooks.com): ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``.

A call that was taken may be made again, after a kill or by another container: its ``webhook-id`` is the same.
The address is the asker's: ``posting`` refuses one that is not public, when it is given and again for the
very connection that is made, and ``receivers`` sees to it that none of them holds up another.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
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

from config.errors import Forbidden, InvalidRequest, NotFound, SongwrightError
from orchestrator.server.webhooks.post import RESOLVE_S, Resolver, post, reason, refuse_private
from orchestrator.server.webhooks.receivers import CALLS, Call, Receiver, Turns
from orchestrator.songs.manifest import Song, Webhook

log = logging.getLogger(__name__)

SECRET_FILE = "webhook-secret"
SECRET_PREFIX = "whsec_"
RETRY_AFTER_S = (2.0, 10.0, 60.0, 300.0, 1800.0, 7200.0)
"""Seconds before each further attempt; then it is given up."""

_LATEST = 1.2  # times the wait, for jitter
_CHECK_S = 2.0  # for the name in a request, which waits for it
_NAMES_AT_ONCE = CALLS  # a lookup that hangs takes longer than the call that wanted it
_NAMES_ASKED_AT_ONCE = 32
_RECORDS_AT_ONCE = 4

Save = Callable[[Song], Awaitable[Song]]
Body = Callable[[Song], Awaitable[bytes]]


@dataclass(eq=False)
class _Delivery:
    """A song's call: it waits for its time or its turn, or has a task at work on it."""

    song: Song
    """As it was when it ended, so that each attempt sends the same."""
    hook: Webhook
    over: asyncio.Future[None]
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None


class Webhooks:
    """Delivers. The outcome goes to the manifest, so that a call that was not yet taken is made again after a
    restart. There are never more tasks than calls that may be under way."""

    def __init__(
        self,
        secret: str | Callable[[], str],
        *,
        allow_private: bool,
        body: Body,
        save: Save,
        retry_after_s: Sequence[float] = RETRY_AFTER_S,
    ) -> None:
        """``secret`` itself, or what is called for it once it is needed. Raises ``InvalidRequest`` for one
        that begins with ``whsec_`` and does not go on in base64."""
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
        # Those who ask for a song look names up too, and may not use up what the calls need.
        self._names, self._names_asked = Resolver(_NAMES_AT_ONCE), Resolver(_NAMES_ASKED_AT_ONCE)

    async def check(self, url: str) -> None:
        """Raises ``Forbidden`` for an address that is not public. A name that cannot be resolved now may be
        one day: it passes, and is checked again when it is called."""
        if self._allow_private:
            return
        host = urlsplit(url).hostname or ""
        try:
            addresses = await asyncio.wait_for(self._names_asked.addresses(host), _CHECK_S)
        except (OSError, TimeoutError, UnicodeError):
            return
        refuse_private(addresses)

    def send(self, song: Song) -> None:
        """Starts the delivery for a song that has ended, if it has one to make."""
        if song.webhook and song.webhook.pending and song.id not in self._pending:
            over = asyncio.get_running_loop().create_future()
            delivery = self._pending[song.id] = _Delivery(song, song.webhook, over)
            self._line_up(delivery)

    async def stop(self, song_id: str) -> None:
        """Ends the delivery for a song that is to be deleted."""
        if delivery := self._pending.get(song_id):
            self._end(delivery)
            if delivery.task:
                delivery.task.cancel()
                await asyncio.wait([delivery.task])

    async def flush(self, seconds: float) -> None:
        """Waits for the deliveries under way, but no longer than so many seconds."""
        if self._pending:
            await asyncio.wait([delivery.over for delivery in self._pending.values()], timeout=seconds)

    async def close(self) -> None:
        """Ends every delivery; those not taken yet are made after the next start."""
        deliveries = list(self._pending.values())
        for delivery in deliveries:
            self._end(delivery)
        tasks = [delivery.task for delivery in deliveries if delivery.task]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _end(self, delivery: _Delivery) -> None:
        """Nothing more is to be done for it; a task that is at work on it may still be."""
        if self._pending.get(delivery.song.id) is delivery:
            del self._pending[delivery.song.id]
        if delivery.timer:
            delivery.timer.cancel()
        self._turns.remove(delivery.hook.url, delivery)
        if not delivery.over.done():
            delivery.over.set_result(None)

    def _ends(self, delivery: _Delivery) -> bool:
        return self._pending.get(delivery.song.id) is not delivery

    def _line_up(self, delivery: _Delivery) -> None:
        delivery.timer = None
        self._turns.add(delivery.hook.url, delivery)
        self._go_on()

    def _go_on(self) -> None:
        """Starts what may be under way now."""
        loop = asyncio.get_running_loop()
        while call := self._turns.take(loop.time()):
            self._start(call.item, self._attempt(call))
        while self._failed and self._recording < _RECORDS_AT_ONCE:
            delivery, error = self._failed.popleft()
            if not self._ends(delivery):
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
        """One attempt, now that its receiver may be called."""
        delivery, loop = call.item, asyncio.get_running_loop()
        song, url = delivery.song, delivery.hook.url
        answered: bool | None = None  # until there is a call, nothing is known of the receiver
        entered, error = True, ""
        try:
            body = await self._body(song)
            headers = self._headers(song, body)
            addresses = await asyncio.wait_for(self._names.addresses(urlsplit(url).hostname or ""), RESOLVE_S)
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
            # It stays pending: whoever looks after the song next begins again.
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
        """An attempt that was not made, because its receiver did not answer the one before it."""
        try:
            await self._keep(delivery, f"not called, for the call before: {error}")
        finally:
            self._recording -= 1

    async def _keep(self, delivery: _Delivery, error: str) -> None:
        """Writes how an attempt went, and sets the time of the next."""
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
            pending = pending and bool(kept and kept.pending)  # another container may have been there
        except (SongwrightError, RuntimeError) as refusal:
            log.warning("webhook's outcome was not stored: %s", refusal, extra={"song_id": song.id})
            pending = pending and not isinstance(refusal, NotFound)
        delivery.hook = hook
        if not pending:
            self._end(delivery)
        elif not self._ends(delivery):
            # Jitter, so that many songs that ended together do not call together for ever.
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
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise InvalidRequest("webhook secret", "***", f"after {SECRET_PREFIX} it goes on in base64")
    return key
