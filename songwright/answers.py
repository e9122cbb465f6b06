"""What the service answers, as values: songs, plans, progress. Fields that a newer service adds are in
``manifest``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypedDict

FINISHED = frozenset({"done", "failed", "cancelled"})


class Plan(TypedDict, total=False):
    """A song on paper, to read, edit and send back as ``plan``. Lyrics are tagged: ``[verse]``."""

    title: str
    tags: list[str]
    lyrics: str
    categories: list[str]
    genre: str
    mood: str
    energy: int
    tempo_bpm: float
    tempo_fixed: bool
    key: str
    metre: str
    voice: Literal["female", "male", "duet", "choir", "none"]
    instruments: list[str]
    exclude: list[str]
    theme: list[str]
    language: str
    cover_prompt: str
    warnings: list[str]


@dataclass(frozen=True)
class Asset:
    """A file of a song: its key in the store, its size, and the SHA-256 of its bytes in hexadecimal."""

    key: str
    content_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Song:
    """A song as the service knows it at the moment."""

    id: str
    status: str
    """"queued", "planning", "composing", "done", "failed" or "cancelled"."""
    title: str
    seed: int
    categories: tuple[str, ...]
    warnings: tuple[str, ...]
    created_at: datetime
    sibling_ids: tuple[str, ...]
    """All songs of the request, this one among them, by variation."""
    assets: Mapping[str, Asset]
    """By role: "audio", "cover", "lyrics", "lrc", "midi", "waveform", "stem:<name>"."""
    urls: Mapping[str, str]
    """By role, and "package" once it is done: addresses that need no token, for about an hour."""
    error: Mapping[str, str] | None
    """Why it failed: "type", "message" and "step"."""
    cached: bool
    """Whether an earlier song answers the request."""
    queue_position: int | None
    """1 is next; None once its work began."""
    seconds_left: float | None
    """Until it is done, where that can be told."""
    manifest: Mapping[str, Any]
    """The whole answer."""

    @property
    def finished(self) -> bool:
        return self.status in FINISHED


@dataclass(frozen=True)
class Summary:
    """A song as the library lists it; ``Client.song`` tells the rest."""

    id: str
    status: str
    title: str
    description: str
    categories: tuple[str, ...]
    created_at: datetime
    duration_s: float
    seed: int
    urls: Mapping[str, str]


@dataclass(frozen=True)
class Page:
    """Songs, newest first, and where the next page begins; None after the last."""

    songs: tuple[Summary, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Progress:
    """News of a song that is being made."""

    status: str
    part: str = ""
    """"lyrics", "music" or "cover", where the news is of one."""
    stage: str = ""
    fraction: float | None = None
    """How far ``part`` is, 0 to 1."""
    queue_position: int | None = None
    seconds_left: float | None = None
    source: Literal["events", "polling"] = "events"
    """Whether the service told it, or the client had to ask."""


def song_of(answer: Mapping[str, Any]) -> Song:
    """A song from the service's JSON."""
    return Song(
        id=answer["id"],
        status=answer["status"],
        title=answer["title"],
        seed=answer["seed"],
        categories=tuple(answer["categories"]),
        warnings=tuple(answer["warnings"]),
        created_at=datetime.fromisoformat(answer["created_at"]),
        sibling_ids=tuple(answer["sibling_ids"]),
        assets={
            role: Asset(asset["key"], asset["content_type"], asset["size_bytes"], asset["sha256"])
            for role, asset in answer["assets"].items()
        },
        urls=dict(answer["urls"]),
        error=answer["error"],
        cached=answer["cached"],
        queue_position=answer["queue_position"],
        seconds_left=answer["seconds_left"],
        manifest=answer,
    )


def page_of(answer: Mapping[str, Any]) -> Page:
    """A page of the library from the service's JSON."""
    songs = tuple(
        Summary(
            id=song["id"],
            status=song["status"],
            title=song["title"],
            description=song["description"],
            categories=tuple(song["categories"]),
            created_at=datetime.fromisoformat(song["created_at"]),
            duration_s=song["duration_s"],
            seed=song["seed"],
            urls=dict(song["urls"]),
        )
        for song in answer["songs"]
    )
    return Page(songs, answer["next_cursor"])
