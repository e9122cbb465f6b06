"""A published MusicGen decoder under the names that AudioCraft's ``LMModel`` has for the same tensors."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from music.musicgen.decoder import Shape

_NORMS = {
    "self_attn_layer_norm": "norm1",
    "encoder_attn_layer_norm": "norm_cross",
    "final_layer_norm": "norm2",
}
_ATTENTIONS = {"self_attn": "self_attn", "encoder_attn": "cross_attention"}
_PROJECTION = "condition_provider.conditioners.description.output_proj"


def lm_state(
    read: Callable[[str], Tensor], shape: Shape, projection: tuple[Tensor, Tensor] | None
) -> dict[str, Tensor]:
    """The whole state of an ``LMModel``. ``read`` gives a tensor by its name below ``decoder.``;
    ``projection`` is the text's into the decoder's width, None where it has that width."""
    weight, bias = projection or (torch.eye(shape.width), torch.zeros(shape.width))
    state = {f"{_PROJECTION}.weight": weight, f"{_PROJECTION}.bias": bias}
    for codebook in range(shape.codebooks):
        state[f"emb.{codebook}.weight"] = read(f"model.decoder.embed_tokens.{codebook}.weight")
        state[f"linears.{codebook}.weight"] = read(f"lm_heads.{codebook}.weight")
    for part in ("weight", "bias"):
        state[f"out_norm.{part}"] = read(f"model.decoder.layer_norm.{part}")
    for layer in range(shape.layers):
        theirs, ours = f"model.decoder.layers.{layer}", f"transformer.layers.{layer}"
        for name, called in _ATTENTIONS.items():
            fused = torch.cat([read(f"{theirs}.{name}.{part}_proj.weight") for part in "qkv"])
            state[f"{ours}.{called}.in_proj_weight"] = fused
            state[f"{ours}.{called}.out_proj.weight"] = read(f"{theirs}.{name}.out_proj.weight")
        state[f"{ours}.linear1.weight"] = read(f"{theirs}.fc1.weight")
        state[f"{ours}.linear2.weight"] = read(f"{theirs}.fc2.weight")
        for name, called in _NORMS.items():
            for part in ("weight", "bias"):
                state[f"{ours}.{called}.{part}"] = read(f"{theirs}.{name}.{part}")
    return state
