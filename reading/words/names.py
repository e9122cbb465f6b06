"""What the text of a heading says: the section, its number, who sings, how, and how often."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from reading.words.performance import PERFORMED, Singer, is_stage_direction, repeats_in, singer_of, tokens
from reading.words.sections import ALSO_SUNG, BY_LANGUAGE, SUNG_WITH_A_COLON

KINDS: Mapping[str, str] = {name: name for name in BY_LANGUAGE["en"]} | {"post-chorus": "chorus"}
"""By name of a section, its kind for the singer: after a chorus one sings as in it."""


def _words_of(kind: str) -> Iterator[str]:
    for language in BY_LANGUAGE.values():
        for name, words in language.items():
            if KINDS[name] == kind:
                yield from words.lower().split(", ")


SECTION_WORDS: Mapping[str, tuple[str, ...]] = {
    kind: tuple(dict.fromkeys(_words_of(kind))) for kind in dict.fromkeys(KINDS.values()) if kind != "verse"
}
"""By kind of section, the words that make a heading one of it. Any other heading is a verse."""

_PHRASES: dict[tuple[str, ...], str] = {}
for _language in BY_LANGUAGE.values():
    for _name, _words in _language.items():
        for _word in _words.split(", "):
            _PHRASES.setdefault(tokens(_word), _name)
_ENGLISH = frozenset(tokens(word) for words in BY_LANGUAGE["en"].values() for word in words.split(", "))
_BARS = frozenset(("bar", "bars"))
_NO_MANNER = {("instrumental",), ("instrumental", "break"), ("interlude",), ("music",)}
_SUNG = frozenset(tokens(word)[0] for word in ALSO_SUNG)
_NEVER = frozenset(tokens(word)[0] for word in SUNG_WITH_A_COLON)
_LONGEST = max(map(len, _PHRASES))
_EAST_ASIAN = {
    phrase[0]: name for phrase, name in _PHRASES.items() if len(phrase) == 1 and ord(phrase[0][0]) > 0x2E80
}
_SHORT = {"v": "verse", "c": "chorus", "ch": "chorus", "b": "bridge", "pc": "pre-chorus"}

_NUMBERS: dict[str, int] = {}
for _row in (
    "one two three four five six seven eight nine ten",
    "first second third fourth fifth sixth",
    "i ii iii iv v vi vii viii ix x",
    "1st 2nd 3rd 4th 5th 6th",
    "uno dos tres cuatro cinco",
    "primera segunda tercera cuarta",
    "primero segundo tercero cuarto",
    "primeira segunda terceira quarta",
    "primeiro segundo terceiro quarto",
    "um dois três quatro",
    "un deux trois quatre",
    "premier deuxième troisième",
    "première seconde tierce",
    "eins zwei drei vier",
    "erste zweite dritte vierte",
    "erster zweiter dritter vierter",
    "prima seconda terza quarta",
    "primo secondo terzo quarto",
    "первый второй третий четвёртый",
    "перший другий третій четвертий",
    "一 二 三 四 五 六",
    "a b c d",
):
    for _n, _word in enumerate(_row.split(), 1):
        _NUMBERS.setdefault("".join(tokens(_word)), _n)
_QUALIFIERS = frozenset(
    tokens(word)[0]
    for word in """
        final last big double short long quiet soft full part half extended reprise letzter
        letzte dernier último última ultimo ultima последний останній ostatni poslední son 最后 最後 마지막
    """.split()
)
_ORDINAL_ENDINGS = frozenset(("a", "o", "e", "er", "re", "eme", "й", "я"))
_NUMBER_SIGNS = frozenset(("no", "nr", "num", "number", "the"))
_AGAIN = frozenset(
    tokens(word)[0]
    for word in "repeat repeats repeated again back to repetir repite répéter ripetere wiederholung "
    "wiederholen повтор повторить 重复 重複 繰り返し 반복".split()
)


@dataclass(frozen=True)
class Heading:
    """The heading of a section."""

    name: str
    """A key of ``KINDS``: "post-chorus" too, whose kind is "chorus"."""
    number: int | None = None
    singer: Singer = ""
    directions: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Artists that it names."""
    times: int = 1
    again: bool = False
    """Whether it says to repeat the section of before."""
    english: bool = False
    weak: bool = False
    """Whether its name is often sung as well ("bridge", "end"), and so needs more where it stands bare."""
    never_words: bool = True
    """Whether its name before a colon is a heading and nothing else."""
    phrase: tuple[str, ...] = ()
    """The words that name it."""
    extra: tuple[str, ...] = ()
    """Words beside the section's name that are none of a heading's own."""

    @property
    def kind(self) -> str:
        return KINDS[self.name]


