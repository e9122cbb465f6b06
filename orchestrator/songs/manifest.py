"""A song's manifest: everything known about it, kept as ``songs/<id>/song.json`` beside what was made."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, computed_field

from config.engine import identity
from orchestrator.songs.brief import Brief
from orchestrator.songs.limits import AnyPlan, AnyScene, UtcTime
from vision.contract import Scene

SONG_CRAFTS = ("lyrics", "music", "art")
CRAFTS = (*SONG_CRAFTS, "vision")  # the last for songs from a photo alone
CRAFT_OF_STAGE = {"photo": "vision", "lyrics": "lyrics", "music": "music", "cover": "art"}
"""Whose engine makes a stage; the last one, "tags", needs none."""
GIVEN = "given"
PHOTO = "photo"

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, in the order of its characters
_TIME_BITS = 45  # milliseconds until the year 3084, in nine characters
_RANDOM_BITS = 30


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
    """Which engine made a part, under which licence, from what, and what it wants the user to know."""

    name: str
    """``GIVEN`` for a plan that came with the request, ``PHOTO`` for a photo taken as the cover."""
    version: str
    licence: str
    seed: int
    warnings: tuple[str, ...] = ()
    model: str = ""
    revision: str = ""
    precision: str = ""
    device: str = ""
    libraries: dict[str, str] = Field(default_factory=dict)
    """Versions by package name."""

    @property
    def identity(self) -> str:
        """As ``EngineInfo.identity``."""
        return identity(self.name, self.version, self.model, self.revision, self.precision)


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


class Cost(Frozen):
    """What a stage used of its engine, all attempts that are known of together, and what that costs."""

    gpu: str = ""
    """Modal's name of the GPU; empty: a machine of one's own."""
    seconds: float = Field(ge=0.0)
    """The song's share of the time in which the engine was at work; loading it is not in it."""
    gpu_seconds: float | None = Field(default=None, ge=0.0)
    """As many times that as the container has GPUs; None on a machine of one's own. So with the price."""
    usd: float | None = Field(default=None, ge=0.0)
    prices_of: str = ""
    """The date of the prices."""


class Failure(Frozen):
    """Why a song failed: the error's type and message, and the step it came from."""

    type: str
    message: str
    step: str


class Owner(Frozen):
    """The process that works on the song: no other may take it up while this one lives."""

    host: str
    pid: int
    service: bool = False
    """Whether it is a service, of which a library has one at a time: the next one takes over at once."""
    started: str = ""
    """When the process was started, by the kernel's own count: tells it from a later one with the same id.
    Empty where the system does not say."""


class Moment(Frozen):
    """When the song came into a status; a song that is taken up again comes into one again."""

    status: Status
    at: UtcTime


class Webhook(Frozen):
    """Whom to call when the song has ended, and how that went."""

    url: str
    delivered_at: UtcTime | None = None
    attempts: int = 0
    error: str = ""
    """Why the last attempt failed."""
    given_up: bool = False

    @property
    def pending(self) -> bool:
        return self.delivered_at is None and not self.given_up


