"""What clients send. Names, defaults and meanings are those of the API that Songwright replaces."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from config.errors import shown
from lyrics.contract import SongPlan, Voice
from orchestrator.songs.brief import (
    DESCRIPTION_CHARACTERS,
    DURATION_S,
    GUIDANCE_SCALE,
    INFER_STEP,
    LARGEST_SEED,
    LYRICS_CHARACTERS,
    MODEL_PARAMETERS,
    RANDOM_SEED,
    TEMPERATURE,
    TOP_K,
    TOP_P,
    VARIATIONS,
    Brief,
    Format,
)

# At least one character that is no space and no control character, in words that every dialect of regular
# expressions reads alike: \S does not mean the same in Python, Rust and JavaScript.
SOMETHING = r"[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_LABEL = r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?"
_PORT = r":([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3})"
_URL = rf"^https?://({_LABEL}\.){{0,8}}{_LABEL}({_PORT})?(/[A-Za-z0-9/._~%!$&'()*+,;=:@?-]*)?$"
_KEY = r"^[A-G][#b]? (major|minor|dorian|mixolydian|phrygian|lydian)$"

Sentence = Annotated[str, Field(min_length=1, max_length=DESCRIPTION_CHARACTERS, pattern=SOMETHING)]
Words = Annotated[str, Field(max_length=100)]
# 3.0 is an integer to JSON Schema, and what some languages write for 3.
_WHOLE = BeforeValidator(lambda value: int(value) if _is_whole(value) else value)
Whole = Annotated[int, _WHOLE]

_LONGEST_NAME = 60  # of a field that might be meant: a longer one takes long to compare


def _is_whole(value: object) -> bool:
    return isinstance(value, float) and value.is_integer()


class EditedPlan(SongPlan):
    """A plan as ``POST /plan`` answered it, with whatever was changed."""

    model_config = ConfigDict(strict=True, frozen=True)

    title: str = Field(min_length=1, max_length=80, pattern=SOMETHING)
    tags: tuple[Words, ...] = Field(max_length=50, strict=False)
    lyrics: str = Field(max_length=LYRICS_CHARACTERS)
    categories: tuple[Words, ...] = Field(min_length=3, max_length=5, strict=False)
    genre: Words
    mood: Words
    energy: Whole = Field(ge=0, le=10)
    key: str = Field(pattern=_KEY, examples=["D minor"])
    metre: Literal["4/4", "3/4", "2/4", "6/8", "12/8", "5/4", "7/8"] = "4/4"
    voice: Voice
    instruments: tuple[Words, ...] = Field(default=(), max_length=50, strict=False)
    exclude: tuple[Words, ...] = Field(default=(), max_length=50, strict=False)
    theme: tuple[Words, ...] = Field(default=(), max_length=50, strict=False)
    language: str = Field(default="en", max_length=35)
    cover_prompt: str = Field(max_length=DESCRIPTION_CHARACTERS)
    warnings: tuple[Annotated[str, Field(max_length=1000)], ...] = Field(
        default=(), max_length=50, strict=False
    )


class Asking(BaseModel):
    """What every request for new music may say."""

    # Strict, so that a number in quotes is an error with its field's name and not a guess. Fields nobody
    # knows are kept, to be named in the manifest's warnings.
    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    seed: Whole = Field(
        default=RANDOM_SEED,
        ge=RANDOM_SEED,
        le=LARGEST_SEED,
        description="The same seed and request make the same song; -1 draws one, which the answer tells.",
    )
    webhook: str | None = Field(
        default=None,
        max_length=500,
        pattern=_URL,
        description="Called with a signed POST when the song has ended (standardwebhooks.com).",
        examples=["https://example.com/songs-done"],
    )

    def notes(self) -> tuple[str, ...]:
        """What the user should know about how this was read: fields that nobody knows."""
        return tuple(self._unknown())

    def _unknown(self) -> Iterator[str]:
        known = list(type(self).model_fields)
        for name in list(self.model_extra or {})[:20]:
            close = difflib.get_close_matches(name[:_LONGEST_NAME], known, n=1)
            hint = f", did you mean {close[0]}?" if close else ""
            yield f"the request's field {shown(name)} is not known and was not used{hint}"


class Options(Asking):
    """What all three kinds of request for a song may say besides their words."""

    audio_duration: float = Field(
        default=180.0, ge=DURATION_S[0], le=DURATION_S[1], description="Seconds of music."
    )
    guidance_scale: float | None = Field(
        default=None,
        ge=GUIDANCE_SCALE[0],
        le=GUIDANCE_SCALE[1],
        description="How closely a model keeps to the prompt; by default what is best for it (15 for "
        "ACE-Step). An engine that has no such thing says so in `warnings`.",
        examples=[15.0],
    )
    infer_step: Annotated[int, Field(ge=INFER_STEP[0], le=INFER_STEP[1]), _WHOLE] | None = Field(
        default=None,
        description="Inference steps of a diffusion model; by default what is best for it (60 for "
        "ACE-Step). An engine that has no such thing says so in `warnings`.",
        examples=[60],
    )
    temperature: float | None = Field(
        default=None,
        ge=TEMPERATURE[0],
        le=TEMPERATURE[1],
        description="Of a model that draws tokens, as MusicGen (1): higher is more random.",
    )
    top_k: Annotated[int, Field(ge=TOP_K[0], le=TOP_K[1]), _WHOLE] | None = Field(
        default=None, description="Likewise: draw from so many of the likeliest tokens (250); 0 for all."
    )
    top_p: float | None = Field(
        default=None,
        ge=TOP_P[0],
        le=TOP_P[1],
        description="Likewise: draw from the likeliest that make up this probability; 0 for all (0).",
    )
    instrumental: bool = Field(default=False, description="No voice, no lyrics.")
    format: Format = "wav"
    variations: Whole = Field(
        default=1,
        ge=VARIATIONS[0],
        le=VARIATIONS[1],
        description="Takes of the same words to other music, each a song of its own: see `sibling_ids`.",
    )
    cover_title: bool = Field(default=True, description="Whether the title is set on the cover.")
    plan: EditedPlan | None = Field(
        default=None, description="A plan from POST /plan, edited or not, to follow."
    )

    def brief(self) -> Brief:
        """The request in the shape that all requests take. Raises ``InvalidRequest``."""
        raise NotImplementedError

    def _common(self) -> dict[str, object]:
        return {
            "duration_s": self.audio_duration,
            "seed": self.seed,
            **{name: getattr(self, name) for name in MODEL_PARAMETERS},
            "instrumental": self.instrumental,
            "format": self.format,
            "variations": self.variations,
            "cover_title": self.cover_title,
            "plan": SongPlan.model_validate(self.plan.model_dump()) if self.plan else None,
        }


class FromDescription(Options):
    """The whole song in a sentence."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "full_described_song": "A upbeat electronic dance track with energetic beats",
                    "audio_duration": 180.0,
                    "seed": -1,
                    "guidance_scale": 15.0,
                    "infer_step": 60,
                    "instrumental": False,
                }
            ]
        }
    )

    full_described_song: Sentence = Field(description="Style, theme, tempo, key, voice, in your own words.")

    def brief(self) -> Brief:
        return Brief.model_validate({"description": self.full_described_song, **self._common()})


