"""Webhooks: whether a call that has come is the service's own, and which song it tells of."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterable
from typing import Any, Protocol

from songwright.answers import Song, song_of
from songwright.errors import InvalidArgument, InvalidWebhook

TOLERANCE_S = 300.0
"""The specification's own example, and what its libraries allow."""
_PREFIX = "whsec_"
_VERSION = "v1"
_NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")
_SECONDS = re.compile(r"\d{1,12}", re.ASCII)


class Headers(Protocol):
    """The headers of a request, as any framework has them: a ``dict`` or something like it, of texts, or of
    bytes as ASGI has them."""

    def items(self) -> Iterable[tuple[Any, Any]]: ...


def verify_webhook(
    headers: Headers,
    body: bytes,
    secret: str,
    *,
    tolerance_s: float = TOLERANCE_S,
    now_s: float | None = None,
) -> Song:
    """The song of a webhook, once its signature has been found right: it is done, failed or was cancelled.

    ``headers`` may have their names in any case. ``body`` is the request's, byte for byte, before anything
    has read it as JSON. ``secret`` is the service's, as ``.songwright/webhook-secret`` has it. Where several
    signatures were sent, as while a secret is changed, one that is right is enough. ``now_s`` is the time in
    seconds since 1970, by default this machine's. The comparison takes the same time for every signature.

    A call may come twice: its ``webhook-id`` is the same then.

    Raises ``InvalidWebhook`` for a call that is not the service's, that was changed on its way, or that was
    signed more than ``tolerance_s`` ago or ahead; ``InvalidArgument`` for a body that is no bytes, headers
    that are no texts, a secret that is none and a tolerance below 0. Source: the Standard Webhooks
    specification, standardwebhooks.com.
    """
    if not isinstance(body, bytes | bytearray | memoryview):
        raise InvalidArgument("body", "", "give the bytes of the request as they came, not text or JSON")
    if not tolerance_s >= 0:
        raise InvalidArgument("tolerance_s", tolerance_s, "give seconds, 0 or more")
    key = _key(secret)
    given = _given(headers)
    for name in _NAMES:
        if not given.get(name):
            raise InvalidWebhook(f"the header {name} is missing")
    message_id, stamp, signatures = (given[name].strip() for name in _NAMES)
    if not _SECONDS.fullmatch(stamp):
        raise InvalidWebhook("the header webhook-timestamp is no time in seconds since 1970")
    signed = f"{message_id}.{stamp}.".encode(errors="replace") + bytes(body)
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    fits = False
    for signature in signatures.split():
        version, _, value = signature.partition(",")
        # Each is compared, and not only until one fits.
        fits |= version == _VERSION and hmac.compare_digest(expected, value.encode(errors="replace"))
    if not fits:
        raise InvalidWebhook("no signature fits: another secret signed it, or its body is not as it was sent")
    age_s = (time.time() if now_s is None else now_s) - int(stamp)
    if abs(age_s) > tolerance_s:
        when = f"{age_s:.0f} s ago" if age_s > 0 else f"{-age_s:.0f} s ahead of this machine's clock"
        raise InvalidWebhook(f"it was signed {when}, and at most {tolerance_s:.0f} s are allowed")
    try:
        return song_of(json.loads(bytes(body))["song"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidWebhook(f"it is signed, but tells of no song: {error}") from error


def _given(headers: Headers) -> dict[str, str]:
    """The three headers that are there, by their names in lower case."""
    if not hasattr(headers, "items"):
        raise InvalidArgument("headers", "", "give the request's headers as a dict")
    found: dict[str, str] = {}
    for name, value in headers.items():
        header = _text(name).lower()
        if header in _NAMES and value is not None:
            found[header] = _text(value)
    return found


def _text(part: object) -> str:
    if isinstance(part, bytes | bytearray):
        return part.decode("latin-1")
    if not isinstance(part, str):
        raise InvalidArgument("headers", part, "give names and values as the request has them, one text each")
    return part


def _key(secret: object) -> bytes:
    """The key in a secret: after ``whsec_`` it is base64, of either alphabet; any other text is the key."""
    if not isinstance(secret, str) or not secret.strip():
        raise InvalidArgument("secret", "", "give the service's webhook secret, as text")
    text = secret.strip()
    if not text.startswith(_PREFIX):
        return text.encode()
    text = text.removeprefix(_PREFIX).replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise InvalidArgument("secret", "", f"after {_PREFIX} it goes on in base64")
    return key
