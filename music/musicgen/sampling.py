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
"""Steps whose noise is drawn at once: in half the time on a CPU, with fewer launches on a GPU."""
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

    @property
    def row(self) -> tuple[float, float, float, float]:
        """A row of the settings that ``guided`` and ``draw`` take."""
        top_p = self.top_p if self.top_p < 1.0 else math.inf  # rounding must not leave out the last
        return self.guidance, max(self.temperature, 1e-5), float(self.top_k), top_p

    @property
    def shortlist(self) -> int | None:
        """How many of the most probable tokens are left in, where ``top_k`` alone decides."""
        return self.top_k if self.top_p <= 0.0 < self.top_k else None


def guided(texted: Tensor, untexted: Tensor, settings: Tensor) -> Tensor:
    """Logits with classifier-free guidance, of those with text and those without, all ``(songs, codebooks,
    vocabulary)`` float32. ``settings (songs, 4)`` has a ``Sampling.row`` for each song."""
    return untexted + (texted - untexted) * settings[:, :1, None]


def draw(logits: Tensor, settings: Tensor, noise: Tensor, shortlist: int | None = None) -> Tensor:
    """A token for each codebook ``(songs, codebooks)``: the largest of ``logits`` plus Gumbel ``noise``,
    which draws from their softmax, among those that ``top_k`` and ``top_p`` leave in. Sizes and ``settings``
    are those of ``guided``; ``shortlist`` is that of ``Sampling``, where all songs have the same. No song's
    tokens depend on another, and nothing waits for the device."""
    temperature, top_k, top_p = settings[:, 1:, None, None].unbind(1)
    logits = logits / temperature
    if shortlist is not None and shortlist < logits.shape[2]:
        ordered, places = logits.topk(shortlist, 2)  # on a CPU in a fifth of the time
    else:
        ordered, places = logits.sort(2, descending=True)
    chances = ordered.softmax(2)
    within_p = (chances.cumsum(2) - chances <= top_p) | (top_p <= 0.0)
    ranks = torch.arange(ordered.shape[2], device=logits.device)
    within_k = (ranks < top_k) | (top_k <= 0.0) | (top_p > 0.0)
    left_in = torch.zeros_like(logits, dtype=torch.bool).scatter(2, places, within_p & within_k)
    return (logits.masked_fill(~left_in, -math.inf) + noise).argmax(2)


def gumbel(
    seed: int, size: tuple[int, int], device: torch.device, *, gpu_path: bool = False
) -> Callable[[int], Tensor]:
    """A source of Gumbel noise ``size (codebooks, vocabulary)`` for one song. It is called once for each
    step, in order. On a GPU's path torch draws it on the device."""
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
