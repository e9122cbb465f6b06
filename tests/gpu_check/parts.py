"""The parts of the check by name, in the order in which they are looked at. Each is imported when it is
wanted: with it come PyTorch and the libraries of its engine."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.gpu_check.card import Card, Ceilings
    from tests.gpu_check.findings import Findings

Look = Callable[["Findings", "Card", "Ceilings", Path], None]

PARTS: Mapping[str, str] = {
    "musicgen-small": "musicgen:look",
    "acestep": "acestep:look",
    "sdxl_turbo": "covers:look",
    "qwen": "chat:look_at_writer",
    "diffusion": "covers:look",
    "qwen_vl": "chat:look_at_reader",
    "musicgen-large": "musicgen:look",
}
"""By name, the module and its function."""


def look_of(part: str) -> Look:
    """What looks at ``part``."""
    module, _, name = PARTS[part].partition(":")
    found: Any = getattr(importlib.import_module(f"tests.gpu_check.{module}"), name)
    look: Look = found
    return look
