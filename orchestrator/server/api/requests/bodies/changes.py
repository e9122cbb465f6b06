"""The bodies of requests that change a song of the library."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from music.contract import Task
from orchestrator.pipeline.inputs.changes import Wanted
from orchestrator.server.api.requests.bodies.songs import Asking
from orchestrator.server.api.requests.texts import Sentence, Whole
from orchestrator.songs.brief import (
    DESCRIPTION_CHARACTERS,
    DURATION_S,
    LYRICS_CHARACTERS,
    SOMETHING,
    VARIATIONS,
    Format,
    Keep,
)

_SECONDS = DURATION_S[1]
Second = Annotated[float, Field(ge=0.0, le=_SECONDS)]


class Changing(Asking):
    """The fields of every change."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")
    TASK: ClassVar[Task]

    format: Format | None = Field(default=None, description="Left out: that of the song.")
    variations: Whole = Field(default=1, ge=VARIATIONS[0], le=VARIATIONS[1])
    keep: Keep = Field(default="all", description="Of several takes, as in a request for a new song.")

    def wanted(self) -> Wanted:
        """The change as the pipeline checks it."""
        raise NotImplementedError

    def changes(self) -> dict[str, object]:
        """The fields of the brief that are not the song's."""
        given = {
            "seed": self.seed,
            "variations": self.variations,
            "keep": self.keep,
            "format": self.format,
        }
        return {name: value for name, value in given.items() if value is not None}


class _Of(BaseModel):
    """A change of which song, for a quote."""

    source: str = Field(
        pattern=r"^[0-9a-z-]{1,40}$", description="The id of the song or the recording that is changed."
    )


class _NewPart(Changing):
    """A part that is new."""

    lyrics: str = Field(
        default="",
        max_length=LYRICS_CHARACTERS,
        description="The words of the new part, with tags if you like.",
    )
    prompt: str = Field(
        default="",
        max_length=DESCRIPTION_CHARACTERS,
        description="How the new part sounds, where it is to sound otherwise than the song.",
    )


class Extend(_NewPart):
    """More of a song."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"by_s": 20, "lyrics": "[bridge]\\nOne more line"}]}
    )
    TASK: ClassVar[Task] = "extend"

    by_s: float = Field(
        ge=1.0,
        le=_SECONDS,
        description="By how many seconds the song gets longer; with `from_s`, how many follow that second.",
    )
    from_s: Second | None = Field(
        default=None,
        description="The second from which it goes on, at the nearest bar; left out: where its end begins.",
    )
    before: bool = Field(default=False, description="Whether the new part comes before the beginning.")

    def wanted(self) -> Wanted:
        return Wanted(
            self.TASK, self.lyrics, self.prompt, start_s=self.from_s, by_s=self.by_s, before=self.before
        )


class Repaint(_NewPart):
    """Another part of a song."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"start_s": 12.5, "end_s": 30, "seed": 8}]})
    TASK: ClassVar[Task] = "repaint"

    start_s: Second = Field(description="Where the part begins that is made anew, at the nearest bar.")
    end_s: Second = Field(description="Where it ends.")

    def wanted(self) -> Wanted:
        return Wanted(self.TASK, self.lyrics, self.prompt, start_s=self.start_s, end_s=self.end_s)


class Remix(Changing):
    """The song in another style."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"prompt": "slow bossa nova with soft strings", "strength": 0.5}]}
    )
    TASK: ClassVar[Task] = "remix"

    prompt: Sentence = Field(description="How the song is to sound.")
    strength: float | None = Field(
        default=None,
        ge=0.0,
        le=1.0,
        description="How far it goes from the song: 0 stays as near as the engine can, and 1 keeps what "
        "makes it that song. Left out: the engine's best value.",
    )

    def wanted(self) -> Wanted:
        return Wanted(self.TASK, prompt=self.prompt, strength=self.strength)


class Resing(Changing):
    """Other words on the song's tune."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"lyrics": "[verse]\nOther words on the same old tune"}]}
    )
    TASK: ClassVar[Task] = "resing"

    lyrics: str = Field(
        min_length=1,
        max_length=LYRICS_CHARACTERS,
        pattern=SOMETHING,
        description="The words: as many lines as are sung, or lines under the names of the song's sections.",
    )

    def wanted(self) -> Wanted:
        return Wanted(self.TASK, self.lyrics)


