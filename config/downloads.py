"""How much is to be fetched for a model, as its repository's listing said when this version was made: for
where the hub cannot be asked. ``tests/models/listings.py`` has the listings and their sources."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

DEFAULT_MODELS = {
    "qwen": "Qwen/Qwen2-7B-Instruct",
    "qwen_vl": "Qwen/Qwen2-VL-7B-Instruct",
    "acestep": "ACE-Step/acestep-v15-xl-turbo-diffusers",
    "musicgen": "facebook/musicgen-small",
    "audiocraft": "facebook/musicgen-small",
    "sdxl_turbo": "stabilityai/sdxl-turbo",
    "diffusion": "black-forest-labs/FLUX.2-klein-4B",
}
"""The model of each engine where none is set."""

# Bytes with half as wide numbers, as on a GPU, and in fp32.
_KNOWN = {
    "Qwen/Qwen2-7B-Instruct": (0, 0),
}


@dataclass(frozen=True)
class Download:
    """Bytes to fetch; ``source`` says who counts them."""

    size_bytes: int
    source: str

    def __str__(self) -> str:
        return f"{self.size_bytes / 1e9:.1f} GB of files ({self.source})"


def known_download(model: str, precision: str = "auto") -> Download | None:
    """What this version knows of ``model``, whatever its revision; None if nothing."""
    sizes = _KNOWN.get(model.partition("@")[0])
    return sizes and Download(sizes[precision == "fp32"], "as published; the hub does not answer")


def gpu_download(engine: str, model: str, precision: str = "auto") -> Download | None:
    """What is to be fetched for an engine on a GPU: by the hub's listing if it answers, else as it is known.
    None for a model of which nothing is known. Imports no engine. Raises ``EngineUnavailable`` where the hub
    has no such model, or has it only pickled."""
    name = model or DEFAULT_MODELS.get(engine, "")
    if not name:
        return None
    try:
        hub = importlib.import_module("models.hub")
    except ImportError:  # without the extra ``models`` the hub's client is not there
        return known_download(name, precision)
    found: Download | None = hub.download_of(name, precision)
    return found
