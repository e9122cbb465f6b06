"""A user's texts become the writer's request, and what the writer answers becomes the song's plan.

The texts are read here, once, whatever the engine: all writers get the same words, and every plan, written or
edited by the user, keeps the same promises (see ``lyrics.promises``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lyrics.contract import TITLE_CHARACTERS, CoverWords, PlanRequest, SongPlan, Voice
from lyrics.languages import given_language, own_language, wanted_language, with_language
from lyrics.promises import NO_WORDS, agreeing, excludes_singing, has_words, too_long, with_singers
from lyrics.wishes.reading import read
from reading.cleaning import plain, stripped
from reading.language import without_language
from reading.lyrics import Lyrics, read_lyrics

_SECOND_SINGER = re.compile(
    r"[\[({]\s*(?:singer|voice|vocalist|vocals?|lead)\s*#?(?:2|two|b)\b", re.IGNORECASE
)
"""A mark of a second singer: the sections without a mark are the first one's."""
_SILENT = re.compile(r"(?:was taken for|it is) an instrumental\b")
"""In a writer's warning about the description: it is not so if there are words to sing."""
_RENEWED = re.compile(
    r"the (?:\d+ lines|line) of the lyrics takes? |plan\.language is |engine '[^']*' (?:sings|cannot) "
)
"""Warnings that follow from the rest of a plan: the user's edit may have done what they ask for."""


@dataclass(frozen=True)
class ReadRequest:
    """A request for a plan whose texts have been read."""

    request: PlanRequest
    """What the writer gets."""
    own: Lyrics
    """The user's own lyrics; without lines if there are none."""
    asked_voice: Voice | None
    """The voice that the description asks for, if there are own lyrics."""
    notes: tuple[str, ...]
    """What was understood otherwise than written."""


def read_request(
    description: str, *, lyrics: str, about: str, instrumental: bool, duration_s: float, seed: int
) -> ReadRequest:
    """The request for the writer. Lyrics without a word to sing make it an instrumental."""
    own = read_lyrics(lyrics)
    # The style that stands among the lyrics comes last: what comes first has precedence.
    description = ", ".join(filter(None, (_words(description), own.style)))
    about = _words(about)
    notes = list(own.warnings)
    sung = has_words(own) and not instrumental
    if lyrics.strip() and not sung:
        notes.append("instrumental is true: the lyrics are not sung" if has_words(own) else NO_WORDS)
    voice = read(description).voice if sung or about else None
    if sung and voice != "none" and _SECOND_SINGER.search(lyrics):
        voice = "duet"
    if voice == "none" and sung:
        notes.append("the description asks for no vocals, and there are lyrics: they are sung")
    elif voice == "none" and about and not instrumental:
        notes.append("the description asks for no vocals: no lyrics are written")
    if sung:
        language, more = own_language(own, description)
        notes += more
    else:
        language = "" if lyrics.strip() or instrumental else wanted_language(description, about)
    request = PlanRequest(
        description=without_language(description) or description,
        lyrics=own.text if has_words(own) else "",
        lyrics_about=without_language(about) or about,
        instrumental=instrumental or (bool(lyrics.strip()) and not sung),
        language=language,
        duration_s=duration_s,
        seed=seed,
    )
    return ReadRequest(request, own, voice, tuple(notes))


def _words(text: str) -> str:
    """``text`` without markup; as it is if it is markup alone ("[/b]"): its letters are all there is."""
    return plain(text).strip() or text.strip()