class Reference(Changing):
    """A new song that sounds like this one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"prompt": "a song about the sea", "lyrics": "[verse]\\nOut at sea"}]}
    )
    TASK: ClassVar[Task] = "reference"

    prompt: Sentence = Field(description="The new song.")
    lyrics: str = Field(
        default="", max_length=LYRICS_CHARACTERS, description="Its words; left out: those of this song."
    )

    def wanted(self) -> Wanted:
        return Wanted(self.TASK, self.lyrics, self.prompt)


class Stems(Changing):
    """The parts that a song is mixed of."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})
    TASK: ClassVar[Task] = "stems"

    def wanted(self) -> Wanted:
        return Wanted(self.TASK)


class Complete(Changing):
    """A band for a voice alone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"prompt": "a jazz trio"}]})
    TASK: ClassVar[Task] = "complete"

    prompt: str = Field(
        default="", max_length=DESCRIPTION_CHARACTERS, description="How the band is to sound."
    )
    lyrics: str = Field(
        default="", max_length=LYRICS_CHARACTERS, description="The words that the voice sings, if known."
    )

    def wanted(self) -> Wanted:
        return Wanted(self.TASK, self.lyrics, self.prompt)


class NewCover(Asking):
    """Another cover of a song."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="allow",
        json_schema_extra={"examples": [{"prompt": "a lighthouse in the fog"}]},
    )

    prompt: str = Field(
        default="",
        max_length=DESCRIPTION_CHARACTERS,
        description="What the cover shows; left out: what the song's plan says, by another seed.",
    )


class QuoteExtend(_Of, Extend):
    """More of a song, quoted."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"task": "extend", "source": "ybqc2bewn1yqcy2", "by_s": 20}]}
    )
    task: Literal["extend"]


class QuoteRepaint(_Of, Repaint):
    """Another part of a song, quoted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"task": "repaint", "source": "ybqc2bewn1yqcy2", "start_s": 12, "end_s": 30}]
        }
    )
    task: Literal["repaint"]


class QuoteRemix(_Of, Remix):
    """The song in another style, quoted."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"task": "remix", "source": "ybqc2bewn1yqcy2", "prompt": "punk"}]}
    )
    task: Literal["remix"]


class QuoteResing(_Of, Resing):
    """Other words on the song's tune, quoted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"task": "resing", "source": "ybqc2bewn1yqcy2", "lyrics": "Other words"}]
        }
    )
    task: Literal["resing"]


class QuoteReference(_Of, Reference):
    """A song that sounds like another, quoted."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"task": "reference", "source": "ybqc2bewn1yqcy2", "prompt": "punk"}]}
    )
    task: Literal["reference"]


class QuoteStems(_Of, Stems):
    """The parts that a song is mixed of, quoted."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"task": "stems", "source": "ybqc2bewn1yqcy2"}]}
    )
    task: Literal["stems"]


class QuoteComplete(_Of, Complete):
    """A band for a voice alone, quoted."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"task": "complete", "source": "ybqc2bewn1yqcy2"}]}
    )
    task: Literal["complete"]


class QuoteCover(_Of, NewCover):
    """Another cover of a song, quoted."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"task": "cover", "source": "ybqc2bewn1yqcy2"}]}
    )
    task: Literal["cover"]


QuotedChange = (
    QuoteExtend
    | QuoteRepaint
    | QuoteRemix
    | QuoteResing
    | QuoteReference
    | QuoteStems
    | QuoteComplete
    | QuoteCover
)
