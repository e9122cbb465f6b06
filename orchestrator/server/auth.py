"""Bearer tokens: they are compared in constant time, and only written to the owner's file."""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import b64decode

from config.errors import InvalidRequest, StoreUnavailable
from config.settings import Settings
from storage.configured import SHORTEST, kept_secret, private_folder

TOKEN_FILE = "token"
MAKE_ONE = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")  # the characters of a bearer token in RFC 6750
_LONGEST = 512
_DIFFERENT = 8
"""The fewest different characters of a token; one with fewer can be guessed."""
_PREFIX = "sw_"


class Tokens:
    """The valid tokens. Only their digests are kept."""

    def __init__(self, tokens: tuple[str, ...]) -> None:
        self._digests = tuple(_digest(token) for token in tokens)

    @property
    def count(self) -> int:
        return len(self._digests)

    @property
    def holders(self) -> tuple[str, ...]:
        """The names that ``holder`` returns, one for each token."""
        return tuple(_holder(digest) for digest in self._digests)

    def holder(self, authorization: str) -> str | None:
        """A short name for the token in this ``Authorization`` header; None if the token is not valid.

        Every token is compared, each in constant time, so that the time reveals nothing.
        """
        scheme, _, token = authorization.partition(" ")
        digest = _digest(token.strip())
        known = [hmac.compare_digest(digest, ours) for ours in self._digests]
        return _holder(digest) if scheme.lower() == "bearer" and any(known) else None


def as_bearer(authorization: str) -> str:
    """A bearer header for a client whose token is the password of a URL, ``https://:TOKEN@host/`` (RFC 7617).
    Any other header is returned unchanged."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return authorization
    try:
        _, _, password = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return authorization
    return f"Bearer {password}"


def load_tokens(settings: Settings) -> tuple[Tokens, str]:
    """The tokens of ``API_BEARER_TOKEN``, else the one that is stored beside the songs. The second value is a
    token that was just made, to be shown to its owner once; else it is empty. Raises as ``given_tokens``
    does, and ``StoreUnavailable``."""
    if tokens := given_tokens(settings):
        return Tokens(tokens), ""
    token, made = kept_secret(settings, TOKEN_FILE, _PREFIX)
    if fault := _fault(token):
        where = private_folder(settings) / TOKEN_FILE
        raise StoreUnavailable(
            f"the token in {where} {fault}", "delete it: another is made at the next start"
        )
    return Tokens((token,)), token if made else ""


def given_tokens(settings: Settings) -> tuple[str, ...]:
    """The tokens of ``API_BEARER_TOKEN``, without quotes, line ends and byte order marks around them. Raises
    ``InvalidRequest`` for a token that an ``Authorization`` header cannot carry or that can be guessed. The
    message shows no token."""
    parts = _bare(settings.api_bearer_token.get_secret_value()).split(",")
    tokens = tuple(dict.fromkeys(filter(None, map(_bare, parts))))
    for number, token in enumerate(tokens, 1):
        if fault := _fault(token):
            which = f"token {number} of {len(tokens)}" if len(tokens) > 1 else "the token"
            raise InvalidRequest("API_BEARER_TOKEN", "***", f"{which} {fault}; make one: {MAKE_ONE}")
    return tokens


def required_tokens(settings: Settings) -> tuple[str, ...]:
    """As ``given_tokens``, but also raises ``InvalidRequest`` if there is no token: here none can be made,
    for no one would see it."""
    if tokens := given_tokens(settings):
        return tokens
    raise InvalidRequest("API_BEARER_TOKEN", "", f"it is empty, and nobody could use the service: {MAKE_ONE}")


def _bare(text: str) -> str:
    while (bare := text.strip().strip("\ufeff\u200b")) != text or _quoted(bare):
        text = bare[1:-1] if _quoted(bare) else bare
    return text


def _quoted(text: str) -> bool:
    return len(text) > 1 and text[0] + text[-1] in ('""', "''", "\u201c\u201d", "\u2018\u2019")


def _fault(token: str) -> str:
    """What is wrong with the token; empty if it is valid."""
    if not _TOKEN.fullmatch(token):
        return "may only have letters, digits and . _ ~ + / = - (and commas between tokens)"
    if len(token) > _LONGEST:
        return f"has {len(token)} characters, and may have {_LONGEST}"
    if len(token) < SHORTEST:
        return f"has {len(token)} characters, which can be guessed: {SHORTEST} are wanted"
    if (different := len(set(token))) < _DIFFERENT:
        return f"has {different} different characters, which can be guessed: {_DIFFERENT} are wanted"
    return ""


def _holder(digest: bytes) -> str:
    return digest.hex()[:12]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
