"""Which licence a model's weights are under, and whether what they make may be sold."""

from __future__ import annotations

from dataclasses import dataclass

from config.errors import EngineUnavailable


@dataclass(frozen=True)
class Licence:
    """An SPDX id, or the licence's own name; ``commercial`` where it lets what is made be sold."""

    name: str
    commercial: bool


UNKNOWN = Licence("unknown: see the model's own page", commercial=False)

# By how an id begins; the longest beginning counts. As the models' own pages said in November 2026.
_KNOWN: tuple[tuple[str, Licence], ...] = (
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
    ("segmind/SSD-1B", Licence("Apache-2.0", commercial=True)),
)


def licence_of(model: str) -> Licence:
    """The licence of a hub id; of one nobody told us about, and of a folder, it is not known, which does not
    let anything be sold."""
    fitting = [(len(start), licence) for start, licence in _KNOWN if model.startswith(start)]
    return max(fitting, key=lambda found: found[0])[1] if fitting else UNKNOWN


def refuse_unless_sellable(model: str, licence: Licence, instead: str) -> None:
    """Raises ``EngineUnavailable`` if what the model makes may not be sold; ``instead`` is one that may."""
    if not licence.commercial:
        raise EngineUnavailable(
            f"SONGWRIGHT_COMMERCIAL is set, and the licence of {model} ({licence.name}) does not allow it",
            f"use {instead}",
        )
