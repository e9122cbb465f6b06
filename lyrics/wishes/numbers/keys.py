"""Keys in a description, in English, German and Romance names."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIGN = r"(\s*(?:#|♯|♭|-?\s?sharp\b|-?\s?flat\b)|b(?=m?(?![a-z])))"
_MODES = {
    "major": "major", "maj": "major", "ionian": "major", "minor": "minor", "min": "minor", "m": "minor",
    "aeolian": "minor", "harmonic minor": "minor", "melodic minor": "minor", "natural minor": "minor",
    "dorian": "dorian", "phrygian": "phrygian", "lydian": "lydian", "mixolydian": "mixolydian",
    "locrian": "phrygian",
}  # fmt: skip
"""The contract's mode for each name; the nearest for one that it does not have."""
_SAME = frozenset({"maj", "min", "m", "ionian", "aeolian", "natural minor"})
_MODE = (
    r"(?:(?:harmonic|melodic|natural)[ -]min(?:or)?|major|minor|maj|min|ionian|aeolian|dorian|phrygian|lydian|"
    r"mixolydian|locrian)"
)
_NAMED = re.compile(
    rf"(?<![\w'’#/])(?:(key)(?:\s+of|\s*[:=]|\s+is)?\s*|(in)\s+(?:the\s+)?)?([A-Ga-g])(?:{_SIGN})?\s*-?\s*({_MODE})\b(?!['’])",
    re.IGNORECASE,
)
_SHORT = re.compile(
    rf"(?<![\w'’#/])(?:(key)(?:\s+of|\s*[:=]|\s+is)?\s*|(in)\s+)?([A-G])(?:{_SIGN}|)m(?![\w'’])", re.I
)
_KEY_OF = re.compile(
    rf"\b(?i:key)(?:\s+(?i:of)|\s+signature(?:\s+of|\s*[:=])?|\s*[:=]|\s+is)?\s+(?:is\s+)?([A-Ga-g])(?:{_SIGN})?(?![\w'’])|"
    rf"\b(?i:key)\s*[:=]\s*([A-Ga-g])(?:{_SIGN})?(?![\w'’])",
)
_BARE = re.compile(
    r"\bin\s+([A-G])(?:\s*(#|♯|♭|b(?![a-z])|-?\s?sharp|-?\s?flat))?"
    r"(?=\s*(?:$|[,.;!?]|\b(?:about|with|at|for|and|sung|featuring)\b))"
)
"""A key without a mode ("blues in A"), if no noun can follow. It means major."""
_GERMAN = re.compile(r"(?<!\w)([A-Ha-h])(is|es|s)?[- ]?(Dur|Moll)\b", re.IGNORECASE)
_ROMANCE = re.compile(
    r"(?<!\w)(do|r[ée]|mi|fa|sol|la|si)\s*(#|♯|♭|di[èe]se|diesis|sostenido|b[ée]mol(?:le)?)?\s+"
    r"(majeur|mineur|maggiore|minore|mayor|menor)\b",
    re.IGNORECASE,
)
_TONICS = {"do": "C", "re": "D", "ré": "D", "mi": "E", "fa": "F", "sol": "G", "la": "A", "si": "B"}
_MODE_ALONE = re.compile(
    r"\b(?:in\s+(?:an?\s+)?(major|minor)(?:\s+(?:key|mode|tonality|scale))?(?=\s*(?:$|[,.;]))|(major|minor)[ -](?:key|mode|tonality))\b",
    re.IGNORECASE,
)
_AFTER_A = re.compile(
    r"\s*(?:$|[,.;:!?)\d/]|\b(?:key|scale|about|with|at|for|and|in|sung|featuring|by|song|track|tune|blues|waltz|ballad|jam|"
    r"piece|progression|then|pop|rock|jazz|folk|bpm|tempo|no|without|instrumental|groove|riff|vamp)\b)",
    re.IGNORECASE,
)
"""What may follow "a minor" if a key is meant: "a minor label" has an article."""
_OPENING = re.compile(r"(?:^|[.!?]\s*)$")


@dataclass(frozen=True)
class Found:
    """``key`` in the contract's form ("D minor"), or only its ``mode``."""

    key: str | None = None
    mode: str | None = None
    warnings: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()


