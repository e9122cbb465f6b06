"""MusicGen's decoder as one lean step: fused projections, a static cache, both guidance rows of every song in
one pass, and songs of different prompts, lengths and ages side by side.

The arithmetic is that of transformers' ``MusicgenForCausalLM`` (pre-norm layers, sinusoidal positions, cross
attention to the projected text, one head a codebook), which the tests hold it to, token for token. A step is
made by ``layers`` or, where there are some for the processor, by ``compiled`` loops.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor

from music.musicgen.compiled import compiled_loops
from music.musicgen.layers import Layers, Network, Norm, Part
from music.musicgen.linear import linear
from music.musicgen.sampling import UNKNOWN, Sampling

Read = Callable[[str], Tensor]
"""A tensor of the checkpoint by its name below ``decoder.``."""
_BELOW = "model.decoder"
_POSITIONS = 2048  # at first


@dataclass(frozen=True)
class Shape:
    """The sizes of a decoder."""

    layers: int
    width: int
    heads: int
    codebooks: int
    vocabulary: int
    """Tokens of a codebook; the number itself is the token before the first."""
    channels: int = 1
    """2: codebooks alternate between left and right."""

    @property
    def drawn(self) -> tuple[int, int]:
        """The size of a step's logits: ``(codebooks, vocabulary)``."""
        return self.codebooks, self.vocabulary

    def cache(self, columns: int) -> tuple[int, ...]:
        """The size of one song's keys and values: ``(layers, 2, 2, heads, columns, head width)``. The first 2
        are keys and values, the second a row with text and one without."""
        return self.layers, 2, 2, self.heads, columns, self.width // self.heads

    @property
    def delays(self) -> tuple[int, ...]:
        """How many steps each codebook lags behind the first."""
        return tuple(codebook // self.channels for codebook in range(self.codebooks))


class Track:
    """One song in the making: its tokens, its caches, its own source of noise.

    ``tokens (codebooks, steps + 1)`` is in the delay pattern: column 0 comes before the song, and frame f of
    a codebook is in column f + 1 + its delay.
    """

    def __init__(
        self,
        decoder: Decoder,
        text: Tensor,
        frames: int,
        sampling: Sampling,
        noise: Callable[[int], Tensor],
        prompt: Tensor | None = None,
    ) -> None:
        """``text (tokens, width of the text encoder)``; ``noise(step)`` gives Gumbel noise ``(codebooks,
        vocabulary)``; ``prompt (codebooks, frames of it)`` are tokens to go on from."""
        shape = decoder.shape
        self.known = known = 0 if prompt is None else prompt.shape[1]
        """Columns of the prompt, which are taken in at once."""
        self.sampling = sampling
        self.noise = noise
        self.frames = frames
        self.steps = frames + max(shape.delays)
        self.tokens = torch.full((shape.codebooks, self.steps + 1), shape.vocabulary, device=decoder.device)
        for codebook, delay in enumerate(shape.delays):
            self.tokens[codebook, delay + 1 : delay + 1 + frames] = UNKNOWN
            if prompt is not None:
                self.tokens[codebook, delay + 1 : delay + 1 + known] = prompt[codebook]
        self.position = 0
        """The column that is fed to the decoder next."""
        # A slot has room of its own, and the prompt is taken in there.
        self.cache = decoder.cache(0 if decoder.slotted else self.steps)
        self.cross = decoder.cross(text)
        if known and not decoder.slotted:
            decoder.prefill(self, known)

    @property
    def done(self) -> bool:
        return self.position >= self.steps

    def codes(self, shape: Shape) -> Tensor:
        """The finished tokens ``(codebooks, frames)``, the delays taken out."""
        return torch.stack(
            [self.tokens[c, delay + 1 : delay + 1 + self.frames] for c, delay in enumerate(shape.delays)]
        )


class Decoder:
    """The decoder's weights, made ready for one device and precision."""

    def __init__(
        self,
        read: Read,
        shape: Shape,
        precision: str,
        device: torch.device,
        *,
        compiled: bool = True,
        gpu_path: bool = False,
        instructions: str = "auto",
    ) -> None:
        """``compiled``: by compiled loops where there are some for it, of these ``instructions``.
        ``gpu_path``: it is made for a GPU, wherever it runs. Raises ``InvalidRequest`` as ``compiled_loops``
        does."""
        self.shape = shape
        self.device = device
        self.slotted = gpu_path
        """Whether songs are stepped in ``gpu.slots``, which have room for their caches."""
        by_cpu = device.type == "cpu" and not gpu_path
        narrow = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision, torch.float32)
        # On a CPU only what is read again and again is narrow, the weights and, for compiled loops, the
        # caches: torch's attention is several times as fast there in fp32 as in bf16.
        self.dtype = torch.float32 if by_cpu else narrow
        weights = _Weights(read, device, narrow, self.dtype)
        embeddings = [
            read(f"{_BELOW}.embed_tokens.{codebook}.weight").to(device, torch.float32)
            for codebook in range(shape.codebooks)
        ]
        self._cross_kv = [
            linear(weights.text_projection(layer), precision, cold=True, plain=gpu_path)
            for layer in range(shape.layers)
        ]
        parts = weights.parts(shape)
        first = next(parts)
        loops = compiled_loops(instructions) if compiled and by_cpu else None
        fits = loops and loops.takes(first, shape.heads, shape.codebooks * shape.vocabulary, precision)
        parts = chain([first], parts)
        del first  # each part is let go when it has been made ready
        self.layers: Network = (
            loops.network(parts, shape.heads, precision, embeddings)
            if loops and fits
            else Layers(parts, shape.heads, precision, embeddings, plain=gpu_path)
        )
        self.positions = _sinusoids(_POSITIONS, shape.width).to(device)

    @torch.inference_mode()
    def step(self, tracks: Sequence[Track]) -> Tensor:
        """Takes each track one column further. Returns the guided logits ``(tracks, codebooks, vocabulary)``,
        float32, that its tokens were drawn from."""
        noises = [track.noise(track.position) for track in tracks]
        self._reach(max(track.position for track in tracks) + 1)
        logits = self.layers.step(tracks, noises, self.positions)
        for track in tracks:
            track.position += 1
        return logits.view(len(tracks), *self.shape.drawn)

    @torch.inference_mode()
    def prefill(self, track: Track, columns: int) -> None:
        """Takes the track's first ``columns`` known columns in at once."""
        self._reach(columns)
        self.layers.prefill(track, columns, self.positions)
        track.position = columns

    def cache(self, columns: int) -> Tensor:
        """Room for one song's keys and values; see ``Shape.cache``."""
        return self.layers.cache(*self.shape.cache(columns))

    @torch.inference_mode()
    def cross(self, text: Tensor) -> Tensor:
        """Keys and values ``(layers, 2, heads, tokens, head width)`` of a text. The row without text has
        none: its keys and values are zero, and add nothing."""
        text = text.to(self.device, self.dtype)
        made = torch.stack([kv(text) for kv in self._cross_kv]).to(self.layers.kept)
        return made.view(len(made), len(text), 2, self.shape.heads, -1).permute(0, 2, 3, 1, 4).contiguous()

    def _reach(self, end: int) -> None:
        if end > len(self.positions):
            self.positions = _sinusoids(2 * end, self.shape.width).to(self.device)


