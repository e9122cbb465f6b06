"""Tokens that are numbers with signs, units or endings: money, times, fractions, telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import gcd

from phonetics.numbers import cardinal, one_by_one, ordinal, plural, spoken
from phonetics.speaking.forms import CENTS, COUNTED_BY_VALUE, JOINED, SCALE_WORDS, SCALES, UNITS
from phonetics.speaking.line import Line

NUMBER = (
    r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,4}(?:\.[0-9]{1,2})?|[0-9]{1,3}(?:\.[0-9]{3}){2,4}"
    r"|[0-9]{0,40}[.,][0-9]{1,40}|[0-9]{1,40})"
)
"""With separators of thousands, or a decimal point or comma."""
_MONEY = re.compile(rf"(?:US|A|C)?([$€£¥₹₽₩₿])({NUMBER})(k|mm|mn|m|bn|b)?(\+)?", re.I)
_VALUE = re.compile(rf"({NUMBER})(k|mm|mn|m|bn|b)?([$€£¥₹₽₩₿¢])", re.I)
_UNIT = re.compile(rf"([-+±~<>])?({NUMBER})-?([a-z/°%‰]{{1,4}})", re.I)
_PLAIN = re.compile(rf"([-+±])?({NUMBER})(\+)?")
_ORDINAL = re.compile(r"([0-9]{1,3}(?:,?[0-9]{3}){0,4})(?:st|nd|rd|th)", re.I)
_PLURAL = re.compile(r"'?([0-9]{1,9})'?s")
_SHORT_YEAR = re.compile(r"'([0-9]{2})")
_TIME = re.compile(r"([0-9]{1,2})[:.]([0-5][0-9])([ap]m)", re.I)
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_HOUR = re.compile(r"([0-9]{1,2})([ap])\.?m\.?", re.I)
_FRACTION = re.compile(r"([0-9]{1,3})/([0-9]{1,3})(?:ths?|rds?|nds?)?")
_PHONE = re.compile(
    r"(?:\+?1-)?\(?[0-9]{3}\)?-[0-9]{3}-[0-9]{4}|[0-9]{3}-[0-9]{4}|[0-9]{3}\.[0-9]{3}\.[0-9]{4}"
)
_REST_OF_PHONE = re.compile(r"[0-9]{3}-[0-9]{4}")
_TOLL = re.compile(r"1-([89]00)")
_RANGE = re.compile(rf"({NUMBER})[-–]({NUMBER})([a-z%°$€£]{{0,4}})", re.I)
_HEIGHT = re.compile(r"([0-9])'(?:([0-9]{1,2})(?:\"|''|”)?)?")
_BY = re.compile(r"([0-9]{1,5})([x×*])([0-9]{1,5})", re.I)
_LIST = re.compile(r"[0-9]{1,4}(?:[,.][0-9]{1,4}){1,200}")
_FRACTIONS = {"2": "half", "4": "quarter"}
_DENOMINATORS = frozenset("2 3 4 5 6 7 8 9 10 12 16 20 100 1000".split())
_METRES = frozenset("time beat beats metre meter signature groove rhythm waltz".split())
_LEADING = re.compile(r"[0-9]{1,3}")


def amount(core: str, line: Line, n: int) -> list[str] | None:
    """The words for ``core``, which is token ``n`` of ``line`` without the punctuation at its edges; None if
    it is no number with its signs."""
    for pattern, read in _READERS:
        if found := pattern.fullmatch(core):
            words = read([part or "" for part in found.groups()], core, line, n)
            if words is not None:
                return words
    return None


def number_words(text: str) -> list[str]:
    """The words for a number with separators: "1,000" one thousand, "3.14" three point one four."""
    if "," in text and "." in text:
        whole, _, part = text.partition(".")
        return [*cardinal(whole.replace(",", "")), "point", *one_by_one(part, zero="zero")]
    groups = re.split(r"[,.]", text)
    if len(groups) > 2 or (len(groups) == 2 and len(groups[1]) == 3 and "," in text):
        return cardinal("".join(groups))
    if len(groups) == 2 and groups[1] == "000":
        return cardinal(groups[0] + groups[1])
    if len(groups) == 2:
        before = cardinal(groups[0]) if groups[0] else []
        decimals = ["oh"] if groups[1] == "0" and groups[0] else one_by_one(groups[1], zero="zero")
        return [*before, "point", *decimals]
    return spoken(text)


def counted(text: str, unit: tuple[str, str]) -> list[str]:
    """A number and its unit: "1" one pound, "2" two pounds."""
    words = number_words(text) if len(text) == 4 and text.endswith("00") else cardinal_of(text)
    return [*words, *unit[text != "1"].split()]


def cardinal_of(text: str) -> list[str]:
    """How many ``text`` is, if it is of digits alone; else as ``number_words``."""
    return cardinal(text) if text.isdigit() else number_words(text)


def _money(parts: list[str], core: str, line: Line, n: int) -> list[str]:
    sign, text, scale, more = parts
    tail = ["plus"] if more else []
    unit = UNITS[sign]
    following = line.after(n)
    if scale:
        return [*cardinal_of(text), SCALES[scale.lower()], unit[1], *tail]
    if following in SCALE_WORDS:
        return cardinal_of(text)  # the next token says "million dollars"
    if following in COUNTED_BY_VALUE:
        return [*cardinal_of(text), unit[0]]
    whole, _, part = text.partition(".")
    if sign in CENTS and len(part) == 2 and part.isdigit():
        cents = counted(part.lstrip("0") or "0", CENTS[sign]) if int(part) else []
        whole = whole.replace(",", "")
        if not int(whole or "0"):
            return cents or counted("0", unit)
        return [*counted(whole, unit), *(["and", *cents] if cents else []), *tail]
    return [*counted(text, unit), *tail]


def _value(parts: list[str], core: str, line: Line, n: int) -> list[str]:
    text, scale, sign = parts
    return _money([sign, text, scale, ""], core, line, n) if sign != "¢" else counted(text, UNITS[sign])


def _unit(parts: list[str], core: str, line: Line, n: int) -> list[str] | None:
    sign, text, name = parts
    unit = JOINED.get(name) or UNITS.get(name.lower()) or JOINED.get(name.lower())
    if name in ("B", "M") and not text.isdigit():
        unit = JOINED[name]
    if unit is None:
        return None
    return [*_signed(sign), *counted(text, unit)]


def _plain(parts: list[str], core: str, line: Line, n: int) -> list[str]:
    sign, text, more = parts
    if text.isdigit() and not sign:
        if text == "000" and _LEADING.fullmatch(line.before(n)):  # "1 000 000"
            if line.after(n) == "000":
                return []
            return ["million" if line.before(n) == "000" else "thousand"]
        if line.after(n) == "000":
            return cardinal(text)
        if len(text) == 3 and _REST_OF_PHONE.fullmatch(line.after(n)):
            return one_by_one(text)  # "(212) 555-0199"
    words = number_words(text)
    previous = line.written(n - 1)
    if previous in CENTS:  # "$ 100"
        words = counted(text, UNITS[previous])
    return [*_signed(sign), *words, *(["plus"] if more else [])]


def _signed(sign: str) -> list[str]:
    names = {"-": "minus", "+": "plus", "±": "plus or minus", "~": "about", "<": "under", ">": "over"}
    return names[sign].split() if sign else []


def _ordinal(parts: list[str], core: str, line: Line, n: int) -> list[str]:
    return ordinal(cardinal(parts[0].replace(",", "")))


def _plural(parts: list[str], core: str, line: Line, n: int) -> list[str]:
    digits = parts[0]
    if digits == "00":
        return ["two", "thousands"]
    if digits.startswith("0") and len(digits) == 2:
        return ["oh", *plural(spoken(digits[1:]))]
    return plural(spoken(digits))


def _short_year(parts: list[str], core: str, line: Line, n: int) -> list[str]:
    return one_by_one(parts[0]) if parts[0][0] == "0" else cardinal(parts[0])


def _time(parts: list[str], core: str, line: Line, n: int) -> list[str]:
    hour, minutes, half = parts
    return [*_minutes(hour, minutes, is_told=True), half[0].upper(), "M"]


def _clock(parts: list[str], core: str, line: Line, n: int) -> list[str]:
    hour, minutes, seconds = parts
    words = _minutes(hour, minutes, is_told=line.after(n).replace(".", "") in ("am", "pm") or bool(seconds))
    return [*words, *(_minutes("", seconds, is_told=False) if seconds else [])]


def _minutes(hour: str, minutes: str, *, is_told: bool) -> list[str]:
    """``is_told``: whether the half of the day or the seconds are named, so that "o'clock" is not."""
    words = cardinal(hour) if hour else []
    if minutes == "00":
        if is_told or not hour:
            return words
        return [*words, "hundred" if int(hour) > 12 else "o'clock"]
    return [*words, *(["oh"] if minutes[0] == "0" else []), *cardinal(minutes)]


def _hour(parts: list[str], core: str, line: Line, n: int) -> list[str]:
    return [*cardinal(parts[0]), parts[1].upper(), "M"]


def _fraction(parts: list[str], core: str, line: Line, n: int) -> list[str]:
    top, bottom = parts
    is_part = bottom in _DENOMINATORS and int(top) < int(bottom) and gcd(int(top), int(bottom)) == 1
    if not is_part or line.after(n) in _METRES:
        return [*spoken(top), *spoken(bottom)]
    name = [_FRACTIONS[bottom]] if bottom in _FRACTIONS else ordinal(cardinal(bottom))
    parts_named = name if top == "1" else plural(name)
    if line.number(n - 1):  # "1 1/2": one and a half
        return ["and", *(["a"] if top == "1" else cardinal(top)), *parts_named]
    return [*cardinal(top), *parts_named]


def _phone(parts: list[str], core: str, line: Line, n: int) -> list[str]:
    digits = re.sub(r"[^0-9]", "", core)
    if digits.startswith(("1800", "1900")) and len(digits) == 11:
        return ["one", *cardinal(digits[1:4]), *one_by_one(digits[4:])]
    return [*(["plus"] if core[0] == "+" else []), *one_by_one(digits)]


def _toll(parts: list[str], core: str, line: Line, n: int) -> list[str]:
    return ["one", *cardinal(parts[0])]


def _range(parts: list[str], core: str, line: Line, n: int) -> list[str] | None:
    first, second, name = parts
    unit = UNITS.get(name.lower()) or JOINED.get(name.lower()) if name else None
    if name and unit is None:
        return None
    between = ["to"]
    if first.isdigit() and second.isdigit():
        low, high = int(first), int(second)
        if high in (low, low + 1) or (low > high and (low, high) != (9, 5)):
            between = []  # "1-2", "50-50", "3-1"
    last = [*number_words(second), *(unit[1].split() if unit else [])]
    return [*number_words(first), *between, *last]


def _height(parts: list[str], core: str, line: Line, n: int) -> list[str]:
    feet, inches = parts
    if not inches and any(token.startswith(("'", "‘")) for token in line.tokens):
        return spoken(feet)  # the end of a quotation
    return [*cardinal(feet), "foot", *cardinal(inches)] if inches else counted(feet, UNITS["ft"])


def _by(parts: list[str], core: str, line: Line, n: int) -> list[str]:
    first, sign, second = parts
    return [*spoken(first), "by" if sign in "xX" else "times", *spoken(second)]


def _list(parts: list[str], core: str, line: Line, n: int) -> list[str] | None:
    """ "5,6,7,8" or "1,2": counted aloud. Other pairs are decimals."""
    numbers = re.split(r"[,.]", core)
    if len(numbers) == 2:
        is_count = "," in core and len(core) == 3 and int(numbers[1]) == int(numbers[0]) + 1
        return [*spoken(numbers[0]), *spoken(numbers[1])] if is_count else None
    if all(len(number) == 3 for number in numbers[1:]):
        return None
    return [word for number in numbers for word in spoken(number)]


_READERS: tuple[tuple[re.Pattern[str], Callable[[list[str], str, Line, int], list[str] | None]], ...] = (
    (_PHONE, _phone),
    (_LIST, _list),
    (_TOLL, _toll),
    (_PLAIN, _plain),
    (_ORDINAL, _ordinal),
    (_PLURAL, _plural),
    (_SHORT_YEAR, _short_year),
    (_MONEY, _money),
    (_VALUE, _value),
    (_TIME, _time),
    (_CLOCK, _clock),
    (_HOUR, _hour),
    (_UNIT, _unit),
    (_FRACTION, _fraction),
    (_BY, _by),
    (_HEIGHT, _height),
    (_RANGE, _range),
)
