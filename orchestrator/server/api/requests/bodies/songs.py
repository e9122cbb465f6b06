"""The bodies of requests. Names, defaults and meanings are those of the API that Songwright replaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from config.errors import InvalidRequest
from orchestrator.server.api.requests.bodies.body import Body
from orchestrator.server.api.requests.bodies.labels import Metadata
from orchestrator.server.api.requests.bodies.plan import EditedPlan
from orchestrator.server.api.requests.texts import URL, WHOLE, Sentence, Whole
from orchestrator.server.api.requests.unknown import notes_of
from orchestrator.songs.brief import (
    DRAFT_S,
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
    Keep,
)
from reading.cleaning import stripped

_SUNG = "send it with prompt to /generate-with-lyrics"
_DESCRIBED = "send it with prompt to /generate-with-described-lyrics"
_WHOLE_SONG = "send it alone to /generate-from-description"
_PHOTO = "send a form with the file to /generate-from-image"


class Asking(Body):
    """The fields that every request for new music may have."""

    # Strict, so that a number in quotes is an error and not a guess. Unknown fields are kept, to be named.
    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    FIELDS: ClassVar[Mapping[str, str]] = {}
    """What this request calls fields of the brief, where it calls them otherwise."""

    seed: Whole = Field(
        default=RANDOM_SEED,
        ge=RANDOM_SEED,
        le=LARGEST_SEED,
        description="The same seed and request make the same song; -1 draws one, which the answer tells.",
    )
    webhook: str | None = Field(
        default=None,
        max_length=500,
        pattern=URL,
        description="Called with a signed POST when the song has ended (standardwebhooks.com).",
        examples=["https://example.com/songs-done"],
    )
    metadata: Metadata

    def notes(self) -> tuple[str, ...]:
        """Warnings about how the request was read: the fields that are not known."""
        return notes_of(self)

    def _brief(self, fields: Mapping[str, object]) -> Brief:
        """The brief of these fields. Raises ``InvalidRequest``, which names the request's own field."""
        try:
            return Brief.model_validate(fields)
        except InvalidRequest as error:
            name = self.FIELDS.get(error.field)
            if name is None:
                raise
            raise InvalidRequest(name, getattr(self, name), error.fix) from error


