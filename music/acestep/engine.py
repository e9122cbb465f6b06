"""ACE-Step 1.5 as a composer, through diffusers' pipeline: sung lyrics, 48 kHz stereo, up to ten minutes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AceStepPipeline

from config.engine import EngineOptions, Report
from config.errors import EngineFailed, EngineUnavailable, InvalidRequest
from inference.devices import Placement
from inference.loading import ModelEngine
from inference.pretrained import pipeline
from music.acestep.attention import use_window_attention
from music.acestep.conditions import METRES, conditions_of
from music.acestep.memory import LYRIC_TOKENS, PROMPT_TOKENS, beside_weights
from music.contract import COMPOSERS, Audio, MusicRequest, Samples, unheeded
from music.variations import AllCancelled, Variation, Variations

SHORTEST_S = 10.0
"""What the models were trained on; a shorter song is cut from it."""

# What each kind of checkpoint was trained for, "base" and the "sft" made from it alike (ACE-Step 1.5,
# acestep/training_v2/model_discovery.py). With the other's shift a song falls to pieces (its issue 1114), and
# the pipeline's default is turbo's for all.
_STEPS = {"turbo": 8, "base": 50}
_SHIFT = {"turbo": 3.0, "base": 1.0}
_MOST_STEPS = {"turbo": 20, "base": 200}  # ACE-Step 1.5, docs/en/INFERENCE.md
_GUIDANCE = 7.0  # of a base checkpoint (likewise); a turbo one has none
_PEAK = 10 ** (-1 / 20)  # the pipeline's own: -1 dBFS
_SILENCE = 1e-6
_PREPARED = 0.05  # of the time, before the first step
_STEPPED = 0.9


class AceStepComposer(ModelEngine):
    """Turbo and base checkpoints in diffusers' layout.

    Calls from several threads that differ only in ``seed`` are one call of the pipeline, which reads the
    words once. The transformer and the decoder take the songs in turn, so that a seed gives the same bytes
    alone and among others. In a real batch it does not: the embedding of a step is a product with a row for
    each song, and one row is added up in another order than four, which moves fp32 samples on a CPU by 1e-6;
    a GPU chooses how to add up by the size of each product. Nor does a batch save a CPU work: two layers of
    the real width took 2.3 s of its time four times and 2.1 s in a batch of four for 10 s of music, 5.1 s and
    5.3 s for 30 s.
    """

    name = "acestep"
    version = "2"
    spec = COMPOSERS.spec("acestep")
    libraries = ("torch", "diffusers", "transformers")
    precisions = ("fp32", "bf16")
    """Not fp16: the lyric encoder's last layer exceeds its range, and every song with lyrics is NaN (ACE-Step
    1.5, issue 1055)."""
    together = 4
    """How many calls of ``compose`` are worth making at the same time."""

    def __init__(self, options: EngineOptions) -> None:
        place = self.placed(options)
        try:
            pipe = pipeline(AceStepPipeline, place)
        except (OSError, ValueError, KeyError) as error:
            raise EngineUnavailable(
                f"{place.model} is not an ACE-Step checkpoint of diffusers",
                f"give one, such as {self.spec.default_model}",
            ) from error
        self._use(pipe, place)

    def _use(self, pipe: AceStepPipeline, place: Placement) -> None:
        """Makes this the engine around ``pipe``, which is on the device and in the precision of ``place``."""
        pipe.set_progress_bar_config(disable=True)
        pipe.vae.enable_tiling()  # ten minutes in one piece take some 15 GB for each layer
        for network in (pipe.transformer, pipe.condition_encoder):
            use_window_attention(network)
        self._pipe = pipe
        self._kind = "turbo" if pipe.is_turbo else "base"
        self._place = place
        self._move(place.device)
        parameters = ("infer_step",) if self._kind == "turbo" else ("infer_step", "guidance_scale")
        self.info = self.facts(place, parameters, f", {self._kind}")

    def _move(self, device: torch.device) -> None:
        self._pipe.to(device)
        self._device = device
        # The pipeline's guidance adds up the frames of all songs in one go, and only a CPU was seen to do
        # that in the same order for one song and for four.
        apart = self._kind == "turbo" or (device.type == "cpu" and not self._place.gpu_path)
        self._variations = Variations(self._make, self.together if apart else 1)

    @classmethod
    def extra_memory(cls, folder: Path, *, number_bytes: float, gpu_path: bool = False) -> int:
        """The memory that a song of ten minutes takes."""
        return beside_weights(folder, number_bytes=number_bytes)

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        """A song of 10 to 600 s with its peak at -1 dBFS; a shorter one is cut from 10 s. ``key``, ``metre``
        and ``tempo_bpm`` are those that the model was given. Raises ``InvalidRequest`` for a prompt without a
        word, ``EngineFailed`` where the model's numbers overflow, and within 0.1 s what ``report`` raises."""
        if not request.prompt.strip():
            raise InvalidRequest("prompt", request.prompt, "say how the music sounds")
        report("waiting", 0.0)
        samples = self._variations.samples(
            request, lambda fraction: report("composing" if fraction else "waiting", fraction)
        )
        if not np.isfinite(samples).all():
            raise EngineFailed(self.name, "the model's numbers overflowed: set the precision to fp32")
        rate_hz = int(self._pipe.sample_rate)
        length = round(request.duration_s * rate_hz)
        if samples.shape[1] < length:  # a decoder whose strides are odd loses a few
            samples = np.pad(samples, ((0, 0), (0, length - samples.shape[1])))
        report("composing", 1.0)
        given = conditions_of(request)
        return Audio(
            samples=samples[:, :length],
            rate_hz=rate_hz,
            tempo_bpm=float(given.bpm),
            key=given.key,
            metre=given.metre,
            warnings=(*given.warnings, *self._warnings(request)),
        )

    def _make(self, songs: Sequence[Variation]) -> None:
        """Makes songs whose requests differ only in their seed: all share everything but the noise, which has
        a row for each."""
        request = songs[0].request
        pipe, given, steps = self._pipe, conditions_of(request), self._steps(request)
        duration_s = max(request.duration_s, SHORTEST_S)
        forward, done, kept = pipe.transformer.forward, 0, list(range(len(songs)))

        def go_on(*_: object) -> None:
            if not any(song.wanted for song in songs):
                raise AllCancelled

        def denoise(*, hidden_states: torch.Tensor, **rest: Any) -> tuple[torch.Tensor]:
            # (songs, frames, width); with guidance as many rows again, for the songs without their words.
            nonlocal done
            flow = torch.zeros_like(hidden_states)
            for row, song in enumerate(songs):
                go_on()
                if song.wanted:
                    rows = slice(row, None, len(songs))
                    flow[rows] = forward(hidden_states=hidden_states[rows], **rest)[0]
                done += 1
                for each in songs:
                    each.fraction = _PREPARED + _STEPPED * done / (steps * len(songs))
            return (flow,)

        def stepped(_pipe: Any, step: int, _time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            if step + 1 < steps:
                return tensors
            go_on()
            kept[:] = [row for row, song in enumerate(songs) if song.wanted]
            return {"latents": tensors["latents"][kept]}

        for song in songs:
            song.fraction = _PREPARED
        pipe.transformer.forward = denoise
        try:
            latents = pipe(
                prompt=request.prompt,
                lyrics=given.lyrics,
                audio_duration=duration_s,
                vocal_language=given.language,
                num_inference_steps=steps,
                guidance_scale=self._guidance(request),
                shift=_SHIFT[self._kind],
                latents=self._noise([song.request.seed for song in songs], duration_s),
                bpm=given.bpm,
                keyscale=given.key,
                timesignature=given.metre and METRES[given.metre],
                callback_on_step_end=stepped,
                output_type="latent",
            ).audios
        finally:
            pipe.transformer.forward = forward
        with pipe.vae.decoder.register_forward_pre_hook(go_on):
            for row, each in zip(kept, latents, strict=True):
                if songs[row].wanted:
                    songs[row].samples = self._decoded(each)

    @torch.inference_mode()
    def _decoded(self, latents: torch.Tensor) -> Samples:
        """``(frames, width)`` as samples with the pipeline's own peak. One song at a time, so that only one
        is in the GPU's memory."""
        [samples] = self._pipe.vae.decode(latents.T[None]).sample.float()
        samples *= _PEAK / samples.abs().max().clamp(min=_SILENCE)
        found: Samples = samples.cpu().numpy()
        return found

    def _noise(self, seeds: Sequence[int], duration_s: float) -> torch.Tensor:
        """``(seeds, frames, width)``. The pipeline's own noise has a frame too many for some lengths, such as
        16.43 s, since it rounds up twice."""
        transformer = self._pipe.transformer
        frames = math.ceil(duration_s * self._pipe.latents_per_second)
        shape = (1, frames, transformer.config.audio_acoustic_hidden_dim)
        generators = [torch.Generator(self._device).manual_seed(seed) for seed in seeds]
        return torch.cat(
            [
                torch.randn(shape, generator=g, device=self._device, dtype=transformer.dtype)
                for g in generators
            ]
        )

    def _steps(self, request: MusicRequest) -> int:
        return min(request.infer_step or _STEPS[self._kind], _MOST_STEPS[self._kind])

    def _guidance(self, request: MusicRequest) -> float:
        if self._kind == "turbo":
            return 1.0
        return _GUIDANCE if request.guidance_scale is None else request.guidance_scale

    def _warnings(self, request: MusicRequest) -> list[str]:
        """What this checkpoint does not do of the request."""
        found = []
        if request.duration_s < SHORTEST_S:
            found.append(f"ACE-Step makes {SHORTEST_S:g} s or more: this is the beginning of that")
        if (request.infer_step or 0) > (most := _MOST_STEPS[self._kind]):
            found.append(f"ACE-Step {self._kind} takes {most} steps at most: it was made in {most}")
        if request.exclude:
            found.append(unheeded("ACE-Step", request.exclude))
        given = conditions_of(request)
        prompt, lyrics = self._pipe._format_prompt(
            request.prompt, given.lyrics, given.language, bpm=given.bpm, keyscale=given.key, timesignature="4"
        )
        if self._tokens(prompt) > PROMPT_TOKENS:
            found.append(
                "the style is longer than ACE-Step reads: its end, tempo, key and metre are not heeded"
            )
        if self._tokens(lyrics) > LYRIC_TOKENS:
            found.append("the lyrics are longer than ACE-Step reads: their end is not sung")
        return found

    def _tokens(self, text: str) -> int:
        return len(self._pipe.tokenizer(text).input_ids)
