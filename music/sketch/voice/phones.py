"""How phones are made: formants of vowels, and formants, voicing and noise of consonants.

Vowel formants are the women's means of Hillenbrand, Getty, Clark and Wheeler (1995), "Acoustic
characteristics of American English vowels", rounded; other voices scale them. Consonant loci and noise bands
follow Klatt (1980), "Software for a cascade/parallel formant synthesizer". All frequencies in Hz.
"""

from __future__ import annotations

from dataclasses import dataclass

Formants = tuple[float, float, float]

VOWELS: dict[str, Formants] = {
    "IY": (400, 2720, 3300),
    "IH": (480, 2350, 3020),
    "EH": (660, 2080, 2950),
    "AE": (760, 2000, 2900),
    "AA": (860, 1300, 2780),
    "AO": (640, 980, 2720),
    "UH": (510, 1230, 2780),
    "UW": (430, 1060, 2700),
    "AH": (720, 1380, 2800),
    "ER": (520, 1550, 1980),
}
DIPHTHONGS: dict[str, tuple[str, str]] = {
    "AY": ("AA", "IH"),
    "AW": ("AA", "UH"),
    "OY": ("AO", "IH"),
    "OW": ("AO", "UW"),
    "EY": ("EH", "IY"),
}


@dataclass(frozen=True)
class Consonant:
    """``formants`` None: those of the vowel that follows. Amplitudes are relative to a vowel's."""

    duration_s: float
    formants: Formants | None
    voiced: float = 0.0
    noise: float = 0.0
    centre_hz: float = 5000.0
    width_hz: float = 3000.0
    aspiration: float = 0.0
    nasal: bool = False
    stop: bool = False


CONSONANTS: dict[str, Consonant] = {
    "L": Consonant(0.070, (400, 1250, 2900), voiced=0.60),
    "R": Consonant(0.075, (380, 1250, 1750), voiced=0.62),
    "W": Consonant(0.075, (350, 760, 2500), voiced=0.55),
    "Y": Consonant(0.065, (330, 2600, 3250), voiced=0.55),
    "M": Consonant(0.075, (300, 1150, 2300), voiced=0.45, nasal=True),
    "N": Consonant(0.070, (300, 1700, 2700), voiced=0.45, nasal=True),
    "NG": Consonant(0.080, (300, 2200, 2900), voiced=0.45, nasal=True),
    "S": Consonant(0.110, (350, 1800, 2900), noise=0.42, centre_hz=7600, width_hz=2400),
    "SH": Consonant(0.110, (350, 1900, 2800), noise=0.45, centre_hz=3900, width_hz=1700),
    "F": Consonant(0.090, (350, 1200, 2500), noise=0.14, centre_hz=7500, width_hz=6000),
    "TH": Consonant(0.085, (350, 1500, 2700), noise=0.11, centre_hz=7000, width_hz=5000),
    "HH": Consonant(0.075, None, aspiration=0.30),
    "Z": Consonant(0.080, (350, 1800, 2900), voiced=0.28, noise=0.22, centre_hz=7600, width_hz=2400),
    "ZH": Consonant(0.085, (350, 1900, 2800), voiced=0.28, noise=0.24, centre_hz=3900, width_hz=1700),
    "V": Consonant(0.060, (350, 1200, 2500), voiced=0.36, noise=0.07, centre_hz=7000, width_hz=6000),
    "DH": Consonant(0.045, (350, 1500, 2700), voiced=0.40, noise=0.05, centre_hz=7000, width_hz=5000),
    "P": Consonant(
        0.090, (380, 1000, 2400), noise=0.26, centre_hz=1200, width_hz=1400, aspiration=0.12, stop=True
    ),
    "T": Consonant(
        0.090, (380, 1900, 2900), noise=0.40, centre_hz=4800, width_hz=2400, aspiration=0.12, stop=True
    ),
    "K": Consonant(
        0.090, (380, 2100, 2700), noise=0.38, centre_hz=2300, width_hz=1100, aspiration=0.12, stop=True
    ),
    "B": Consonant(
        0.065, (320, 1000, 2400), voiced=0.16, noise=0.14, centre_hz=1100, width_hz=1400, stop=True
    ),
    "D": Consonant(
        0.060, (320, 1900, 2900), voiced=0.16, noise=0.20, centre_hz=4200, width_hz=2300, stop=True
    ),
    "G": Consonant(
        0.065, (320, 2200, 2700), voiced=0.16, noise=0.20, centre_hz=2200, width_hz=1100, stop=True
    ),
    "CH": Consonant(
        0.120, (350, 1900, 2800), noise=0.42, centre_hz=4000, width_hz=1800, aspiration=0.05, stop=True
    ),
    "JH": Consonant(
        0.100, (350, 1900, 2800), voiced=0.18, noise=0.30, centre_hz=4000, width_hz=1800, stop=True
    ),
}


def vowel_targets(nucleus: str) -> tuple[Formants, Formants]:
    """Where a vowel starts and where it ends; the same twice for a plain one. Raises ``KeyError`` for no
    vowel.
    """
    start, end = DIPHTHONGS.get(nucleus, (nucleus, nucleus))
    return VOWELS[start], VOWELS[end]
