"""SmolLM2-135M-Instruct (Hugging Face, Apache-2.0) from its package: a real chat model, small enough for a
processor. The package has it as GGUF, in numbers of four bits; here it becomes a checkpoint as at the hub.

GGUF: a head, then keys with values, then a table of tensors, then these
(github.com/ggml-org/ggml/blob/master/docs/gguf.md).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, PreTrainedTokenizerFast

# What is drawn from logits turns over with their last bit, and that with the number of threads.
torch.set_num_threads(1)

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_F32, _Q4_1, _Q8_0 = 0, 3, 8
_BLOCK = 32  # numbers
_BLOCK_BYTES = {_F32: 4 * _BLOCK, _Q4_1: 20, _Q8_0: 34}
_SPECIAL = 3  # a kind of token


def checkpoint(gguf: bytes, folder: Path) -> Path:
    """Fills ``folder`` with config, tokenizer and weights, in bfloat16."""
    facts, tensors = _read(gguf)
    config = LlamaConfig(
        vocab_size=facts["llama.vocab_size"],
        hidden_size=facts["llama.embedding_length"],
        intermediate_size=facts["llama.feed_forward_length"],
        num_hidden_layers=facts["llama.block_count"],
        num_attention_heads=facts["llama.attention.head_count"],
        num_key_value_heads=facts["llama.attention.head_count_kv"],
        max_position_embeddings=facts["llama.context_length"],
        rms_norm_eps=facts["llama.attention.layer_norm_rms_epsilon"],
        rope_parameters={"rope_type": "default", "rope_theta": facts["llama.rope.freq_base"]},
        tie_word_embeddings=True,
        bos_token_id=facts["tokenizer.ggml.bos_token_id"],
        eos_token_id=facts["tokenizer.ggml.eos_token_id"],
        architectures=["LlamaForCausalLM"],
    )
    config.save_pretrained(folder)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    weights = {}
    for name, values in tensors.items():
        name = _name(name)
        if count := heads.get(name.split(".")[-2]):  # the two halves of a head are interleaved in GGUF
            values = values.reshape(count, -1, 2, values.shape[1]).swapaxes(1, 2).reshape(values.shape)
        weights[name] = torch.from_numpy(values.copy()).to(torch.bfloat16)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    _tokenizer(facts).save_pretrained(folder)
    return folder


def _tokenizer(facts: dict[str, Any]) -> PreTrainedTokenizerFast:
    tokens = facts["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in facts["tokenizer.ggml.merges"]]
    made = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, merges))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = decoders.ByteLevel()
    kinds = facts["tokenizer.ggml.token_type"]
    made.add_special_tokens([token for token, kind in zip(tokens, kinds, strict=True) if kind == _SPECIAL])
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        eos_token=tokens[facts["tokenizer.ggml.eos_token_id"]],
        pad_token=tokens[facts["tokenizer.ggml.padding_token_id"]],
        chat_template=facts["tokenizer.chat_template"],
    )


def _name(name: str) -> str:
    """A tensor's name at the hub."""
    names = {
        "token_embd": "model.embed_tokens",
        "output_norm": "model.norm",
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj",
        "attn_norm": "input_layernorm",
        "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj",
        "ffn_norm": "post_attention_layernorm",
        "blk": "model.layers",
    }
    return ".".join(names.get(part, part) for part in name.split("."))


def _read(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]]]:
    """Keys with values, and tensors, ``(rows, columns)`` or ``(rows)``."""
    place = 0

    def take(form: str) -> Any:
        nonlocal place
        (value,) = struct.unpack_from(f"<{form}", data, place)
        place += struct.calcsize(f"<{form}")
        return value

    def value(kind: int) -> Any:
        nonlocal place
        if kind == _STRING:
            length = take("Q")
            place += length
            return data[place - length : place].decode()
        if kind == _ARRAY:
            inner, count = take("I"), take("Q")
            return [value(inner) for _ in range(count)]
        return take(_SCALARS[kind])

    assert take("4s") == b"GGUF"
    assert take("I") == 3
    tensor_count, fact_count = take("Q"), take("Q")
    facts = {value(_STRING): value(take("I")) for _ in range(fact_count)}
    table = []
    for _ in range(tensor_count):
        name = value(_STRING)
        shape = [take("Q") for _ in range(take("I"))][::-1]
        table.append((name, shape, take("I"), take("Q")))
    start = -(-place // 32) * 32
    tensors = {}
    for name, shape, kind, offset in table:
        blocks = int(np.prod(shape)) // _BLOCK
        raw = np.frombuffer(data, np.uint8, blocks * _BLOCK_BYTES[kind], start + offset)
        tensors[name] = _numbers(raw.reshape(blocks, -1), kind).reshape(shape)
    return facts, tensors


def _numbers(raw: NDArray[np.uint8], kind: int) -> NDArray[np.float32]:
    """From ``(blocks, bytes of a block)``."""
    if kind == _F32:
        return raw.reshape(-1).view(np.float32)
    if kind == _Q8_0:  # a scale, and 32 numbers of eight bits
        scale, numbers = raw[:, :2].copy().view(np.float16), raw[:, 2:].view(np.int8)
        return numbers.astype(np.float32) * scale.astype(np.float32)
    scale, least = np.hsplit(raw[:, :4].copy().view(np.float16).astype(np.float32), 2)
    numbers = np.concatenate([raw[:, 4:] & 15, raw[:, 4:] >> 4], axis=1)
    return numbers * scale + least
