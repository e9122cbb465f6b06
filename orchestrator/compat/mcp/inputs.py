"""What the tools take. The bounds are told to agents here, and held by the service, whose sentences name the
field, its value and the way out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from orchestrator.server.api.requests.listing import State
from orchestrator.songs.brief import DURATION_S, VARIATIONS
from orchestrator.songs.index.selection import Sort

WAIT_S = (0.0, 50.0)
"""Clients give up a call after a minute."""

_SECONDS = "Length of the song in seconds, {:g} to {:g}.".format(*DURATION_S)
_SEED = "The same request with the same seed makes the same song. Leave it out for another song each time."
_ID = "The song's id, as other tools give it."


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call that have a value: agents send null for what they leave out."""
    return {name: value for name, value in arguments.items() if value is not None}


def _parsed(value: object) -> object:
    """Agents send objects and lists as JSON in a text, too."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


_JSON = BeforeValidator(_parsed)


class _Making(BaseModel):
    model_config = ConfigDict(extra="forbid")

    duration_s: float | None = Field(
        default=None, description=f"{_SECONDS} Left out: what the words ask for, else 180."
    )
    seed: int | None = Field(default=None, description=_SEED)
    format: Literal["mp3", "wav", "flac"] = Field(default="mp3", description="The audio file's format.")
    variations: int = Field(
        default=1,
        description="How many takes to make, {} to {}: each is a song of its own.".format(*VARIATIONS),
    )

    def options(self) -> dict[str, object]:
        """The fields of the API's body."""
        given = {"audio_duration": self.duration_s, "seed": self.seed}
        known = {name: value for name, value in given.items() if value is not None}
        return {**known, "format": self.format, "variations": self.variations}


class MakeSong(_Making):
    """A song from a description."""

    description: str = Field(
        description="The whole song in plain words: what it is about, genre, mood, tempo, key, voice, "
        "instruments, language. Example: 'a slow folk waltz in D minor about leaving home, male voice'."
    )
    instrumental: bool = Field(default=False, description="True: no voice and no lyrics.")
    plan: Annotated[dict[str, Any] | None, _JSON] = Field(
        default=None,
        description="A plan from plan_song, edited or not, that the song is to follow: its title, lyrics, "
        "tempo, key and so on.",
    )

    def body(self) -> dict[str, object]:
        plan = {"plan": self.plan} if self.plan else {}
        return {
            "full_described_song": self.description,
            "instrumental": self.instrumental,
            **self.options(),
            **plan,
        }


class MakeSongWithLyrics(_Making):
    """A song that sings given words."""

    style: str = Field(description="How the song sounds: genre, mood, tempo, key, voice, instruments.")
    lyrics: str = Field(
        description="The words, sung as they are, a line of the song to a line. Sections may be tagged: "
        "[verse], [chorus], [bridge], each in a line of its own."
    )

    def body(self) -> dict[str, object]:
        return {"prompt": self.style, "lyrics": self.lyrics, **self.options()}


class PlanSong(BaseModel):
    """A plan alone."""

    model_config = ConfigDict(extra="forbid")

    description: str = Field(description="The song in plain words, as for make_song.")
    duration_s: float | None = Field(default=None, description=_SECONDS)
    instrumental: bool = Field(default=False, description="True: no voice and no lyrics.")
    seed: int | None = Field(default=None, description=_SEED)

    def body(self) -> dict[str, object]:
        given = {"audio_duration": self.duration_s, "seed": self.seed}
        known = {name: value for name, value in given.items() if value is not None}
        return {"full_described_song": self.description, "instrumental": self.instrumental, **known}


class _NewPart(BaseModel):
    model_config = ConfigDict(extra="forbid")

    song_id: str = Field(description=_ID)
    lyrics: str = Field(default="", description="The words of the new part; empty: those that fit.")
    style: str = Field(default="", description="How the new part sounds, if not like the song.")
    seed: int | None = Field(default=None, description=_SEED)

    def options(self) -> dict[str, object]:
        given: dict[str, object] = {"lyrics": self.lyrics, "prompt": self.style}
        return given if self.seed is None else given | {"seed": self.seed}


