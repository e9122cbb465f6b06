"""Words that are written alike and sound otherwise: "live", "lead", "tear". Which sound is meant, the words
around them decide; where they do not, it is the sound that songs use most."""

from __future__ import annotations

from collections.abc import Callable

from phonetics.speaking import senses
from phonetics.speaking.line import Line

Rule = Callable[[Line, int], bool]


def _before(*words: str) -> Rule:
    return lambda line, n: line.before(n) in words


def _after(*words: str) -> Rule:
    return lambda line, n: line.after(n) in words


_SHIFTED = {
    # The noun's sound, then the verb's. Nouns with the stress in front, verbs with it behind.
    "object": ("AA1 B JH EH0 K T", "AH0 B JH EH1 K T"),
    "objects": ("AA1 B JH EH0 K T S", "AH0 B JH EH1 K T S"),
    "present": ("P R EH1 Z AH0 N T", "P R IY0 Z EH1 N T"),
    "presents": ("P R EH1 Z AH0 N T S", "P R IY0 Z EH1 N T S"),
    "record": ("R EH1 K ER0 D", "R IH0 K AO1 R D"),
    "records": ("R EH1 K ER0 D Z", "R IH0 K AO1 R D Z"),
    "rebel": ("R EH1 B AH0 L", "R IH0 B EH1 L"),
    "rebels": ("R EH1 B AH0 L Z", "R IH0 B EH1 L Z"),
    "project": ("P R AA1 JH EH0 K T", "P R AH0 JH EH1 K T"),
    "conduct": ("K AA1 N D AH0 K T", "K AH0 N D AH1 K T"),
    "permit": ("P ER1 M IH2 T", "P ER0 M IH1 T"),
    "conflict": ("K AA1 N F L IH0 K T", "K AH0 N F L IH1 K T"),
    "contract": ("K AA1 N T R AE2 K T", "K AH0 N T R AE1 K T"),
    "contrast": ("K AA1 N T R AE0 S T", "K AH0 N T R AE1 S T"),
    "insult": ("IH1 N S AH2 L T", "IH2 N S AH1 L T"),
    "protest": ("P R OW1 T EH2 S T", "P R AH0 T EH1 S T"),
    "suspect": ("S AH1 S P EH2 K T", "S AH0 S P EH1 K T"),
    "subject": ("S AH1 B JH IH0 K T", "S AH0 B JH EH1 K T"),
    "progress": ("P R AA1 G R EH2 S", "P R AH0 G R EH1 S"),
    "increase": ("IH1 N K R IY2 S", "IH2 N K R IY1 S"),
    "torment": ("T AO1 R M EH2 N T", "T AO0 R M EH1 N T"),
    "convict": ("K AA1 N V IH0 K T", "K AH0 N V IH1 K T"),
    # Nouns with a voiceless end, verbs with a voiced one.
    "excuse": ("IH0 K S K Y UW1 S", "IH0 K S K Y UW1 Z"),
    "abuse": ("AH0 B Y UW1 S", "AH0 B Y UW1 Z"),
    "house": ("HH AW1 S", "HH AW1 Z"),
    # Nouns and adjectives with a short end, verbs with a long one.
    "graduate": ("G R AE1 JH AH0 W AH0 T", "G R AE1 JH AH0 W EY2 T"),
    "estimate": ("EH1 S T AH0 M AH0 T", "EH1 S T AH0 M EY2 T"),
    "duplicate": ("D UW1 P L AH0 K AH0 T", "D UW1 P L AH0 K EY2 T"),
    "desert": ("D EH1 Z ER0 T", "D IH0 Z ER1 T"),
}


