"""Where the words and sections of a score lie in seconds."""

from __future__ import annotations

from music.contract import SectionSpan, TimedLine, TimedWord
from music.sketch.score import Score, SungNote


def timed_lines(score: Score) -> tuple[TimedLine, ...]:
    """The lyric lines with each word's time, in the order they are sung; a word starts at its first vowel.

    A word without a sound of its own (a dash) takes the end of the word before it.
    """
    sung: dict[tuple[int, int], list[SungNote]] = {}
    firsts: dict[int, float] = {}
    for part in score.vocals:
        if part.role == "lead":
            for note in part.notes:
                sung.setdefault((note.line, note.word), []).append(note)
                firsts[note.line] = min(note.start, firsts.get(note.line, note.start))
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
    """The sections, without a gap from 0 to the end of the song: the last one holds the final chord and its
    tail.
    """
    starts = [score.seconds(section.start) for section in score.sections]
    ends = [*starts[1:], score.duration_s]
    return tuple(
        SectionSpan(section.kind, start, end)
        for section, start, end in zip(score.sections, starts, ends, strict=True)
    )
