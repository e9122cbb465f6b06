"""Texts that nobody writes: of each kind as many characters as are asked for."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from random import Random

from lyrics.wishes.instruments import INSTRUMENTS

Text = Callable[[int], str]


def repeated(text: str, opening: str = "", closing: str = "") -> Text:
    """``text`` over and over, between an opening and a closing."""

    def of(size: int) -> str:
        room = size - len(opening) - len(closing)
        return opening + (text * (room // len(text) + 1))[:room] + closing

    return of


def nested(opening: str, closing: str) -> Text:
    return lambda size: opening * (size // 2) + closing * (size // 2)


def drawn(alphabet: str, word: int) -> Text:
    """Words of ``word`` characters drawn by chance, no two alike."""

    def of(size: int) -> str:
        rng = Random(size)
        return " ".join("".join(rng.choices(alphabet, k=word)) for _ in range(size // (word + 1)))

    return of


def numbered(pattern: str) -> Text:
    """``pattern`` with the next number each time."""

    def of(size: int) -> str:
        return "".join(pattern.format(n) for n in range(size // len(pattern)))[:size]

    return of


def encoded(size: int) -> str:
    return base64.b64encode(Random(1).randbytes(size)).decode()[:size]


ORDINARY = repeated("the rain is on the roof and I am far from home\nwe sang until the morning came\n")

KINDS: Mapping[str, Mapping[str, Text]] = {
    "one word or letter over and over": {
        "la": repeated("la "),
        "la in lines": repeated("la\n"),
        "one word": repeated("a"),
        "no vowel": repeated("b"),
        "consonants": repeated("bcd", "a", "a"),
        "scream": repeated("wonderful"),
        "joined": repeated("a-"),
        "contracted": repeated("a'"),
    },
    "digits, dates, sums, numerals": {
        "digits": repeated("1234567890"),
        "spaced": repeated("7 "),
        "years": repeated("1985 "),
        "grouped": repeated("9,999."),
        "sums": repeated("$1,000,000% "),
        "dates": repeated("2024-01-31 12/31/1999 22nd "),
        "roman": repeated("MCMLXXXVIII "),
        "tempi": repeated("1 bpm "),
    },
    "brackets, tags, stamps": {
        "round": nested("(", ")"),
        "unclosed": repeated("["),
        "choices": repeated("(|)", "about ab "),
        "holes": repeated("{h}", "about ab "),
        "[Verse": repeated("[Verse"),
        "[verse]": repeated("[verse]\n"),
        "[verse] la": repeated("[verse]\nla\n"),
        "played": repeated("[intro]\n[solo]\n"),
        "sections": numbered("[verse {}]\nword{}\n\n".replace("word{}", "one")),
        "headings": repeated("chorus:\nla\n"),
        "stamps": repeated("[00:12.34]"),
        "LRC": repeated("[00:12.34] la la\n"),
    },
    "spaces, lines, signs": {
        "newlines": repeated("\n", closing="ab"),
        "spaces": repeated(" ", "verse", "a"),
        "tabs": repeated("\t", closing="ab"),
        "blocks": repeated("la\n\n"),
        "unlike blocks": numbered("w{}\n\n"),
        "commas": repeated(" ,", "about x", "zz"),
        "hyphens": repeated("-"),
        "quotes": repeated('"a'),
        "times": repeated("la la (x99)\n"),
    },
    "other scripts, marks, emoji": {
        "marks": repeated("a" + "\u0301\u0302\u0303\u0304\u0305" * 10),
        "marks alone": repeated("\u0301"),
        "emoji": repeated("👨‍👩‍👧‍👦"),
        "spaced emoji": repeated("🎉 ", "a "),
        "Chinese": repeated("我爱你北京天安门"),
        "Thai": repeated("สวัสดีครับฉันรักคุณ"),
        "Arabic": repeated("السلامعليكم"),
        "Devanagari": repeated("नमस्तेदुनिया"),
        "ligatures": repeated("\ufdfa"),
        "no width": repeated("\u200b", "a"),
        "turned": repeated("\u202e\u202dab"),
    },
    "addresses, blobs, capitals": {
        "addresses": repeated("https://example.com/a/b?c=d&e=f "),
        "base64": encoded,
        "capitals": repeated("NASA FBI HTTP "),
        "unlike words": drawn("abcdefghijklmnopqrstuvwxyz", 60),
        "short words": drawn("bcdfghaeiou", 4),
    },
    "the words that descriptions are read by": {
        "about": repeated("about "),
        "for my": repeated("for my "),
        "called": repeated("called "),
        "without": repeated("without any "),
        "no": repeated("no a-'", "no "),
        "who": repeated(" who", "about a"),
        "my": repeated("my love ", "about "),
        "of": repeated("of the ", "about rain "),
        "adjectives": repeated("beautiful ", "about the "),
        "genres": repeated("the house rock "),
        "moods": repeated("not happy "),
        "instruments": repeated("piano no drums "),
        "every instrument": repeated(", ".join(INSTRUMENTS) + ", "),
        "keys": repeated("in the key of "),
        "please": repeated(", please", "about x"),
    },
}
