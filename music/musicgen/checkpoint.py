"""A MusicGen checkpoint as published: its sizes, text encoder and EnCodec. Two engines read it."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from transformers import EncodecModel, MusicgenConfig, T5EncoderModel

from config.errors import EngineUnavailable
from inference.tensors import Tensors
from music.musicgen.decoder import Shape

_WEIGHT_NORM = {
    "weight_g": "parametrizations.weight.original0",
    "weight_v": "parametrizations.weight.original1",
}
"""The parts of a weight norm: torch's names before 2.1, which published checkpoints have, and since."""


def config_of(folder: Path) -> MusicgenConfig:
    """Raises ``EngineUnavailable`` for a folder with something else in it."""
    try:
        # Looked at first: not every other config can be read as a MusicGen's at all.
        kind = MusicgenConfig.get_config_dict(folder)[0].get("model_type")
        if kind != "musicgen":
            raise ValueError(f"it is a {kind}")
        config = MusicgenConfig.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise EngineUnavailable(
            f"{folder} is not a MusicGen checkpoint", "give one, such as facebook/musicgen-small"
        ) from error
    return config


def shape_of(config: MusicgenConfig) -> Shape:
    """The decoder's sizes."""
    return Shape(
        layers=config.decoder.num_hidden_layers,
        width=config.decoder.hidden_size,
        heads=config.decoder.num_attention_heads,
        codebooks=config.decoder.num_codebooks,
        vocabulary=config.decoder.vocab_size,
        channels=config.decoder.audio_channels,
    )


def text_encoder_of(config: MusicgenConfig, tensors: Tensors) -> T5EncoderModel:
    """T5 in float32."""
    with torch.device("meta"):  # no memory, and no time for weights that are replaced
        model = T5EncoderModel(config.text_encoder)
    found = tensors.below("text_encoder.")
    # It is saved under one of its two names.
    shared = found["shared.weight" if "shared.weight" in found else "encoder.embed_tokens.weight"]
    found |= {"shared.weight": shared, "encoder.embed_tokens.weight": shared}
    model.load_state_dict(found, strict=True, assign=True)
    return model.float().eval()


def codec_of(config: MusicgenConfig, tensors: Tensors) -> EncodecModel:
    """EnCodec, for one channel, in float32."""
    model = EncodecModel(config.audio_encoder)
    wanted = model.state_dict()
    found = {_as_in(wanted, name): tensor for name, tensor in tensors.below("audio_encoder.").items()}
    model.load_state_dict(found, strict=True, assign=True)
    return model.float().eval()


def projection_of(tensors: Tensors) -> tuple[Tensor, Tensor] | None:
    """Weight and bias from the text encoder's width to the decoder's; None where they are the same."""
    if "enc_to_dec_proj.weight" not in set(tensors):
        return None
    return tensors["enc_to_dec_proj.weight"].float(), tensors["enc_to_dec_proj.bias"].float()


def _as_in(wanted: dict[str, Tensor], name: str) -> str:
    """``name``, or what this torch calls it."""
    for old, new in _WEIGHT_NORM.items():
        for one, other in ((old, new), (new, old)):
            renamed = name.removesuffix(one) + other
            if name.endswith(f".{one}") and renamed in wanted:
                return renamed
    return name
