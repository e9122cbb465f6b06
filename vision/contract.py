"""The contract of readers: ``ImageRequest`` in, ``Scene`` out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict, Field

from config.engine import EngineInfo, Report
from config.registry import Registry
from config.spec import EngineSpec, Needs

if TYPE_CHECKING:  # a manifest holds a scene, and is read without numpy
    from vision.pixels import Pixels

GENRES = (
    "pop", "rock", "indie", "metal", "punk", "folk", "country", "blues", "jazz", "soul", "r&b", "funk",
    "disco", "house", "techno", "trance", "drum and bass", "synthwave", "ambient", "lo-fi", "hip hop", "trap",
    "reggae", "latin", "bossa nova", "gospel", "cinematic", "classical",
)  # fmt: skip
"""The genres of scenes: the same list as the writers' (a test compares them)."""

MOODS = (
    "joyful", "uplifting", "energetic", "playful", "romantic", "hopeful", "dreamy", "calm", "nostalgic",
    "melancholic", "mysterious", "dark", "angry", "epic",
)  # fmt: skip
"""The moods of scenes, also the same list."""


@dataclass(frozen=True, eq=False)
class ImageRequest:
    """A photo to read: ``pixels (height, width, 3)`` uint8 RGB, upright, 16 pixels or more in width and
    height; and the seed of all random choices, 0 to 2**63 - 1."""

    pixels: Pixels
    seed: int


class Scene(BaseModel):
    """The song that suits the photo."""

    model_config = ConfigDict(frozen=True)

    mood: str
    """One of ``MOODS``."""
    energy: int = Field(ge=0, le=10)
    tempo_bpm: float = Field(ge=40.0, le=220.0)
    genres: tuple[str, ...] = Field(min_length=1, max_length=3)
    """Some of ``GENRES``, the best first."""
    elements: tuple[str, ...] = Field(min_length=1, max_length=8)
    """What the photo shows, in plain words, most important first ("a wide horizon", "city lights")."""
    description: str = Field(min_length=1, max_length=300)
    """The photo in one sentence, for people and for models."""


class Reader(Protocol):
    """A vision engine. ``read`` is deterministic in the request (seed included) and safe in threads. It
    raises ``InvalidRequest`` for invalid pixels."""

    info: EngineInfo

    def read(self, request: ImageRequest, report: Report) -> Scene: ...


READERS: Registry[Reader] = Registry(
    "vision",
    {
        "sketch": EngineSpec("vision.sketch.engine:SketchReader", gpu=False, image="web"),
        "qwen_vl": EngineSpec(
            "vision.qwen_vl.engine:QwenVlReader",
            models={
                "Qwen/Qwen2-VL-7B-Instruct": Needs(
                    "bf16", 8.29, kept=1.77, cached=0.95, work_gb=2.0, memory_gib=24
                ),
            },
            batch_size=4,
            volume="qwen-hf-cache",
            sellable="a Qwen model under Apache-2.0, such as Qwen/Qwen2-VL-7B-Instruct",
        ),
    },
    method="read",
)
