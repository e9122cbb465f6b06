"""The conditions of a request for a file: ``If-Match`` and the like (RFC 9110, section 13)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum

from starlette.datastructures import Headers

_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


class Outcome(Enum):
    """What the conditions ask for."""

    SEND = "send"
    NOT_MODIFIED = "not modified"
    FAILED = "failed"


@dataclass(frozen=True)
class Validators:
    """What tells a version of a file from others."""

    etag: str
    """Strong, with its quotes."""
    modified: datetime

    @property
    def headers(self) -> dict[str, str]:
        modified = format_datetime(self.modified.astimezone(UTC), usegmt=True)
        return {"ETag": self.etag, "Last-Modified": modified}

    def outcome(self, headers: Headers) -> Outcome:
        """The outcome of the request's conditions for this version, in the standard's order (13.2.2)."""
        if "if-match" in headers:
            if not self._is_one_of(headers, "if-match", weak=False):
                return Outcome.FAILED
        elif (date := _date(headers, "if-unmodified-since")) and self._second > date:
            return Outcome.FAILED
        if "if-none-match" in headers:
            if self._is_one_of(headers, "if-none-match", weak=True):
                return Outcome.NOT_MODIFIED
        elif (date := _date(headers, "if-modified-since")) and self._second <= date:
            return Outcome.NOT_MODIFIED
        return Outcome.SEND

    def may_send_part(self, headers: Headers) -> bool:
        """Whether ``If-Range``, if there is one, names this version: else all of it is to be sent."""
        value = headers.get("if-range", "").strip()
        if not value or value == self.etag:
            return True
        return _parsed(value) == self._second

    def _is_one_of(self, headers: Headers, name: str, *, weak: bool) -> bool:
        """Whether the list in the headers of this name has our tag, or is "*". A weak tag is equal only in a
        ``weak`` comparison."""
        value = ",".join(headers.getlist(name))
        if value.strip() == "*":
            return True
        return any(tag == self.etag and (weak or not mark) for mark, tag in _TAG.findall(value))

    @property
    def _second(self) -> datetime:
        return self.modified.astimezone(UTC).replace(microsecond=0)


def _date(headers: Headers, name: str) -> datetime | None:
    """The date of this header; None if there is none, or more than one, or if it is no date."""
    values = headers.getlist(name)
    return _parsed(values[0]) if len(values) == 1 else None


def _parsed(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text.strip())
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
