"""Requests of the MusicGen services that Songwright replaces: music alone, of a few seconds.
Names, defaults and bounds are those of the services' documents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AliasChoices, ConfigDict, Field

from config.errors import InvalidRequest
from orchestrator.compat.prompt_tables import VocalType
from orchestrator.compat.prompting import Wish, plan_of, plan_of_prompt, prompt_of
from orchestrator.server.api.requests.bodies.body import names
from orchestrator.server.api.requests.bodies.songs import Asking
from orchestrator.server.api.requests.texts import Sentence, Whole
from orchestrator.songs.brief import (
    GUIDANCE_SCALE,
    INSTRUMENTAL_S,
    SOMETHING,
    TEMPERATURE,
    TOP_K,
    TOP_P,
    Brief,
    Format,
)
from reading.cleaning import plain, stripped

RAW_S = (1.0, 30.0)
_PROMPT_CHARACTERS = 500
_GENRES = 5
_INSTRUMENTS = 10

Name = Annotated[str, Field(min_length=1, max_length=60, pattern=SOMETHING)]
Prompt = Annotated[str, Field(min_length=1, max_length=_PROMPT_CHARACTERS, pattern=SOMETHING)]
Scale = Annotated[float, Field(ge=0.0, le=10.0)]
Temperature = Annotated[
    float,
    Field(ge=TEMPERATURE[0], le=TEMPERATURE[1], description="Higher is more random; of MusicGen."),
]
RawSeconds = Annotated[float, Field(ge=RAW_S[0], le=RAW_S[1], description="Seconds of music.")]


class _Music(Asking):
    """Music without words or cover."""

    FIELDS: ClassVar[Mapping[str, str]] = {"description": "prompt"}
    UNUSED: ClassVar[Mapping[str, str]] = {
        "lyrics": "no words are sung here, send it with prompt to /generate-with-lyrics",
        "instrumental": "this is always instrumental",
        "variations": "this is one piece: send it again with another seed",
        "cover_title": "there is no cover here",
        "plan": "send it to /generate-from-description",
    }

    temperature: Temperature = 1.0

    def _music(self, duration_s: float, **more: object) -> dict[str, object]:
        """The fields of a brief. A parameter that the request leaves out keeps the engine's default."""
        return {
            "instrumental": True,
            "cover": False,
            "duration_s": duration_s,
            "seed": self.seed,
            "temperature": self._given("temperature"),
            **more,
        }

    def _given(self, name: str) -> object:
        return getattr(self, name) if name in self.model_fields_set else None

    def _prompted(self, prompt: str, engine: str) -> dict[str, object]:
        """The prompt, cleaned, as part of a brief. An engine that takes words gets it so; for others the
        lyrics engine plans from it. Raises ``InvalidRequest`` for one that says nothing."""
        cleaned = stripped(plain(prompt), lines=False).strip()
        if not re.search(SOMETHING, cleaned):
            raise InvalidRequest("prompt", prompt, "it is blank: say how the music sounds")
        plan = plan_of_prompt(cleaned) if prompt_of(engine) == "words" else None
        return {"description": cleaned, "plan": plan}


class _Answered(_Music):
    """A request to ``/generate-music``."""

    duration: float = Field(
        default=30.0, ge=INSTRUMENTAL_S[0], le=INSTRUMENTAL_S[1], description="Seconds of music."
    )
    format: Format = "wav"
    audio_url: Literal["data", "signed"] = Field(
        default="data",
        validation_alias=AliasChoices("audio_url", "audioUrl"),
        description="What `audioUrl` of the answer is to be: the audio itself as a data URL, or an address "
        "to read it from without a token for about an hour. Past 120 s it is always an address.",
    )

    def brief(self, engine: str) -> Brief:
        """The brief for the music engine of that name. Raises ``InvalidRequest``."""
        raise NotImplementedError