@lru_cache(maxsize=8192)
def named(text: str) -> Heading | None:
    """What ``text``, without brackets, says of a section ("verse 2 - female, whispered"); None if it names no
    section. With ``extra`` words it is a heading only in square brackets."""
    head, parts = _parts(text)
    words = tokens(head)
    found = _find(words)
    if found is None:
        return None
    name, start, end = found
    phrase = words[start:end]
    number = _inner_number(phrase)
    times = 1
    singer: Singer = ""
    again = any("重复" in word or "重複" in word or "繰り返し" in word for word in words)
    extra, manner = list[str](), list[str]()
    for n, word in (*enumerate(words[:start]), *enumerate(words[end:], end)):
        if word in _NUMBER_SIGNS or (n and words[n - 1].isdecimal() and word in _ORDINAL_ENDINGS):
            continue
        elif word in _AGAIN:
            again = True
        elif (count := repeats_in(word)) is not None:
            times = count
        elif word.isdecimal() and number is None:
            number = int(word[:4])
        elif word in _NUMBERS and number is None and (n >= end or len(word) > 1):
            number = _NUMBERS[word]
        elif word in PERFORMED:
            manner.append(word)
        elif (who := singer_of(word)) is not None:
            singer = who
        elif word not in _QUALIFIERS:
            extra.append(word)
    if name == "instrumental" and phrase in _ENGLISH and phrase not in _NO_MANNER:
        if not _BARS.isdisjoint(words):
            number = None
        manner = [
            word for word in words if (number is None or not word.isdecimal()) and repeats_in(word) is None
        ]
    directions, names = [" ".join(manner)] if manner else [], list[str]()
    for part in parts:
        if (count := repeats_in(part)) is not None:
            times, again = max(times, count), again or not _AGAIN.isdisjoint(tokens(part))
        elif (who := singer_of(part)) is not None:
            singer = who
        elif tokens(part) in _PHRASES:
            continue
        elif _is_name(part):
            names.append(part)
        else:
            directions.append(part)
    weak = len(phrase) == 1 and phrase[0] in _SUNG
    return Heading(
        name,
        number,
        singer,
        tuple(directions),
        tuple(names),
        times,
        again,
        phrase in _ENGLISH,
        weak,
        phrase[0] not in _NEVER,
        phrase,
        tuple(extra),
    )


def _inner_number(phrase: tuple[str, ...]) -> int | None:
    """The number that is a part of the name: "1番", "第一段", "V1"."""
    if re.fullmatch(r"[a-z]\d+", phrase[0]):
        return int(phrase[0][1:5])
    if ord(phrase[-1][-1]) < 0x2E80:
        return None
    if phrase[0].isdecimal():
        return int(phrase[0][:4])
    return next((_NUMBERS[letter] for letter in phrase[0] if letter in "一二三四五六"), None)


_PARTS = re.compile(r"\s*[:：|｜;；,，、()（）/]\s*|\s+[-–—~]+\s*|(?<=[\w)])[-–—]+\s+")
_TIMES = re.compile(r"(?:\s[x*]\s+|\s*[×х]\s*)(?=\d)", re.IGNORECASE)
_TIMES_BEHIND = re.compile(r"\b(\d{1,2})\s?[x×х]\b", re.IGNORECASE)
_PRE = re.compile(r"\b(pre|post)\s*[-–—]\s*", re.IGNORECASE)


def _parts(text: str) -> tuple[str, list[str]]:
    """The name of the section with its number, and what stands behind it."""
    head, *rest = _PARTS.split(_TIMES_BEHIND.sub(r" x\1 ", _TIMES.sub(" x", _PRE.sub(r"\1-", text.strip()))))
    # An artist may have a comma: "[Verse 1: Artist & Other]" is one part, and so is "whispered".
    while rest and not head:
        head, rest = rest[0], rest[1:]
    return head, [part.strip() for part in rest if part.strip()]


def _is_name(part: str) -> bool:
    words = [word for word in re.split(r"[\s&+]+", part) if word]
    return (
        bool(words)
        and all(
            word[0].isupper() or word in ("and", "feat.", "ft.", "with", "y", "et", "und") for word in words
        )
        and not PERFORMED.issuperset(tokens(part))
        and not is_stage_direction(part)
    )


def _find(words: tuple[str, ...]) -> tuple[str, int, int] | None:
    """The section that ``words`` name, and where: the longest phrase, of these the last."""
    for size in range(min(_LONGEST, len(words)), 0, -1):
        for start in range(len(words) - size, -1, -1):
            name = _PHRASES.get(words[start : start + size])
            if name is not None:
                return name, start, start + size
    for n, word in enumerate(words):
        if len(words) <= 3 and re.fullmatch(r"(?:v|c)\d", word):
            return _SHORT[word[0]], n, n + 1
        if len(word) <= 8 and ord(word[0]) > 0x2E80:
            inside = [phrase for phrase in _EAST_ASIAN if phrase in word]
            if inside:
                return _EAST_ASIAN[max(inside, key=len)], n, n + 1
    return None
