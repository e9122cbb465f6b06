"""Numbers in words, as they are sung: years in pairs, longer ones digit by digit."""

from __future__ import annotations

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()


def spoken(digits: str) -> list[str]:
    """The words of some digits: "42" forty two, "1985" nineteen eighty five, "2007" two thousand seven."""
    if len(digits) > 4 or (len(digits) > 1 and digits[0] == "0"):
        return [_ONES[int(digit)] for digit in digits]
    number = int(digits)
    if number >= 1000:
        high, low = divmod(number, 100)
        if low == 0 and high % 10 == 0:
            return [_ONES[high // 10], "thousand"]
        if low < 10:
            return [*_below_hundred(high), "hundred"] if low == 0 else _thousands(number)
        return [*_below_hundred(high), *_below_hundred(low)]
    if number >= 100:
        return [_ONES[number // 100], "hundred", *(_below_hundred(number % 100) if number % 100 else [])]
    return _below_hundred(number)


def _thousands(number: int) -> list[str]:
    high, low = divmod(number, 1000)
    return [_ONES[high], "thousand", *(spoken(str(low)) if low else [])]


def _below_hundred(number: int) -> list[str]:
    if number < 20:
        return [_ONES[number]]
    return [_TENS[number // 10], *([_ONES[number % 10]] if number % 10 else [])]
