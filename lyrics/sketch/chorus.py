"""Hooks and choruses: a sentence that has the subject, said twice, and two lines of the song's field that
rhyme with each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from lyrics.contract import TITLE_CHARACTERS
from lyrics.sketch.couplets import Filling, Row, wordings
from lyrics.sketch.material.fields import table
from lyrics.sketch.theme import OPEN_ENDED, Theme, theme_of, title_case
from lyrics.sketch.voice import Speech
from phonetics.words import count_syllables

METRE = 8
_SHORTEST, _LONGEST = METRE - 1, METRE + 1
_SHORTEST_OWN = 5
"""Syllables of a sentence that the description says itself."""
_TITLE_WORDS = (2, 5)
_OWN_TITLE, _LAST_TOO = 0.65, 0.35
"""How often the title is the subject, and the hook ends the chorus instead of standing in its third line."""


@dataclass(frozen=True)
class Hook:
    """``title`` is a part of ``line``."""

    title: str
    line: str


def hook_of(theme: Theme, speech: Speech, fillings: Sequence[Filling], rng: Random) -> Hook:
    """A hook for the theme: a whole sentence, or the subject in full; it holds the title. ``fillings`` have
    less and less of the subject, for a sentence that has no room for all of it."""
    bases = [row for row in table("chorus", "hooks") if speech.allows(row)]
    rng.shuffle(bases)
    own, other = _parted(bases, speech.kinds)
    # Of "my dog", a song says first what he is to me.
    other.sort(key=lambda row: row.kinds != "m" and rng.random() < _OWN_TITLE)
    # The sentence as it stands comes first: "look how" and "they say" only lengthen a short one.
    own.sort(key=lambda row: "s" not in row.kinds)
    for shortest in (_SHORTEST - 1, _SHORTEST_OWN):
        for row in own:
            if hook := _hook(row.first, theme, fillings[0], rng, shortest):
                return hook
    if theme.whole not in ("", theme.phrase) and theme.kind == "thing":
        whole = replace(fillings[0], x=theme.whole)
        if hook := _hook("{x}", theme, whole, rng, _SHORTEST - 1):
            return hook
    for filling in fillings:
        for shortest in (_SHORTEST, _SHORTEST - 1, _SHORTEST_OWN):
            for row in (*other, *own):
                if hook := _hook(row.first, theme, filling, rng, shortest):
                    return hook
    return Hook(theme.title, f"{fillings[-1].x[:1].upper()}{fillings[-1].x[1:]}")


def hook_with(title: str, theme: Theme, filling: Filling, rng: Random) -> Hook:
    """A hook that holds the title that the user asks for, just as it is."""
    text = " ".join(title.split())
    about = theme_of(text) if re.search(r"[A-Za-z]{2}", text) else None
    kinds = "q"
    if about and text.isascii():
        kinds = {"thing": "t", "who": "w", "doing": "d", "clause": "s"}[about.kind]
    speech = Speech(kinds=kinds, to_you=True, has_pronoun=False, of_others=kinds == "w")
    of_title = replace(filling, x=text, s=text, am=f"I'm {text}", is_plural=bool(about and about.is_plural))
    bases = [row for row in table("chorus", "hooks") if speech.allows(row)]
    rng.shuffle(bases)
    for row in bases:
        # The frame of a base may hold the title in any place; what the base marks as title is not needed.
        for line in _lines(row.first, of_title, _SHORTEST_OWN):
            if text.lower() in line.lower():
                return Hook(text, _bare(line))
    return Hook(text, text)


def chorus(hook: Hook, count: int, answers: Sequence[Row], rng: Random, used: set[str]) -> list[str]:
    """``count`` lines: the hook twice, with a couplet of ``answers``, "x A x A" or "x A A x"."""
    pool = [row for row in rng.sample(answers, len(answers)) if hook.line not in (row.first, row.second)]
    lines: list[str] = []
    ends_on_hook = count == METRE // 2 and rng.random() < _LAST_TOO
    while len(lines) < count:
        row = pool.pop()
        used |= {row.first, row.second}
        turn = (row.first, row.second, hook.line) if ends_on_hook else (row.first, hook.line, row.second)
        lines += [hook.line, *turn]
    used.add(hook.line)
    return lines[:count]


def _parted(bases: Sequence[Row], kinds: str) -> tuple[list[Row], list[Row]]:
    """What says the description's own sentence, and the rest."""
    own = [row for row in bases if "{s}" in row.first and {"s"} & set(kinds)]
    return own, [row for row in bases if row not in own]


def _lines(pattern: str, filling: Filling, shortest: int) -> Iterator[str]:
    """The wordings of a base, brackets and all, that can be sung, the one nearest to the metre first."""
    counted = [(count_syllables(_bare(text)), text) for text, _ in wordings(pattern, filling)]
    fitting = [(abs(count - METRE), text) for count, text in counted if shortest <= count <= _LONGEST]
    return (text for _, text in sorted(fitting, key=lambda pair: pair[0]))


def _hook(pattern: str, theme: Theme, filling: Filling, rng: Random, shortest: int) -> Hook | None:
    """The base as a hook with a title, or None."""
    for text in _lines(pattern, filling, shortest):
        line = _capital(_bare(text))
        words = Counter(re.findall(r"[\w'’]+", line.lower()))
        if words["me"] > 1 or any(
            count > 1 for word, count in words.items() if word in ("i'm", "all", "day", "night")
        ):
            continue  # "give me you and me", "tonight the night belongs to"
        if title := _title(text, theme, filling, rng):
            return Hook(title, line)
    return None


def _title(text: str, theme: Theme, filling: Filling, rng: Random) -> str:
    """Two to five words of the hook that name the subject: the subject itself, or the part that the hook
    marks. Empty if there are none."""
    line = _bare(text)
    marked = re.search(r"\[(.*?)\]", text)
    subject = filling.x
    if len(subject.split()) > _TITLE_WORDS[1]:
        subject = re.sub(r"^(?:the|a|an|some) ", "", subject)
    subjects = [part for part in (subject,) if _is_title(part) and part.lower() in line.lower()]
    parts = [part for part in (_bare(marked[1]) if marked else "", line) if _is_title(part)]
    if theme.kind == "clause":
        subjects = []
    choice = [*subjects, *parts] if rng.random() < _OWN_TITLE else [*parts, *subjects]
    title = title_case(choice[0]) if choice else ""
    return re.sub(r"(?<=\d )[AP]m\b", lambda at: at[0].upper(), title)


def _is_title(text: str) -> bool:
    low, high = _TITLE_WORDS
    return (
        low <= len(text.split()) <= high
        and len(text) <= TITLE_CHARACTERS
        and text.split()[-1].lower() not in OPEN_ENDED
    )


def _bare(text: str) -> str:
    return text.replace("[", "").replace("]", "")


def _capital(line: str) -> str:
    return line[:1].upper() + line[1:]
