"""The memory that ACE-Step needs beside its weights, read off a checkpoint's configuration."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from config.errors import EngineUnavailable

LONGEST_S = 600
LYRIC_TOKENS = 2048
PROMPT_TOKENS = 256
TILE_FRAMES = 512
"""Latents in a tile of the decoder, diffusers' own number, and of the encoder."""
TILE_OVERLAP = 64
"""Latents of its neighbour's on either side of a tile."""


def beside_weights(folder: Path, *, number_bytes: float) -> int:
    """Bytes for one song of ``LONGEST_S`` with numbers of so many bytes; songs that are made together take
    turns in the transformer and the decoder. Raises ``EngineUnavailable`` for a damaged configuration.

    A step of the transformer is widest in an MLP: three arrays of the inner width, with six of the outer one
    around them; twice that with guidance. The decoder is widest in its last block: six arrays of a tile's
    samples in ``decoder_channels``, while the song's decoded tiles wait; the encoder, which takes a song that
    is changed, in its first, with ``encoder_hidden_size``.
    """
    transformer, vae = (_config(folder / name) for name in ("transformer", "vae"))
    hop = math.prod(vae.get("downsampling_ratios", (2, 4, 4, 8, 8)))
    samples = LONGEST_S * int(vae.get("sampling_rate", 44100))
    width, inner = int(transformer.get("hidden_size", 2048)), int(transformer.get("intermediate_size", 6144))
    positions = samples / hop / int(transformer.get("patch_size", 2)) + LYRIC_TOKENS + PROMPT_TOKENS
    # The pipeline's own rule.
    turbo = bool(transformer.get("is_turbo")) or transformer.get("model_version") == "turbo"
    step = positions * (3 * inner + 6 * width) * (1 if turbo else 2)
    widest = max(int(vae.get(name, 128)) for name in ("decoder_channels", "encoder_hidden_size"))
    tile = TILE_FRAMES * hop * widest * 6
    return int(number_bytes * max(step, tile + 2 * samples))


def _config(folder: Path) -> dict[str, Any]:
    """Empty where there is no such file: then the checkpoint is another model's, which loading it reports."""
    file = folder / "config.json"
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text())
    except ValueError as error:
        raise EngineUnavailable(f"{file} is cut short or damaged", "delete it and fetch it again") from error
    if not isinstance(found, dict):
        raise EngineUnavailable(f"{file} is no configuration", "delete it and fetch it again")
    return found
