"""Covers by a diffusion model through diffusers' pipelines: SDXL Turbo, or any text-to-image checkpoint."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import torch
from diffusers import AutoPipelineForText2Image

from art.contract import Cover, CoverRequest, Pixels
from art.typeset import Setting, typeset
from config.engine import EngineOptions, Report
from config.errors import EngineUnavailable, InvalidRequest
from models.loading import ModelEngine

TURBO = "stabilityai/sdxl-turbo"
OPEN = "stabilityai/stable-diffusion-xl-base-1.0"
_SETTING = Setting(face="sans")
_UNIT = 8  # a latent stands for so many pixels each way
_MADE = 0.9


class DiffusionPainter(ModelEngine):
    """A text-to-image pipeline with its own steps and guidance. One cover at a time: a scheduler has
    state of its own."""

    name = "diffusion"
    default = OPEN
    libraries = ("torch", "diffusers", "transformers", "pillow")
    instead = f"SONGWRIGHT_ART__ENGINE=diffusion with {OPEN}, or sketch"
    on_gpu = "fp16"
    steps = 30
    guidance = 6.0
    side = 1024
    """The pixels each way that the model was trained on; another size is scaled from it."""

    def __init__(self, options: EngineOptions) -> None:
        place = self.placed(options)
        try:
            pipe = AutoPipelineForText2Image.from_pretrained(
                place.folder, dtype=place.dtype, use_safetensors=True
            )
        except (OSError, ValueError, KeyError) as error:
            raise EngineUnavailable(
                f"{place.model} is not a text-to-image checkpoint of diffusers", f"give one, such as {OPEN}"
            ) from error
        self._place = place
        self._pipe = pipe
        self._move(place.device)
        self._pipe.set_progress_bar_config(disable=True)
        self._free = threading.Lock()
        self.info = self.facts(place)

    def _move(self, device: torch.device) -> None:
        self._pipe.to(device)
        self._device = device

    def paint(self, request: CoverRequest, report: Report) -> Cover:
        """Raises ``InvalidRequest`` for a prompt without a word."""
        if not request.prompt.strip():
            raise InvalidRequest("prompt", request.prompt, "say what the cover shows")
        side = min(request.size, self.side) // _UNIT * _UNIT

        def stepped(_pipe: Any, step: int, _time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            report("painting", _MADE * min((step + 1) / self.steps, 1.0))  # raises when cancelled
            return tensors

        with self._free:
            report("painting", 0.0)
            picture = self._pipe(
                request.prompt,
                num_inference_steps=self.steps,
                guidance_scale=self.guidance,
                width=side,
                height=side,
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
    """SDXL Turbo (Sauer et al., "Adversarial Diffusion Distillation", 2023): few steps, no guidance."""

    name = "sdxl_turbo"
    default = TURBO
    steps = 4
    guidance = 0.0
    side = 512