class WithLyrics(Options):
    """A style, and the words to sing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "prompt": "electronic rap, 140BPM",
                    "lyrics": "Your custom lyrics here...",
                    "audio_duration": 180.0,
                    "seed": -1,
                    "guidance_scale": 15.0,
                    "infer_step": 60,
                    "instrumental": False,
                }
            ]
        }
    )

    prompt: Sentence = Field(description="The style: genre, mood, tempo, voice, instruments.")
    lyrics: str = Field(
        max_length=LYRICS_CHARACTERS,
        description="Sung as they are; sections may be tagged [verse], [chorus], ... Blank: an instrumental.",
    )

    def brief(self) -> Brief:
        common = self._common()
        if not self.lyrics.strip():
            common["instrumental"] = True
        return Brief.model_validate({"description": self.prompt, "lyrics": self.lyrics, **common})

    def notes(self) -> tuple[str, ...]:
        notes = super().notes()
        if not self.lyrics.strip() and not self.instrumental and self.plan is None:
            notes = ("lyrics was blank, so the song is an instrumental", *notes)
        return notes


class WithDescribedLyrics(Options):
    """A style, and what the words are to be about."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "prompt": "rave, funk, 140BPM, disco",
                    "described_lyrics": "lyrics about summer nights and dancing",
                    "audio_duration": 180.0,
                    "seed": -1,
                    "guidance_scale": 15.0,
                    "infer_step": 60,
                    "instrumental": False,
                }
            ]
        }
    )

    prompt: Sentence = Field(description="The style: genre, mood, tempo, voice, instruments.")
    described_lyrics: Sentence = Field(description="What the lyrics are to be about.")

    def brief(self) -> Brief:
        fields = {"description": self.prompt, "about": self.described_lyrics, **self._common()}
        return Brief.model_validate(fields)


class Like(BaseModel):
    """A song of the library, to be made again; what else is given takes the place of what was asked then."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"like": "8z4x1c9k2m7q0ab", "seed": 8}]},
    )

    like: str = Field(pattern=r"^[0-9a-z]{1,40}$", description="The song's id.")
    audio_duration: float | None = Field(default=None, ge=DURATION_S[0], le=DURATION_S[1])
    # Bounds on the number itself: on the choice they would not get into the schema.
    seed: Annotated[int, Field(ge=RANDOM_SEED, le=LARGEST_SEED), _WHOLE] | None = None
    format: Format | None = None
    variations: Whole = Field(default=1, ge=VARIATIONS[0], le=VARIATIONS[1])
    cover_title: bool | None = None
    webhook: str | None = Field(default=None, max_length=500, pattern=_URL)

    def changes(self) -> dict[str, object]:
        """What is to differ, by the names of a brief."""
        given = {
            "duration_s": self.audio_duration,
            "seed": self.seed,
            "format": self.format,
            "variations": self.variations,
            "cover_title": self.cover_title,
        }
        return {name: value for name, value in given.items() if value is not None}
