"""Covers by a diffusion model through diffusers' pipelines: SDXL Turbo, FLUX.2 klein, or any text-to-image
checkpoint."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoPipelineForText2Image

from art.contract import PAINTERS, Cover, CoverRequest, Pixels
from art.families import SDXL_TURBO, Family, family_of
from art.typeset import Setting, typeset
from config.engine import EngineOptions, Report
from config.errors import EngineUnavailable, InvalidRequest
from inference.files import gpu_precision
from inference.hub import index_of
from inference.loading import ModelEngine, first_line, pipeline
from inference.weights import ModelName

OPEN = PAINTERS.spec("diffusion").default_model
"""Its licence allows you to sell the covers, and it makes 1024 pixels in four steps."""
_SETTING = Setting(face="sans")
_MADE = 0.9


class DiffusionPainter(ModelEngine):
    """A text-to-image pipeline with the steps and guidance of its family. One cover at a time, because the
    scheduler has state."""

    name = "diffusion"
    spec = PAINTERS.spec("diffusion")
    libraries = ("torch", "diffusers", "transformers", "pillow")

    def __init__(self, options: EngineOptions) -> None:
        place = self.placed(options)
        try:
            pipe = pipeline(AutoPipelineForText2Image, place)
        except (OSError, ValueError, KeyError) as error:
            raise EngineUnavailable(
                f"{place.model} is not a text-to-image checkpoint of diffusers ({first_line(error)})",
                f"give one, such as {OPEN}",
            ) from error
        self._place = place
        self._pipe = pipe
        self._family = self._family_of(pipe)
        self._move(place.device)
        self._pipe.set_progress_bar_config(disable=True)
        self._free = threading.Lock()
        self.info = self.facts(place)

    def _family_of(self, pipe: Any) -> Family:
        return family_of(pipe)

    @classmethod
    def precision_for(
        cls,
        options: EngineOptions,
        model: ModelName,
        *,
        gpu: bool,
        fetch: bool = True,
        cache: Path | None = None,
    ) -> str:
        """As for every engine; on a GPU, ``auto`` depends on the pipeline."""
        usual = super().precision_for(options, model, gpu=gpu)
        if options.precision != "auto" or not gpu:
            return usual
        return gpu_precision(index_of(model, fetch=fetch, cache=cache) or {})

    def _move(self, device: torch.device) -> None:
        self._pipe.to(device)
        self._device = device

    def paint(self, request: CoverRequest, report: Report) -> Cover:
        """Raises ``InvalidRequest`` for a prompt without a word."""
        if not request.prompt.strip():
            raise InvalidRequest("prompt", request.prompt, "say what the cover shows")
        family = self._family
        side = min(request.size, family.side) // family.unit * family.unit

        def stepped(_pipe: Any, step: int, _time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            report("painting", _MADE * min((step + 1) / family.steps, 1.0))  # raises when cancelled
            return tensors

        with self._free:
            report("painting", 0.0)
            picture = self._pipe(
                prompt=request.prompt,
                num_inference_steps=family.steps,
                guidance_scale=family.guidance,
                width=side,
                height=side,
                **family.arguments,
                generator=torch.Generator(self._device).manual_seed(request.seed),
                callback_on_step_end=stepped,
            ).images[0]
        if picture.size != (request.size, request.size):
            picture = picture.resize((request.size, request.size))
        pixels: Pixels = np.asarray(picture.convert("RGB"))
        if not request.titled:
            report("painting", 1.0)
            return Cover(pixels, style=self.name)
        report("setting the title", _MADE)
        titled, box, warnings = typeset(pixels, request.title, _SETTING)
        report("setting the title", 1.0)
        return Cover(titled, style=self.name, title_box=box, warnings=warnings)


class SdxlTurboPainter(DiffusionPainter):
    """SDXL Turbo, and SDXL checkpoints that are distilled in the same way: few steps, no guidance."""

    name = "sdxl_turbo"
    spec = PAINTERS.spec("sdxl_turbo")

    def _family_of(self, pipe: Any) -> Family:
        kind = type(pipe).__name__
        if kind != "StableDiffusionXLPipeline":
            raise EngineUnavailable(
                f"{self._place.model} is not an SDXL but a {kind}", "use SONGWRIGHT_ART__ENGINE=diffusion"
            )
        return SDXL_TURBO
