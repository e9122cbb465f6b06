"""What this version knows of published models by their names: the licence of the weights, and the size of the
download where the hub does not answer. ``tests/inference/listings.py`` has the hub's listings and their
sources."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from config.errors import EngineUnavailable


@dataclass(frozen=True)
class Licence:
    """``name`` is an SPDX id, or the licence's own name. ``commercial``: it allows you to sell what the model
    makes."""

    name: str
    commercial: bool


UNKNOWN = Licence("unknown: see the model's own page", commercial=False)

# The key is the start of a hub id; the longest match counts. From the models' own pages in November 2026.
_LICENCES: tuple[tuple[str, Licence], ...] = (
    ("facebook/musicgen", Licence("CC-BY-NC-4.0", commercial=False)),
    ("facebook/audiogen", Licence("CC-BY-NC-4.0", commercial=False)),
    ("ACE-Step/", Licence("MIT", commercial=True)),
    ("Qwen/", Licence("Apache-2.0", commercial=True)),
    ("Qwen/Qwen2.5-3B", Licence("Qwen Research", commercial=False)),
    ("Qwen/Qwen2.5-Coder-3B", Licence("Qwen Research", commercial=False)),
    ("Qwen/Qwen2.5-VL-3B", Licence("Qwen Research", commercial=False)),
    ("stabilityai/sdxl-turbo", Licence("SAI Non-Commercial Community", commercial=False)),
    ("stabilityai/stable-diffusion-xl", Licence("CreativeML Open RAIL++-M", commercial=True)),
    ("black-forest-labs/", Licence("FLUX Non-Commercial", commercial=False)),
    ("black-forest-labs/FLUX.2-klein-4B", Licence("Apache-2.0", commercial=True)),
    ("black-forest-labs/FLUX.2-klein-base-4B", Licence("Apache-2.0", commercial=True)),
    ("black-forest-labs/FLUX.1-schnell", Licence("Apache-2.0", commercial=True)),
    ("mobiuslabsgmbh/faster-whisper-", Licence("MIT", commercial=True)),
    ("dropbox-dash/faster-whisper-", Licence("MIT", commercial=True)),  # as its authors are called now
    ("Systran/faster-whisper-", Licence("MIT", commercial=True)),
    ("adefossez/HTDemucs", Licence("MIT", commercial=True)),
    ("segmind/SSD-1B", Licence("Apache-2.0", commercial=True)),
)

# Bytes of the download in 16 bits a number, as on a GPU, and in fp32.
_SIZES_BYTES = {
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
    "facebook/musicgen-melody": (6_232_816_265, 6_232_816_265),
    "facebook/musicgen-melody-large": (10_500_430_473, 10_500_430_473),
    "facebook/musicgen-stereo-melody": (6_333_504_137, 6_333_504_137),
    "facebook/musicgen-stereo-melody-large": (10_634_680_969, 10_634_680_969),
    "stabilityai/sdxl-turbo": (6_941_187_536, 13_878_864_542),
    "stabilityai/stable-diffusion-xl-base-1.0": (6_941_187_536, 13_878_864_542),
    "black-forest-labs/FLUX.2-klein-4B": (15_980_131_745, 15_980_131_745),
    "mobiuslabsgmbh/faster-whisper-large-v3-turbo": (1_621_665_983, 1_621_665_983),
    "adefossez/HTDemucs": (84_030_373, 84_030_373),
    "black-forest-labs/FLUX.1-schnell": (33_725_923_002, 33_725_923_002),
}


def licence_of(model: str) -> Licence:
    """The licence of a hub id. A folder, or an id that is not in the table, has ``UNKNOWN``, which does not
    allow selling."""
    fitting = [(len(start), licence) for start, licence in _LICENCES if model.startswith(start)]
    return max(fitting, key=lambda found: found[0])[1] if fitting else UNKNOWN


def refuse_unless_sellable(model: str, licence: Licence, instead: str) -> None:
    """Raises ``EngineUnavailable`` if the licence does not allow you to sell what the model makes. The
    message recommends ``instead``."""
    if not licence.commercial:
        raise EngineUnavailable(
            f"SONGWRIGHT_COMMERCIAL is set, and the licence of {model} ({licence.name}) does not allow it",
            f"use {instead}",
        )


@dataclass(frozen=True)
class Download:
    """A number of bytes to fetch, and where that number comes from."""

    size_bytes: int
    source: str
    listed: bool = False
    """Whether the number comes from the hub's answer."""

    def __str__(self) -> str:
        return f"{self.size_bytes / 1e9:.1f} GB of files ({self.source})"


def known_download(model: str, precision: str = "auto") -> Download | None:
    """The download of ``model`` by this version's table, for any revision; None for a model that is not in
    it."""
    sizes = _SIZES_BYTES.get(model.partition("@")[0])
    return sizes and Download(sizes[precision == "fp32"], "as published; the hub does not answer")


def gpu_download(model: str, precision: str = "auto", *, ask_hub: bool = True) -> Download | None:
    """The download of a model for a GPU: by the hub's listing if the hub answers, else by ``known_download``.
    None for an empty name, for a folder, and for a model that neither knows. Raises ``InvalidRequest`` if
    ``model`` is not a hub id, and ``EngineUnavailable`` if the hub has no such model, or only pickled
    weights of it."""
    if not model or model.startswith("/"):
        return None
    if not ask_hub:
        return known_download(model, precision)
    try:
        hub = importlib.import_module("inference.hub")
    except ImportError:  # the hub's client comes with the extra ``models``
        return known_download(model, precision)
    found: Download | None = hub.download_of(model, precision)
    return found
