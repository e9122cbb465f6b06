"""ACE-Step's pipeline, called for some songs that differ only in their seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from music.acestep.conditions import METRES
from music.acestep.hearing import Hearing, conditions_for
from music.acestep.tasks import Work
from music.contract import MusicRequest, Samples
from music.variations import AllCancelled, Variation

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


class Maker:
    """Makes songs with a pipeline that is on ``device``."""

    def __init__(self, pipe: Any, kind: str, device: torch.device) -> None:
        """``kind`` of checkpoint: "turbo" or "base"."""
        self._pipe = pipe
        self._kind = kind
        self._device = device
        self.most_steps = _MOST_STEPS[kind]

    def __call__(self, songs: Sequence[Variation]) -> None:
        """Makes songs whose requests differ only in their seed: all share everything but the noise, which has
        a row for each."""
        request = songs[0].request
        work = songs[0].given or Work("text2music", request.duration_s, request.lyrics)
        pipe, given, steps = self._pipe, conditions_for(request, work), self.steps(request)
        hearing = Hearing(pipe, work)
        duration_s = max(work.seconds, SHORTEST_S) if hearing.frames is None else work.seconds
        noise = self._noise([song.request.seed for song in songs], duration_s, hearing.frames)
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
                    share = done / (steps * len(songs) * hearing.passes)
                    each.fraction = _PREPARED + _STEPPED * share
            return (flow,)

        def stepped(_pipe: Any, step: int, _time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            latents = hearing.with_kept(tensors["latents"], noise, step, steps)
            if step + 1 < steps:
                return {"latents": latents}
            go_on()
            kept[:] = [row for row, song in enumerate(songs) if song.wanted]
            return {"latents": latents[kept]}

        for song in songs:
            song.fraction = _PREPARED
        pipe.transformer.forward = denoise
        try:
            with hearing.used(), pipe.vae.encoder.register_forward_pre_hook(go_on):
                latents = pipe(
                    prompt=request.prompt,
                    lyrics=given.lyrics,
                    audio_duration=duration_s,
                    vocal_language=given.language,
                    num_inference_steps=steps,
                    guidance_scale=self._guidance(request),
                    shift=_SHIFT[self._kind],
                    latents=noise,
                    bpm=given.bpm,
                    keyscale=given.key,
                    timesignature=given.metre and METRES[given.metre],
                    callback_on_step_end=stepped,
                    output_type="latent",
                    **hearing.arguments,
                ).audios
        finally:
            pipe.transformer.forward = forward
        with pipe.vae.decoder.register_forward_pre_hook(go_on):
            for row, each in zip(kept, latents, strict=True):
                if songs[row].wanted:
                    songs[row].samples = self._decoded(each, at_peak=work.is_whole)

    @torch.inference_mode()
    def _decoded(self, latents: torch.Tensor, *, at_peak: bool) -> Samples:
        """``(frames, width)`` as samples, with the pipeline's own peak if they are a song. One at a time, so
        that only one is in the GPU's memory."""
        [samples] = self._pipe.vae.decode(latents.T[None]).sample.float()
        if at_peak:
            samples *= _PEAK / samples.abs().max().clamp(min=_SILENCE)
        found: Samples = samples.cpu().numpy()
        return found

    def _noise(self, seeds: Sequence[int], duration_s: float, frames: int | None) -> torch.Tensor:
        """``(seeds, frames, width)``, by default those of the duration. The pipeline's own noise has a frame
        too many for some lengths, such as 16.43 s, since it rounds up twice."""
        transformer = self._pipe.transformer
        frames = frames or math.ceil(duration_s * self._pipe.latents_per_second)
        shape = (1, frames, transformer.config.audio_acoustic_hidden_dim)
        generators = [torch.Generator(self._device).manual_seed(seed) for seed in seeds]
        return torch.cat(
            [
                torch.randn(shape, generator=g, device=self._device, dtype=transformer.dtype)
                for g in generators
            ]
        )

    def steps(self, request: MusicRequest) -> int:
        """How many the request gets."""
        return min(request.infer_step or _STEPS[self._kind], self.most_steps)

    def _guidance(self, request: MusicRequest) -> float:
        if self._kind == "turbo":
            return 1.0
        return _GUIDANCE if request.guidance_scale is None else request.guidance_scale
