"""The words of a score as lyric events, in the way of karaoke files: a piece of a word for each of its notes,
a space after a word, a carriage return after a line. All pieces in order are the text."""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from math import ceil

from music.sketch.score import Line, Score

_VOWELS = frozenset("aeiouy")
_ONE_SOUND = frozenset("ch ck gh ph sh th wh".split())
"""Consonants that belong to one syllable."""


def lyric_events(score: Score) -> list[tuple[float, str]]:
    """``(beat, text)`` for each note of each word once, in order, whoever sings it. A word without a sound (a
    dash) stands after the word before it, or before the first one of its line."""
    notes = score.notes_of_words()
    events: list[tuple[float, str]] = []
    for number, line in enumerate(score.lines):
        beats = [[note.start for note in notes.get((number, n), [])] for n in range(len(line.words))]
        texts = _texts(line, beats)
        events += [
            (beat, piece)
            for starts, text in zip(beats, texts, strict=True)
            for beat, piece in zip(starts, pieces(text, len(starts)) if starts else [], strict=True)
        ]
    return events


def _texts(line: Line, beats: list[list[float]]) -> list[str]:
    """The text of each word with what follows it, and with the silent words beside it."""
    texts, last, before = [""] * len(beats), -1, ""
    for n, word in enumerate(line.words):
        if beats[n]:
            texts[n], last = f"{before}{word} ", n
            before = ""
        elif last >= 0:
            texts[last] += f"{word} "
        else:
            before += f"{word} "
    if last >= 0:
        texts[last] = texts[last][:-1] + "\r"
    return texts


def pieces(text: str, count: int) -> list[str]:
    """``text`` in ``count`` pieces, one for each syllable: cut between its vowels, before the last consonant
    between two of them, if it has enough; else evenly. A piece is empty if the letters do not suffice."""
    body = len(text.rstrip())
    vowels = [n for n in range(body) if _is_vowel(text[n]) and not (n and _is_vowel(text[n - 1]))]
    if len(vowels) >= count:
        cuts = [_before_consonant(text, vowel) for vowel in vowels[1:count]]
    else:
        cuts = [_after_marks(text, ceil(body * k / count), body) for k in range(1, count)]
    return [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]


def _is_vowel(letter: str) -> bool:
    return unicodedata.normalize("NFD", letter.lower())[:1] in _VOWELS


def _before_consonant(text: str, vowel: int) -> int:
    """Where the syllable of ``vowel`` begins: with the consonant before it, if it has one."""
    if text[vowel - 2 : vowel].lower() in _ONE_SOUND:
        return vowel - 2
    return vowel - 1 if text[vowel - 1].isalpha() and not _is_vowel(text[vowel - 1]) else vowel


def _after_marks(text: str, at: int, end: int) -> int:
    """The first place from ``at`` on that does not part a letter from its marks."""
    while at < end and unicodedata.category(text[at]).startswith("M"):
        at += 1
    return at