class ExtendSong(_NewPart):
    """A longer song."""

    by_s: float = Field(description="By how many seconds the song gets longer.")
    from_s: float | None = Field(
        default=None, description="The second from which it goes on; left out: where its end begins."
    )
    before: bool = Field(default=False, description="True: the new part comes before the beginning.")

    def body(self) -> dict[str, object]:
        return {**self.options(), "by_s": self.by_s, "from_s": self.from_s, "before": self.before}


class RepaintSong(_NewPart):
    """A song with another part."""

    start_s: float = Field(description="The second at which the part begins that is made anew.")
    end_s: float = Field(description="The second at which it ends.")

    def body(self) -> dict[str, object]:
        return {**self.options(), "start_s": self.start_s, "end_s": self.end_s}


class OneSong(BaseModel):
    """A song of the library."""

    model_config = ConfigDict(extra="forbid")

    song_id: str = Field(description=_ID)


class WaitForSong(OneSong):
    """A song that is being made."""

    timeout_s: float = Field(
        default=45.0,
        ge=WAIT_S[0],
        le=WAIT_S[1],
        description="After so many seconds it answers what there is by then: call again if it is not done.",
    )


class ListSongs(BaseModel):
    """A page of the library."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(
        default="", description="Only songs with all of these words in title, prompt, genre or tags."
    )
    status: State | None = Field(default=None, description="Only songs with this status.")
    genre: str = Field(default="", description="Only songs of this genre.")
    favourite: bool | None = Field(default=None, description="Only the user's favourites, or only others.")
    tag: str = Field(default="", description="Only songs with this tag of the user's.")
    sort: Sort = Field(
        default="newest",
        description="newest or oldest first, by title, the longest (duration) or the last changed (updated).",
    )
    limit: int = Field(default=20, description="Songs a page, 1 to 100.")
    cursor: str = Field(default="", description="`next_cursor` of the page before, with the same `sort`.")

    def parameters(self) -> dict[str, str]:
        """The parameters of ``GET /songs``."""
        given = {
            "q": self.query,
            "status": self.status or "",
            "genre": self.genre,
            "favourite": "" if self.favourite is None else str(self.favourite).lower(),
            "tag": self.tag,
            "sort": self.sort,
            "limit": str(self.limit),
            "cursor": self.cursor,
        }
        return {name: text for name, text in given.items() if text}


class UpdateSong(OneSong):
    """A song's name, mark and tags. What is left out stays as it is."""

    title: str | None = Field(default=None, description="What the song is called from now on.")
    favourite: bool | None = Field(default=None, description="Whether it is a favourite of the user's.")
    tags: Annotated[list[str] | None, _JSON] = Field(
        default=None, description="All of its tags: they replace the former, which get_song tells."
    )

    def body(self) -> dict[str, object]:
        return self.model_dump(exclude={"song_id"}, exclude_none=True)


class PriceSong(BaseModel):
    """A song that is not made yet."""

    model_config = ConfigDict(extra="forbid")

    description: str = Field(description="The song, or with lyrics its style.")
    lyrics: str = Field(default="", description="The words to sing, if you have them.")
    duration_s: float | None = Field(default=None, description=_SECONDS)
    instrumental: bool = Field(default=False, description="True: no voice and no lyrics.")
    variations: int = Field(default=1, description="How many takes.")

    def body(self) -> dict[str, object]:
        words: dict[str, object] = (
            {"prompt": self.description, "lyrics": self.lyrics}
            if self.lyrics.strip()
            else {"full_described_song": self.description}
        )
        length = {} if self.duration_s is None else {"audio_duration": self.duration_s}
        return {**words, **length, "instrumental": self.instrumental, "variations": self.variations}


ARGUMENTS = {
    "full_described_song": "description",
    "prompt": "style",
    "audio_duration": "duration_s",
    "duration": "duration_s",
    "id": "song_id",
    "q": "query",
}
"""What the tools call the API's fields."""
