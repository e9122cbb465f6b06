"""ACE-Step 1.5 as a composer, through diffusers' pipeline: sung lyrics, 48 kHz stereo, up to ten minutes."""

from __future__ import annotations

import re
import threading
from typing import Any

import numpy as np
import torch
from diffusers import AceStepPipeline

from config.engine import EngineOptions, Report
from config.errors import EngineUnavailable, InvalidRequest
from models.loading import ModelEngine
from music.contract import Audio, MusicRequest

SHORTEST_S = 10.0
"""What the models were trained on; a shorter song is cut from it."""
_STEPS = {"turbo": 8, "base": 50}
_GUIDANCE = 7.0  # of a base checkpoint; a turbo one has none
_PREPARED = 0.05  # of the time, before the first step
_STEPPED = 0.9
_METRE = re.compile(r"(\d+)/")


class AceStepComposer(ModelEngine):
    """Turbo and base checkpoints in diffusers' layout. One song at a time: a pipeline has a state."""

    name = "acestep"
    default = "ACE-Step/acestep-v15-xl-turbo-diffusers"
    instead = "ACE-Step's own weights"
    libraries = ("torch", "diffusers", "transformers")

    def __init__(self, options: EngineOptions) -> None:
        place = self.placed(options)
        try:
            self._pipe = AceStepPipeline.from_pretrained(
                place.folder, dtype=place.dtype, use_safetensors=True
            ).to(place.device)
        except (OSError, ValueError, KeyError) as error:
            raise EngineUnavailable(
                f"{place.model} is not an ACE-Step checkpoint of diffusers",
                f"give one, such as {self.default}",
            ) from error
        self._pipe.set_progress_bar_config(disable=True)
        self._device = place.device
        self._turbo = bool(self._pipe.is_turbo)
        self._free = threading.Lock()
        parameters = ("infer_step",) if self._turbo else ("infer_step", "guidance_scale")
        self.info = self.facts(place, parameters, ", turbo" if self._turbo else ", base")

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        """Raises ``InvalidRequest`` for a prompt without a word."""
        if not request.prompt.strip():
            raise InvalidRequest("prompt", request.prompt, "say how the music sounds")
        steps = request.infer_step or _STEPS["turbo" if self._turbo else "base"]
        report("reading", 0.0)

        def stepped(_pipe: Any, step: int, _time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            report("composing", _PREPARED + _STEPPED * min((step + 1) / steps, 1.0))  # raises when cancelled
            return tensors

        with self._free:
            report("composing", _PREPARED)
            audio = self._pipe(
                prompt=request.prompt,
                lyrics=request.lyrics or "[instrumental]",
                audio_duration=max(request.duration_s, SHORTEST_S),
                vocal_language=request.language,
                num_inference_steps=steps,
                guidance_scale=1.0 if self._turbo else (request.guidance_scale or _GUIDANCE),
                generator=torch.Generator(self._device).manual_seed(request.seed),
                bpm=round(request.tempo_bpm),
                keyscale=request.key,
                timesignature=_beats(request.metre),
                callback_on_step_end=stepped,
            ).audios[0]
            rate_hz = int(self._pipe.sample_rate)
        samples = audio.float().cpu().numpy().astype(np.float32)
        length = round(request.duration_s * rate_hz)
        report("composing", 1.0)
        warnings = []
        if request.duration_s < SHORTEST_S:
            warnings.append(f"ACE-Step makes {SHORTEST_S:g} s or more: this is the beginning of that")
        if samples.shape[1] < length:
            samples = np.pad(samples, ((0, 0), (0, length - samples.shape[1])))
        return Audio(
            samples=np.clip(samples[:, :length], -1.0, 1.0),
            rate_hz=rate_hz,
            tempo_bpm=float(round(request.tempo_bpm)),
            key=request.key,
            metre=request.metre,
            warnings=tuple(warnings),
        )


def _beats(metre: str) -> str:
    """ "3" for "3/4": the model is told the beats of a bar."""
    found = _METRE.match(metre)
    return found[1] if found else "4"