def planned(plan: SongPlan, read: ReadRequest, writer: str) -> SongPlan:
    """The plan that the engine called ``writer`` made for ``read``, with what the reading found."""
    times, notes = _times(read.own)
    sung = bool(read.request.lyrics) and not read.request.instrumental
    written = [note for note in plan.warnings if not (sung and _SILENT.search(note))]
    found: dict[str, Any] = {
        "title": _title(plan.title, read),
        "line_times_s": times,
        "warnings": _each_once(read.notes, notes, written),
    }
    plan = plan.model_copy(update=found)
    if read.request.instrumental:
        plan = plan.model_copy(update={"voice": "none"})
    elif plan.voice != "none":
        plan = with_singers(plan, read.own, read.asked_voice, "the description")
    if sung:
        late = too_long(plan, read.own, read.request.duration_s)
        plan = plan.model_copy(update={"warnings": _each_once(plan.warnings, late)})
    return with_language(agreeing(plan), read.request, writer)


def planned_words(words: CoverWords, read: ReadRequest) -> CoverWords:
    """Those of the plan that ``planned`` returns for a plan with ``words``."""
    return words.model_copy(update={"title": _title(words.title, read)})


def _title(written: str, read: ReadRequest) -> str:
    # As a plan that is given back is cleaned, so that a song made again is the same.
    return (read.own.title or stripped(written, lines=False))[:TITLE_CHARACTERS].strip() or written


def given(plan: SongPlan, *, instrumental: bool, duration_s: float) -> SongPlan:
    """A plan that the user gave, edited or not, read in the same way. A plan that this returns stays as it
    is."""
    own = read_lyrics(plan.lyrics)
    times, notes = _times(own)
    if not times and plan.line_times_s:
        times, notes = _matching(plan.line_times_s, len(own.lines))
    language, of_language = given_language(plan, own)
    silence = _silence(plan, own, instrumental=instrumental)
    more = silence or (*notes, *of_language, *too_long(plan, own, duration_s))
    found: dict[str, Any] = {
        "lyrics": own.text if has_words(own) else "",
        "line_times_s": times,
        "language": language,
        "warnings": _each_once(
            [note for note in plan.warnings if not _RENEWED.match(note)], own.warnings, more
        ),
    }
    plan = plan.model_copy(update={**found, **({"voice": "none"} if instrumental else {})})
    if plan.voice != "none":
        plan = with_singers(plan, own, plan.voice, "the plan")
    return agreeing(plan)


def _silence(plan: SongPlan, own: Lyrics, *, instrumental: bool) -> tuple[str, ...]:
    """Why nothing is sung, if the plan says two things about it."""
    if instrumental:
        return ("instrumental is true: the plan's lyrics are not sung",) if has_words(own) else ()
    if plan.lyrics.strip() and not has_words(own):
        return (NO_WORDS,)
    if any(map(excludes_singing, plan.exclude)) and has_words(own):
        return ("plan.exclude asks for no vocals, and there are lyrics: they are sung",)
    if plan.voice == "none":
        return ("plan.voice is 'none': the plan's lyrics are not sung",) if has_words(own) else ()
    if not plan.lyrics.strip():
        return (f"plan.lyrics is empty, so nobody sings: plan.voice is 'none' and not {plan.voice!r}",)
    return ()


def _times(lyrics: Lyrics) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """The seconds of the lines, from their stamps, and a note if they cannot be used."""
    stamps = [line.start_s for line in lyrics.lines]
    times = tuple(stamp for stamp in stamps if stamp is not None)
    if not times:
        return (), ()
    if len(times) < len(stamps):
        what = f"{len(times)} of {len(stamps)} lines have a time stamp"
        return (), (f"{what}: the times are used only if all lines have one",)
    return _matching(times, len(stamps))


def _matching(times: Sequence[float], lines: int) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """The times if they suit so many lines, else none and the reason."""
    if len(times) != lines:
        has = f"{lines} line{'' if lines == 1 else 's'}"
        return (), (f"line_times_s has {len(times)} times and the lyrics {has}: they are not used",)
    if not all(math.isfinite(time) and time >= 0.0 for time in times) or list(times) != sorted(times):
        return (), ("the times of the lines do not rise from line to line: they are not used",)
    return tuple(times), ()


def _each_once(*groups: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(note for group in groups for note in group))
