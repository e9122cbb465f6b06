"""A song in the index: the few facts of its manifest by which songs are found and summed up."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from orchestrator.songs.manifest import Song, Status, id_time

UNREADABLE, DELETED = "unreadable", "deleted"
"""States of the index's own."""
ENDED = frozenset(status.value for status in Status if status.finished)
FIRST = -math.inf
"""The version of a song that was not read yet: any manifest follows, whatever date it says."""
LAST = math.inf
"""The version of a deletion: no later one follows, since an id is never given again."""
MOST_WORDS = 600
"""Characters of the prompt that can be found."""
MOST_GENRE = 100
"""Characters of a genre."""


class Maker(NamedTuple):
    """The engine that made a part."""

    name: str
    identity: str
    """As ``EngineInfo.identity``."""
    device: str


class Spent(NamedTuple):
    """What a stage cost: the fields of ``manifest.Cost``, of which a month has a hundred thousand."""

    seconds: float
    gpu: str
    gpu_seconds: float | None
    usd: float | None
    prices_of: str


@dataclass(frozen=True, slots=True)
class Entry:
    """The facts of one song."""

    id: str
    state: str
    """A ``Status``, ``UNREADABLE`` for a damaged song, or ``DELETED``."""
    version: float
    """Seconds since 1970: when the manifest was written. Of two entries of a song, the later one is true."""
    created_at: datetime
    title: str = ""
    words: str = ""
    """The tags, the prompt's first characters, and the categories."""
    duration_s: float = 0.0
    """As requested; of a draft or a change, what is composed."""
    infer_step: int | None = None
    engines: Mapping[str, Maker] = field(default_factory=dict)
    """By craft."""
    timings_s: Mapping[str, float] = field(default_factory=dict)
    """Wall time by stage."""
    costs: Mapping[str, Spent] = field(default_factory=dict)
    """By stage."""
    instrumental: bool | None = None
    """None in entries of early versions, which have none of what follows either."""
    length_s: float = 0.0
    """That of the song, once it is made; until then as requested."""
    genres: tuple[str, ...] = ()
    """Of the plan, and its categories."""
    favourite: bool = False
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_early(self) -> bool:
        """Whether an early version wrote it, without the facts that songs are filtered and sorted by."""
        return self.instrumental is None and self.state not in (UNREADABLE, DELETED)

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    def line(self) -> str:
        """The entry as one line of JSON."""
        facts: list[object] = [self.id, self.state, None if self.version == LAST else self.version]
        if self.state not in (UNREADABLE, DELETED):
            facts += [
                self.created_at.timestamp(),
                self.title,
                self.words,
                self.duration_s,
                self.infer_step,
                dict(self.engines),
                dict(self.timings_s),
                dict(self.costs),
            ]
            if self.instrumental is not None:
                facts.append(self._later_facts())
        return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))

    def _later_facts(self) -> dict[str, object]:
        """What lines of early versions do not have; what is empty is left out."""
        facts: dict[str, object] = {"instrumental": self.instrumental, "length_s": self.length_s}
        own = {"genres": self.genres, "favourite": self.favourite, "tags": self.tags}
        return facts | {name: value for name, value in (own | {"metadata": self.metadata}).items() if value}


def entry_of(song: Song) -> Entry:
    """The entry of a song's manifest."""
    brief, plan = song.brief, song.plan
    genres = (plan.genre, *plan.categories) if plan else ()
    seen = song.scene.description if song.scene else ""
    prompt = " ".join(text for text in (brief.description, brief.about, seen) if text)[:MOST_WORDS]
    return Entry(
        id=song.id,
        state=song.status.value,
        version=song.updated_at.timestamp(),
        created_at=song.created_at,
        title=song.title[:MOST_WORDS],
        words=" ".join((*song.tags, prompt, *(plan.categories if plan else ())))[: 2 * MOST_WORDS],
        duration_s=brief.new_s,
        infer_step=brief.infer_step,
        engines={
            craft: Maker(facts.name, facts.identity, facts.device) for craft, facts in song.engines.items()
        },
        timings_s=song.timings_s,
        costs={
            stage: Spent(cost.seconds, cost.gpu, cost.gpu_seconds, cost.usd, cost.prices_of)
            for stage, cost in song.costs.items()
        },
        instrumental=brief.instrumental,
        length_s=song.music.duration_s if song.music else brief.duration_s,
        genres=tuple(dict.fromkeys(genre[:MOST_GENRE] for genre in genres if genre)),
        favourite=song.favourite,
        tags=song.tags,
        metadata=song.metadata,
    )


def changing_facts(song: Song) -> object:
    """What of an entry changes while the song is made: where it differs, the index is to know it."""
    return song.status, song.title, song.favourite, song.tags, tuple(song.metadata.items())


def unreadable_entry(song_id: str, version: float) -> Entry:
    """The entry of a damaged song, which was looked at ``version`` seconds after 1970."""
    return Entry(song_id, UNREADABLE, version, id_time(song_id))


def deleted_entry(song_id: str) -> Entry:
    """The entry of a song that is not there any more."""
    return Entry(song_id, DELETED, LAST, id_time(song_id))


def entry_in(line: str) -> Entry:
    """The entry that ``Entry.line`` wrote. Raises ``ValueError`` for any other line."""
    try:
        song_id, state, version, *facts = json.loads(line)
        version = LAST if version is None else float(version)
        if not facts:
            return Entry(song_id, state, version, id_time(song_id))
        created, title, words, duration_s, infer_step, engines, timings_s, costs, *more = facts
        later = more[0] if more else {}
        return Entry(
            id=song_id,
            state=state,
            version=version,
            created_at=datetime.fromtimestamp(created, UTC),
            title=title,
            words=words,
            duration_s=duration_s,
            infer_step=infer_step,
            engines={craft: Maker(*maker) for craft, maker in engines.items()},
            timings_s=timings_s,
            costs={stage: Spent(*cost) for stage, cost in costs.items()},
            instrumental=later.get("instrumental"),
            length_s=later.get("length_s", duration_s),
            genres=tuple(later.get("genres", ())),
            favourite=later.get("favourite", False),
            tags=tuple(later.get("tags", ())),
            metadata=later.get("metadata", {}),
        )
    except (TypeError, AttributeError, OverflowError, OSError) as error:
        raise ValueError(f"it is no entry of the index: {line[:80]!r}") from error


def id_in(line: str) -> str:
    """The id of the song in a line that ``Entry.line`` wrote."""
    return line[2:].partition('"')[0]
