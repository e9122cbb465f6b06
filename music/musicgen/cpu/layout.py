"""What the loops take: which processors and sizes, and the structures that they are given."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from music.musicgen.cpu.instructions import usable
from music.musicgen.layers import Part

LANES = 16
"""Numbers in a vector; inputs are a multiple of it."""
VECTORS = 2
"""Vectors of outputs that are made side by side, a panel. A thread reads its panels from one end to the
other, which takes three quarters of the time that reading at four places at once would."""
COLUMNS = 4 * LANES
"""Outputs are a multiple of it."""
NUMBERS: dict[str, Any] = {"fp32": np.float32, "bf16": np.uint16, "int8": np.uint8}
"""The dtype of a product's inputs, by precision. A bfloat16 is its bits, as uint16."""

SONG = np.dtype(
    [
        ("caches", np.int64, 2),  # address of its cache's row with the text, and of that without
        ("columns", np.int64),  # of the cache
        ("position", np.int64),  # the column that is fed next
        ("text", np.int64),  # address of the text's keys and values
        ("text_tokens", np.int64),
        ("tokens", np.int64),  # address of (codebooks, columns + 1) int64
        ("noise", np.int64),  # address of (codebooks, vocabulary) float32; 0 where no token is drawn
        ("guidance", np.float32),
        ("temperature", np.float32),
        ("limit", np.float32),  # see Draw
        ("by_chance", np.int32),
    ],
    align=True,
)
"""What a step knows of one song."""


class Thread(NamedTuple):
    """One of the threads that go through a loop together."""

    number: int
    threads: int
    """How many they are."""
    counter: int
    """Address of the number that all count up at a barrier. How far it has been counted is passed on from one
    barrier to the next."""


class Matrix(NamedTuple):
    """Packed weights."""

    address: int
    outputs: int
    inputs: int


class Narrow(NamedTuple):
    """Rows as products take them."""

    numbers: NDArray[Any]
    """``(rows, inputs or more)`` of one of ``NUMBERS``."""
    scales: NDArray[np.float32]
    """``(rows,)``: what a unit is worth in each row of int8."""


class Weights(NamedTuple):
    """A decoder's weights."""

    addresses: NDArray[np.int64]
    """``(layers * 6 + 1,)``: of each layer's matrices in the order of ``Part``, then of the heads."""
    norms: NDArray[np.float32]
    """``(layers + 1, 3, 2, width)``: weight and bias of each layer's norms, and in the last row thrice that
    before the heads."""
    tables: NDArray[np.int64]
    """``(codebooks,)``: the addresses of the codebooks' vectors, ``(tokens, width)`` float32."""
    heads: int


class Room(NamedTuple):
    """Memory that a step writes to, float32 where nothing else is said. ``rows`` are twice the songs: all
    songs with their text, then all without."""

    x: NDArray[np.float32]
    """``(rows, width)``"""
    narrow: Narrow
    qkv: NDArray[np.float32]
    """``(rows, 3 * width)``"""
    up: NDArray[np.float32]
    """``(rows, inner width)``"""
    line: NDArray[np.float32]
    """``(threads, inner width)``"""
    scores: NDArray[np.float32]
    """``(threads, columns)``: as many as the furthest song has come to, or more."""
    choices: NDArray[np.float32]
    """``(threads, 3, vocabulary)``"""
    kept: NDArray[Any]
    """Any array of the dtype that the caches have: float32, or uint16 for bfloat16."""


class State(NamedTuple):
    """What an LSTM's layer keeps from moment to moment, and room for its gates."""

    cells: NDArray[np.float32]
    """``(sounds, width)``"""
    narrow: Narrow
    gates: NDArray[np.float32]
    """``(sounds, 4 * width)``"""


class Draw(NamedTuple):
    """How a token is drawn: among those before which, in the order of their logits, come no more than
    ``limit`` others; or, ``by_chance``, others of no more than that probability together."""

    temperature: Any
    by_chance: bool
    limit: Any


class Convolution(NamedTuple):
    """Packed weights of a convolution."""

    address: int
    bias: Any
    """``(outputs,)`` float32, or the number for a single output."""


def supported(precision: str) -> bool:
    """Whether there are loops for this machine's processor and ``precision``."""
    return precision in NUMBERS and usable() is not None


def fitting(layer: Part, heads: int, outputs: int) -> bool:
    """Whether the loops take a decoder of these sizes: ``layer`` is one of its layers, ``outputs`` are those
    of all heads. They take all that were ever published."""
    sizes = [len(matrix) for matrix in layer.matrices]
    return not (any(size % COLUMNS for size in [*sizes, outputs]) or sizes[1] // heads % LANES)
