"""Words as they are compared: by how they sound, not by how they are written.

In English two words are alike if their phones are: "2" and "too", "harbor" and "harbour". A contraction is
the words that it stands for. In other languages words are compared by their letters, without case and
accents; in those that write no spaces, each letter is a word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from phonetics.numbers import spoken
from phonetics.words import pronounce

_SHORTENED = {
    "won't": "will not", "can't": "can not", "cannot": "can not", "shan't": "shall not", "let's": "let us",
    "gonna": "going to", "wanna": "want to", "gotta": "got to", "'cause": "because", "cause": "because",
    "'til": "until", "till": "until", "ok": "okay",
}  # fmt: skip
_ENDINGS = {"n't": "not", "'m": "am", "'re": "are", "'ll": "will", "'ve": "have", "'d": "would"}
_IS = frozenset("it that he she there here what who where how when".split())
"""After these ``'s`` is a word; else it is an ending of the word."""
_ENGLISH = re.compile(r"[0-9]+|[a-z']+")
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
"""Letters of Thai, Lao, Burmese, Khmer, Japanese and Chinese, which are written without spaces."""
_JOINED = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮー々ๆ")
"""Small kana and signs, which belong to the letter before them."""


def written_words(line: str) -> tuple[str, ...]:
    """The words of a line as written, with their punctuation; of a text without spaces, its letters."""
    return tuple(word for token in line.split() for word in _apart(token))


def sounds(word: str, language: str) -> tuple[str, ...]:
    """What a written word is compared by: an entry for each word that is spoken, none for a sign or a
    dash. ``language`` is ISO 639-1."""
    return _english(word) if language == "en" else _letters(word)


def likeness(one: str, other: str) -> float:
    """How alike two entries of ``sounds`` are, in 0..1: 1 minus the edit distance over the longer one."""
    return 1.0 if one == other else _likeness(*sorted((one, other)))


def _apart(token: str) -> Iterator[str]:
    if not _SPACELESS.search(token):
        yield token
        return
    word = ""
    for letter in token:
        joins = letter in _JOINED or unicodedata.category(letter)[0] in "MP" or not word
        both_latin = not _SPACELESS.match(letter) and not _SPACELESS.match(word[-1:])
        if joins or both_latin or (unicodedata.category(word[-1])[0] == "P" and len(word) == 1):
            word += letter
        else:
            yield word
            word = letter
    yield word


@lru_cache(maxsize=4096)
def _letters(word: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKD", word.casefold())
    kept = "".join(letter for letter in plain if letter.isalnum())
    return (kept,) if kept else ()


@lru_cache(maxsize=4096)
def _english(word: str) -> tuple[str, ...]:
    found = []
    for token in _ENGLISH.findall(word.lower().replace("’", "'")):
        for each in _spoken(token):
            if phones := _phones(each):
                found.append("-".join(phones))
    return tuple(found) or _letters(word)


def _spoken(token: str) -> Sequence[str]:
    if token.isdigit():
        return spoken(token)
    for form in (token, token.strip("'")):
        if form in _SHORTENED:
            return _SHORTENED[form].split()
    word = token.strip("'")
    stem, _, ending = word.rpartition("'")
    if ending == "s" and stem in _IS:
        return stem, "is"
    for ending, whole in _ENDINGS.items():
        if word.endswith(ending) and word != ending:
            return word.removesuffix(ending), whole
    return (word,)


@lru_cache(maxsize=4096)
def _phones(word: str) -> tuple[str, ...]:
    """Without their stress."""
    return tuple(
        phone
        for each in pronounce(word)
        for syllable in each.syllables
        for phone in (*syllable.onset, syllable.nucleus, *syllable.coda)
    )


@lru_cache(maxsize=65536)
def _likeness(one: str, other: str) -> float:
    first, second = (text.split("-") if "-" in one + other else list(text) for text in (one, other))
    row = list(range(len(second) + 1))
    for number, part in enumerate(first, 1):
        before, row[0] = row[0], number
        for place, against in enumerate(second, 1):
            before, row[place] = (
                row[place],
                min(row[place] + 1, row[place - 1] + 1, before + (part != against)),
            )
    return 1.0 - row[-1] / max(len(first), len(second), 1)
