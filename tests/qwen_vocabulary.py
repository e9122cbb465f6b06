"""Qwen2's own tokenizer, from the vocabulary in a published package: 151,643 tokens, the merges that made
them, the pattern that words are divided by and the chat template, as the model has them at the hub."""

from __future__ import annotations

import base64
from functools import lru_cache
from itertools import pairwise

import pytest
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import bytes_to_unicode

from tests.wheels import wheel

LOGITS = 152064
"""What Qwen2-7B-Instruct gives: tokens that do not exist among them."""
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@lru_cache(maxsize=1)
def qwen2_tokenizer(config: pytest.Config) -> PreTrainedTokenizerFast:
    """Skips or fails as ``wheel`` does. It takes some seconds."""
    with wheel("dashscope==2.0.2", config) as package:
        lines = package.read("dashscope/resources/qwen.tiktoken").split(b"\n")
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines if line)}
    letters = bytes_to_unicode()

    def spelled(token: bytes) -> str:
        return "".join(map(letters.__getitem__, token))

    def halves(token: bytes) -> tuple[str, str]:
        """What the token was made of: its bytes joined by all merges that came before."""
        parts = [token[place : place + 1] for place in range(len(token))]
        while len(parts) > 2:
            pairs = [ranks.get(one + other, len(ranks)) for one, other in pairwise(parts)]
            place = pairs.index(min(pairs))
            parts[place : place + 2] = [parts[place] + parts[place + 1]]
        return spelled(parts[0]), spelled(parts[1])

    merges = [halves(token) for token in ranks if len(token) > 1]
    made = Tokenizer(models.BPE({spelled(token): rank for token, rank in ranks.items()}, merges))
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=_TEMPLATE,
    )
