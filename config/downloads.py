"""How much is to be fetched for a model, as its repository's listing said when this version was made: for
where the hub cannot be asked. ``tests/inference/listings.py`` has the listings and their sources."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

# Bytes with half as wide numbers, as on a GPU, and in fp32.
_KNOWN = {
    "Qwen/Qwen2-7B-Instruct": (15_242_782_150, 15_242_782_150),
    "Qwen/Qwen2-VL-7B-Instruct": (16_594_291_139, 16_594_291_139),
    "ACE-Step/acestep-v15-xl-turbo-diffusers": (11_101_388_875, 11_101_388_875),
    "ACE-Step/acestep-v15-xl-base-diffusers": (11_521_478_023, 11_521_478_023),
    "facebook/musicgen-small": (2_359_186_777, 2_359_186_777),
    "facebook/musicgen-medium": (8_032_652_633, 8_032_652_633),
    "facebook/musicgen-large": (13_705_668_665, 13_705_668_665),
    "facebook/musicgen-stereo-small": (1_214_769_357, 2_426_312_025),
    "facebook/musicgen-stereo-medium": (4_068_283_597, 8_133_430_505),
    "facebook/musicgen-stereo-large": (6_921_502_925, 6_921_502_925),
    "stabilityai/sdxl-turbo": (6_941_187_536, 13_878_864_542),
    "stabilityai/stable-diffusion-xl-base-1.0": (6_941_187_536, 13_878_864_542),
    "black-forest-labs/FLUX.2-klein-4B": (15_980_131_745, 15_980_131_745),
    "black-forest-labs/FLUX.1-schnell": (33_725_923_002, 33_725_923_002),
}


@dataclass(frozen=True)
class Download:
    """Bytes to fetch; ``source`` says who counts them."""

    size_bytes: int
    source: str
    listed: bool = False
    """Whether the hub was asked, and answered."""

    def __str__(self) -> str:
        return f"{self.size_bytes / 1e9:.1f} GB of files ({self.source})"


def known_download(model: str, precision: str = "auto") -> Download | None:
    """What this version knows of ``model``, whatever its revision; None if nothing."""
    sizes = _KNOWN.get(model.partition("@")[0])
    return sizes and Download(sizes[precision == "fp32"], "as published; the hub does not answer")


def gpu_download(model: str, precision: str = "auto", *, ask_hub: bool = True) -> Download | None:
    """What is to be fetched of a model for a GPU: by the hub's listing if it answers, else as it is known.
    None for none, for a folder, and for a model of which nothing is known. Raises ``InvalidRequest``
    for what names no model, and ``EngineUnavailable`` where the hub has no such model, or has it only
    pickled."""
    if not model or model.startswith("/"):
        return None
    if not ask_hub:
        return known_download(model, precision)
    try:
        hub = importlib.import_module("inference.hub")
    except ImportError:  # without the extra ``models`` the hub's client is not there
        return known_download(model, precision)
    found: Download | None = hub.download_of(model, precision)
    return found
