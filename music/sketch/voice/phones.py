"""Our phones (ARPAbet) in the tokens of the network (the IPA of misaki), and how long each sounds in song."""

from __future__ import annotations

from dataclasses import dataclass

from config.errors import EngineFailed
from phonetics.syllables import Syllable

VOWELS = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "EH": "ɛ", "ER": "ɜ", "EY": "A",
    "IH": "ɪ", "IY": "i", "OW": "O", "OY": "Y", "UH": "ʊ", "UW": "u",
}  # fmt: skip
HELD = {"W": "ɑ", "I": "ɑ", "A": "ɛ", "O": "ɔ", "Y": "ɔ"}
"""What a singer holds of a long diphthong; the network would glide at once."""
SCHWA, R = "ə", "ɹ"
CONSONANTS = {
    "P": "p", "T": "t", "K": "k", "B": "b", "D": "d", "G": "ɡ", "CH": "ʧ", "JH": "ʤ", "S": "s", "SH": "ʃ",
    "F": "f", "TH": "θ", "HH": "h", "Z": "z", "ZH": "ʒ", "V": "v", "DH": "ð", "L": "l", "R": R, "W": "w",
    "Y": "j", "M": "m", "N": "n", "NG": "ŋ",
}  # fmt: skip
SECONDS = {
    "p": 0.085, "t": 0.080, "k": 0.085, "b": 0.065, "d": 0.060, "ɡ": 0.065, "ʧ": 0.105, "ʤ": 0.090,
    "s": 0.100, "ʃ": 0.100, "f": 0.085, "θ": 0.085, "h": 0.070, "z": 0.080, "ʒ": 0.080, "v": 0.065,
    "ð": 0.055, "l": 0.070, R: 0.070, "w": 0.070, "j": 0.065, "m": 0.070, "n": 0.065, "ŋ": 0.075,
}  # fmt: skip
"""The duration of each consonant where there is room for it."""
VOICELESS = frozenset("ptkʧsʃfθh")
STOPS = frozenset("ptkbdɡ")
CLOSED = 0.6
"""The part of a stop in which the mouth is closed, before the burst."""

LEADS_S = {
    **dict.fromkeys("ptk", 0.030), **dict.fromkeys("sʃfθʧ", 0.042), **dict.fromkeys("bdɡzʒvʤ", 0.058),
    **dict.fromkeys("lwmnŋ", 0.075), "h": 0.026, "ð": 0.048, "j": 0.060, R: 0.083, "": 0.060,
}  # fmt: skip
"""The network sounds ahead of its columns: how long a vowel is heard before the one it has, by the consonant
in front of it. Measured; in the network's own time."""
BURST_LEAD_S = 0.030
"""How long the burst of a stop is heard before its column."""
UNSTRESSED_LEAD_S = 0.010
"""What a vowel without a stress mark in front of it is heard earlier."""
STRESS_MARKS = ("", "ˈ", "ˌ")


@dataclass(frozen=True, slots=True)
class Sound:
    """A syllable in tokens: consonants, stress mark (may be empty), vowel, consonants."""

    onset: tuple[str, ...]
    mark: str
    vowel: str
    coda: tuple[str, ...]

    @property
    def lead_s(self) -> float:
        """How long its vowel is heard before its column, in the network's own time."""
        return LEADS_S[self.onset[-1] if self.onset else ""] + (0.0 if self.mark else UNSTRESSED_LEAD_S)


def sound_of(syllable: Syllable) -> Sound:
    """``syllable`` in tokens. Raises ``EngineFailed`` for a phone that is not in the tables."""
    weak = syllable.nucleus in ("AH", "ER") and not syllable.stress
    try:
        onset = tuple(CONSONANTS[phone] for phone in syllable.onset)
        coda = tuple(CONSONANTS[phone] for phone in syllable.coda)
        vowel = SCHWA if weak else VOWELS[syllable.nucleus]
    except KeyError as error:
        raise EngineFailed("sketch", f"the voice has no phone {error}") from error
    return Sound(
        onset, STRESS_MARKS[syllable.stress], vowel, (R, *coda) if syllable.nucleus == "ER" else coda
    )