class StructuredMusic(_Answered):
    """Music by its properties."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "mood": "joyful",
                    "energy": 8,
                    "genres": ["electronic"],
                    "tempo_bpm": 120,
                    "style_level": 7,
                    "vocal_type": "instrumental",
                    "instruments": [],
                    "duration": 10,
                }
            ]
        }
    )

    UNUSED: ClassVar[Mapping[str, str]] = {
        **_Music.UNUSED,
        "prompt": "mood, energy and genres describe the music",
    }

    mood: Name = Field(description="One or two words: joyful, melancholic, dreamy, ...")
    energy: Scale = Field(description="0 is soft and sparse, 10 explosive.")
    genres: tuple[Name, ...] = Field(
        min_length=1, max_length=_GENRES, strict=False, description="The first counts most."
    )
    tempo_bpm: float | None = Field(
        default=None,
        ge=40.0,
        le=220.0,
        validation_alias=AliasChoices("tempo_bpm", "tempoBpm"),
        description="Beats per minute; left out, what suits the energy.",
    )
    style_level: Scale = Field(
        default=6.0,
        validation_alias=AliasChoices("style_level", "styleLevel"),
        description="Era and production: 0 is a tape of the 1980s, 10 a film of today.",
    )
    vocal_type: VocalType = Field(
        default="instrumental",
        validation_alias=AliasChoices("vocal_type", "vocalType"),
        description="The sound of a voice, where the engine makes one without words to sing.",
    )
    instruments: tuple[Name, ...] = Field(
        default=(), max_length=_INSTRUMENTS, strict=False, description="Left out, those of the genre."
    )

    def brief(self, engine: str) -> Brief:
        wish = Wish(
            mood=self.mood,
            energy=self.energy,
            genres=self.genres,
            tempo_bpm=self.tempo_bpm,
            style_level=self.style_level,
            vocal_type=self.vocal_type,
            instruments=self.instruments,
        )
        plan = plan_of(wish, engine)
        fields = {"description": ", ".join(plan.tags), "plan": plan, "format": self.format}
        return self._brief(self._music(self.duration, **fields))


_SHARED = set(names(_Answered))


class PromptedMusic(_Answered):
    """Music by a prompt of your own."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"prompt": "upbeat electronic music", "duration": 10}]}
    )

    UNUSED: ClassVar[Mapping[str, str]] = {
        **_Music.UNUSED,
        **{name: "the prompt describes the music" for name in set(names(StructuredMusic)) - _SHARED},
    }

    prompt: Prompt = Field(description="Genre, mood, tempo and instruments in 10 to 25 words.")

    def brief(self, engine: str) -> Brief:
        fields = self._prompted(self.prompt, engine) | {"format": self.format}
        return self._brief(self._music(self.duration, **fields))


class RawMusic(_Music):
    """A prompt for ``POST /``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"prompt": "upbeat electronic music with synthesizers", "duration": 10, "temperature": 1.0}
            ]
        }
    )

    prompt: Prompt = Field(description="What the music should sound like.")
    duration: RawSeconds = 30.0

    def brief(self, engine: str) -> Brief:
        """As ``StructuredMusic.brief``."""
        return self._brief(self._music(self.duration, **self._prompted(self.prompt, engine)))


class EndpointMusic(_Music):
    """A prompt for ``POST /generate_endpoint``, with MusicGen's own parameters."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "prompt": "upbeat electronic dance music with heavy bass",
                    "duration": 8.0,
                    "temperature": 1.0,
                    "top_k": 250,
                    "top_p": 0.0,
                    "cfg_coef": 3.0,
                }
            ]
        }
    )

    prompt: Sentence = Field(description="What the music should sound like.")
    duration: RawSeconds = 8.0
    top_k: Whole = Field(
        default=250, ge=TOP_K[0], le=TOP_K[1], description="Draw from so many of the likeliest tokens."
    )
    top_p: float = Field(
        default=0.0,
        ge=TOP_P[0],
        le=TOP_P[1],
        description="Draw from the likeliest that make up so much; 0: off.",
    )
    cfg_coef: float = Field(
        default=3.0,
        ge=GUIDANCE_SCALE[0],
        le=GUIDANCE_SCALE[1],
        description="How closely the model keeps to the prompt.",
    )

    def brief(self, engine: str) -> Brief:
        """As ``StructuredMusic.brief``."""
        fields = {
            "top_k": self._given("top_k"),
            "top_p": self._given("top_p"),
            "guidance_scale": self._given("cfg_coef"),
            **self._prompted(self.prompt, engine),
        }
        return self._brief(self._music(self.duration, **fields))
