"""A song's manifest: everything known about it, kept as ``songs/<id>/song.json`` beside what was made."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, computed_field

from lyrics.contract import SongPlan
from orchestrator.requests import Brief

CRAFTS = ("lyrics", "music", "art")

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, in the order of its characters
_TIME_BITS = 45  # milliseconds until the year 3084, in nine characters


class Status(StrEnum):
    """Where a song is on its way. The first three are unfinished: a restart takes them up again."""

    QUEUED = "queued"
    PLANNING = "planning"
    COMPOSING = "composing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        return self in (Status.DONE, Status.FAILED, Status.CANCELLED)


class Frozen(BaseModel):
    """A value that is replaced, never changed."""

    model_config = ConfigDict(frozen=True)


class EngineFacts(Frozen):
    """Which engine made a part, under which licence, and what it wants the user to know."""

    name: str
    version: str
    licence: str
    seed: int
    warnings: tuple[str, ...] = ()


class Asset(Frozen):
    """An object of the song in the store."""

    key: str
    content_type: str
    size_bytes: int
    sha256: str


class SectionTime(Frozen):
    """Where a section of the song lies, seconds."""

    kind: str
    start_s: float
    end_s: float


class MusicFacts(Frozen):
    """What the composer knows about the audio; what it does not know is None."""

    duration_s: float
    rate_hz: int
    tempo_bpm: float | None
    key: str | None
    metre: str | None
    loudness_lufs: float | None
    sections: tuple[SectionTime, ...]


class Failure(Frozen):
    """Why a song failed: the error's type and message, and the step it came from."""

    type: str
    message: str
    step: str


class Owner(Frozen):
    """The process that works on the song: no other may take it up while this one lives."""

    host: str
    pid: int


class Song(Frozen):
    """The manifest. A song is whole if, and only if, ``status`` is "done"."""

    id: str
    status: Status = Status.QUEUED
    created_at: datetime
    updated_at: datetime
    brief: Brief
    variation: int = 0
    """Which of ``brief.variations`` this is, from 0; the music's and the cover's seed go up with it."""
    plan: SongPlan | None = None
    engines: dict[str, EngineFacts] = Field(default_factory=dict)
    """By craft, a key of ``CRAFTS``."""
    assets: dict[str, Asset] = Field(default_factory=dict)
    """By role: "audio", "cover", "lyrics", "lrc", "midi", "stem:<name>"."""
    music: MusicFacts | None = None
    timings_s: dict[str, float] = Field(default_factory=dict)
    """Wall time by step: "lyrics", "music", "cover", "tags"."""
    error: Failure | None = None
    owner: Owner | None = None

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own way to show a property in JSON
    @property
    def warnings(self) -> tuple[str, ...]:
        """What the engines want the user to know, in the order of the crafts, nothing twice."""
        crafts = (self.engines[craft] for craft in CRAFTS if craft in self.engines)
        return tuple(dict.fromkeys(warning for facts in crafts for warning in facts.warnings))

    @property
    def seed(self) -> int:
        """The seed of the music and the cover; the lyrics' is the brief's, so variations share their
        words."""
        return self.brief.seed + self.variation

    @property
    def title(self) -> str:
        return self.plan.title if self.plan else ""

    def changed(self, **facts: object) -> Song:
        """A copy with ``facts`` and a new ``updated_at``."""
        return self.model_copy(update={**facts, "updated_at": datetime.now(UTC)})


def new_song(brief: Brief, variation: int = 0) -> Song:
    """A queued song with a new id."""
    now = datetime.now(UTC)
    return Song(id=new_id(now.timestamp()), created_at=now, updated_at=now, brief=brief, variation=variation)


def new_id(now_s: float | None = None) -> str:
    """A new song id, 15 characters: nine of time, counting down so that ids sort newest first, then six at
    random."""
    ms = int((time.time() if now_s is None else now_s) * 1000)
    left = 2**_TIME_BITS - 1 - ms
    digits = [_ALPHABET[(left >> shift) & 31] for shift in range(_TIME_BITS - 5, -1, -5)]
    return "".join(digits) + "".join(secrets.choice(_ALPHABET) for _ in range(6))
