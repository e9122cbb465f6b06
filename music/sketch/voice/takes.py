"""Who sings: a throat, and one or more singers with it, each with a manner. A double or a harmony is another
take of the same words, by a somewhat other singer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from music.sketch.score import VocalPart

FEMALE_TRACT, MALE_TRACT = 1.0, 5.0 / 6.0
MALE_PRESENCE_DB = 3.0
"""The network's voice is a woman's; of a longer throat it is weaker at 2 to 5 kHz."""
_OTHER = (27 / 28, 35 / 36, 48 / 49, 49 / 48, 36 / 35, 28 / 27)
_CHOIR = (20 / 21, 24 / 25, *_OTHER, 25 / 24, 21 / 20)
"""How the throats of doubles differ from the lead's, and those of a choir's parts. Ratios of small factors
are played slower with quick Fourier transforms."""
_LATEST_S, _CHOIR_LATEST_S = 0.010, 0.022


@dataclass(frozen=True)
class Manner:
    """How one singer differs from the notes."""

    detune_cents: float = 0.0
    vibrato_hz: float = 5.4
    vibrato_cents: float = 28.0
    drift_cents: float = 5.0
    scoop_cents: float = 60.0
    late_s: float = 0.0
    spread_s: float = 0.0
    """Deviation of each syllable from its time, beside ``late_s``."""


@dataclass(frozen=True)
class Take:
    """How a part is sung.

    Of a ``tract`` of 5/6 a phrase is sung 6/5 times as high and as fast, then played slower by as much:
    its pitch is right again, and all resonances lie lower, as those of a longer throat do."""

    number: int
    """Takes of another number have other chance in them."""
    tract: float
    base_tract: float
    """That of the singers whose words it shares: a woman's or a man's."""
    presence_db: float
    """Added at 2 to 5 kHz."""
    breath: float
    """Level of a breath, relative to a full vowel."""
    singers: tuple[Manner, ...]


def take_of(part: VocalPart, seed: int) -> Take:
    """The take of a part: its own singer's for a lead; else by one that differs; by ``part.unison`` if it is
    a choir's."""
    male = part.voice == "male"
    tract = MALE_TRACT if male else FEMALE_TRACT
    own = Take(0, tract, tract, MALE_PRESENCE_DB if male else 0.0, 0.035, (Manner(),))
    if part.role == "lead" and part.unison == 1:
        return own
    rng = np.random.default_rng([seed, crc32(f"{part.role} {part.voice} {part.name}".encode())])
    others, latest_s = (_CHOIR, _CHOIR_LATEST_S) if part.unison > 1 else (_OTHER, _LATEST_S)
    other = tract * others[int(rng.integers(len(others)))]
    return replace(
        own,
        number=int(rng.integers(1, 1 << 31)),
        tract=tract if part.role == "lead" else other,
        breath=0.015,
        singers=tuple(_another(latest_s, rng) for _ in range(part.unison)),
    )


def _another(latest_s: float, rng: np.random.Generator) -> Manner:
    return Manner(
        detune_cents=float(rng.normal(0.0, 5.0)),
        vibrato_hz=float(rng.uniform(5.0, 5.9)),
        vibrato_cents=18.0,
        drift_cents=8.0,
        scoop_cents=35.0,
        late_s=float(rng.uniform(0.0, latest_s)),
        spread_s=0.006,
    )
