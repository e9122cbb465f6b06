"""The times of a score's words and sections, in seconds."""

from __future__ import annotations

from music.contract import SectionSpan, TimedLine, TimedWord
from music.sketch.score import Score


def timed_lines(score: Score) -> tuple[TimedLine, ...]:
    """The lyric lines with the time of each word, in sung order. A word starts at its first vowel.

    A silent word (a dash) gets the end of the word before it."""
    sung = score.notes_of_words()
    firsts: dict[int, float] = {}
    for (number, _), notes in sung.items():
        firsts.setdefault(number, notes[0].start)
    lines = []
    for number, line in enumerate(score.lines):
        first = firsts[number]
        words, now = [], score.seconds(first)
        for place, text in enumerate(line.words):
            notes = sung.get((number, place), [])
            start = score.seconds(min((note.start for note in notes), default=0.0)) if notes else now
            now = score.seconds(max(note.start + note.duration for note in notes)) if notes else now
            words.append(TimedWord(text, start, now))
        lines.append(TimedLine(line.text, tuple(words)))
    return tuple(lines)


def section_spans(score: Score) -> tuple[SectionSpan, ...]:
    """The sections, without gaps up to the end of the song. The last one includes the final chord and its
    tail."""
    starts = [score.seconds(section.start) for section in score.sections]
    ends = [*starts[1:], score.duration_s]
    return tuple(
        SectionSpan(section.kind, start, end)
        for section, start, end in zip(score.sections, starts, ends, strict=True)
    )
