"""How each family of text-to-image pipelines is run: in how many steps, with what guidance, at what size.
One number for all would ruin most of them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Family:
    """How a pipeline paints."""

    steps: int
    guidance: float
    side: int = 1024
    """The pixels each way that it was trained on; another size is scaled from it."""
    unit: int = 16
    """A size is a multiple of so many pixels: those of a latent, or of a patch of two by two."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What else its pipeline is called with."""


SDXL = Family(steps=30, guidance=6.0, unit=8)
SDXL_TURBO = Family(steps=4, guidance=0.0, side=512, unit=8)
"""Distilled to one to four steps at 512 pixels (Sauer et al., "Adversarial Diffusion Distillation", 2023)."""
KLEIN = Family(steps=4, guidance=1.0)
"""As the page of FLUX.2-klein-4B says."""
KLEIN_BASE = Family(steps=50, guidance=4.0)
"""As the docstring of diffusers' ``Flux2KleinPipeline`` says of what is not distilled."""
SCHNELL = Family(steps=4, guidance=0.0, arguments={"max_sequence_length": 256})
FLUX_DEV = Family(steps=50, guidance=3.5)
"""Both as the docstring of diffusers' ``FluxPipeline`` and their pages say."""


def family_of(pipe: Any) -> Family:
    """That of a loaded pipeline, by its class and what its own configuration says of distillation; for a
    class that is not known here, the steps and guidance that its ``__call__`` has by default."""
    match type(pipe).__name__:
        case "StableDiffusionXLPipeline":
            # Turbo's schedule begins at pure noise, which that of base does not.
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
