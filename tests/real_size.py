"""The default models in their own size with random weights, made where they are to run: to measure time and
memory, and to ask what their shapes are. Nothing is read and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AceStepPipeline,
    AceStepTransformer1DModel,
    AutoencoderOobleck,
    FlowMatchEulerDiscreteScheduler,
)
from diffusers.pipelines.ace_step.modeling_ace_step import AceStepConditionEncoder
from transformers import Qwen3Config, Qwen3Model

from config.models import licence_of
from inference.loading import Placement
from music.acestep import AceStepComposer
from tests.tiny import byte_tokenizer

ACESTEP_TRANSFORMERS: dict[str, dict[str, Any]] = {
    # diffusers' defaults are the 2B models' (ACE-Step 1.5, configuration_acestep_v15.py); the XL ones' sizes
    # are in their cards, and in diffusers' comment on encoder_hidden_size.
    "2B": {},
    "XL": {
        "hidden_size": 2560,
        "intermediate_size": 9728,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "encoder_hidden_size": 2048,
    },
}
ACESTEP_TEXT = {  # Qwen3-Embedding-0.6B, config.json
    "vocab_size": 151_669,
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "max_position_embeddings": 32_768,
}
ACESTEP_VAE: dict[str, Any] = {
    "downsampling_ratios": [2, 4, 4, 6, 10],
    "sampling_rate": 48_000,
}


def acestep(
    device: torch.device | str, dtype: torch.dtype, *, size: str = "XL", turbo: bool = True
) -> AceStepPipeline:
    """``ACE-Step/acestep-v15-xl-turbo-diffusers`` without what a song from text does not need, or one of its
    kin; 5.5 milliards of numbers (``XL``) or 2.9 (``2B``). On the device ``meta`` it takes no memory."""
    with _made(device, dtype):
        return AceStepPipeline(
            vae=AutoencoderOobleck(**ACESTEP_VAE).eval(),
            text_encoder=Qwen3Model(Qwen3Config(**ACESTEP_TEXT)).eval(),
            tokenizer=byte_tokenizer(),
            transformer=AceStepTransformer1DModel(**ACESTEP_TRANSFORMERS[size], is_turbo=turbo).eval(),
            condition_encoder=AceStepConditionEncoder().eval(),
            scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1, shift=1.0),
        )


def acestep_composer(pipe: AceStepPipeline, device: torch.device | str) -> AceStepComposer:
    """The engine, on a GPU's path, around a pipeline that is on ``device``."""
    precision = {torch.bfloat16: "bf16", torch.float32: "fp32"}[pipe.transformer.dtype]
    weights = sum(
        tensor.nbytes
        for part in pipe.components.values()
        if isinstance(part, torch.nn.Module)
        for tensor in (*part.parameters(), *part.buffers())
    )
    where = torch.device(device)
    engine = AceStepComposer.__new__(AceStepComposer)
    engine._use(
        pipe,
        Placement(
            model=AceStepComposer.spec.default_model,
            folder=Path(),
            licence=licence_of(AceStepComposer.spec.default_model),
            device=where,
            precision=precision,
            weights=weights,
            needed=weights,
            free=0,
            name=f"random weights in the size of {AceStepComposer.spec.default_model}",
            revision="random",
            gpu_path=True,
        ),
    )
    return engine


@contextmanager
def _made(device: torch.device | str, dtype: torch.dtype) -> Iterator[None]:
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            yield
    finally:
        torch.set_default_dtype(usual)
