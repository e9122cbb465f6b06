"""Responses of the MusicGen services that Songwright replaces. Names are those of the services' documents."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from orchestrator.songs.brief import Format


class MusicMetadata(BaseModel):
    """The facts of a piece."""

    duration: int | float = Field(description="Seconds of music.")
    sample_rate: int
    format: Format
    size_bytes: int
    generation_time_seconds: float
    song_id: str = Field(description="GET /songs/{id} tells more.")
    seed: int
    engine: str
    model: str
    warnings: tuple[str, ...] = ()


class MusicAnswer(BaseModel):
    """The answer of ``/generate-music``."""

    success: Literal[True] = True
    audio_url: str = Field(serialization_alias="audioUrl", description="A data URL, or a signed address.")
    prompt: str = Field(description="The prompt that the engine received.")
    metadata: MusicMetadata


class RawAnswer(BaseModel):
    """The answer of ``POST /``."""

    success: Literal[True] = True
    audio_base64: str = Field(description="A WAV file.", json_schema_extra={"contentEncoding": "base64"})
    prompt: str
    duration: int | float = Field(description="Seconds of music.")
    sample_rate: int
    size_bytes: int
    generation_time_seconds: float
    format: Literal["wav"] = "wav"
    warnings: tuple[str, ...] | None = Field(default=None, description="Only where there are some.")


class EndpointAnswer(BaseModel):
    """The answer of ``POST /generate_endpoint``."""

    audio_base64: str = Field(description="A WAV file.", json_schema_extra={"contentEncoding": "base64"})
    sample_rate: int
    duration: float = Field(description="Seconds of music.")
    warnings: tuple[str, ...] | None = Field(default=None, description="Only where there are some.")
