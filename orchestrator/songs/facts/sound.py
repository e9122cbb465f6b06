"""What a manifest says of the sound of a song: what the composer knows, what was measured, what was heard."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from orchestrator.songs.facts.frozen import Frozen


class SectionTime(Frozen):
    """The begin and end of a section of the song, in seconds."""

    kind: str
    start_s: float
    end_s: float


class QualityFacts(Frozen):
    """What was measured of the mix: see ``music.levels.quality``."""

    clipped: float
    silent: float
    end_db: float


class Takes(Frozen):
    """The best of the takes of a request."""

    best: str
    """Its id."""
    why: str
    """What was found of each take, the best first."""
    points: dict[str, float]
    """Of 100, by the id of the take."""


class MusicFacts(Frozen):
    """The composer's facts about the audio; None for an unknown one."""

    duration_s: float
    rate_hz: int
    tempo_bpm: float | None
    key: str | None
    metre: str | None
    loudness_lufs: float | None
    sections: tuple[SectionTime, ...]
    quality: QualityFacts | None = None


class ListeningFacts(Frozen):
    """What an engine heard of the song's words; its name is in ``Song.engines``."""

    share: float = Field(ge=0.0, le=1.0)
    """The share of the words that are to be sung that was understood."""
    language: str
    """ISO 639-1; empty if it is not known."""
    words: int = Field(ge=0)
    """How many words have times."""
    interpolated: int = Field(ge=0)
    """Of these, how many times are only guessed from those of their neighbours."""
    of: Literal["vocals", "mix"]
    """What was listened to: the voice's stem, or the whole where there is none."""
