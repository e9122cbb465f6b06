"""What the loops are made for, and the order of the numbers that they are given."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import numpy as np

from music.musicgen.layers import Part

LANES = 16
"""Numbers in a vector; inputs are a multiple of it."""
VECTORS = 2
"""Of outputs that are made side by side, a panel: of what a thread reads, all comes one after another, which
takes three quarters of the time that four places at once would."""
COLUMNS = 4 * LANES
"""Of what outputs are a multiple."""
NUMBERS: dict[str, Any] = {"fp32": np.float32, "bf16": np.uint16, "int8": np.uint8}
"""What products take as their inputs: uint16 are bfloat16's bits."""
LENGTH, POSITION, TEXT, HEARD, TOKENS, NOISE = range(2, 8)
"""What kernels are told of a song, in whole numbers: 0 and 1 are the addresses of its caches, of the row that
hears the text and of the other. How many columns these have; which is fed next; the address of what is kept
of the text, and how many tokens that has; the address of the song's own tokens, ``(codebooks, columns + 1)``;
and of the noise to draw the next with, ``(codebooks, vocabulary)``."""
GUIDANCE, TEMPERATURE, BY_CHANCE, LIMIT = range(4)
"""How they draw it. ``BY_CHANCE``: the limit is one of probability, and not of how many tokens."""
_NEEDS = {"fp32": "avx512bw", "bf16": "avx512bf16", "int8": "avx512vnni"}


def supported(precision: str) -> bool:
    """Whether this machine's processor has what the kernels are made of."""
    return precision in _NEEDS and _NEEDS[precision] in _features()


def fitting(layer: Part, heads: int, outputs: int) -> bool:
    """Whether a decoder's sizes are such as the kernels take: one of its layers', its heads', and what those
    that choose tokens put out. All that were ever published are."""
    sizes = [len(matrix) for matrix in layer.matrices]
    return not (any(size % COLUMNS for size in [*sizes, outputs]) or sizes[1] // heads % LANES)


@cache
def _features() -> frozenset[str]:
    """What the processor can do, if it has AVX-512; in LLVM's names."""
    if sys.platform != "linux":
        return frozenset()
    from llvmlite import binding

    found = frozenset(name for name, has in binding.get_host_cpu_features().items() if has)
    return found if {"avx512f", "avx512vl"} <= found else frozenset()
