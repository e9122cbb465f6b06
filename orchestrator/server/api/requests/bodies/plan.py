"""The plan in a body: one from ``POST /plan``, as a user has edited it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from lyrics.contract import SongPlan, Voice
from orchestrator.server.api.requests.bodies.body import Body
from orchestrator.server.api.requests.texts import KEY, Whole, Words
from orchestrator.songs.brief import DESCRIPTION_CHARACTERS, DURATION_S, LYRICS_CHARACTERS, VISIBLE

MOST_WARNINGS = 50
MOST_LINES = 2_000

_Second = Annotated[float, Field(ge=0.0, le=DURATION_S[1])]


class EditedPlan(Body, SongPlan):
    """A plan from ``POST /plan``, edited or not."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    title: str = Field(min_length=1, max_length=80, pattern=VISIBLE)
    tags: tuple[Words, ...] = Field(max_length=50, strict=False)
    lyrics: str = Field(max_length=LYRICS_CHARACTERS)
    categories: tuple[Words, ...] = Field(min_length=3, max_length=5, strict=False)
    genre: Words
    mood: Words
    energy: Whole = Field(ge=0, le=10)
    key: str = Field(pattern=KEY, examples=["D minor"])
    metre: Literal["4/4", "3/4", "2/4", "6/8", "12/8", "5/4", "7/8"] = "4/4"
    voice: Voice
    instruments: tuple[Words, ...] = Field(default=(), max_length=50, strict=False)
    exclude: tuple[Words, ...] = Field(default=(), max_length=50, strict=False)
    theme: tuple[Words, ...] = Field(default=(), max_length=50, strict=False)
    language: str = Field(default="en", max_length=35)
    line_times_s: tuple[_Second, ...] = Field(default=(), max_length=MOST_LINES, strict=False)
    cover_prompt: str = Field(max_length=DESCRIPTION_CHARACTERS)
    warnings: tuple[Annotated[str, Field(max_length=1000)], ...] = Field(
        default=(), max_length=MOST_WARNINGS, strict=False
    )

    def followed(self) -> SongPlan:
        """The plan without what is not known of it."""
        return SongPlan.model_validate(self.model_dump(include=set(SongPlan.model_fields)))
