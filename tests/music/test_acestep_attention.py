"""ACE-Step's attention: equal to diffusers' own, and a fused kernel's on every card, in its real sizes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from diffusers.models.transformers.ace_step_transformer import _create_4d_mask
from torch import Tensor

from music.acestep.attention import attention, band, use_window_attention
from tests.kernels import CARDS, kernel, recorded
from tests.music.acestep_calls import calls_of_a_song, pipeline

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def dense(query: Tensor, key: Tensor, value: Tensor, window: int | None) -> Tensor:
    """As diffusers computes it."""
    length = query.shape[1]
    mask = (
        None
        if window is None
        else _create_4d_mask(
            length,
            query.dtype,
            query.device,
            sliding_window=window,
            is_sliding_window=True,
            is_causal=False,
        )
    )
    query, key, value = (x.transpose(1, 2) for x in (query, key, value))
    mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=True)
    return mixed.transpose(1, 2)


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("window", [None, 1, 7, 16, 128])
@pytest.mark.parametrize("length", [1, 2, 16, 17, 18, 128, 129, 130, 256, 257, 300])
def test_it_is_the_attention_of_a_dense_mask(length: int, window: int | None, batch: int) -> None:
    torch.manual_seed(length)
    query = torch.randn(batch, length, 8, 16)
    key, value = torch.randn(2, batch, length, 2, 16)
    found = attention(query, key, value, window)
    assert found.shape == query.shape
    assert (found - dense(query, key, value, window)).abs().max() < 1e-5


def test_words_of_another_length_than_the_song_are_attended_to() -> None:
    query = torch.randn(2, 30, 8, 16)
    key, value = torch.randn(2, 2, 11, 2, 16)
    assert (attention(query, key, value, None) - dense(query, key, value, None)).abs().max() < 1e-5


def test_in_bf16_it_is_as_close_to_the_truth_as_a_dense_mask() -> None:
    torch.manual_seed(1)
    query = torch.randn(1, 300, 8, 16)
    key, value = torch.randn(2, 1, 300, 2, 16)
    truth = dense(query, key, value, 128)
    halves = [x.bfloat16() for x in (query, key, value)]
    ours, theirs = (one(*halves, 128).float() for one in (attention, dense))
    assert (ours - truth).abs().max() <= 1.5 * (theirs - truth).abs().max()


@pytest.mark.parametrize(
    ("size", "dtype", "duration_s", "rows"),
    [
        ("XL", torch.bfloat16, 10.0, 1),
        ("XL", torch.bfloat16, 180.0, 1),
        ("XL", torch.bfloat16, 599.96, 1),
        ("XL", torch.bfloat16, 600.0, 2),
        ("XL", torch.float32, 600.0, 1),
        ("2B", torch.bfloat16, 180.0, 2),
    ],
)
def test_no_card_is_left_with_the_math_kernel(
    size: str, dtype: torch.dtype, duration_s: float, rows: int
) -> None:
    """Turbo's step has one row and a base checkpoint's two. A T4 has no bf16, and is refused for it."""
    pipe = pipeline(size, dtype)
    parts = calls_of_a_song(pipe, duration_s, rows=rows)
    layers = 2 * pipe.transformer.config.num_hidden_layers
    expected = {"transformer": layers, "text": 28, "lyrics": 8, "timbre": 4}
    assert {name: len(calls) for name, calls in parts.items()} == expected
    if dtype == torch.float32:
        del parts["text"]  # at most 256 tokens, which transformers groups
    cards = {name: card for name, card in CARDS.items() if card >= 80 or dtype == torch.float32}
    for name, card in cards.items():
        for part, calls in parts.items():
            assert "math" not in {kernel(call, card) for call in calls}, f"{part} on {name}"


def test_as_diffusers_asks_for_it_the_math_kernel_is_left_on_most_cards() -> None:
    """The fault that this module mends, seen by the same rules."""
    parts = calls_of_a_song(pipeline("XL", torch.bfloat16, ours=False), 600.0)
    taken = {
        name: [kernel(call, card) for call in parts["transformer"]].count("math")
        for name, card in CARDS.items()
    }
    windows = 16
    assert taken == {
        **dict.fromkeys(("A100", "A10", "L4", "L40S", "RTX 5090"), windows),
        **dict.fromkeys(("H100", "B200"), 0),
        "T4": 64,
    }


def test_masks_grow_with_the_length_of_a_song_and_not_with_its_square() -> None:
    pipe = pipeline("XL", torch.bfloat16)

    def mask_bytes(duration_s: float) -> int:
        calls = calls_of_a_song(pipe, duration_s)["transformer"]
        [mask] = {call.mask for call in calls} - {None}
        size = 1
        for number in mask.shape:
            size *= number
        return size * mask.dtype.itemsize

    longest = mask_bytes(600.0)
    print(f"masks of 600 s: {longest / 1e6:.1f} MB; a dense one has {7500 * 7500 * 2 / 1e6:.1f} MB")
    assert longest < 25e6
    assert longest <= 3.4 * mask_bytes(180.0)


def test_a_mask_lets_each_position_see_its_window_and_no_padding() -> None:
    mask = band(20, 8, 2, torch.float32, torch.device("cpu"))
    assert mask.shape == (3, 1, 16, 24)
    assert set(mask.unique().tolist()) == {0.0, float("-inf")}
    seen = mask[:, 0, :8] == 0.0
    assert torch.equal(seen, mask[:, 0, 8:] == 0.0)
    for position in range(20):
        block, row = divmod(position, 8)
        keys = [8 * (block - 1) + column for column in seen[block, row].nonzero()[:, 0].tolist()]
        assert keys == [other for other in range(20) if abs(other - position) <= 8]
    assert seen.any(dim=-1).all()


def test_texts_that_may_be_padded_are_refused() -> None:
    encoder = pipeline("2B", torch.float32).condition_encoder
    words = torch.empty(2, 20, 1024, device="meta")
    with pytest.raises(ValueError, match="give one at a time"):
        encoder.lyric_encoder(words, torch.ones(2, 20, dtype=torch.bool, device="meta"))


def test_the_recorder_sees_what_is_asked() -> None:
    query, key = torch.randn(1, 4, 3, 8), torch.randn(1, 2, 3, 8)
    with recorded() as calls:
        F.scaled_dot_product_attention(query, key, key, enable_gqa=True)
    [call] = calls
    assert call.grouped
    assert call.query.shape == (1, 4, 3, 8)
    assert call.key.strides == (48, 24, 8, 1)


def test_every_layer_has_it() -> None:
    pipe = pipeline("2B", torch.float32, ours=False)
    use_window_attention(pipe.transformer)
    processors = {id(layer.self_attn.processor) for layer in pipe.transformer.layers}
    processors |= {id(layer.cross_attn.processor) for layer in pipe.transformer.layers}
    assert len(processors) == 1
