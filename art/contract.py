"""The contract of painters: ``CoverRequest`` in, ``Cover`` out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from config.engine import EngineInfo, Report
from config.registry import Registry
from config.spec import EngineSpec, Needs

if TYPE_CHECKING:  # the service knows requests and contracts without arrays
    import numpy as np
    from numpy.typing import NDArray

Pixels: TypeAlias = "NDArray[np.uint8]"
"""``(height, width, 3)`` uint8, RGB."""


class CoverRequest(BaseModel):
    """Everything that a painter may use; each engine uses the fields that it supports."""

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
    """The bounding box of the title's letters, in pixels, and their colour."""

    left: int
    top: int
    right: int
    bottom: int
    colour: tuple[int, int, int]


@dataclass(frozen=True)
class Cover:
    """A cover and its metadata."""

    pixels: Pixels
    style: str = ""
    title_box: TitleBox | None = None
    warnings: tuple[str, ...] = ()


class Painter(Protocol):
    """An art engine. ``paint`` is deterministic in the request (seed included) and safe in threads."""

    info: EngineInfo

    def paint(self, request: CoverRequest, report: Report) -> Cover: ...


_TURBO = "stabilityai/sdxl-turbo"
_KLEIN = "black-forest-labs/FLUX.2-klein-4B"
_KLEIN_NEEDS = Needs("bf16", 8.0, work_gb=3.0, memory_gib=24)
"""A transformer of 3.9 billion numbers, and Qwen3-4B, which reads the prompt."""
_SDXL_NEEDS = Needs("fp16", 3.47, work_gb=4.5, memory_gib=12)
_VOLUME = "sdxl-turbo-models"
_SELLABLE = f"SONGWRIGHT_ART__ENGINE=diffusion, whose {_KLEIN} is Apache-2.0, or sketch"

PAINTERS: Registry[Painter] = Registry(
    "art",
    {
        "sketch": EngineSpec("art.sketch.engine:SketchPainter", gpu=False, image="web"),
        "sdxl_turbo": EngineSpec(
            "art.diffusion:SdxlTurboPainter",
            models={_TURBO: Needs("fp16", 3.47, work_gb=2.5, memory_gib=12)},
            volume=_VOLUME,
            sellable=_SELLABLE,
        ),
        "diffusion": EngineSpec(
            "art.diffusion:DiffusionPainter",
            models={
                _KLEIN: _KLEIN_NEEDS,
                "black-forest-labs/FLUX.2-klein-base-4B": _KLEIN_NEEDS,
                "stabilityai/stable-diffusion-xl-base-1.0": _SDXL_NEEDS,
                _TURBO: _SDXL_NEEDS,
            },
            volume=_VOLUME,
            sellable=_SELLABLE,
        ),
    },
    method="paint",
)
