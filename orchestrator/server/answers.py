"""What clients get: manifests with what is only known while the service runs, or changes with the hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal
from urllib.parse import urljoin

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.jobs.contract import Outlook
from orchestrator.songs.library import Damaged
from orchestrator.songs.manifest import Owner, Song, Status

PACKAGE = "package.zip"


class PartProgress(BaseModel):
    """How far one part is."""

    stage: str
    fraction: float = Field(ge=0.0, le=1.0)


class SongAnswer(Song):
    """A song: the three keys of the API it replaces, and the whole manifest."""

    r2_key: str | None = Field(default=None, description="The audio's key in the store, once it is there.")
    cover_image_r2_key: str | None = Field(default=None, description="The cover's key, once it is there.")
    categories: tuple[str, ...] = ()
    owner: Owner | None = Field(default=None, exclude=True)
    idempotency: str = Field(default="", exclude=True)
    cached: bool = Field(default=False, description="Whether an earlier song answers this request.")
    queue_position: int | None = Field(default=None, description="1 is next; null once its work began.")
    seconds_left: float | None = Field(default=None, description="Until it is done, where that can be told.")
    progress: dict[str, PartProgress] = Field(
        default_factory=dict, description="Of `photo`, `lyrics`, `music` and `cover`, while it is made."
    )
    urls: dict[str, str] = Field(
        default_factory=dict,
        description="By role, and `package`: addresses to read without a token, for about an hour.",
    )


class SongSummary(BaseModel):
    """A song as the library lists it."""

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
    queue_position: int | None
    seconds_left: float | None
    urls: dict[str, str]


class UnreadableSong(BaseModel):
    """A song that is damaged, as the library lists it: with the facts that are known of it, and the reason.
    It can be deleted."""

    model_config = ConfigDict(frozen=True)

    id: str
    status: Literal["unreadable"] = "unreadable"
    title: str = ""
    description: str = Field(description="The reason, for who reads the list as it is.")
    reason: str = Field(description="What is wrong with what is stored of it.")
    categories: tuple[str, ...] = ()
    created_at: datetime = Field(description="As the id tells.")
    duration_s: float = 0.0
    seed: int = 0
    variation: int = 0
    instrumental: bool = False
    queue_position: int | None = None
    seconds_left: float | None = None
    urls: dict[str, str] = Field(default_factory=dict)


class SongPage(BaseModel):
    """Songs, newest first."""

    songs: tuple[SongSummary | UnreadableSong, ...]
    next_cursor: str | None = Field(
        description="Send it as `cursor` for the songs after these; null at the end."
    )


class StatusEvent(BaseModel):
    """A song has come into a status."""

    status: Status
    at: datetime
    queue_position: int | None
    seconds_left: float | None


class QueueEvent(BaseModel):
    """A waiting song's place has changed."""

    queue_position: int | None
    seconds_left: float | None


class ProgressEvent(BaseModel):
    """A part has come further."""

    part: Literal["photo", "lyrics", "music", "cover"]
    stage: str
    fraction: float = Field(ge=0.0, le=1.0)
    seconds_left: float | None


class Waveform(BaseModel):
    """The outline of a song, to draw."""

    duration_s: float
    peaks: list[float] = Field(
        description="The largest magnitude in each of so many equal stretches, 0 to 1."
    )


class AuthStatus(BaseModel):
    """That the token is good."""

    authenticated: Literal[True] = True
    message: str = "The token is valid."


class Health(BaseModel):
    """That the service runs."""

    status: Literal["healthy"] = "healthy"
    service: Literal["songwright"] = "songwright"
    version: str
    model: str = Field(description="What makes the music: a model's id, or the engine's name.")


class PartReadiness(BaseModel):
    """How an engine or the store is."""

    state: Literal["ready", "starting", "unavailable"]
    name: str
    version: str | None = None
    detail: str | None = None


class Readiness(BaseModel):
    """Whether songs can be made now, and what stands against it."""

    ready: bool
    engines: dict[str, PartReadiness]
    store: PartReadiness
    songs_waiting: int
    songs_running: int


class Addresses:
    """Makes the addresses of assets absolute: a store's own are kept, ours begin with ``base``."""

    def __init__(self, base: str, url: Callable[[str], str], package_path: Callable[[Song], str]) -> None:
        self._base = base
        self._url = url
        self._package_path = package_path

    def of(self, song: Song, roles: Iterable[str] | None = None) -> dict[str, str]:
        """By role; all that the song has, and its package once it is done, or only ``roles``."""
        wanted = list(song.assets) if roles is None else [role for role in roles if role in song.assets]
        urls = {role: urljoin(self._base, self._url(song.assets[role].key)) for role in wanted}
        if roles is None and song.status is Status.DONE:
            urls["package"] = urljoin(self._base, self._package_path(song))
        return urls


def song_answer(
    song: Song,
    urls: dict[str, str],
    outlook: Outlook,
    progress: dict[str, PartProgress] | None = None,
    *,
    cached: bool = False,
) -> SongAnswer:
    """The answer about one song."""
    audio, cover = song.assets.get("audio"), song.assets.get("cover")
    return SongAnswer.model_construct(
        **{name: getattr(song, name) for name in Song.model_fields},
        r2_key=audio.key if audio else None,
        cover_image_r2_key=cover.key if cover else None,
        categories=song.plan.categories if song.plan else (),
        cached=cached,
        queue_position=outlook.queue_position,
        seconds_left=_rounded(outlook.seconds_left),
        progress=progress or {},
        urls=urls,
    )


def song_summary(song: Song, urls: dict[str, str], outlook: Outlook) -> SongSummary:
    """The line about one song."""
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
        queue_position=outlook.queue_position,
        seconds_left=_rounded(outlook.seconds_left),
        urls=urls,
    )


def unreadable_song(song: Damaged) -> UnreadableSong:
    """The line about a song that cannot be read."""
    return UnreadableSong(id=song.id, description=song.reason, reason=song.reason, created_at=song.created_at)


def listed(song: Song | Damaged) -> Song | UnreadableSong:
    """What a list of manifests has of a song."""
    return unreadable_song(song) if isinstance(song, Damaged) else song


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
