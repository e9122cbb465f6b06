"""ACE-Step's attention in shapes that PyTorch's fused kernels take on every card.

Every other layer sees only a window of 128 positions each way, and several heads share a key. diffusers asks
PyTorch for both with a dense mask, one number for each pair of positions, and ``enable_gqa``. Flash attention
refuses a mask, memory-efficient attention refuses ``enable_gqa`` (ATen, native/transformers/cuda/
sdp_utils.cpp): the math kernel is left, which holds each pair of positions for each head, 7 GB for 600 s.

Here the heads that share a key are further rows of one query, so nothing is grouped; and a window is cut into
blocks, each of which sees itself and its neighbours, so memory grows with the length and not with its square.
The results are the same but for the order of sums.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.attention_dispatch import AttentionBackendName
from diffusers.models.embeddings import apply_rotary_emb
from diffusers.models.transformers.ace_step_transformer import AceStepAttention
from torch import Tensor, nn


def use_window_attention(network: nn.Module) -> None:
    """Gives every attention layer of ``network`` the processor of this module."""
    processor = WindowProcessor()
    for module in network.modules():
        if isinstance(module, AceStepAttention):
            module.set_processor(processor)


class WindowProcessor:
    """An attention processor of diffusers. It needs no dense mask: each layer's window is enough."""

    _attention_backend = AttentionBackendName.FLASH
    """diffusers builds no dense mask for its flash backends, and leaves the window to the processor."""
    _parallel_config = None

    def __init__(self) -> None:
        # All layers and steps share a mask: one for a song; one for its lyrics and one for the timbre.
        self._band = lru_cache(maxsize=2)(band)

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        image_rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """``hidden_states`` and the result are ``(batch, positions, width)``. ``attention_mask``, which the
        lyric encoder gives, is ``(batch, positions)`` and says which positions are padding. Raises
        ``ValueError`` for more than one text: a text alone is never padded, and nothing here leaves padding
        out."""
        if attention_mask is not None and len(attention_mask) > 1:
            raise ValueError(f"{len(attention_mask)} texts at once may be padded: give one at a time")
        crossed = attn.is_cross_attention and encoder_hidden_states is not None
        source = encoder_hidden_states if crossed else hidden_states
        query = attn.norm_q(attn.to_q(hidden_states).unflatten(-1, (attn.heads, attn.head_dim)))
        key = attn.norm_k(attn.to_k(source).unflatten(-1, (attn.kv_heads, attn.head_dim)))
        value = attn.to_v(source).unflatten(-1, (attn.kv_heads, attn.head_dim))
        if image_rotary_emb is not None and not crossed:
            query, key = (
                apply_rotary_emb(x, image_rotary_emb, use_real=True, use_real_unbind_dim=-2, sequence_dim=1)
                for x in (query, key)
            )
        mixed = attention(query, key, value, None if crossed else attn.sliding_window, self._band)
        projection, dropout = attn.to_out
        mixed = dropout(projection(mixed.flatten(2).to(query.dtype)))
        assert isinstance(mixed, Tensor)
        return mixed


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    window: int | None,
    mask_of: Callable[[int, int, int, torch.dtype, torch.device], Tensor] | None = None,
) -> Tensor:
    """Softmax attention: ``query`` and the result are ``(batch, positions, heads, width)``, ``key`` and
    ``value`` ``(batch, positions, groups, width)``, each group for ``heads / groups`` heads in a row. With a
    ``window``, position i sees those j for which ``abs(i - j) <= window``, and there are as many of both.
    ``mask_of`` is ``band``, or one that keeps what it made."""
    batch, length, heads, width = query.shape
    groups = key.shape[2]
    grouped = query.reshape(batch, length, groups, heads // groups, width)
    if window is None or key.shape[1] <= window + 1:
        mixed = _grouped(grouped, key, value, None)
    else:
        mask = (mask_of or band)(length, window, heads // groups, query.dtype, query.device)
        mixed = _in_blocks(grouped, key, value, window, mask)
    return mixed.reshape(batch, length, heads, width)


def _in_blocks(query: Tensor, key: Tensor, value: Tensor, window: int, mask: Tensor) -> Tensor:
    """Attention in blocks of queries as long as the window. The keys that a block sees lie in three
    blocks."""
    batch, length = key.shape[:2]
    blocks = len(mask)
    spare = blocks * window - length
    rest = query.shape[2:]
    query = F.pad(query, (0, 0, 0, 0, 0, 0, 0, spare)).reshape(batch * blocks, window, *rest)
    key, value = (
        F.pad(x, (0, 0, 0, 0, window, window + spare))
        .unfold(1, 3 * window, window)  # (batch, blocks, groups, width, keys)
        .permute(0, 1, 4, 2, 3)
        .flatten(0, 1)
        for x in (key, value)
    )
    mixed = _grouped(query, key, value, mask.repeat(batch, 1, 1, 1) if batch > 1 else mask)
    return mixed.reshape(batch, blocks * window, *rest)[:, :length]


def _grouped(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """``query`` and the result are ``(batch, positions, groups, heads of a group, width)``."""
    batch, positions, groups, heads, width = query.shape
    rows = query.permute(0, 2, 3, 1, 4).reshape(batch, groups, heads * positions, width)
    # Contiguous, as some versions of cuDNN were wrong about other layouts (diffusers, attention_dispatch.py).
    key, value = (x.transpose(1, 2).contiguous() for x in (key, value))
    mixed = F.scaled_dot_product_attention(rows, key, value, attn_mask=mask)
    return mixed.reshape(batch, groups, heads, positions, width).permute(0, 3, 1, 2, 4)


@torch.inference_mode(mode=False)
def band(length: int, window: int, repeats: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """What is added to the scores of each block, ``(blocks, 1, repeats * window, 3 * window)``: 0 where a
    query may see a key, else minus infinity. A block of queries comes ``repeats`` times. A query past the
    end of the song sees its last keys, so that no row is empty, which would be NaN."""
    blocks = -(-length // window)
    starts = window * torch.arange(blocks, device=device)[:, None]
    at = starts + torch.arange(window, device=device)
    seen = starts + torch.arange(-window, 2 * window, device=device)
    allowed = (at[:, :, None] - seen[:, None, :]).abs() <= window
    allowed &= ((seen >= 0) & (seen < length))[:, None, :]
    mask = torch.zeros(allowed.shape, dtype=dtype, device=device).masked_fill_(~allowed, -torch.inf)
    return mask.repeat(1, repeats, 1)[:, None]
