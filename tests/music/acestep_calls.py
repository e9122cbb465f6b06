"""The attention of ACE-Step in its real sizes, run on the device ``meta``, where shapes are all there is."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import AceStepPipeline

from music.acestep.attention import use_window_attention
from tests.kernels import Call, recorded
from tests.real_size import acestep

FRAMES_PER_S = 25
REFERENCE_FRAMES = 750  # 30 s of silence, which the timbre encoder hears where there is nothing to imitate
LYRIC_TOKENS = 2048
PROMPT_TOKENS = 256


def pipeline(size: str, dtype: torch.dtype, *, ours: bool = True) -> AceStepPipeline:
    """``ours``: with the attention that the engine gives it."""
    pipe = acestep("meta", dtype, size=size)
    for network in (pipe.transformer, pipe.condition_encoder):
        if ours:
            use_window_attention(network)
    return pipe


@torch.inference_mode()
def calls_of_a_song(pipe: AceStepPipeline, duration_s: float, *, rows: int = 1) -> dict[str, list[Call]]:
    """What each part asks for: the ``transformer`` in one step, with guidance in two ``rows``, and the
    encoders once."""
    found: dict[str, list[Call]] = {}
    with recorded() as found["transformer"]:
        step(pipe, duration_s, rows=rows)
    with recorded() as found["text"]:
        pipe.text_encoder(input_ids=torch.zeros(1, PROMPT_TOKENS, dtype=torch.long, device="meta"))
    encoder, dtype = pipe.condition_encoder, pipe.transformer.dtype
    words = torch.empty(1, LYRIC_TOKENS, encoder.config.text_hidden_dim, dtype=dtype, device="meta")
    with recorded() as found["lyrics"]:
        encoder.lyric_encoder(words, torch.ones(1, LYRIC_TOKENS, dtype=torch.bool, device="meta"))
    latents = torch.empty(1, REFERENCE_FRAMES, encoder.config.timbre_hidden_dim, dtype=dtype, device="meta")
    # What is left out of the timbre encoder asks for values, and has no attention.
    encoder.timbre_encoder.unpack_timbre_embeddings = lambda packed, _order: (packed, packed)
    with recorded() as found["timbre"]:
        encoder.timbre_encoder(latents, torch.zeros(1, dtype=torch.long, device="meta"))
    return found


def step(pipe: AceStepPipeline, duration_s: float, *, rows: int = 1) -> Any:
    transformer = pipe.transformer
    frames, width = round(duration_s * FRAMES_PER_S), transformer.config.audio_acoustic_hidden_dim
    context = LYRIC_TOKENS + PROMPT_TOKENS + 1
    kwargs = {"dtype": transformer.dtype, "device": "meta"}
    return transformer(
        hidden_states=torch.empty(rows, frames, width, **kwargs),
        timestep=torch.empty(rows, **kwargs),
        timestep_r=torch.empty(rows, **kwargs),
        encoder_hidden_states=torch.empty(rows, context, 2048, **kwargs),
        context_latents=torch.empty(rows, frames, 2 * width, **kwargs),
        return_dict=False,
    )
