"""Steps, guidance and size for each family of text-to-image pipelines. No single number suits all of them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Family:
    """How a pipeline is run."""

    steps: int
    guidance: float
    side: int = 1024
    """Width and height of its training pictures, in pixels; other sizes are scaled from it."""
    unit: int = 16
    """A size must be a multiple of this many pixels: those of a latent, or of a patch of two by two
    latents."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments for its pipeline."""


SDXL = Family(steps=30, guidance=6.0, unit=8)
SDXL_TURBO = Family(steps=4, guidance=0.0, side=512, unit=8)
"""Distilled to one to four steps at 512 pixels (Sauer et al., "Adversarial Diffusion Distillation", 2023)."""
KLEIN = Family(steps=4, guidance=1.0)
"""From the page of FLUX.2-klein-4B."""
KLEIN_BASE = Family(steps=50, guidance=4.0)
"""From the docstring of diffusers' ``Flux2KleinPipeline``, for models that are not distilled."""
SCHNELL = Family(steps=4, guidance=0.0, arguments={"max_sequence_length": 256})
FLUX_DEV = Family(steps=50, guidance=3.5)
"""Both from the docstring of diffusers' ``FluxPipeline`` and from their pages."""


def family_of(pipe: Any) -> Family:
    """The family of a loaded pipeline, by its class and by whether its configuration says that it is
    distilled. An unknown class gets the default steps and guidance of its ``__call__``."""
    match type(pipe).__name__:
        case "StableDiffusionXLPipeline":
            # Turbo's schedule begins at pure noise; the schedule of the base model does not.
            kind, config = type(pipe.scheduler).__name__, pipe.scheduler.config
            turbo = kind.startswith("EulerAncestral") and config.get("timestep_spacing") == "trailing"
            return SDXL_TURBO if turbo else SDXL
        case "Flux2KleinPipeline":
            return KLEIN if pipe.config.get("is_distilled") else KLEIN_BASE
        case "FluxPipeline":
            return FLUX_DEV if pipe.transformer.config.guidance_embeds else SCHNELL
    usual = inspect.signature(type(pipe).__call__).parameters
    return Family(
        steps=int(usual["num_inference_steps"].default), guidance=float(usual["guidance_scale"].default)
    )