_CHOSEN: dict[str, tuple[str, tuple[tuple[str, Rule], ...]]] = {
    # The usual sound, then others with the rules for them.
    "live": ("L IH1 V", (("L AY1 V", senses.live),)),
    "lives": ("L IH1 V Z", (("L AY1 V Z", senses.lives),)),
    "lead": ("L IY1 D", (("L EH1 D", senses.lead_metal),)),
    "close": ("K L OW1 S", (("K L OW1 Z", senses.close_verb),)),
    "use": ("Y UW1 Z", (("Y UW1 S", senses.use_noun),)),
    "used": ("Y UW1 Z D", (("Y UW1 S T", _after("to")),)),
    "tear": ("T IH1 R", (("T EH1 R", senses.tear_verb),)),
    "tears": ("T IH1 R Z", (("T EH1 R Z", senses.tears_verb),)),
    "wind": ("W IH1 N D", (("W AY1 N D", senses.wind_verb),)),
    "winds": ("W IH1 N D Z", (("W AY1 N D Z", senses.wind_verb),)),
    "wound": ("W UW1 N D", (("W AW1 N D", senses.wound_turned),)),
    "read": ("R IY1 D", (("R EH1 D", senses.read_past),)),
    "bow": ("B AW1", (("B OW1", senses.bow_knot),)),
    "bows": ("B AW1 Z", (("B OW1 Z", senses.bow_knot),)),
    "bass": ("B EY1 S", (("B AE1 S", senses.bass_fish),)),
    "dove": ("D AH1 V", (("D OW1 V", senses.dove_verb),)),
    "minute": ("M IH1 N AH0 T", (("M AY0 N UW1 T", _after("detail", "details", "difference", "amount")),)),
    "content": ("K AH0 N T EH1 N T", (("K AA1 N T EH0 N T", senses.content_noun),)),
    "refuse": ("R AH0 F Y UW1 Z", (("R EH1 F Y UW2 Z", _before("the", "of", "human", "city's")),)),
    "perfect": ("P ER1 F IH2 K T", (("P ER0 F EH1 K T", _before("to", "can", "will", "must", "we'll")),)),
    "produce": ("P R AH0 D UW1 S", (("P R OW1 D UW0 S", _before("the", "fresh", "of", "local", "some")),)),
    "does": ("D AH1 Z", (("D OW1 Z", _before("two", "three", "four", "five", "wild", "bucks")),)),
    "sow": ("S OW1", (("S AW1", _before("a", "the", "old", "fat", "mother", "that")),)),
    "row": ("R OW1", (("R AW1", senses.row_noise),)),
    "sewer": ("S UW1 ER0", (("S OW1 ER0", _after("of")),)),
    "polish": ("P AA1 L IH0 SH", (("P OW1 L IH0 SH", senses.people),)),
    "august": ("AA1 G AH0 S T", (("AO0 G AH1 S T", _after("presence", "company", "body", "hall", "halls")),)),
    "job": ("JH AA1 B", (("JH OW1 B", senses.job_of_the_bible),)),
    "number": ("N AH1 M B ER0", (("N AH1 M ER0", _before("getting", "growing", "feeling", "grow")),)),
    "invalid": ("IH2 N V AE1 L AH0 D", (("IH1 N V AH0 L AH0 D", senses.invalid_person),)),
    "separate": ("S EH1 P ER0 EY2 T", (("S EH1 P ER0 IH0 T", senses.separate_apart),)),
    "moped": ("M OW1 P EH0 D", (("M OW1 P T", _before("i", "he", "she", "we", "they", "and")),)),
    "resume": ("R IH0 Z UW1 M", (("R EH1 Z AH0 M EY2", _before("my", "your", "a", "his", "her", "the")),)),
    "blessed": ("B L EH1 S T", (("B L EH1 S IH0 D", _after("are", "virgin", "mother", "assurance")),)),
    "beloved": ("B IH0 L AH1 V D", (("B IH0 L AH1 V IH0 D", senses.beloved_one),)),
    "learned": ("L ER1 N D", (("L ER1 N IH0 D", _after("man", "men", "friend", "scholar", "ones")),)),
    "aged": ("EY1 JH D", (("EY1 JH IH0 D", _before("the")),)),
}  # fmt: skip
_CHOSEN |= {word: (noun, ((verb, senses.is_verb),)) for word, (noun, verb) in _SHIFTED.items()}
_SOUNDS = {
    word: (tuple(usual.split()), tuple((tuple(sound.split()), rule) for sound, rule in others))
    for word, (usual, others) in _CHOSEN.items()
}
HOMOGRAPHS = frozenset(_SOUNDS)
"""Lower-case words with more than one sound."""


def homograph(line: Line, n: int) -> tuple[str, ...] | None:
    """The phones of token ``n`` of ``line`` if it is a word with more than one sound, else None."""
    found = _SOUNDS.get(line.words[n])
    if found is None:
        return None
    usual, others = found
    return next((sound for sound, rule in others if rule(line, n)), usual)
