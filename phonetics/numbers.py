"""Numbers in words, as they are sung: years in pairs, other long numbers digit by digit."""

from __future__ import annotations

import re

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = ("", "thousand", "million", "billion", "trillion")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
# Numbers that have a name of their own.
_NAMED = {
    "007": "double oh seven",
    "360": "three sixty",
    "404": "four oh four",
    "411": "four one one",
    "420": "four twenty",
    "666": "six six six",
    "747": "seven forty seven",
    "777": "seven seven seven",
    "808": "eight oh eight",
    "911": "nine one one",
}
_LARGEST = 15
"""The most digits of a number that is read as one."""
_ROMAN = re.compile(r"M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def spoken(digits: str) -> list[str]:
    """The words for ``digits`` alone: "42" forty two, "1985" nineteen eighty five, "2007" two thousand seven,
    "10000" ten thousand, "90210" nine oh two one oh."""
    if digits in _NAMED:
        return _NAMED[digits].split()
    if len(digits) > 1 and digits[0] == "0":
        return one_by_one(digits, zero="oh" if len(digits) > 2 else "zero")
    if len(digits) > 4:
        return cardinal(digits) if digits.endswith("00") else one_by_one(digits)
    return year(digits) if len(digits) == 4 else cardinal(digits)


def one_by_one(digits: str, *, zero: str = "oh") -> list[str]:
    """Each digit: "8675309" eight six seven five three oh nine."""
    return [zero if digit == "0" else _ONES[int(digit)] for digit in digits]


def cardinal(digits: str) -> list[str]:
    """How many: "1985" one thousand nine hundred eighty five. A number of more than fifteen digits is read
    digit by digit."""
    if len(digits) > _LARGEST:
        return one_by_one(digits)
    number, words = int(digits), list[str]()
    for scale in _SCALES:
        number, part = divmod(number, 1000)
        if part:
            words = [*_below_thousand(part), *([scale] if scale else []), *words]
    return words or ["zero"]


def year(digits: str) -> list[str]:
    """Four digits in pairs: "1905" nineteen oh five, "2024" twenty twenty four, "2500" twenty five hundred,
    but "2007" two thousand seven."""
    high, low = int(digits[:2]), int(digits[2:])
    if high % 10 == 0 and low < 10:
        return cardinal(digits)
    if low == 0:
        return [*_below_thousand(high), "hundred"]
    return [*_below_thousand(high), *(["oh"] if low < 10 else []), *_below_thousand(low)]


def ordinal(words: list[str]) -> list[str]:
    """The number of ``words`` as a place in a row: "twenty one" twenty first, "forty" fortieth."""
    last = words[-1]
    if last not in _ORDINALS:
        return [*words[:-1], f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"]
    return [*words[:-1], _ORDINALS[last]]


def plural(words: list[str]) -> list[str]:
    """The number of ``words`` more than once: "eighty" eighties, "six" sixes, "hundred" hundreds."""
    last = words[-1]
    if last.endswith("y"):
        return [*words[:-1], f"{last[:-1]}ies"]
    return [*words[:-1], f"{last}es" if last.endswith("x") else f"{last}s"]


def roman(text: str) -> int | None:
    """The value of a Roman numeral in capitals; None if ``text`` is none."""
    if not text or len(text) > _LARGEST or not _ROMAN.fullmatch(text):
        return None
    values = [_ROMAN_VALUES[letter] for letter in text]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def _below_thousand(number: int) -> list[str]:
    hundreds, rest = divmod(number, 100)
    words = [_ONES[hundreds], "hundred"] if hundreds else []
    if rest < 20:
        return [*words, *([_ONES[rest]] if rest else [])]
    return [*words, _TENS[rest // 10], *([_ONES[rest % 10]] if rest % 10 else [])]