@dataclass(frozen=True)
class _Weights:
    """A checkpoint's decoder, read as it is wanted."""

    read: Read
    device: torch.device
    matrices: torch.dtype
    norms: torch.dtype

    def parts(self, shape: Shape) -> Iterator[Part]:
        """The layers', then the heads'."""
        for layer in range(shape.layers):
            name = f"{_BELOW}.layers.{layer}"
            yield Part(
                self._matrix(*(f"{name}.self_attn.{part}_proj" for part in "qkv")),
                self._matrix(f"{name}.self_attn.out_proj"),
                self._matrix(f"{name}.encoder_attn.q_proj"),
                self._matrix(f"{name}.encoder_attn.out_proj"),
                self._matrix(f"{name}.fc1"),
                self._matrix(f"{name}.fc2"),
                norms=(
                    self._norm(f"{name}.self_attn_layer_norm"),
                    self._norm(f"{name}.encoder_attn_layer_norm"),
                    self._norm(f"{name}.final_layer_norm"),
                ),
            )
        heads = (f"lm_heads.{codebook}" for codebook in range(shape.codebooks))
        yield Part(self._matrix(*heads), norms=(self._norm(f"{_BELOW}.layer_norm"),))

    def text_projection(self, layer: int) -> Tensor:
        """Keys and values of cross attention as one matrix."""
        return self._matrix(*(f"{_BELOW}.layers.{layer}.encoder_attn.{part}_proj" for part in "kv"))

    def _norm(self, name: str) -> Norm:
        weight, bias = (self.read(f"{name}.{part}") for part in ("weight", "bias"))
        return weight.to(self.device, self.norms), bias.to(self.device, self.norms)

    def _matrix(self, *names: str) -> Tensor:
        weights = [self.read(f"{name}.weight").to(self.device, self.matrices) for name in names]
        return torch.cat(weights) if len(weights) > 1 else weights[0]


def _sinusoids(count: int, width: int) -> Tensor:
    """``(count, width)``: cosines, then sines, of positions at wavelengths from 2 pi to 20,000 pi."""
    half = width // 2
    rates = torch.exp(torch.arange(half, dtype=torch.float32) * -(math.log(10000.0) / (half - 1)))
    angles = torch.arange(count, dtype=torch.float32)[:, None] * rates
    return torch.cat([angles.cos(), angles.sin()], dim=1)
