"""How MusicGen's tokens are drawn."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from music.contract import MusicRequest

PARAMETERS = ("guidance_scale", "temperature", "top_k", "top_p")
"""Which of a request's optional parameters MusicGen heeds."""
UNKNOWN = -1
"""A token that is yet to be drawn."""
_NOISES = 8
"""Of how many steps noise is drawn at once: in half the time on a CPU, with fewer kernels on a GPU."""
_LEAST = 2.0**-24  # exponential noise has some 23 bits, and none set makes an infinity


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn. ``top_k`` 0 and ``top_p`` 0 leave all tokens in; ``top_p`` above 0 takes the
    place of ``top_k``, as in AudioCraft, whose defaults these are."""

    temperature: float = 1.0
    top_k: int = 250
    top_p: float = 0.0
    guidance: float = 3.0

    @staticmethod
    def of(request: MusicRequest) -> Sampling:
        """What the request says, and for the rest the defaults."""
        said = {
            "temperature": request.temperature,
            "top_k": request.top_k,
            "top_p": request.top_p,
            "guidance": request.guidance_scale,
        }
        return replace(Sampling(), **{name: value for name, value in said.items() if value is not None})  # type: ignore[arg-type]


def draw(logits: Tensor, sampling: Sampling, noise: Tensor) -> Tensor:
    """A token for each row, of which each codebook of each song has one: the largest of ``logits (rows,
    vocabulary)`` with Gumbel ``noise``, which draws from their softmax, among those that ``top_k`` and
    ``top_p`` leave in. No row's depends on another's."""
    logits = logits / max(sampling.temperature, 1e-5)
    if sampling.top_p <= 0.0 < sampling.top_k < logits.shape[1]:
        least = logits.topk(sampling.top_k, dim=1).values[:, -1:]
        logits = logits.masked_fill(logits < least, -math.inf)
    elif 0.0 < sampling.top_p < 1.0:
        ordered, places = logits.softmax(1).sort(1, descending=True)
        out = ordered.cumsum(1) - ordered > sampling.top_p
        logits = logits.masked_fill(torch.zeros_like(out).scatter(1, places, out), -math.inf)
    return (logits + noise).argmax(1)


def gumbel(
    seed: int, size: tuple[int, int], device: torch.device, *, gpu_path: bool = False
) -> Callable[[int], Tensor]:
    """A source of Gumbel noise for one song, of the ``size (codebooks, vocabulary)``; its steps must be asked
    for in their order. On a GPU's path it is drawn on the device, by torch."""
    made: deque[Tensor] = deque()
    if gpu_path or device.type != "cpu":
        generator = torch.Generator(device).manual_seed(seed)

        def fresh() -> Tensor:
            drawn = torch.empty((_NOISES, *size), device=device)
            return drawn.exponential_(generator=generator).clamp_(min=_LEAST).log_().neg_()

    else:
        chance = np.random.Generator(np.random.SFC64(seed))

        def fresh() -> Tensor:  # in a quarter of torch's time
            drawn = chance.standard_exponential((_NOISES, *size), np.float32)
            np.maximum(drawn, _LEAST, out=drawn)
            return torch.from_numpy(np.negative(np.log(drawn, out=drawn), out=drawn))

    def noise(_step: int) -> Tensor:
        if not made:
            made.extend(fresh())
        return made.popleft()

    return noise
