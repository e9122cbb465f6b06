"""What a painter takes and gives: ``CoverRequest`` in, ``Cover`` out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from config.engine import EngineInfo, Registry, Report

if TYPE_CHECKING:  # the service knows requests and contracts without arrays
    import numpy as np
    from numpy.typing import NDArray

Pixels: TypeAlias = "NDArray[np.uint8]"
"""``(height, width, 3)`` uint8, RGB."""


class CoverRequest(BaseModel):
    """Everything a painter may use; each engine takes what it understands."""

    model_config = ConfigDict(frozen=True)

    prompt: str
    title: str = Field(min_length=1, max_length=80)
    genre: str = "pop"
    mood: str = "uplifting"
    theme: tuple[str, ...] = ()
    seed: int = Field(ge=0, lt=2**63)
    titled: bool = True
    """Whether the title is set on the picture."""
    size: int = Field(default=1024, ge=256, le=2048)
    """Width and height in pixels."""


@dataclass(frozen=True)
class TitleBox:
    """Where the title's ink lies, in pixels: ``left, top, right, bottom``; and its colour."""

    left: int
    top: int
    right: int
    bottom: int
    colour: tuple[int, int, int]


@dataclass(frozen=True)
class Cover:
    """A cover and what the engine knows about it."""

    pixels: Pixels
    style: str = ""
    title_box: TitleBox | None = None
    warnings: tuple[str, ...] = ()


class Painter(Protocol):
    """An art engine. ``paint`` is deterministic in the request (seed included) and safe in threads."""

    info: EngineInfo

    def paint(self, request: CoverRequest, report: Report) -> Cover: ...


PAINTERS: Registry[Painter] = Registry(
    "art",
    {
        "sketch": "art.sketch.engine:SketchPainter",
        "sdxl_turbo": "art.diffusion:SdxlTurboPainter",
        "diffusion": "art.diffusion:DiffusionPainter",
    },
)
