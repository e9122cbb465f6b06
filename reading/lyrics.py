"""Reads lyrics as people write them: sections in every dress, LRC, directions and repeats.

The result is the form that every engine gets, ``Lyrics.text``: a section starts with a line such as
``[chorus]`` or ``[verse 2 - female, whispered]``; each other non-blank line is one line to sing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reading.cleaning import stripped, without_html
from reading.context import in_time, resolved, shown
from reading.pasted import without_notes
from reading.stamps import without_stamps
from reading.words.performance import Singer
from reading.writing import Writer, groups_of

__all__ = ["LyricLine", "Lyrics", "Section", "Singer", "read_lyrics"]

LONGEST = 10_000
"""The most characters of lyrics: repeats are written out up to here."""
_MOST_READINGS = 5


@dataclass(frozen=True)
class LyricLine:
    """A line to sing, as written. Words in round brackets are for backing vocals."""

    text: str
    start_s: float | None = None
    """When it is to be sung, from a time stamp; None if there was none."""


@dataclass(frozen=True)
class Section:
    """A section: ``kind`` is a key of ``SECTION_WORDS`` or "verse". Without lines it is played, not sung."""

    kind: str
    lines: tuple[LyricLine, ...]
    number: int | None = None
    singer: Singer = ""
    directions: tuple[str, ...] = ()
    """How it is to be performed, in the user's words ("whispered")."""


@dataclass(frozen=True)
class Lyrics:
    """Lyrics that have been read."""

    text: str
    """The same lyrics in the engines' form. Reading it again gives the same."""
    sections: tuple[Section, ...]
    is_tagged: bool
    """Whether any section was marked. If not, each block between blank lines is a "verse"."""
    warnings: tuple[str, ...] = ()
    """What was understood otherwise than written, for the user."""
    title: str = ""
    """The song's title, where it stood among the lyrics ("Title: Neon", "[ti:Neon]")."""
    style: str = ""
    """The description of the song's sound that stood among the lyrics ("Style: dreamy pop")."""

    @property
    def lines(self) -> tuple[LyricLine, ...]:
        """All lines to sing, in order."""
        return tuple(line for section in self.sections for line in section.lines)


def read_lyrics(text: str) -> Lyrics:
    """Reads ``text``. Never raises: what cannot be understood is a line to sing."""
    found = _read(text)
    for _ in range(_MOST_READINGS):
        if found.text == text:
            break
        text, again = found.text, _read(found.text)
        if again.text != text or len(again.lines) != len(found.lines):
            found = replace(
                again,
                warnings=tuple(dict.fromkeys((*found.warnings, *again.warnings))),
                title=found.title or again.title,
                style=found.style or again.style,
            )
    return found


def _read(text: str) -> Lyrics:
    clean = stripped(text, lines=True)
    words = stripped(without_html(clean), lines=True)
    if words != clean:  # a page's paragraphs leave blank lines
        words = re.sub(r"\n[ \n]*\n", "\n\n", words).strip("\n")
    clean = words
    times = without_stamps(clean.split("\n"))
    pasted = without_notes([line.text for line in times.lines])
    left_out = (n in pasted.left_out for n in range(len(pasted.lines)))
    times_s = (line.times_s for line in times.lines)
    rows, notes = resolved(zip(pasted.lines, times_s, left_out, strict=True))
    writer = Writer(LONGEST - len(clean), max(LONGEST, len(clean)))
    written = writer.write(groups_of(in_time(rows)))
    sections = tuple(
        Section(
            part.heading.kind,
            tuple(LyricLine(text, start_s) for text, start_s in part.lines),
            part.heading.number,
            part.heading.singer,
            part.heading.directions,
        )
        for part in written.parts
    )
    return Lyrics(
        written.text,
        sections,
        written.is_tagged,
        (*_left_out(pasted.notes), *notes, *writer.warnings),
        pasted.title or times.title,
        pasted.style,
    )


def _left_out(notes: Sequence[str]) -> Iterator[str]:
    """The warning of lines about the song that are not sung."""
    if notes:
        yield f"{shown(notes)} in the lyrics {'is' if len(notes) == 1 else 'are'} about the song: not sung"
