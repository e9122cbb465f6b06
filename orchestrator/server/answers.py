"""The models of the API's responses: manifests with progress, estimates and temporary addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Literal
from urllib.parse import urljoin

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.jobs.contract import QueueEstimate
from orchestrator.songs.manifest import Asset, Owner, Song, Status
from orchestrator.songs.reading import Damaged

PACKAGE, LIVE = "package.zip", "live.wav"
"""What is made while it is sent: a song's files, and its sound while the song itself is made."""
_SOUND = ("audio", "waveform", "stem:")


class PartProgress(BaseModel):
    """The progress of one part."""

    stage: str
    fraction: float = Field(ge=0.0, le=1.0)


class SongAnswer(Song):
    """A song: the three fields of the earlier API, and the whole manifest."""

    r2_key: str | None = Field(default=None, description="The audio's key in the store, once it is there.")
    cover_image_r2_key: str | None = Field(default=None, description="The cover's key, once it is there.")
    categories: tuple[str, ...] = ()
    owner: Owner | None = Field(default=None, exclude=True)
    idempotency: str = Field(default="", exclude=True)
    cached: bool = Field(default=False, description="Whether this is the song of an earlier, equal request.")
    queue_position: int | None = Field(default=None, description="1 is next; null once its work began.")
    seconds_left: float | None = Field(default=None, description="Until it is done; null if unknown.")
    progress: dict[str, PartProgress] = Field(
        default_factory=dict, description="By `photo`, `lyrics`, `music` and `cover`, while it is made."
    )
    urls: dict[str, str] = Field(
        default_factory=dict,
        description="By role, and `package`: addresses that need no token, valid for about an hour. A song "
        "that failed or was cancelled has none for its sound. `live` is the sound of a song that is being "
        "made for one who prefers to `listen`.",
    )


class SongSummary(BaseModel):
    """A song in the library's list, and in its event stream."""

    model_config = ConfigDict(frozen=True)

    id: str
    status: Status
    title: str
    description: str
    categories: tuple[str, ...]
    created_at: datetime
    duration_s: float
    seed: int
    variation: int
    instrumental: bool
    genre: str = Field(default="", description="That of its plan; empty until there is one.")
    task: str = Field(
        default="compose", description="How it was made: `compose` for a new song, else the change."
    )
    parent: str = Field(default="", description="The id of the song or recording that it was made of.")
    updated_at: datetime
    favourite: bool = False
    tags: tuple[str, ...] = ()
    metadata: dict[str, str] = Field(default_factory=dict)
    queue_position: int | None
    seconds_left: float | None
    progress: dict[str, PartProgress] = Field(default_factory=dict, description="By part, while it is made.")
    urls: dict[str, str]


class UnreadableSong(BaseModel):
    """A damaged song in the library's list, with its known facts and the reason. It can be deleted."""

    model_config = ConfigDict(frozen=True)

    id: str
    status: Literal["unreadable"] = "unreadable"
    title: str = ""
    description: str = Field(description="The reason, for clients that show only the description.")
    reason: str = Field(description="What is wrong with its stored manifest.")
    categories: tuple[str, ...] = ()
    created_at: datetime = Field(description="From the id.")
    duration_s: float = 0.0
    seed: int = 0
    variation: int = 0
    instrumental: bool = False
    genre: str = ""
    task: str = "compose"
    parent: str = ""
    updated_at: datetime = Field(description="As `created_at`: nothing else is known.")
    favourite: bool = False
    tags: tuple[str, ...] = ()
    metadata: dict[str, str] = Field(default_factory=dict)
    queue_position: int | None = None
    seconds_left: float | None = None
    progress: dict[str, PartProgress] = Field(default_factory=dict)
    urls: dict[str, str] = Field(default_factory=dict)


class SongPage(BaseModel):
    """Songs, in the order that was asked for."""

    songs: tuple[SongSummary | UnreadableSong, ...]
    next_cursor: str | None = Field(
        description="Send it as `cursor`, with the same `sort` and filters, for the songs after these; null "
        "at the end."
    )
    total: int | None = Field(
        default=None,
        description="How many songs match, on all pages; null while the index of an old library is built.",
    )


class StatusEvent(BaseModel):
    """A song has entered a status."""

    status: Status
    at: datetime
    queue_position: int | None
    seconds_left: float | None


class QueueEvent(BaseModel):
    """A waiting song's position has changed."""

    queue_position: int | None
    seconds_left: float | None


class ProgressEvent(BaseModel):
    """A part has made progress."""

    part: Literal["photo", "lyrics", "music", "separate", "cover", "listen"]
    stage: str
    fraction: float = Field(ge=0.0, le=1.0)
    seconds_left: float | None


