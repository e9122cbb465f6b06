"""A song's manifest: everything known about it, stored as ``songs/<id>/song.json`` beside its files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import Field, computed_field

from config.engine import identity
from orchestrator.songs.brief import Brief
from orchestrator.songs.facts.frozen import Frozen
from orchestrator.songs.facts.ids import ALPHABET as ALPHABET  # from here they are imported elsewhere
from orchestrator.songs.facts.ids import id_time as id_time
from orchestrator.songs.facts.ids import new_id as new_id
from orchestrator.songs.facts.labels import cleaned_metadata
from orchestrator.songs.facts.sound import ListeningFacts, MusicFacts, Takes
from orchestrator.songs.limits import AnyPlan, AnyScene, UtcTime
from orchestrator.songs.stages import CRAFTS
from vision.contract import Scene

GIVEN = "given"
PHOTO = "photo"


class Status(StrEnum):
    """How far a song is. The first three are unfinished: a restart resumes them."""

    QUEUED = "queued"
    PLANNING = "planning"
    COMPOSING = "composing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        return self in (Status.DONE, Status.FAILED, Status.CANCELLED)

    @property
    def at_work(self) -> bool:
        return self in (Status.PLANNING, Status.COMPOSING)


class EngineFacts(Frozen):
    """The engine that made a part: its licence, model and libraries, and its warnings for the user."""

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
    cover_sha256: str = ""
    """Of the audio: the SHA-256 of the PNG inside that is its front cover. Empty if it has none, and in
    manifests of earlier versions."""


class Cost(Frozen):
    """The engine time of a stage, all known attempts together, and its cost."""

    gpu: str = ""
    """Modal's name of the GPU; empty for the user's own machine."""
    seconds: float = Field(ge=0.0)
    """The song's share of the time in which the engine worked, without loading."""
    gpu_seconds: float | None = Field(default=None, ge=0.0)
    """``seconds`` times the container's number of GPUs. None, like the price, on the user's own machine."""
    usd: float | None = Field(default=None, ge=0.0)
    prices_of: str = ""
    """The date of the prices."""


class Failure(Frozen):
    """Why a song failed: the error's type and message, and the step it came from."""

    type: str
    message: str
    step: str


class Owner(Frozen):
    """The process that works on the song. No other may resume the song while this one runs."""

    host: str
    pid: int
    service: bool = False
    """Whether it is a service. A library has one service at a time: the next one takes over at once."""
    started: str = ""
    """When the process was started, by the kernel's count: a later process with the same id differs. Empty if
    the system does not say."""


class Moment(Frozen):
    """The time at which the song entered a status. A resumed song enters one again."""

    status: Status
    at: UtcTime


class Webhook(Frozen):
    """The webhook to call when the song has ended, and its delivery."""

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
    """The manifest. A song is complete if, and only if, ``status`` is "done"."""

    id: str
    status: Status = Status.QUEUED
    created_at: UtcTime
    updated_at: UtcTime
    brief: Brief
    variation: int = 0
    """Which of ``brief.variations`` this is, from 0. It is added to the seed of the music and the cover."""
    scene: AnyScene | None = None
    """What the photo shows, if the song is made from one."""
    plan: AnyPlan | None = None
    engines: dict[str, EngineFacts] = Field(default_factory=dict)
    """By craft, a key of ``CRAFTS``."""
    assets: dict[str, Asset] = Field(default_factory=dict)
    """By role: "audio", "cover", "lyrics", "lrc", "midi", "stem:<name>", "photo"."""
    music: MusicFacts | None = None
    listening: ListeningFacts | None = None
    """None if nobody listened to the song."""
    timings_s: dict[str, float] = Field(default_factory=dict)
    """Wall time by stage."""
    costs: dict[str, Cost] = Field(default_factory=dict)
    """By stage, for the steps that ran in an engine's process."""
    error: Failure | None = None
    crashes: dict[str, int] = Field(default_factory=dict)
    """By stage: how often an engine's process died while it worked on the stage."""
    runs: int = 0
    """How often the work was started since a step was last stored. 0 again once the work ended normally, with
    success or not."""
    owner: Owner | None = None
    history: tuple[Moment, ...] = ()
    sibling_ids: tuple[str, ...] = ()
    """All songs of the request, this one included, by variation."""
    takes: Takes | None = None
    """Which of ``sibling_ids`` is the best, once all have ended, where the request wants to know."""
    webhook: Webhook | None = None
    notes: tuple[str, ...] = ()
    """What the user should know about how the request was understood."""
    like: str = ""
    """The id of the song that this one repeats."""
    idempotency: str = ""
    """The request's name in ``songs.reuse``, so that it can be deleted with the song."""
    renamed: str = ""
    """The title that the user has given the song; empty: that of its plan."""
    favourite: bool = False
    tags: tuple[str, ...] = ()
    """The user's own, each once."""
    metadata: dict[str, str] = Field(default_factory=dict)
    """The caller's own: see ``facts.labels``."""

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own way to show a property in JSON
    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know: ``notes``, then the engines' warnings in the order of the crafts, each
        once."""
        crafts = (self.engines[craft] for craft in CRAFTS if craft in self.engines)
        of_engines = (warning for facts in crafts for warning in facts.warnings)
        return tuple(dict.fromkeys((*self.notes, *of_engines)))

    @computed_field  # type: ignore[prop-decorator]  # likewise
    @property
    def seed(self) -> int:
        """The seed of the music and the cover. The lyrics use the brief's seed: variations share their
        words."""
        return self.brief.seed + self.variation

    @computed_field  # type: ignore[prop-decorator]  # likewise
    @property
    def title(self) -> str:
        """What the user has called it, else the title of its plan; empty until there is one."""
        return self.renamed or (self.plan.title if self.plan else "")

    @computed_field  # type: ignore[prop-decorator]  # likewise
    @property
    def parent(self) -> str:
        """The id of the song or the recording that it was made of; empty for a new song."""
        return self.brief.change.source if self.brief.change else ""

    @computed_field  # type: ignore[prop-decorator]  # likewise
    @property
    def task(self) -> str:
        """What was done: "compose" for a new song, else a ``music.contract.Task``."""
        return self.brief.change.task if self.brief.change else "compose"

    @computed_field  # type: ignore[prop-decorator]  # likewise
    @property
    def started_at(self) -> datetime | None:
        """When its work began, after its time in the queue."""
        begun = (moment.at for moment in self.history if moment.status is not Status.QUEUED)
        return next(begun, None)

    @property
    def was_interrupted(self) -> bool:
        """Whether an earlier runner of the song was lost: the song has entered a status more than once."""
        statuses = [moment.status for moment in self.history]
        return len(set(statuses)) < len(statuses)

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do: the song has ended and its webhook, if any, is delivered or given
        up."""
        return self.status.finished and not (self.webhook and self.webhook.pending)

    def changed(self, **facts: object) -> Song:
        """A copy with ``facts`` and a new ``updated_at``; a new ``status`` adds a moment to the history."""
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
    metadata: Mapping[str, str] | None = None,
) -> list[Song]:
    """A queued song with a new id for each of the brief's variations. The ids of later variations sort
    first. Raises ``InvalidRequest`` for ``metadata`` past its bounds."""
    own = cleaned_metadata(metadata or {})
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
            metadata=own,
        )
        for variation, song_id in enumerate(ids)
    ]
