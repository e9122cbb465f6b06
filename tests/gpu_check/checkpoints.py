"""Checkpoints of the real models' sizes with random weights. Time and memory do not depend on the weights.

Each begins as its little sibling of ``tests.tiny``, whose tokenizers and settings it keeps; then its parts
grow to the sizes that the models' authors have published, and get new weights, made on the card.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from safetensors.torch import save_file

from tests import tiny
from tests.real_size import ACESTEP_TEXT, ACESTEP_TRANSFORMERS, ACESTEP_VAE

_SHARD_BYTES = 4_000_000_000
_OWN_DEFAULTS = "(the class's own defaults)"
"""In place of a name: what the little model says is forgotten."""
_SPREAD = 0.02  # of most weights as their authors begin with them

Sizes = Mapping[str, Mapping[str, Any]]
"""By the folder of a part, "" for the checkpoint's own, what its config says otherwise."""

_QWEN2_7B = {
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "vocab_size": 152064,
    "max_window_layers": 28,
}
_QWEN3_4B = {
    "hidden_size": 2560,
    "intermediate_size": 9728,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
}
_T5_BASE = {
    "vocab_size": 32128,
    "d_model": 768,
    "d_kv": 64,
    "d_ff": 3072,
    "num_layers": 12,
    "num_heads": 12,
}
_ENCODEC_32KHZ = {
    "hidden_size": 128,
    "num_filters": 64,
    "codebook_size": 2048,
    "codebook_dim": 128,
    "target_bandwidths": [2.2],
    "num_lstm_layers": 2,
    "use_conv_shortcut": False,
}


def _musicgen(layers: int, width: int, heads: int) -> Sizes:
    decoder = {
        "vocab_size": 2048,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "ffn_dim": 4 * width,
        "num_attention_heads": heads,
        "pad_token_id": 2048,
        "bos_token_id": 2048,
    }
    return {"": {"text_encoder": _T5_BASE, "audio_encoder": _ENCODEC_32KHZ, "decoder": decoder}}