class Waveform(BaseModel):
    """The outline of a song, for drawing."""

    duration_s: float
    peaks: list[float] = Field(description="The largest magnitude in each of many equal time spans, 0 to 1.")


class AuthStatus(BaseModel):
    """The token is valid."""

    authenticated: Literal[True] = True
    message: str = "The token is valid."


class Health(BaseModel):
    """The service runs."""

    status: Literal["healthy"] = "healthy"
    service: Literal["songwright"] = "songwright"
    version: str
    model: str = Field(description="The model that makes the music: its id, or the engine's name.")


class PartReadiness(BaseModel):
    """The state of an engine or of the store."""

    state: Literal["ready", "starting", "unavailable"]
    name: str
    version: str | None = None
    detail: str | None = None


class Readiness(BaseModel):
    """Whether songs can be made now, with the state of each part."""

    ready: bool
    engines: dict[str, PartReadiness]
    store: PartReadiness
    songs_waiting: int
    songs_running: int


class Addresses:
    """Makes the addresses of assets absolute: those of a store stay, ours begin with ``base``."""

    def __init__(
        self, base: str, url: Callable[[Song, str], str], own_path: Callable[[Song, str], str]
    ) -> None:
        self._base = base
        self._url = url
        self._own_path = own_path

    def of(self, song: Song, roles: Iterable[str] | None = None) -> dict[str, str]:
        """The addresses by role: all of the song's files, and its package once it is done; or only
        ``roles``."""
        has = offered(song)
        wanted = list(has) if roles is None else [role for role in roles if role in has]
        urls = {role: urljoin(self._base, self._url(song, role)) for role in wanted}
        if roles is None and song.status is Status.DONE:
            urls["package"] = self.own(song, PACKAGE)
        return urls

    def own(self, song: Song, name: str) -> str:
        """The address of what the service makes of the song: ``PACKAGE`` or ``LIVE``."""
        return urljoin(self._base, self._own_path(song, name))


def offered(song: Song) -> Mapping[str, Asset]:
    """The files of the song that others are told of, by role: all that are stored; but no sound of a song
    that failed or was cancelled, since that is not the song."""
    if song.status not in (Status.FAILED, Status.CANCELLED):
        return song.assets
    return {role: asset for role, asset in song.assets.items() if not role.startswith(_SOUND)}


def song_answer(
    song: Song,
    urls: dict[str, str],
    estimate: QueueEstimate,
    progress: dict[str, PartProgress] | None = None,
    *,
    cached: bool = False,
) -> SongAnswer:
    """The full response about one song."""
    audio, cover = offered(song).get("audio"), song.assets.get("cover")
    return SongAnswer.model_construct(
        **{name: getattr(song, name) for name in Song.model_fields},
        r2_key=audio.key if audio else None,
        cover_image_r2_key=cover.key if cover else None,
        categories=song.plan.categories if song.plan else (),
        cached=cached,
        queue_position=estimate.queue_position,
        seconds_left=_rounded(estimate.seconds_left),
        progress=progress or {},
        urls=urls,
    )


def song_summary(
    song: Song,
    urls: dict[str, str],
    estimate: QueueEstimate,
    progress: dict[str, PartProgress] | None = None,
) -> SongSummary:
    """The entry of one song in a list."""
    seen = song.scene.description if song.scene else ""
    return SongSummary(
        id=song.id,
        status=song.status,
        title=song.title,
        description=song.brief.description or song.brief.about or seen,
        categories=song.plan.categories if song.plan else (),
        created_at=song.created_at,
        duration_s=song.music.duration_s if song.music else song.brief.duration_s,
        seed=song.seed,
        variation=song.variation,
        instrumental=song.brief.instrumental,
        genre=song.plan.genre if song.plan else "",
        task=song.task,
        parent=song.parent,
        updated_at=song.updated_at,
        favourite=song.favourite,
        tags=song.tags,
        metadata=song.metadata,
        queue_position=estimate.queue_position,
        seconds_left=_rounded(estimate.seconds_left),
        progress=progress or {},
        urls=urls,
    )


def unreadable_song(song: Damaged) -> UnreadableSong:
    """The entry of a damaged song in a list."""
    return UnreadableSong(
        id=song.id,
        description=song.reason,
        reason=song.reason,
        created_at=song.created_at,
        updated_at=song.created_at,
    )


def listed(song: Song | Damaged) -> Song | UnreadableSong:
    """The entry of a song in a list of manifests."""
    return unreadable_song(song) if isinstance(song, Damaged) else song


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
