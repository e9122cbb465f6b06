"""A melody checkpoint as published: transformers' model of it, and its EnCodec apart from that."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    EncodecModel,
    GenerationConfig,
    MusicgenMelodyConfig,
    MusicgenMelodyForConditionalGeneration,
)

from config.errors import EngineUnavailable
from inference.tensors import Tensors
from music.melody.chroma import PITCHES
from music.musicgen.checkpoint import codec_of, text_encoder_of

_PROJECTIONS = ("enc_to_dec_proj", "audio_enc_to_dec_proj")
_POSITIONS = "model.decoder.embed_positions.weights"
"""Of the decoder. It is computed; published checkpoints have it, since it is a parameter in transformers
4.39."""


def config_of(folder: Path) -> MusicgenMelodyConfig:
    """Raises ``EngineUnavailable`` for a folder with something else in it."""
    try:
        kind = MusicgenMelodyConfig.get_config_dict(folder)[0].get("model_type")
        if kind != "musicgen_melody":
            raise ValueError(f"it is a {kind}")
        config = MusicgenMelodyConfig.from_pretrained(folder)
        if config.num_chroma != PITCHES:
            raise ValueError(f"it has {config.num_chroma} pitch classes")
    except (OSError, ValueError, KeyError) as error:
        raise EngineUnavailable(
            f"{folder} is not a melody checkpoint of MusicGen", "give one, such as facebook/musicgen-melody"
        ) from error
    return config


def model_of(config: MusicgenMelodyConfig, tensors: Tensors, dtype: torch.dtype) -> tuple[Any, EncodecModel]:
    """The model, whose decoder has ``dtype`` and all else is in float32, and its EnCodec in float32.

    ``generate`` gives the tokens of the song in place of its sound: ``(1, codebooks, frames)``, in stereo
    those of the left side first. Raises ``RuntimeError`` for a checkpoint that lacks a tensor."""
    with torch.device("meta"):  # no memory, and no time for weights that are replaced
        model: Any = MusicgenMelodyForConditionalGeneration(config)
    model.text_encoder = text_encoder_of(config, tensors)
    for name in _PROJECTIONS:
        if hasattr(model, name):
            found = {part: tensor.float() for part, tensor in tensors.below(f"{name}.").items()}
            getattr(model, name).load_state_dict(found, strict=True, assign=True)
    weights = {name: tensor.to(dtype) for name, tensor in _below(tensors, "decoder.") if name != _POSITIONS}
    model.decoder.load_state_dict(weights, strict=True, assign=True)
    positions = model.decoder.model.decoder.embed_positions
    fresh = type(positions)(positions.num_positions, positions.embedding_dim)
    model.decoder.model.decoder.embed_positions = fresh.to(dtype)
    model.decoder.register_forward_pre_hook(_narrow_conditions, with_kwargs=True)
    model.audio_encoder = _Tokens()
    start = config.decoder.pad_token_id
    model.generation_config = GenerationConfig(
        bos_token_id=start, pad_token_id=start, decoder_start_token_id=start
    )
    return model.eval(), codec_of(config, tensors)


class _Tokens(nn.Module):
    """In EnCodec's place: what would be decoded is handed on. So windows can be joined before that, and a
    long song is decoded in pieces."""

    def decode(self, codes: Tensor, **_: object) -> SimpleNamespace:
        return SimpleNamespace(audio_values=codes[0])


def _narrow_conditions(decoder: Any, args: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Text and melody are read in float32, and the decoder takes them in its own precision."""
    given = named.get("encoder_hidden_states")
    return args, named if given is None else named | {"encoder_hidden_states": given.to(decoder.dtype)}


def _below(tensors: Tensors, prefix: str) -> Any:
    """As ``Tensors.below``, one at a time: they need not all be in memory before they are narrowed."""
    return ((name.removeprefix(prefix), tensors[name]) for name in tensors if name.startswith(prefix))
