"""The parts of the check by name, in the order in which they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.gpu_check import acestep, chat, covers, musicgen
from tests.gpu_check.card import Card, Ceilings
from tests.gpu_check.findings import Findings

Look = Callable[[Findings, Card, Ceilings, Path], None]

PARTS: Mapping[str, Look] = {
    "musicgen-small": musicgen.look,
    "acestep": acestep.look,
    "sdxl_turbo": covers.look,
    "qwen": chat.look_at_writer,
    "diffusion": covers.look,
    "qwen_vl": chat.look_at_reader,
    "musicgen-large": musicgen.look,
}
