"""How transformers' ``generate`` draws the tokens of one song: guided and drawn as by our own MusicGen, with
noise of the song's own, so that the seed alone decides, and no other thread's use of chance."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from transformers import LogitsProcessor

from music.musicgen.sampling import Sampling, draw, guided


class Drawing(LogitsProcessor):  # type: ignore[misc]  # transformers has no types
    """For ``generate`` with ``do_sample=False`` and any guidance above 1, which makes two rows of logits for
    each codebook: with the conditions, and without."""

    def __init__(
        self,
        sampling: Sampling,
        noise: Callable[[int], Tensor],
        device: torch.device,
        step: Callable[[], None],
    ) -> None:
        """``noise`` is that of ``gumbel``. ``step`` is called before each step's tokens are drawn, and what
        it raises ends the song."""
        self._settings = torch.tensor([sampling.row], device=device)
        self._shortlist = sampling.shortlist
        self._noise = noise
        self._step = step
        self._drawn = 0

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """``(2 * codebooks, vocabulary)``: 1 at the token that is drawn and 0 elsewhere, the same in both
        halves, so that transformers' own guidance changes nothing."""
        self._step()
        with_, without = scores.float()[None].chunk(2, dim=1)
        logits = guided(with_, without, self._settings)
        tokens = draw(logits, self._settings, self._noise(self._drawn), self._shortlist)
        self._drawn += 1
        chosen = torch.nn.functional.one_hot(tokens[0], scores.shape[1])
        return chosen.to(scores.dtype).repeat(2, 1)
