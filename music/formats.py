"""The file formats of songs, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Format:
    """File extension and media type."""

    extension: str
    media_type: str


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "wav": Format(".wav", "audio/wav"),
        "flac": Format(".flac", "audio/flac"),
        "mp3": Format(".mp3", "audio/mpeg"),
    }
)
