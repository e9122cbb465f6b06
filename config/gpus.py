"""Modal's GPU types: name as Modal writes it, memory, price of a second."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from config.errors import InvalidRequest

PRICES_OF = "2026-09-01"
"""The day on which the prices were read."""
PRICES_FROM = "modal.com/pricing"

CPU_USD_PER_CORE_S = 0.0000131
"""Price of a physical core. A container, with or without a GPU, pays for an eighth of one or more."""
MEMORY_USD_PER_GIB_S = 0.00000222


@dataclass(frozen=True)
class Gpu:
    """A type of GPU that Modal offers."""

    name: str
    memory_gib: int
    usd_per_s: float
    capability: tuple[int, int]
    """NVIDIA's compute capability."""
    most: int = 8
    """The most that one container can have."""


GPUS: Mapping[str, Gpu] = {
    gpu.name: gpu
    for gpu in (
        Gpu("T4", 16, 0.000164, (7, 5)),
        Gpu("L4", 24, 0.000222, (8, 9)),
        Gpu("A10", 24, 0.000306, (8, 6), most=4),
        Gpu("L40S", 48, 0.000542, (8, 9)),
        Gpu("A100", 40, 0.000583, (8, 0)),  # Modal may give the A100-80GB for the same price
        Gpu("A100-40GB", 40, 0.000583, (8, 0)),
        Gpu("A100-80GB", 80, 0.000694, (8, 0)),
        Gpu("RTX-PRO-6000", 96, 0.000842, (12, 0)),
        Gpu("H100", 80, 0.001097, (9, 0)),  # Modal may give an H200 for the same price
        Gpu("H100!", 80, 0.001097, (9, 0)),  # never an H200
        Gpu("H200", 141, 0.001261, (9, 0)),
        Gpu("B200", 180, 0.001736, (10, 0)),
        Gpu("B200+", 180, 0.001736, (10, 0)),  # or a B300 for the same price
        Gpu("B300", 288, 0.001972, (10, 3)),
    )
}


def checked_gpu(text: str, setting: str = "gpu") -> str:
    """``text`` as Modal writes it: a type, several of one ("H100:2"), or a list in the order in which they
    are tried ("L40S,A100"); empty stays empty. Raises ``InvalidRequest`` for what Modal does not have."""
    if not text.strip():
        return ""
    return ",".join(_checked(choice.strip(), text, setting) for choice in text.split(","))


def choices_of(gpu: str) -> list[tuple[Gpu, int]]:
    """The types in a checked name, each with its count."""
    parts = (choice.partition(":") for choice in gpu.split(",") if choice)
    return [(GPUS[name], int(count or 1)) for name, _, count in parts]


def gpus_in(gpu: str) -> int | None:
    """How many GPUs a container with this checked name has; None without a GPU of Modal's, and for a list,
    because any of its types may be given."""
    choices = choices_of(gpu)
    return choices[0][1] if len(choices) == 1 else None


def usd_per_second(gpu: str) -> float | None:
    """The price of a second of all GPUs of a container; None as in ``gpus_in``."""
    choices = choices_of(gpu)
    return choices[0][0].usd_per_s * choices[0][1] if len(choices) == 1 else None


def billed_gpu(gpu: str, device: str) -> str:
    """The type in ``gpu``, a checked name, that a container got, found by the device's own name
    ("NVIDIA L40S"). ``gpu`` itself if the device is none of its types."""
    words = set(re.split(r"[^A-Z0-9]+", device.upper()))
    choices = gpu.split(",")
    if len(choices) == 1:
        return gpu
    for upgraded in (False, True):
        for choice in choices:
            if _words_of(choice, upgraded=upgraded) & words and _memory_word(choice) <= words:
                return choice
    return gpu


_UPGRADES = {"H100": {"H200"}, "B200+": {"B300"}}  # what Modal may give instead, for the same price
_CARDS = {
    "A10": {"A10", "A10G"},
    "RTX-PRO-6000": {"6000"},
}  # words of the device's own name, where it differs


def _words_of(choice: str, *, upgraded: bool) -> set[str]:
    name = choice.partition(":")[0]
    if upgraded:
        return _UPGRADES.get(name, set())
    return _CARDS.get(name, {name.partition("-")[0].rstrip("!+")})


def _memory_word(choice: str) -> set[str]:
    return set(re.findall(r"\d+GB", choice))


def _checked(choice: str, text: str, setting: str) -> str:
    written, colon, count = choice.partition(":")
    name = written.strip().upper()
    gpu = GPUS.get(name)
    if gpu is None:
        near = _near(name)
        hint = f"did you mean {near}? " if near else ""
        raise InvalidRequest(setting, text, f"{hint}Modal has {', '.join(GPUS)}")
    if not colon:
        return name
    if not re.fullmatch(r"[1-9]", count) or int(count) > gpu.most:
        raise InvalidRequest(setting, text, f"ask for 1 to {gpu.most} of {name}, as in {name}:2")
    return f"{name}:{count}"


def _near(name: str) -> str:
    """The type that was probably meant: one with the same start, one with another memory, or a similar
    spelling."""
    longer = [known for known in GPUS if name and known.startswith(name)]
    shorter = [known for known in GPUS if name.startswith(f"{known}-")]
    alike = difflib.get_close_matches(name, GPUS, n=1)
    return min(longer, key=len, default="") or max(shorter, key=len, default="") or "".join(alike)
