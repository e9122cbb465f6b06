"""Who may use the service: bearer tokens, compared in constant time and never written anywhere but to the
owner's file."""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import b64decode

from config.errors import InvalidRequest
from config.settings import Settings
from orchestrator.stores import kept_secret

TOKEN_FILE = "token"
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{8,512}")  # what RFC 6750 lets a bearer token be made of
_PREFIX = "sw_"


class Tokens:
    """The tokens that are good. Only their digests are kept."""

    def __init__(self, tokens: tuple[str, ...]) -> None:
        self._digests = tuple(_digest(token) for token in tokens)

    @property
    def count(self) -> int:
        return len(self._digests)

    def holder(self, authorization: str) -> str | None:
        """A short name for who sends this ``Authorization`` header, or None for nobody we know.

        Every token is compared, each in constant time, so that the time taken tells nothing.
        """
        scheme, _, token = authorization.partition(" ")
        digest = _digest(token.strip())
        known = [hmac.compare_digest(digest, ours) for ours in self._digests]
        return digest.hex()[:12] if scheme.lower() == "bearer" and any(known) else None


def as_bearer(authorization: str) -> str:
    """The header of a client that was given its token within a URL, ``https://:TOKEN@host/``, as one that
    bears the token: its password (RFC 7617). Any other header stays as it is."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return authorization
    try:
        _, _, password = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return authorization
    return f"Bearer {password}"


def load_tokens(settings: Settings) -> tuple[Tokens, str]:
    """The tokens of ``API_BEARER_TOKEN``, else the one kept beside the songs; and, if that was made just now,
    the token itself, to be shown to its owner this once. Raises as ``given_tokens`` does."""
    if tokens := given_tokens(settings):
        return Tokens(tokens), ""
    token, made = kept_secret(settings, TOKEN_FILE, _PREFIX)
    return Tokens((token,)), token if made else ""


def given_tokens(settings: Settings) -> tuple[str, ...]:
    """The tokens of ``API_BEARER_TOKEN``. Raises ``InvalidRequest`` for one that no ``Authorization`` header
    can carry."""
    given = [token.strip() for token in settings.api_bearer_token.get_secret_value().split(",")]
    tokens = tuple(token for token in given if token)
    if not all(_TOKEN.fullmatch(token) for token in tokens):
        raise InvalidRequest(
            "API_BEARER_TOKEN", "***", "each token has 8 to 512 letters, digits and . _ ~ + / = -"
        )
    return tokens


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
