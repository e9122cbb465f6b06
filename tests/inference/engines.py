"""The engines with a model, what builds their tiny checkpoints, and how to use one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from art.contract import PAINTERS, CoverRequest
from config.engine import Report, ignore_progress
from config.registry import Registry
from lyrics.contract import WRITERS, PlanRequest
from music.contract import COMPOSERS, MusicRequest
from vision.contract import READERS, ImageRequest

CHECKPOINTS = {
    "musicgen": "musicgen",
    "musicgen_melody": "musicgen_melody",
    "acestep": "acestep",
    "sdxl_turbo": "sdxl",
    "diffusion": "klein",
    "qwen": "qwen",
    "qwen_vl": "qwen_vl",
}
"""Which function of ``tests.tiny`` builds each engine's."""


def checkpoint(engine: str, folder: Path) -> Path:
    from tests import tiny

    made: Path = getattr(tiny, CHECKPOINTS[engine])(folder)
    return made


def registry_of(engine: str) -> Registry[Any]:
    return next(registry for registry in (WRITERS, COMPOSERS, PAINTERS, READERS) if engine in registry)


def used(engine: Any, report: Report = ignore_progress, *, prompt: str = "a song") -> object:
    """Something that it makes, in bytes that can be compared."""
    if hasattr(engine, "compose"):
        request = MusicRequest(prompt=prompt, seed=1, duration_s=5.0, infer_step=2)
        return engine.compose(request, report).samples.tobytes()
    if hasattr(engine, "paint"):
        cover = engine.paint(CoverRequest(prompt=prompt, title="Sea", seed=1, size=256), report)
        return cover.pixels.tobytes()
    if hasattr(engine, "read"):
        pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
        return engine.read(ImageRequest(pixels, seed=1), report).model_dump_json()
    request = PlanRequest(description=prompt, seed=1, duration_s=10.0)
    return engine.plan(request, report).model_dump_json()
