"""Decides what single lines leave open: a bare "Bridge", "M:" before words, chords, an echo in brackets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reading.headings import canonical
from reading.pieces import BLANK, ONE_CHORD, Piece, pieces_of
from reading.words.performance import Singer, tokens

_MOST_SHOWN = 3
_PLAIN_CHORD = re.compile(r"[A-H]")


Given = tuple[str, tuple[float, ...], bool]
"""A line, its times in seconds, and whether it was left out."""


@dataclass(frozen=True)
class Row:
    """A line of the lyrics, in pieces."""

    pieces: tuple[Piece, ...]
    times_s: tuple[float, ...] = ()


def shown(texts: Sequence[str]) -> str:
    """``texts`` in quotes for a warning: the first few, and how many more there are."""
    unlike = list(dict.fromkeys(texts))
    first = ", ".join(repr(text if len(text) <= 60 else f"{text[:57]}...") for text in unlike[:_MOST_SHOWN])
    more = len(unlike) - _MOST_SHOWN
    return f"{first} and {more} more" if more > 0 else first


def resolved(lines: Iterable[Given]) -> tuple[list[Row], list[str]]:
    """The rows of ``lines``, and warnings of what is not sung."""
    given = _without_numbers(list(lines))
    read = [() if left_out else pieces_of(text) for text, _, left_out in given]
    pieces = _without_chords([text for text, _, _ in given], read)
    pieces = _with_singers(_with_headings(pieces))
    tagged = any(piece.kind in ("heading", "singer") and not piece.round for line in pieces for piece in line)
    rows, asides, chords, names = list[Row](), list[str](), list[str](), list[str]()
    before: set[str] = set()
    for (_, times_s, _), line in zip(given, pieces, strict=True):
        kept = []
        for piece in line:
            if piece.round and not before.isdisjoint(tokens(piece.source)):
                piece = Piece("words", piece.source)
            if piece.round and piece.kind == "heading" and not tagged:
                # Without sections, an interlude has no place of its own.
                piece = Piece("aside", piece.source)
            if piece.kind == "aside":
                asides += [piece.text] if any(letter.isalnum() for letter in piece.text) else []
                continue
            if piece.kind == "chord":
                chords.append(piece.text.strip("[]"))
                continue
            if piece.kind == "words":
                asides += [piece.source] if piece.source else []
                before = set(tokens(piece.text)) if len(piece.text) <= 200 else set()
            if piece.heading and piece.kind == "heading":
                names += piece.heading.names
            kept.append(piece)
        rows.append(Row(tuple(kept), times_s))
    return _without_gaps(rows, [bool(text.strip()) for text, _, _ in given]), _warnings(asides, chords, names)


_LISTED = re.compile(r"\s*(\d{1,3})[.)]\s+(?=\S)")


def _without_numbers(lines: list[Given]) -> list[Given]:
    """``lines`` without the numbers of a list: three lines or more that count from 1."""
    found = [_LISTED.match(text[:9]) for text, _, _ in lines]
    counts = [int(match[1]) for match in found if match]
    if len(counts) < 3 or counts != list(range(1, len(counts) + 1)):
        return lines
    return [
        (text[match.end() :] if match else text, times_s, left_out)
        for (text, times_s, left_out), match in zip(lines, found, strict=True)
    ]


def _warnings(asides: Sequence[str], chords: Sequence[str], names: Sequence[str]) -> list[str]:
    found = []
    if asides:
        several = len(set(asides)) > 1
        found.append(
            f"{shown(asides)} in the lyrics {'are directions' if several else 'is a direction'}: not sung"
        )
    if chords:
        found.append(
            "chords in the lyrics are neither sung nor played: " + ", ".join(dict.fromkeys(chords[:8]))
        )
    if names:
        verb = "names a singer" if len(set(names)) == 1 else "name singers"
        found.append(f"{shown(names)} in the lyrics {verb}: no voice is imitated")
    return found


def _without_chords(lines: Sequence[str], pieces: Sequence[tuple[Piece, ...]]) -> list[tuple[Piece, ...]]:
    """``pieces`` with lines of chords as such. What may be words too ("A D E") needs a sure line beside
    it."""
    found = [_chords_in(line) if line[:1] and len(line) <= 300 else (False, False) for line in lines]
    sure = any(must for _, must in found) or _are_single(lines, found)
    return [
        tuple(Piece("chord", word) for word in line.split()) if must or (sure and may) else parts
        for line, parts, (may, must) in zip(lines, pieces, found, strict=True)
    ]


def _chords_in(line: str) -> tuple[bool, bool]:
    """Whether ``line`` may be chords alone ("A D E"), and whether it must be ("Am  F  C  G")."""
    if len(line) > 300 or not line.strip():
        return False, False
    words = [
        word
        for word in re.split(r"[\s|]+|(?<=\S)-(?=[A-H])|(?<=\S),", line)
        if word and word not in "-–/%.:x"
    ]
    if not words or not all(
        ONE_CHORD.fullmatch(word.strip("()[]")) or re.fullmatch(r"x\d", word) for word in words
    ):
        return False, False
    rich = sum(_PLAIN_CHORD.fullmatch(word.strip("()")) is None for word in words)
    spaced = "   " in line.strip() or "|" in line
    return True, len(words) >= 2 and (rich > 0 or spaced)


def _are_single(lines: Sequence[str], found: Sequence[tuple[bool, bool]]) -> bool:
    """Whether single chords stand on lines of their own: two lines or more, one of them no word ("Am")."""
    alone = [line.strip() for line, (may, _) in zip(lines, found, strict=True) if may]
    return len(alone) >= 2 and any(len(line) > 1 and " " not in line for line in alone)


def _with_headings(pieces: Sequence[tuple[Piece, ...]]) -> list[tuple[Piece, ...]]:
    """``pieces`` with the words that are headings where they stand: "Chorus" with a capital or after a blank
    line; "Bridge", which is sung too, with both, and only among other headings."""
    found = list(pieces)
    tagged = any(piece.kind == "heading" for line in pieces for piece in line)
    tagged = tagged or any(
        _is_heading(n, pieces, tagged=False) for n, line in enumerate(pieces) if line and not line[0].weak
    )
    for n, line in enumerate(pieces):
        if line and _is_heading(n, pieces, tagged=tagged):
            piece = line[0]
            assert piece.heading
            found[n] = (
                replace(piece, kind="heading", text=canonical(piece.heading), times=piece.heading.times),
            )
    return found


def _stands_out(piece: Piece, after: tuple[Piece, ...]) -> bool:
    """Whether the name of a part to sing is written in capitals above a line that is not."""
    sung = piece.heading is not None and piece.heading.kind not in _PLAYED and piece.heading.never_words
    return sung and len(piece.text) > 3 and piece.text.isupper() and not after[0].text.isupper()


def _is_heading(n: int, lines: Sequence[tuple[Piece, ...]], *, tagged: bool) -> bool:
    """Whether the bare word in line ``n`` is a heading there. With ``tagged``, the lyrics have others."""
    piece = lines[n][0]
    if piece.kind != "words" or piece.heading is None:
        return False
    before = next((each for each in reversed(lines[max(0, n - 2) : n]) if each), BLANK)
    after = next((each for each in lines[n + 1 : n + 3] if each), BLANK)
    capital = not piece.text.strip()[:1].islower()
    if not piece.weak:
        return capital or before == BLANK
    if not capital or before != BLANK:
        return False
    if after == BLANK:
        return tagged and piece.heading.kind in _PLAYED
    return tagged or _stands_out(piece, after)


_PLAYED = ("intro", "outro", "instrumental")


def _with_singers(pieces: Sequence[tuple[Piece, ...]]) -> list[tuple[Piece, ...]]:
    """``pieces`` with "M:" or "Girl:" before words as singers, if the song has two such; else as words."""
    pieces = _numbered(pieces)
    singers = {piece.singer for line in pieces for piece in line if piece.singer is not None}
    if len(singers) > 1:
        return [tuple(part for piece in line for part in _divided(piece)) for line in pieces]
    return [tuple(map(_undivided, line)) for line in pieces]


_NUMBERED = re.compile(r"[\[(]?(?:singer|voice|vocalist)\s*([12])\b", re.IGNORECASE)


def _numbered(pieces: Sequence[tuple[Piece, ...]]) -> list[tuple[Piece, ...]]:
    """``pieces`` with "[singer 2]" as the singer that it was said to be, else as the one that is left."""
    known: dict[str, Singer] = {}
    for line in pieces:
        for piece in line:
            match = _NUMBERED.match(piece.text) if piece.kind == "singer" else None
            if match and piece.singer is not None:
                known.setdefault(match[1], piece.singer)
    first = known.get("1") or ("male" if known.get("2", "female") == "female" else "female")
    voices: dict[str, Singer] = {"1": first, "2": known.get("2") or ("female" if first == "male" else "male")}

    def named(piece: Piece) -> Piece:
        match = _NUMBERED.match(piece.text) if piece.kind == "aside" and len(piece.text) < 16 else None
        return Piece("singer", piece.text, singer=voices[match[1]]) if match else piece

    return [tuple(map(named, line)) for line in pieces]


def _divided(piece: Piece) -> tuple[Piece, ...]:
    if piece.kind == "words" and piece.singer is not None:
        return Piece("singer", piece.prefix, singer=piece.singer), replace(piece, singer=None)
    return (piece,)


def _undivided(piece: Piece) -> Piece:
    if piece.kind == "words" and piece.singer is not None:
        return replace(piece, text=piece.prefix + piece.text, singer=None)
    if piece.kind == "singer" and piece.bare:
        return Piece("words", piece.text)
    return piece


def _without_gaps(rows: Sequence[Row], written: Sequence[bool]) -> list[Row]:
    """``rows`` without those that left nothing, and without the blank lines that they leave around them."""
    if all(row.pieces for row in rows) and not any(row.times_s for row in rows):
        return list(rows)
    kept: list[Row] = []
    gap = False
    for row, had_text in zip(rows, written, strict=True):
        if not row.pieces:
            gap = gap or had_text
        elif row.pieces != BLANK or (kept and not (gap and kept[-1].pieces == BLANK)):
            gap = gap and row.pieces == BLANK
            kept.append(row)
    while gap and kept and kept[-1].pieces == BLANK:
        kept.pop()
    return kept


def in_time(rows: Sequence[Row]) -> Sequence[Row]:
    """``rows`` with each line at each of its times. What has no time stays with the line after it, or
    before it if it is sung."""
    if not any(len(row.times_s) > 1 for row in rows):
        return rows
    units: list[tuple[float, list[Row]]] = []
    waiting: list[Row] = []
    for row in rows:
        if row.times_s:
            for n, start_s in enumerate(row.times_s):
                units.append((start_s, [*(waiting if n == 0 else ()), replace(row, times_s=(start_s,))]))
            waiting = []
        elif units and not waiting and any(piece.kind == "words" for piece in row.pieces):
            units[-1][1].append(row)
        else:
            waiting.append(row)
    ordered = [row for _, unit in sorted(units, key=lambda unit: unit[0]) for row in unit]
    return [*ordered, *waiting]
