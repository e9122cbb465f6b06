"""Weights of eight and four bits on the card: whether they give what the wide ones give, and how fast."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from inference.quantized.linear import Int4Linear, Int8Linear
from tests.gpu_check.card import Card
from tests.gpu_check.findings import Findings

_KINDS: tuple[tuple[str, type[Int8Linear | Int4Linear], float], ...] = (
    ("int8", Int8Linear, 0.012),
    ("int4", Int4Linear, 0.12),
)
"""Each with the largest error of normal weights, by the norm."""
_ROWS = 8


def look_at_narrow_weights(findings: Findings, card: Card) -> None:
    """By layers of Qwen2-7B's size, each larger than a card's cache together: the time of a row of songs."""
    inputs, outputs, count = (128, 64, 2) if card.tiny else (3584, 18944, 8)
    torch.manual_seed(5)
    wide = [nn.Linear(inputs, outputs, bias=False, dtype=torch.bfloat16) for _ in range(count)]
    for layer in wide:
        nn.init.normal_(layer.weight, std=0.02)
    x = torch.randn(_ROWS, 1, inputs, device=card.device).bfloat16()
    many = torch.randn(1, 200, inputs, device=card.device).bfloat16()
    for name, kind, furthest in _KINDS:
        with findings.check(f"{name} weights") as found, torch.inference_mode():
            narrow = [kind(layer).to(card.device) for layer in wide]
            there = [layer.to(card.device) for layer in wide]
            error = max(_error(narrow[0](each), there[0](each)) for each in (x, many))
            seconds = card.seconds(partial(_all, narrow, x), times=10)
            wide_s = card.seconds(partial(_all, there, x), times=10)
            same = torch.equal(narrow[0](x)[:1], narrow[0](x.flip(0))[-1:])
            found.ok = error < furthest and same
            found.figure = f"error {error:.3f}, {wide_s / seconds:.2f} times as fast as bf16"
        for layer in wide:
            layer.to("cpu")


def _all(layers: list[nn.Module], x: Tensor) -> None:
    for layer in layers:
        layer(x)


def _error(found: Tensor, exact: Tensor) -> float:
    return float((found.float() - exact.float()).norm() / exact.float().norm())
