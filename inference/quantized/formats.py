"""What is narrowed of a checkpoint, and to how many bytes. Needs no torch."""

from __future__ import annotations

BYTES = {"int8": 1.0, "int4": 0.5 + 4 / 128}
"""Bytes of a weight, with its share of a group's scale and zero."""


def is_quantized(tensor: str) -> bool:
    """Whether the tensor of this name is narrowed, if it is the weight of a linear layer: those in the
    decoder's layers. Embeddings, the head and what reads pictures stay wide."""
    return ".layers." in f".{tensor}" and "visual." not in tensor and not tensor.startswith("vision")
