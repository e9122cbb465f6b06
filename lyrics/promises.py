"""Whatever was asked for, a plan agrees with itself: who sings is who the lyrics say, words that are not sung
are not in it, and what cannot be had is said.

One rule for each contradiction. Words that the user gave are sung, even if the style asks for "no vocals";
the field ``instrumental`` and a plan's voice "none" are stronger than words; marks of singers in the lyrics
are stronger than the voice in the style.
"""

from __future__ import annotations

import re
from typing import Any

from lyrics.contract import VOICE_TAGS, SongPlan, Voice
from phonetics.syllables import FASTEST_SYLLABLE_S, SUNG_PART
from phonetics.words import count_syllables
from reading.lyrics import Lyrics

_VOICES = {"female": "a female voice", "male": "a male voice", "duet": "two voices", "choir": "a choir"}
_SINGERS = frozenset(("female vocal", "male vocal", "instrumental"))
"""Style words that only ever name the voice: a choir may be an instrument too."""
_SINGING = frozenset("vocals vocal vocalist voice voices singing singer singers lyrics words".split())
_TEMPO_TAG = re.compile(r"\d+(?:\.\d+)? BPM")
_SHORTEST_LINE = 0.5 / 1.04
"""Bars of the shortest line, in a song that is as much faster as a composer may make it."""
_METRE = re.compile(r"(\d{1,2})/(\d{1,2})")

NO_WORDS = "the lyrics have no words to sing: the song is an instrumental"


def has_words(lyrics: Lyrics) -> bool:
    """Whether any line has a letter or a digit, and so something to sing."""
    return any(character.isalnum() for line in lyrics.lines for character in line.text)


def with_singers(plan: SongPlan, own: Lyrics, asked: Voice | None, source: str) -> SongPlan:
    """``plan`` with the voice that the marks in the lyrics name ("[verse - female]"). ``asked`` is the voice
    that ``source`` asks for, if any: a warning says if the marks name another."""
    voice = _marked_voice(own, asked, plan.voice)
    unmarked = any(section.lines and not section.singer for section in own.sections)
    notes = plan.warnings
    if asked and asked not in ("none", voice) and not (voice == "duet" and unmarked):
        notes = (
            *notes,
            f"{source} asks for {_VOICES.get(asked, asked)}, and the lyrics' marks for {_VOICES[voice]}:"
            " the marks are followed",
        )
    return _sung_by(plan, voice).model_copy(update={"warnings": notes})


def _marked_voice(own: Lyrics, asked: Voice | None, voice: Voice) -> Voice:
    """The voice of the whole song; ``voice`` if the marks leave it open."""
    sung = [section.singer for section in own.sections if section.lines]
    named = {singer for singer in sung if singer}
    if "duet" in named or {"female", "male"} <= named:
        return "duet"
    solos = named - {"choir"}
    if not solos:
        return "choir" if named and "" not in sung else voice
    (solo,) = solos
    if "" in sung and asked == "choir":
        return "choir"
    other = asked if asked in ("female", "male", "duet") else solo
    if "" not in sung or other == solo:
        return solo
    return "duet"


def agreeing(plan: SongPlan) -> SongPlan:
    """``plan`` with lyrics if, and only if, somebody sings, and with style words for its voice and tempo."""
    if not plan.lyrics.strip() or plan.voice == "none":
        plan = _sung_by(plan, "none").model_copy(update={"lyrics": "", "line_times_s": ()})
    else:
        exclude = tuple(name for name in plan.exclude if not excludes_singing(name))
        plan = plan.model_copy(update={"exclude": exclude})
    if len(plan.tags) == 1:  # a prompt, which is to reach the engine as it is
        return plan
    tempo = f"{plan.tempo_bpm:g} BPM"
    tags = [
        VOICE_TAGS.get(plan.voice, tag) if tag in _SINGERS else tempo if _TEMPO_TAG.fullmatch(tag) else tag
        for tag in plan.tags
        if plan.voice == "none" or not excludes_singing(tag.lower().removeprefix("no "))
    ]
    return plan if tuple(tags) == plan.tags else plan.model_copy(update={"tags": tuple(dict.fromkeys(tags))})


def excludes_singing(name: str) -> bool:
    """Whether nobody can sing if ``name`` is excluded."""
    return name.lower() in _SINGING


def _sung_by(plan: SongPlan, voice: Voice) -> SongPlan:
    """``plan`` with another voice, in its style words too."""
    before = VOICE_TAGS.get(plan.voice, "") if len(plan.tags) > 1 else ""
    tags = [VOICE_TAGS[voice] if tag == before else tag for tag in plan.tags]
    found: dict[str, Any] = {"voice": voice, "tags": tuple(dict.fromkeys(tags))}
    return plan.model_copy(update=found)


def too_long(plan: SongPlan, own: Lyrics, duration_s: float) -> tuple[str, ...]:
    """A warning if even the fastest singing needs more time for the lines of ``own`` than there is."""
    shortest_s = _SHORTEST_LINE * _bar_s(plan)
    needed_s = sum(
        max(count_syllables(line.text) * FASTEST_SYLLABLE_S / SUNG_PART, shortest_s) for line in own.lines
    )
    if needed_s <= duration_s:
        return ()
    count = len(own.lines)
    lines = f"{count} lines of the lyrics take" if count > 1 else "line of the lyrics takes"
    return (
        f"the {lines} {needed_s:.0f} s or more to sing: the last words may not fit into {duration_s:g} s",
    )


def _bar_s(plan: SongPlan) -> float:
    """The seconds of a bar, or less: eighths are counted in threes."""
    metre = _METRE.fullmatch(plan.metre)
    count, unit = (int(metre[1]), int(metre[2])) if metre else (1, 4)
    return (count / 3 if unit == 8 else count) * 60.0 / plan.tempo_bpm
