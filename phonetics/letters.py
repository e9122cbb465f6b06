"""Letter-to-sound rules for words that are not in the dictionary: names, invented words, other languages.

They follow English spelling; the longest match at each letter wins. They are a guess, but each group of vowel
letters becomes a syllable, so every word can be sung."""

from __future__ import annotations

from phonetics.dictionary import is_vowel

_VOWEL_LETTERS = "aeiouy"
_SOFTENERS = "eiy"

# Letters -> phones. Vowels are marked 1 here and get their real stress at the end.
_GROUPS: dict[str, str] = {
    "tion": "SH AH1 N", "sion": "ZH AH1 N", "cious": "SH AH1 S", "tious": "SH AH1 S", "ture": "CH ER1",
    "ough": "AO1", "augh": "AO1", "eigh": "EY1", "igh": "AY1", "tch": "CH", "dge": "JH", "sch": "SH",
    "eau": "OW1", "air": "EH1 R", "ear": "IH1 R", "eer": "IH1 R", "oar": "AO1 R", "oor": "AO1 R",
    "our": "AO1 R", "ai": "EY1", "ay": "EY1", "au": "AO1", "aw": "AO1", "ea": "IY1", "ee": "IY1",
    "ei": "EY1", "ey": "IY1",
    "eu": "Y UW1", "ew": "UW1", "ie": "IY1", "oa": "OW1", "oe": "OW1", "oi": "OY1", "oo": "UW1", "ou": "AW1",
    "ow": "OW1", "oy": "OY1", "ue": "UW1", "ui": "UW1", "uy": "AY1",
    "ar": "AA1 R", "er": "ER1", "ir": "ER1", "or": "AO1 R", "ur": "ER1", "yr": "ER1",
    "ch": "CH", "ck": "K", "gh": "G", "kn": "N", "ng": "NG", "ph": "F", "qu": "K W", "rh": "R", "sh": "SH",
    "th": "TH", "wh": "W", "wr": "R", "zh": "ZH", "kh": "K", "ts": "T S",
    "b": "B", "c": "K", "d": "D", "f": "F", "g": "G", "h": "HH", "j": "JH", "k": "K", "l": "L", "m": "M",
    "n": "N", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "v": "V", "w": "W", "x": "K S", "z": "Z",
    "a": "AE1", "e": "EH1", "i": "IH1", "o": "AA1", "u": "AH1", "y": "IH1",
}  # fmt: skip
_LONG = {"a": "EY1", "e": "IY1", "i": "AY1", "o": "OW1", "u": "UW1", "y": "AY1"}
_FINAL = {"a": "AH1", "e": "IY1", "i": "IY1", "o": "OW1", "u": "UW1", "y": "IY1"}
_LONGEST = max(map(len, _GROUPS))


def spell(word: str) -> tuple[str, ...]:
    """Phones for a word of the letters a to z. The result has at least one vowel. The stress is on the first
    syllable, or on the second after a common weak prefix."""
    phones = _phones(word)
    if not any(is_vowel(phone) for phone in phones):
        # "hmm", "brr", initials: the lightest vowel makes them singable. It goes before a final sonorant, or
        # at the end.
        at = len(phones) - 1 if len(phones) > 1 and phones[-1] in ("M", "N", "R", "L") else len(phones)
        phones.insert(at, "AH1")
    nuclei = [i for i, phone in enumerate(phones) if is_vowel(phone)]
    stressed = 1 if len(nuclei) > 1 and word.startswith(("a", "be", "de", "re", "un", "ex", "en")) else 0
    for n, i in enumerate(nuclei):
        phones[i] = phones[i][:-1] + ("1" if n == stressed else "0")
    return tuple(phones)


def _phones(word: str) -> list[str]:
    phones: list[str] = []
    at = 0
    while at < len(word):
        for length in range(min(_LONGEST, len(word) - at), 0, -1):
            group = word[at : at + length]
            if group not in _GROUPS or _splits(word, at, group):
                continue
            phones += _sound(word, at, group).split()
            at += length
            break
        else:
            at += 1  # an apostrophe, a hyphen
    return [phone for n, phone in enumerate(phones) if n == 0 or phone != phones[n - 1] or is_vowel(phone)]


def _splits(word: str, at: int, group: str) -> bool:
    """Whether the "r" of a group belongs to the next syllable, as "ori" in "boring"."""
    after = word[at + len(group) : at + len(group) + 1]
    return group in ("ar", "er", "ir", "or", "ur", "yr") and after in tuple(_VOWEL_LETTERS) and after != ""


def _sound(word: str, at: int, group: str) -> str:
    end = at + len(group)
    after, rest = word[end : end + 1], word[end : end + 3]  # no rule looks further ahead
    if group == "y" and (at == 0 or word[at - 1] in _VOWEL_LETTERS) and after in tuple(_VOWEL_LETTERS):
        return "Y"
    if group == "c" and after in tuple(_SOFTENERS):
        return "S"
    if group == "g" and after in tuple(_SOFTENERS) and at > 0:
        return "JH"
    if (
        group == "s"
        and at > 0
        and (not rest or after in tuple(_VOWEL_LETTERS))
        and word[at - 1] in _VOWEL_LETTERS
    ):
        return "Z"
    if group == "x" and at == 0:
        return "Z"
    if group == "l" and rest == "e" and at > 0 and word[at - 1] not in _VOWEL_LETTERS:
        return "AH1 L"  # "little"
    if group == "e" and not rest and any(letter in _VOWEL_LETTERS for letter in word[:at]):
        return ""  # the silent e, which makes the vowel before it long
    if group == "ng" and after in tuple(_VOWEL_LETTERS):
        return "NG G"
    if len(group) == 1 and group in _LONG:
        if not rest:
            return _FINAL[group] if any(letter in _VOWEL_LETTERS for letter in word[:at]) else _LONG[group]
        if len(rest) == 2 and rest[0] not in _VOWEL_LETTERS and rest[1] == "e":
            return _LONG[group]  # magic e: "zone", "mute"
    return _GROUPS[group]