class Song(Frozen):
    """The manifest. A song is whole if, and only if, ``status`` is "done"."""

    id: str
    status: Status = Status.QUEUED
    created_at: UtcTime
    updated_at: UtcTime
    brief: Brief
    variation: int = 0
    """Which of ``brief.variations`` this is, from 0; the music's and the cover's seed go up with it."""
    scene: AnyScene | None = None
    """What was read from the photo, if the song was made from one."""
    plan: AnyPlan | None = None
    engines: dict[str, EngineFacts] = Field(default_factory=dict)
    """By craft, a key of ``CRAFTS``."""
    assets: dict[str, Asset] = Field(default_factory=dict)
    """By role: "audio", "cover", "lyrics", "lrc", "midi", "stem:<name>", "photo"."""
    music: MusicFacts | None = None
    timings_s: dict[str, float] = Field(default_factory=dict)
    """Wall time by step: "photo", "lyrics", "music", "cover", "tags"."""
    costs: dict[str, Cost] = Field(default_factory=dict)
    """Likewise, of the steps that ran where an engine is."""
    error: Failure | None = None
    crashes: dict[str, int] = Field(default_factory=dict)
    """By step, as in ``timings_s``: how often an engine's process died while it was at work on it."""
    runs: int = 0
    """How often its work was begun since a step was last stored; 0 again once the work ended in good order,
    done or not."""
    owner: Owner | None = None
    history: tuple[Moment, ...] = ()
    sibling_ids: tuple[str, ...] = ()
    """All songs of the request, this one among them, by variation."""
    webhook: Webhook | None = None
    notes: tuple[str, ...] = ()
    """What the user should know about how the request was read."""
    like: str = ""
    """The id of the song that this one makes again."""
    idempotency: str = ""
    """The name under which ``songs.reuse`` knows the request, so that it can be forgotten with the song."""

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own way to show a property in JSON
    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know: ``notes``, then what the engines say in the order of the crafts, nothing
        twice."""
        crafts = (self.engines[craft] for craft in CRAFTS if craft in self.engines)
        of_engines = (warning for facts in crafts for warning in facts.warnings)
        return tuple(dict.fromkeys((*self.notes, *of_engines)))

    @computed_field  # type: ignore[prop-decorator]  # likewise
    @property
    def seed(self) -> int:
        """The seed of the music and the cover; the lyrics' is the brief's, so variations share their
        words."""
        return self.brief.seed + self.variation

    @computed_field  # type: ignore[prop-decorator]  # likewise
    @property
    def title(self) -> str:
        return self.plan.title if self.plan else ""

    @computed_field  # type: ignore[prop-decorator]  # likewise
    @property
    def started_at(self) -> datetime | None:
        """When its work began: the time a song waits in the queue is not on its clock."""
        begun = (moment.at for moment in self.history if moment.status is not Status.QUEUED)
        return next(begun, None)

    @property
    def taken_up(self) -> bool:
        """Whether somebody was at work on it before and was lost: it came into a status once more."""
        statuses = [moment.status for moment in self.history]
        return len(set(statuses)) < len(statuses)

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do for it: it has ended, and who asked to be called has been."""
        return self.status.finished and not (self.webhook and self.webhook.pending)

    def changed(self, **facts: object) -> Song:
        """A copy with ``facts``, a new ``updated_at``, and a moment of history where ``status`` is among
        them."""
        now = datetime.now(UTC)
        if "status" in facts:
            moment = Moment(status=Status(str(facts["status"])), at=now)
            facts = {"history": (*self.history, moment), **facts}
        return self.model_copy(update={**facts, "updated_at": now})


def new_songs(
    brief: Brief,
    *,
    owner: Owner | None = None,
    webhook: str = "",
    notes: tuple[str, ...] = (),
    like: str = "",
    scene: Scene | None = None,
    idempotency: str = "",
) -> list[Song]:
    """A queued song with a new id for each of the brief's variations; one after the other, the later sorts
    first."""
    now = datetime.now(UTC)
    ids = tuple(new_id(now.timestamp() + variation / 1000) for variation in range(brief.variations))
    return [
        Song(
            id=song_id,
            created_at=now,
            updated_at=now,
            brief=brief,
            variation=variation,
            owner=owner,
            history=(Moment(status=Status.QUEUED, at=now),),
            sibling_ids=ids,
            webhook=Webhook(url=webhook) if webhook else None,
            notes=notes,
            like=like,
            scene=scene,
            idempotency=idempotency,
        )
        for variation, song_id in enumerate(ids)
    ]


def new_id(now_s: float | None = None) -> str:
    """A new song id, 15 characters: nine of time, counting down so that ids sort newest first, then six at
    random."""
    ms = int((time.time() if now_s is None else now_s) * 1000)
    left = 2**_TIME_BITS - 1 - ms
    number = left << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    shifts = range(_TIME_BITS + _RANDOM_BITS - 5, -1, -5)
    return "".join(_ALPHABET[number >> shift & 31] for shift in shifts)


def id_time(song_id: str) -> datetime:
    """When the id was made, by the clock of who made it: that of the store is another."""
    number = 0
    for character in song_id:
        number = number << 5 | _ALPHABET.index(character)
    ms = 2**_TIME_BITS - 1 - (number >> _RANDOM_BITS)
    return datetime.fromtimestamp(ms / 1000, UTC)
