"""The service's responses as values: songs, plans, progress. ``Song.manifest`` has the fields that a newer
service adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypedDict

FINISHED = frozenset({"done", "failed", "cancelled"})


class Plan(TypedDict, total=False):
    """The plan of a song, to read, edit and send back as ``plan``. Lyrics have tags such as ``[verse]``."""

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
    """A song as it was when the service answered."""

    id: str
    status: str
    """"queued", "planning", "composing", "done", "failed" or "cancelled"."""
    title: str
    seed: int
    categories: tuple[str, ...]
    warnings: tuple[str, ...]
    created_at: datetime
    sibling_ids: tuple[str, ...]
    """The ids of all songs of the request, this one included, in the order of their variations."""
    assets: Mapping[str, Asset]
    """By role: "audio", "cover", "lyrics", "lrc", "midi", "waveform", "stem:<name>"."""
    urls: Mapping[str, str]
    """By role, and "package" once the song is done: addresses that need no token for about an hour."""
    error: Mapping[str, str] | None
    """Why the song failed: "type", "message" and "step"; None where it did not."""
    cached: bool
    """Whether this is an earlier song that the same request made."""
    queue_position: int | None
    """1 is next; None once work has begun."""
    seconds_left: float | None
    """Seconds until it is done; None where the service has no estimate."""
    manifest: Mapping[str, Any]
    """The whole JSON document."""

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    @property
    def parent(self) -> str:
        """The id of the song or the recording that it was made of; empty for a new song."""
        return str(self.manifest.get("parent", ""))

    @property
    def task(self) -> str:
        """How it was made: "compose" for a new song, else "extend", "repaint", "remix", "stems"..."""
        return str(self.manifest.get("task", "compose"))

    @property
    def favourite(self) -> bool:
        """Whether the user has marked it."""
        return bool(self.manifest.get("favourite", False))

    @property
    def tags(self) -> tuple[str, ...]:
        """The user's own."""
        return tuple(self.manifest.get("tags", ()))

    @property
    def metadata(self) -> Mapping[str, str]:
        """The caller's own: see ``Client.update``."""
        return dict(self.manifest.get("metadata", {}))


@dataclass(frozen=True)
class Summary:
    """A song as the library lists it; ``Client.song`` fetches the rest."""

    id: str
    status: str
    title: str
    description: str
    categories: tuple[str, ...]
    created_at: datetime
    duration_s: float
    seed: int
    urls: Mapping[str, str]
    instrumental: bool = False
    genre: str = ""
    task: str = "compose"
    parent: str = ""
    favourite: bool = False
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    queue_position: int | None = None
    """1 is next; None once work has begun."""
    seconds_left: float | None = None
    progress: Mapping[str, float] = field(default_factory=dict)
    """By part, 0 to 1, while it is made."""


@dataclass(frozen=True)
class Page:
    """Songs, and the cursor of the next page; None on the last page."""

    songs: tuple[Summary, ...]
    next_cursor: str | None
    total: int | None = None
    """How many there are on all pages; None where the service does not know."""


@dataclass(frozen=True)
class ShareLink:
    """A link that shows one song, to whoever has it."""

    url: str
    expires_at: datetime


@dataclass(frozen=True)
class Source:
    """A recording that the service keeps, to make songs from."""

    id: str
    name: str
    rights: str
    """Why it may be used, as the user has said: "mine", "licensed" or "public-domain"."""
    kind: str
    """What was sent: "WAV", "FLAC", "MP3", "Ogg" or "M4A"."""
    duration_s: float
    rate_hz: int
    tempo_bpm: float | None
    """As far as it could be found."""
    size_bytes: int
    """Of the file that was sent, as is ``sha256``."""
    sha256: str
    created_at: datetime


@dataclass(frozen=True)
class Progress:
    """How far a song is that is being made."""

    status: str
    part: str = ""
    """"photo", "lyrics", "music" or "cover"; empty where it concerns the whole song."""
    stage: str = ""
    fraction: float | None = None
    """How far ``part`` is, 0 to 1; None where it concerns the whole song."""
    queue_position: int | None = None
    seconds_left: float | None = None
    source: Literal["events", "polling"] = "events"
    """An event of the song, or its state, which the client polled."""


def song_of(document: Mapping[str, Any]) -> Song:
    """A song from the service's JSON. Raises ``KeyError``, ``TypeError``, ``ValueError`` and
    ``AttributeError`` for what is no song's."""
    for name, kind in (("progress", Mapping), ("error", Mapping), ("plan", Mapping)):
        if not isinstance(document.get(name), kind | None):
            raise TypeError(f"{name} is not an object")
    return Song(
        id=_text(document["id"]),
        status=_text(document["status"]),
        title=document["title"],
        seed=document["seed"],
        categories=tuple(document["categories"]),
        warnings=tuple(document["warnings"]),
        created_at=datetime.fromisoformat(document["created_at"]),
        sibling_ids=tuple(document["sibling_ids"]),
        assets={
            role: Asset(asset["key"], asset["content_type"], asset["size_bytes"], asset["sha256"])
            for role, asset in document["assets"].items()
        },
        urls=dict(document["urls"]),
        error=document["error"],
        cached=document["cached"],
        queue_position=document["queue_position"],
        seconds_left=document["seconds_left"],
        manifest=document,
    )


def page_of(document: Mapping[str, Any]) -> Page:
    """A page of the library from the service's JSON."""
    songs = tuple(summary_of(song) for song in document["songs"])
    return Page(songs, document["next_cursor"], document.get("total"))


def summary_of(song: Mapping[str, Any]) -> Summary:
    """A song of the library's list from the service's JSON. Raises as ``song_of``."""
    progress = song.get("progress") or {}
    return Summary(
        id=_text(song["id"]),
        status=_text(song["status"]),
        title=song["title"],
        description=song["description"],
        categories=tuple(song["categories"]),
        created_at=datetime.fromisoformat(song["created_at"]),
        duration_s=song["duration_s"],
        seed=song["seed"],
        urls=dict(song["urls"]),
        instrumental=bool(song.get("instrumental")),
        genre=song.get("genre", ""),
        task=song.get("task", "compose"),
        parent=song.get("parent", ""),
        favourite=bool(song.get("favourite")),
        tags=tuple(song.get("tags", ())),
        metadata=dict(song.get("metadata", {})),
        queue_position=song.get("queue_position"),
        seconds_left=song.get("seconds_left"),
        progress={part: news["fraction"] for part, news in progress.items()},
    )


def share_link_of(document: Mapping[str, Any]) -> ShareLink:
    """A share link from the service's JSON."""
    return ShareLink(_text(document["url"]), datetime.fromisoformat(document["expires_at"]))


def source_of(document: Mapping[str, Any]) -> Source:
    """A recording from the service's JSON."""
    return Source(
        id=_text(document["id"]),
        name=document["name"],
        rights=document["rights"],
        kind=document["kind"],
        duration_s=document["duration_s"],
        rate_hz=document["rate_hz"],
        tempo_bpm=document["tempo_bpm"],
        size_bytes=document["size_bytes"],
        sha256=document["sha256"],
        created_at=datetime.fromisoformat(document["created_at"]),
    )


def sources_of(document: Mapping[str, Any]) -> tuple[Source, ...]:
    """The recordings of a list, newest first."""
    return tuple(source_of(each) for each in document["recordings"])


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