class Options(Asking):
    """The fields that all requests for a song may have besides their words."""

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
    infer_step: Annotated[int, Field(ge=INFER_STEP[0], le=INFER_STEP[1]), WHOLE] | None = Field(
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
    top_k: Annotated[int, Field(ge=TOP_K[0], le=TOP_K[1]), WHOLE] | None = Field(
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
    draft: bool = Field(
        default=False,
        description=f"Whether only the first {DRAFT_S:g} seconds are composed; `POST /songs/{{id}}/finish` "
        "makes the whole song.",
    )
    keep: Keep = Field(
        default="all",
        description="Of 2 or more `variations`: `best` rates them by clipping, silence, a cut end, loudness "
        "and, where an engine listens, the words that are heard; the answer is the best one, and `takes` "
        "says why. `only_best` deletes the others.",
    )
    master: bool = Field(
        default=True,
        description="Whether a model's song is brought to -14 LUFS, and its true peak to -1 dBTP or less.",
    )
    cover_title: bool = Field(default=True, description="Whether the title is set on the cover.")
    plan: EditedPlan | None = Field(
        default=None, description="A plan from POST /plan, edited or not, to follow."
    )

    def brief(self) -> Brief:
        """The brief that the request stands for. Raises ``InvalidRequest``."""
        raise NotImplementedError

    def _common(self) -> dict[str, object]:
        return {
            # Left out, the description may ask for a length.
            **({"duration_s": self.audio_duration} if "audio_duration" in self.model_fields_set else {}),
            "seed": self.seed,
            **{name: getattr(self, name) for name in MODEL_PARAMETERS},
            "instrumental": self.instrumental,
            "format": self.format,
            "variations": self.variations,
            "keep": self.keep,
            "draft": self.draft,
            "master": self.master,
            "cover_title": self.cover_title,
            "plan": self.plan.followed() if self.plan else None,
        }


def _example(**words: str) -> ConfigDict:
    """Shows these fields in the OpenAPI document, with the options that such requests usually have."""
    options = {
        "audio_duration": 180.0,
        "seed": -1,
        "guidance_scale": 15.0,
        "infer_step": 60,
        "instrumental": False,
    }
    return ConfigDict(json_schema_extra={"examples": [{**words, **options}]})


class FromDescription(Options):
    """A sentence that describes the whole song."""

    model_config = _example(full_described_song="A upbeat electronic dance track with energetic beats")
    FIELDS: ClassVar[Mapping[str, str]] = {"description": "full_described_song", "duration": "audio_duration"}
    UNUSED: ClassVar[Mapping[str, str]] = {
        "prompt": "full_described_song describes the song",
        "lyrics": _SUNG,
        "described_lyrics": _DESCRIBED,
        "image": _PHOTO,
    }

    full_described_song: Sentence = Field(description="Style, theme, tempo, key, voice, in your own words.")

    def brief(self) -> Brief:
        return self._brief({"description": self.full_described_song, **self._common()})


class WithLyrics(Options):
    """A style, and the words to sing."""

    model_config = _example(prompt="electronic rap, 140BPM", lyrics="Your custom lyrics here...")
    FIELDS: ClassVar[Mapping[str, str]] = {"description": "prompt", "duration": "audio_duration"}
    UNUSED: ClassVar[Mapping[str, str]] = {
        "full_described_song": _WHOLE_SONG,
        "described_lyrics": "lyrics are sung",
        "image": _PHOTO,
    }

    prompt: Sentence = Field(description="The style: genre, mood, tempo, voice, instruments.")
    lyrics: str = Field(
        max_length=LYRICS_CHARACTERS,
        description="Sung as they are; sections may be tagged [verse], [chorus], ... Blank: an instrumental.",
    )

    def brief(self) -> Brief:
        common = self._common()
        if self._is_blank:
            common["instrumental"] = True
        return self._brief({"description": self.prompt, "lyrics": self.lyrics, **common})

    def notes(self) -> tuple[str, ...]:
        if self._is_blank and not self.instrumental and self.plan is None:
            return ("lyrics was blank, so the song is an instrumental", *super().notes())
        return super().notes()

    @property
    def _is_blank(self) -> bool:
        return not stripped(self.lyrics, lines=True).strip()


class WithDescribedLyrics(Options):
    """A style, and what the words should be about."""

    model_config = _example(
        prompt="rave, funk, 140BPM, disco", described_lyrics="lyrics about summer nights and dancing"
    )
    FIELDS: ClassVar[Mapping[str, str]] = {
        "description": "prompt",
        "about": "described_lyrics",
        "duration": "audio_duration",
    }
    UNUSED: ClassVar[Mapping[str, str]] = {
        "full_described_song": _WHOLE_SONG,
        "lyrics": _SUNG,
        "image": _PHOTO,
    }

    prompt: Sentence = Field(description="The style: genre, mood, tempo, voice, instruments.")
    described_lyrics: Sentence = Field(description="What the lyrics are to be about.")

    def brief(self) -> Brief:
        return self._brief({"description": self.prompt, "about": self.described_lyrics, **self._common()})


class Finish(Body):
    """The whole song of a draft."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", json_schema_extra={"examples": [{}]})

    webhook: str | None = Field(default=None, max_length=500, pattern=URL)
    metadata: Metadata


class Like(Body):
    """A song of the library to make again; the other fields replace those of its request."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"like": "8z4x1c9k2m7q0ab", "seed": 8}]},
    )

    like: str = Field(pattern=r"^[0-9a-z]{1,40}$", description="The song's id.")
    audio_duration: float | None = Field(default=None, ge=DURATION_S[0], le=DURATION_S[1])
    # Bounds on the number itself: on the choice they would not get into the schema.
    seed: Annotated[int, Field(ge=RANDOM_SEED, le=LARGEST_SEED), WHOLE] | None = None
    format: Format | None = None
    variations: Whole = Field(default=1, ge=VARIATIONS[0], le=VARIATIONS[1])
    keep: Keep | None = None
    master: bool | None = None
    cover_title: bool | None = None
    webhook: str | None = Field(default=None, max_length=500, pattern=URL)
    metadata: Metadata

    def changes(self) -> dict[str, object]:
        """The fields of the brief that should differ."""
        given = {
            "duration_s": self.audio_duration,
            "seed": self.seed,
            "format": self.format,
            "variations": self.variations,
            "keep": self.keep or "all",
            "master": self.master,
            "cover_title": self.cover_title,
        }
        return {name: value for name, value in given.items() if value is not None}
