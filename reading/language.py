"""The language of a text, and the language that a description asks for."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from reading.languages.asked import asked_language as asked_language
from reading.languages.asked import without_language as without_language
from reading.languages.codes import language_code as language_code
from reading.languages.codes import language_name as language_name
from reading.languages.codes import three_letters as three_letters
from reading.languages.words import LETTERS, SMALL_WORDS

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_SCRIPTS = {
    "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "CYRILLIC": "ru", "GREEK": "el",
    "HEBREW": "he", "ARABIC": "ar", "DEVANAGARI": "hi", "BENGALI": "bn", "GURMUKHI": "pa", "GUJARATI": "gu",
    "ORIYA": "or", "TAMIL": "ta", "TELUGU": "te", "KANNADA": "kn", "MALAYALAM": "ml", "SINHALA": "si",
    "THAI": "th", "LAO": "lo", "MYANMAR": "my", "KHMER": "km", "GEORGIAN": "ka", "ARMENIAN": "hy",
    "ETHIOPIC": "am", "TIBETAN": "bo", "LATIN": "",
}  # fmt: skip
"""The language of a script, by the first word of its characters' names; the most frequent one if there are
several. Empty: it takes words to know."""
_LETTERS_A_WORD = {"HANGUL": 2.0, "CJK": 1.5, "HIRAGANA": 2.0, "KATAKANA": 2.0, "THAI": 3.5}
"""Scripts are compared by words, so that the English hook of a Korean song does not count thrice."""
_USUAL_WORD = 4.5
_KANA_SHARE = 0.08
"""Of a Japanese text, at least so many of the Han characters and kana are kana."""
_OF_SCRIPT = {
    "CYRILLIC": (
        ("be", "ў"), ("uk", "їєґ"), ("mk", "ѓќѕ"), ("sr", "ђћљњџј"), ("kk", "әқғңұһ"), ("uk", "і"),
        ("ru", "ыэё"), ("mn", "өү"),
    ),
    "ARABIC": (("ur", "ٹڈڑںےھہ"), ("ps", "ځڼښړ"), ("ku", "ڵێۆڕ"), ("fa", "پچژگکی")),
    "HEBREW": (("yi", "װײױ"),),
    "DEVANAGARI": (("mr", "ळ"),),
}  # fmt: skip
"""By script, letters that one language has and its neighbours lack: the first that is found counts."""
_DETECTED = {"CYRILLIC": "ru uk bg sr mk", "ARABIC": "ar fa ur", "DEVANAGARI": "hi mr ne"}
"""What the detector may choose from where no letter tells."""
_LATIN = (
    "af ca cs cy da de en eo es et eu fi fr ga gl hr ht hu id is it la lt lv ms nl no pl pt ro sk sl sq sv sw"
    " tl tr vi"
)
_SURE, _SURER = 0.9, 0.97
"""Probabilities at which the detector is believed: if small words of its language were seen, and if not."""
_LEAST_HITS = 1.8  # small words of a description in Latin letters
_FEW_WORDS, _SOME_WORDS = 4, 6
_RARELY, _RARE = frozenset("ca la sw tl mk".split()), 0.9
"""Languages that must be a little ahead of their neighbours, which are sung more often."""
_VOCABLE = re.compile(
    r"o+h*|a+h+|aa+|e+h+|u+h+|oo+h*|ye+a*h*|hey+|ay+|ey+|w+h*o+a*h*|mm+|hm+|tra|sha(?:la)*|ha+|ho+|hu+h|(?:la){2,}h?"
    r"|(?:na){2,}h?|d+oo+|du+m|dee|woop|bop|wop|ooh+|yea|ok|okay"
)
_TAG = re.compile(r"\[[^\[\]]*\]|<[^<>]*>")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_MOST_CHARACTERS = 4_000  # of a text that are looked at: more does not change its language
_lock = threading.Lock()


def language_of(text: str) -> str:
    """The language of ``text`` as ISO 639-1 ("en"); empty if it cannot be said. Of a text in two languages,
    it is the one with more words. Section tags and vocables ("la la", "oh yeah") do not count."""
    words = _words(text)
    scripts = Counter(script for character in "".join(words) if (script := _script(character)))
    if not scripts:
        return ""
    script = max(scripts, key=lambda name: scripts[name] / _LETTERS_A_WORD.get(name, _USUAL_WORD))
    if script in ("CJK", "HIRAGANA", "KATAKANA"):
        kana = scripts["HIRAGANA"] + scripts["KATAKANA"]
        return "ja" if kana > _KANA_SHARE * (kana + scripts["CJK"]) else "zh"
    if script == "LATIN":
        return _latin(words)
    for language, letters in _OF_SCRIPT.get(script, ()):
        if any(letter in word for word in words for letter in letters):
            return language
    if script not in _DETECTED:
        return _SCRIPTS[script]
    words = [word for word in words if _script(word[0]) == script]
    (first, most), (_, second) = _hits(words)[:2]
    if most > second:
        return first
    language, probability = _detected(" ".join(words), _DETECTED[script])
    return language if probability >= _SURE else _SCRIPTS[script]


def described_language(description: str) -> str:
    """The language that a description is written in, as ``language_of``, but empty if only its letters show
    it: descriptions are full of words that all languages share ("techno", "bossa nova")."""
    words = [word for word in _words(description) if len(word) > 1]  # "in E" is no Italian
    if _hits(words)[0][1] < _LEAST_HITS and all(_script(word[0]) == "LATIN" for word in words):
        return ""  # most descriptions end here, without the detector
    found = language_of(description)
    is_shown = found not in _LATIN.split() or dict(_hits(words)).get(found, 0.0) >= _LEAST_HITS
    return found if is_shown else ""


def _words(text: str) -> list[str]:
    """The words of ``text`` in lower case, each once, without tags and vocables."""
    text = unicodedata.normalize("NFC", _TAG.sub(" ", text[:_MOST_CHARACTERS])).lower()
    return list(dict.fromkeys(_meaningful(_WORD.findall(text.replace("’", "'")))))


@cache
def _script(character: str) -> str:
    """The script of a letter, a key of ``_SCRIPTS``; empty for anything else."""
    if not character.isalpha():
        return ""
    name = unicodedata.name(character, "").partition(" ")[0].partition("-")[0]
    return name if name in _SCRIPTS else ""


def _latin(words: Sequence[str]) -> str:
    hits = _hits(words)
    (first, most), (_, second) = hits[0], hits[1]
    if most >= 2 and most >= 0.2 * len(words) and most >= 1.4 * second + 0.5:
        return first
    first = first if most >= 1 and most > second and most >= 0.3 * len(words) else ""
    if len(words) < _SOME_WORDS and not _is_marked(words) and (most < 1 or len(words) < _FEW_WORDS - 1):
        return first  # too little for the detector
    found, probability = _detected(" ".join(words), _LATIN)
    of_found = dict(hits).get(found)
    if of_found is None:  # only the detector knows it
        if probability >= _SURER and len(words) >= _SOME_WORDS and most <= 0.3 * len(words):
            return found
    elif of_found >= 0.75 * most:
        if probability >= _SURE and of_found >= 1 and len(words) >= _FEW_WORDS - 1:
            return found
        if probability >= _SURER and (len(words) >= _SOME_WORDS or _is_marked(words)):
            return found
    return first


def _is_marked(words: Sequence[str]) -> bool:
    """Whether there are several words, and letters that English lacks."""
    return len(words) >= _FEW_WORDS and not all(word.isascii() for word in words)


def _hits(words: Sequence[str]) -> list[tuple[str, float]]:
    """By language, how many of the words are its own, most first; a letter of its own counts as a word."""
    count = Counter(words)
    parts = Counter(part for word in words for part in re.split("['-]", word) if "'" in word or "-" in word)
    letters = Counter("".join(words))
    hits = {
        language: (
            sum(count[word] or 0.7 * parts[word] for word in small)
            + sum(letters[letter] for letter in LETTERS.get(language, ""))
        )
        * (_RARE if language in _RARELY else 1.0)
        for language, small in SMALL_WORDS.items()
    }
    return sorted(hits.items(), key=lambda pair: -pair[1])


def _meaningful(words: Sequence[str]) -> Iterable[str]:
    """The words without vocables: "oh", and short ones that are repeated at once, as in "na na na"."""
    for n, word in enumerate(words):
        repeated = len(word) <= 3 and word.isascii() and word in (*words[n - 1 : n], *words[n + 1 : n + 2])
        if not repeated and not _VOCABLE.fullmatch(word):
            yield word


def _detected(text: str, languages: str) -> tuple[str, float]:
    """The most probable of the languages, and its probability."""
    wanted = languages.split()
    with _lock:
        ranked = [(name, float(value)) for name, value in _identifier().rank(text)]
    among = [(name, value) for name, value in ranked if name in wanted]
    total = sum(value for _, value in among)
    return (among[0][0], among[0][1] / total) if total > 0.0 else ("", 0.0)


@cache
def _identifier() -> LanguageIdentifier:
    # Loaded at first use: it takes a third of a second and 30 MB, and most texts do not need it.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_pickled_model(MODEL_FILE, norm_probs=True)
