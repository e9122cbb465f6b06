"""A tiny Demucs with random weights, saved as the hub has the real ones."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import pytest

FOUR = ("drums", "bass", "other", "vocals")
SIX = (*FOUR, "guitar", "piano")


def needs_demucs() -> None:
    """Skips where Demucs is not installed; in CI it is, or the test fails."""
    if find_spec("demucs") is None:
        why = "demucs is not installed: pip install '.[demucs]'"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)


def save_bag(
    folder: Path,
    *,
    stems: Sequence[str] = FOUR,
    models: int = 1,
    weights: list[list[float]] | None = None,
    name: str = "htdemucs",
) -> Path:
    """``folder`` with a bag in it: the real class and file format (Demucs' ``tools/export_hf.py``, read by
    ``demucs.hf``), of 4 channels instead of 48, for half a second instead of 7.8 and at a
    quarter of the rate."""
    needs_demucs()
    import torch
    from demucs.htdemucs import HTDemucs
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    arguments = {
        "sources": list(stems), "channels": 4, "nfft": 1024, "t_layers": 1, "t_heads": 2,
        "segment": Fraction(1, 2), "samplerate": 11025,
        "dconv_init": 0.1, "dconv_comp": 2,
    }  # fmt: skip
    signatures = [f"{number:08x}" for number in range(0xA0, 0xA0 + models)]
    for number, signature in enumerate(signatures):
        torch.manual_seed(number)
        model = HTDemucs(**arguments)
        save_file(
            {key: value.half().contiguous() for key, value in model.state_dict().items()},
            folder / f"{signature}.safetensors",
            {
                "klass": "demucs.htdemucs.HTDemucs",
                "args": "[]",
                "kwargs": json.dumps(arguments, default=_fraction),
            },
        )
    listed = f"models: {json.dumps(signatures)}\n" + (f"weights: {json.dumps(weights)}\n" if weights else "")
    (folder / f"{name}.yaml").write_text(listed)
    return folder


def _fraction(value: object) -> object:
    assert isinstance(value, Fraction)
    return {"_type": "fraction", "numerator": value.numerator, "denominator": value.denominator}
