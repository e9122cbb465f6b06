"""The requests about the library: which songs, what to change of one, what happens to all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from songwright.checks import check_names, checked_id
from songwright.content import checked_fields, checked_text
from songwright.effects import Request
from songwright.errors import InvalidArgument, InvalidCall

_EVENTS_SILENCE_S = 50.0  # the service sends something every 15 s
_CURSOR = re.compile(r"~[A-Za-z0-9_-]+", re.ASCII)

Status = Literal["queued", "planning", "composing", "done", "failed", "cancelled", "unreadable"]


class Filters(TypedDict, total=False):
    """Which songs of the library, and in which order. A song has to meet all that is given."""

    q: str
    """Words of the title, the prompt, the categories or the tags."""
    status: Status | Sequence[Status]
    """One, or several."""
    genre: str
    instrumental: bool
    favourite: bool
    tag: str
    metadata: Mapping[str, str]
    """All of these keys, with these values."""
    sort: Literal["newest", "oldest", "title", "duration", "updated"]


class Labels(TypedDict, total=False):
    """What may be changed of a song at any time. What is left out stays as it is."""

    title: str
    favourite: bool
    tags: Sequence[str]
    """All of them: they replace the former."""
    metadata: Mapping[str, str]
    """All of it: it replaces the former."""


def songs(cursor: str, limit: int, filters: Filters) -> Request:
    """Ask for a page of the library. Raises ``InvalidArgument`` and ``InvalidCall``."""
    check_names(filters, Filters.__optional_keys__)
    if cursor and not _CURSOR.fullmatch(cursor):
        checked_id(cursor, "after")
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= 100:
        raise InvalidArgument("page_size", limit, "give a whole number from 1 to 100")
    params: dict[str, str | list[str]] = {"limit": str(limit)}
    if cursor:
        params["cursor"] = cursor
    for name, value in filters.items():
        if value is not None:
            params[name] = _parameter(name, value)
    return Request("GET", "/songs", params=params)


def update(song_id: str, labels: Labels) -> Request:
    """Change a song. Raises ``InvalidCall`` where nothing is given, and ``InvalidArgument``."""
    body = checked_fields(labels, Labels)
    if not body:
        raise InvalidCall(f"give at least one of {', '.join(sorted(Labels.__optional_keys__))}")
    return Request("PATCH", f"/songs/{checked_id(song_id)}", body)


def share(song_id: str, expires_s: object) -> Request:
    """Ask for a link that shows the song. Raises ``InvalidArgument``."""
    body: dict[str, object] = {}
    if expires_s is not None:
        if not isinstance(expires_s, int) or isinstance(expires_s, bool) or expires_s < 1:
            raise InvalidArgument("expires_s", expires_s, "give whole seconds, or leave it out: seven days")
        body["expires_s"] = expires_s
    return Request("POST", f"/songs/{checked_id(song_id)}/share", body)


def events(last_event_id: str) -> Request:
    """Follow the library, from after the event with this id."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    if last_event_id and last_event_id.isascii() and last_event_id.isprintable():
        headers["Last-Event-ID"] = last_event_id
    return Request("GET", "/events", headers=headers, silence_s=_EVENTS_SILENCE_S)


def _parameter(name: str, value: Any) -> str | list[str]:
    """The value as it stands in an address."""
    if name in ("instrumental", "favourite"):
        if not isinstance(value, bool):
            raise InvalidArgument(name, value, "give True or False")
        return str(value).lower()
    if name == "metadata":
        if not isinstance(value, Mapping):
            raise InvalidArgument(name, value, "give a dict of texts")
        return [f"{checked_text(name, key)}:{checked_text(name, each)}" for key, each in value.items()]
    if name == "status" and isinstance(value, list | tuple):
        return [checked_text(name, each) for each in value]
    return checked_text(name, value)