_CLIP_L = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12}
_CLIP_G = {"hidden_size": 1280, "intermediate_size": 5120, "num_attention_heads": 20, "num_hidden_layers": 32}
_SDXL: Sizes = {
    "text_encoder": _CLIP_L | {"projection_dim": 768, "vocab_size": 49408},
    "text_encoder_2": _CLIP_G | {"projection_dim": 1280, "vocab_size": 49408, "hidden_act": "gelu"},
    "unet": {
        "block_out_channels": [320, 640, 1280],
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        "attention_head_dim": [5, 10, 20],
        "transformer_layers_per_block": [1, 2, 10],
        "cross_attention_dim": 2048,
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
        "sample_size": 64,
    },
    "vae": {"block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "sample_size": 512},
}

_ACE_STEP_XL: Sizes = {
    "text_encoder": ACESTEP_TEXT,
    "transformer": {_OWN_DEFAULTS: True, **ACESTEP_TRANSFORMERS["XL"], "is_turbo": True},
    "condition_encoder": {_OWN_DEFAULTS: True},
    "vae": {_OWN_DEFAULTS: True, **ACESTEP_VAE},
}
_KLEIN_4B: Sizes = {
    "text_encoder": _QWEN3_4B,
    "transformer": {
        "num_layers": 5,
        "num_single_layers": 20,
        "num_attention_heads": 24,
        "attention_head_dim": 128,
        "joint_attention_dim": 7680,
        "in_channels": 128,
        "mlp_ratio": 3.0,
        "timestep_guidance_channels": 256,
        "axes_dims_rope": [32, 32, 32, 32],
    },
    "vae": {"block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "latent_channels": 32},
}

# The numbers are those of the published configs.
REAL: Mapping[str, tuple[Callable[[Path], Path], Sizes, torch.dtype]] = {
    "musicgen-small": (tiny.musicgen, _musicgen(24, 1024, 16), torch.float32),
    "musicgen-large": (tiny.musicgen, _musicgen(48, 2048, 32), torch.float32),
    "qwen": (partial(tiny.qwen, brisk=True), {"": _QWEN2_7B}, torch.bfloat16),
    "qwen_vl": (
        tiny.qwen_vl,
        {
            "": {
                "text_config": {
                    **_QWEN2_7B,
                    "rope_parameters": {
                        "rope_type": "default",
                        "rope_theta": 1e6,
                        "mrope_section": [16, 24, 24],
                    },
                },
                "vision_config": {
                    "depth": 32,
                    "embed_dim": 1280,
                    "hidden_size": 3584,
                    "num_heads": 16,
                    "mlp_ratio": 4,
                },
            }
        },
        torch.bfloat16,
    ),
    "sdxl_turbo": (tiny.sdxl, _SDXL, torch.float16),
    "acestep": (tiny.acestep, _ACE_STEP_XL, torch.bfloat16),
    "diffusion": (tiny.klein, _KLEIN_4B, torch.bfloat16),
}


def checkpoint(name: str, folder: Path, device: str, *, little: bool) -> Path:
    """The checkpoint called ``name`` in ``folder``, an empty one; its weights are made on ``device``."""
    begin, sizes, dtype = REAL[name]
    made = begin(folder)
    if not little:
        for part, changes in sizes.items():
            _grow(made / part, changes, dtype, device)
    return made


def _grow(folder: Path, changes: Mapping[str, Any], dtype: torch.dtype, device: str) -> None:
    """Gives the model in ``folder`` other sizes, and weights to match."""
    file = folder / "config.json"
    config = json.loads(file.read_text())
    if _OWN_DEFAULTS in changes:
        config = {name: value for name, value in config.items() if name.startswith("_")}
    config = _merged(config, {name: value for name, value in changes.items() if name != _OWN_DEFAULTS})
    file.write_text(json.dumps(config))
    with torch.device("meta"):
        model: torch.nn.Module
        if "_class_name" in config:
            model = getattr(diffusers, config["_class_name"]).from_config(config)
            stem = "diffusion_pytorch_model"
        else:
            kind = getattr(transformers, config["architectures"][0])
            model = kind(kind.config_class.from_pretrained(folder))
            stem = "model"
    for old in folder.glob(f"{stem}*.safetensors*"):
        old.unlink()
    shards = list(_shards(model, dtype, device))
    where: dict[str, str] = {}
    for number, shard in enumerate(shards, start=1):
        whole = len(shards) == 1
        target = f"{stem}.safetensors" if whole else f"{stem}-{number:05}-of-{len(shards):05}.safetensors"
        tensors = {name: _random(name, meta, dtype, device) for name, meta in shard.items()}
        if "lm_head.weight" in tensors:
            _make_brisk(tensors["lm_head.weight"], folder)
        save_file(tensors, folder / target, metadata={"format": "pt"})
        where |= dict.fromkeys(tensors, target)
    if len(shards) > 1:
        index = {"metadata": {}, "weight_map": where}
        (folder / f"{stem}.safetensors.index.json").write_text(json.dumps(index))


def _make_brisk(head: torch.Tensor, folder: Path) -> None:
    """Lets random texts end sooner: quotes come more often, as in the little models."""
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    head[[number for piece, number in vocabulary.items() if piece.startswith('"')]] *= 24.0


def _merged(config: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in changes.items():
        if isinstance(value, Mapping) and isinstance(config.get(name), dict):
            _merged(config[name], value)
        else:
            config[name] = value
    return config


def _shards(model: torch.nn.Module, dtype: torch.dtype, device: str) -> Iterator[dict[str, torch.Tensor]]:
    """The names of all tensors, those that are another by a second name once, some GB at a time."""
    seen: set[int] = set()
    shard: dict[str, torch.Tensor] = {}
    size = 0
    kept = set(model.state_dict())
    every = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    for name, tensor in every:
        if name not in kept or id(tensor) in seen:
            continue
        seen.add(id(tensor))
        if shard and size + tensor.numel() * dtype.itemsize > _SHARD_BYTES:
            yield shard
            shard, size = {}, 0
        shard[name] = tensor
        size += tensor.numel() * dtype.itemsize
    yield shard


def _random(name: str, like: torch.Tensor, dtype: torch.dtype, device: str) -> torch.Tensor:
    """Numbers in the range that a trained model's are in, so that nothing overflows in half precision."""
    if not like.is_floating_point():
        return torch.zeros(like.shape, dtype=like.dtype)
    if name.endswith(("codebook.inited", "running_var")):
        return torch.ones(like.shape, dtype=dtype)
    made = torch.empty(like.shape, device=device)
    if name.endswith("codebook.embed"):
        made.normal_()
    elif like.dim() > 1:
        made.normal_(std=min(_SPREAD, 1.0 / math.sqrt(like[0].numel())))
    else:
        made.normal_(std=_SPREAD)
        if name.endswith("weight"):
            made += 1.0  # of a norm
    return made.to(dtype).cpu()