def key(text: str) -> Found:
    """The key that the text names first, if the words around show that it is a key."""
    found = sorted(_all(text))
    if not found:
        mode = _MODE_ALONE.search(text)
        return Found(mode=(mode[1] or mode[2]).lower(), spans=(mode.span(),)) if mode else Found()
    _, _, first, note = found[0]
    notes = [note] if note else []
    other = next((name for _, _, name, _ in found if name != first), None)
    if other:
        notes.append(f"the description names more than one key: {first} is used, {other} is not")
    return Found(first, None, tuple(notes), tuple((start, end) for start, end, _, _ in found))


def _all(text: str) -> list[tuple[int, int, str, str]]:
    """Start, end, key and note of each."""
    found: list[tuple[int, int, str, str]] = []

    def add(match: re.Match[str], name: str, note: str = "") -> None:
        if not any(start < match.end() and match.start() < end for start, end, _, _ in found):
            found.append((*match.span(), name, note))

    for match in _NAMED.finditer(text):
        mode = (
            " ".join(match[5].lower().replace("-", " ").split())
            .replace("min", "minor")
            .replace("minoror", "minor")
        )
        mode = "min" if match[5].lower() == "min" else mode
        if _is_key(text, match):
            name = f"{match[3].upper()}{_sign(match[4])} {_MODES[mode]}"
            spelled = f"{match[3].upper()}{_sign(match[4])} {mode}"
            is_same = mode == _MODES[mode] or mode in _SAME
            add(match, name, "" if is_same else f"key {spelled} is not known: {name} is used")
    for match in _SHORT.finditer(text):
        if match[3].isupper() or match[4]:
            alone = _is_alone(text, match)
            if (
                match[1]
                or match[2]
                or alone
                or (match[4] and match[4] != "b")
                or (match[4] and match[3].isupper())
            ):
                add(match, f"{match[3].upper()}{_sign(match[4])} minor")
    for match in _KEY_OF.finditer(text):
        tonic, sign = match[1] or match[3], match[2] or match[4]
        article = (
            tonic in "aA"
            and not sign
            and not re.match(r"\s*(?:$|[,.;:!?)\d]|and\b|at\b|with\b)", text[match.end() :])
        )
        if not article:
            add(match, f"{tonic.upper()}{_sign(sign)} major")
    for match in _BARE.finditer(text):
        add(match, f"{match[1]}{_sign(match[2])} major")
    for match in _GERMAN.finditer(text):
        letter = match[1].upper()
        tonic = "B" if letter == "H" else "Bb" if letter == "B" and not match[2] else letter
        sign = {"is": "#", "es": "b", "s": "b"}.get((match[2] or "").lower(), "")
        add(match, f"{tonic}{sign} {'major' if match[3].lower() == 'dur' else 'minor'}")
    for match in _ROMANCE.finditer(text):
        sign = "" if not match[2] else "#" if match[2][0].lower() in "#♯ds" else "b"
        mode = "minor" if match[3].lower() in ("mineur", "minore", "menor") else "major"
        add(match, f"{_TONICS[match[1].lower()]}{sign} {mode}")
    return found


def _is_key(text: str, match: re.Match[str]) -> bool:
    """Whether a letter and a mode are a key: "a minor" may be an article and an adjective, and "B minor" in
    small letters, "b minor", is a key all the same."""
    if match[3] not in "aA" or match[4] or match[1] or match[5].lower() not in ("major", "minor"):
        return True
    after = text[match.end() :]
    if re.match(r"\s+(?:key|mode|tonality)\b", after, re.IGNORECASE):
        return match[3] == "A" and bool(match[2])
    if match[3] == "A" and not _OPENING.search(text[max(0, match.start() - 4) : match.start()]):
        return not re.match(
            r"\s+(?:label|character|role|inconvenience|problem|hit|thing|part|league)\b", after, re.I
        )
    return bool(_AFTER_A.match(after))


def _is_alone(text: str, match: re.Match[str]) -> bool:
    """Whether a chord's name such as "Am" stands between commas, or before a number."""
    before, after = text[: match.start()].rstrip(), text[match.end() :].lstrip()
    return (not before or before[-1] in ",;:(|-" or bool(re.search(r"\bbpm$", before, re.I))) and (
        not after or after[0] in ",;.)|" or after[0].isdigit()
    )


def _sign(text: str | None) -> str:
    plain = (text or "").strip(" -").lower()
    return "#" if plain in ("#", "♯", "sharp") else "b" if plain else ""
