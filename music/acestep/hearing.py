"""What the pipeline hears of a song that is there, in one call of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from music.acestep.conditions import Conditions, conditions_in, conditions_of
from music.acestep.tasks import Work
from music.contract import MusicRequest, Samples

INJECTED = 0.5
"""The share of the steps after which what is kept is put back, with the noise that it would have by then: so
the new part is made for what is around it (``repaint_injection_ratio`` of ACE-Step 1.5; diffusers has
none)."""
_NEAR = 1e-6  # seconds are sums
_SEED = 20260204
"""Of what is drawn when a sound is encoded: the same for every song of it."""


def conditions_for(request: MusicRequest, work: Work | None) -> Conditions:
    """What the model is told of the song that it makes, or works on."""
    if work is None or work.source is None:
        return conditions_of(request)
    return conditions_in(request.model_copy(update={"lyrics": work.lyrics}), work.source)


class Hearing:
    """The pipeline's arguments for one ``Work``, and what it does with them."""

    def __init__(self, pipe: Any, work: Work) -> None:
        self._pipe = pipe
        self._work = work
        hop = round(pipe.sample_rate / pipe.latents_per_second)
        self._sound = None if work.sound is None else _whole(work.sound, hop)
        self.frames: int | None = None if self._sound is None else self._sound.shape[1] // hop
        """Of what is made, where it is as long as a sound."""
        self._latents: Tensor | None = None
        """Of the sound, ``(1, frames, width)``."""

    @property
    def arguments(self) -> dict[str, Any]:
        """Beside words and noise."""
        work = self._work
        return {
            "task_type": work.task,
            "src_audio": self._sound,
            "reference_audio": None if work.reference is None else torch.from_numpy(work.reference.copy()),
            "audio_cover_strength": work.cover_strength,
            "track_name": work.track,
            "complete_track_classes": list(work.tracks) or None,
        }

    @property
    def passes(self) -> int:
        """Calls of the transformer in a step."""
        return 2 if self._work.task == "cover" and self._work.cover_strength < 1.0 else 1

    @contextmanager
    def used(self) -> Iterator[None]:
        """While it is used, the pipeline encodes with a generator of its own, not with the process's, and
        makes new what ``Work.places`` says: there may be several."""
        pipe, encode = self._pipe, self._pipe.vae.encode
        generator = torch.Generator().manual_seed(_SEED)

        def encoded(sound: Tensor) -> Any:
            found = encode(sound)
            found.latent_dist.sample = partial(self._drawn, found.latent_dist.sample, generator)
            return found

        pipe.vae.encode = encoded
        if self._work.places:
            pipe._build_chunk_mask = self._mask
        try:
            yield
        finally:
            del pipe.vae.encode
            if self._work.places:
                del pipe._build_chunk_mask

    def with_kept(self, latents: Tensor, noise: Tensor, step: int, steps: int) -> Tensor:
        """``latents (songs, frames, width)`` after a step, with what is kept put back."""
        if not self._work.places or self._latents is None or step >= round(INJECTED * steps):
            return latents
        level = float(self._pipe.scheduler.sigmas[step + 1])
        there = level * noise + (1.0 - level) * self._latents
        return torch.where(self._new(latents.shape[1], latents.device), latents, there.to(latents.dtype))

    def _drawn(self, sample: Any, generator: torch.Generator) -> Tensor:
        found: Tensor = sample(generator)
        if self._latents is None:
            self._latents = found.transpose(1, 2)  # a song's sound comes before a reference
        return found

    def _mask(self, *, latent_length: int, batch_size: int, acoustic_dim: int, **rest: Any) -> Tensor:
        new = self._new(latent_length, rest["device"]).to(rest["dtype"])
        return new.expand(batch_size, latent_length, acoustic_dim).contiguous()

    def _new(self, frames: int, device: torch.device) -> Tensor:
        """``(1, frames, 1)``: what is made new."""
        new = torch.zeros(frames, dtype=torch.bool)
        for start_s, end_s in self._work.spans_s:
            first, last = (seconds * self._pipe.latents_per_second for seconds in (start_s, end_s))
            start = min(math.floor(first + _NEAR), frames - 1)
            end = max(math.ceil(last - _NEAR), start + 1)
            new[start:end] = True
        return new[None, :, None].to(device)


def _whole(sound: Samples, hop: int) -> Tensor:
    """Of whole latents."""
    missing = -sound.shape[1] % hop
    return torch.from_numpy(np.pad(sound, ((0, 0), (0, missing))))
