"""What a reader takes and gives: ``ImageRequest`` in, ``Scene`` out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict, Field

from config.engine import EngineInfo, Registry, Report
from config.spec import EngineSpec, Needs

if TYPE_CHECKING:  # a manifest holds a scene, and is read without numpy
    from vision.pixels import Pixels

GENRES = (
    "pop", "rock", "indie", "metal", "punk", "folk", "country", "blues", "jazz", "soul", "r&b", "funk",
    "disco", "house", "techno", "trance", "drum and bass", "synthwave", "ambient", "lo-fi", "hip hop", "trap",
    "reggae", "latin", "bossa nova", "gospel", "cinematic", "classical",
)  # fmt: skip
"""The genres a scene may suit, by the names that the writers know (a test holds them to that)."""

MOODS = (
    "joyful", "uplifting", "energetic", "playful", "romantic", "hopeful", "dreamy", "calm", "nostalgic",
    "melancholic", "mysterious", "dark", "angry", "epic",
)  # fmt: skip
"""Likewise the moods."""


@dataclass(frozen=True, eq=False)
class ImageRequest:
    """A photo to read: ``pixels (height, width, 3)`` uint8 RGB, 16 pixels or more each way, upright; and the
    seed of whatever is left to chance, 0 to 2**63 - 1."""

    pixels: Pixels
    seed: int


class Scene(BaseModel):
    """What a song to the photo would be like."""

    model_config = ConfigDict(frozen=True)

    mood: str
    """One of ``MOODS``."""
    energy: int = Field(ge=0, le=10)
    tempo_bpm: float = Field(ge=40.0, le=220.0)
    genres: tuple[str, ...] = Field(min_length=1, max_length=3)
    """Of ``GENRES``, the most fitting first."""
    elements: tuple[str, ...] = Field(min_length=1, max_length=8)
    """What is to be seen, in plain words, the most telling first ("a wide horizon", "city lights")."""
    description: str = Field(min_length=1, max_length=300)
    """The photo in a sentence, for people and models to read."""


class Reader(Protocol):
    """A vision engine. ``read`` is deterministic in the request (seed included) and safe in threads. It
    raises ``InvalidRequest`` for pixels that are no photo."""

    info: EngineInfo

    def read(self, request: ImageRequest, report: Report) -> Scene: ...


READERS: Registry[Reader] = Registry(
    "vision",
    {
        "sketch": EngineSpec("vision.sketch.engine:SketchReader", gpu=False, image="web"),
        "qwen_vl": EngineSpec(
            "vision.qwen_vl.engine:QwenVlReader",
            models={
                "Qwen/Qwen2-VL-7B-Instruct": Needs("bf16", 8.29, cached=0.95, work_gb=2.0, memory_gib=24),
            },
            batch_size=4,
            volume="qwen-hf-cache",
            sellable="a Qwen model under Apache-2.0, such as Qwen/Qwen2-VL-7B-Instruct",
        ),
    },
)
