"""The beginning of a score as a song of its own: the same notes and words, up to a second."""

from __future__ import annotations

from dataclasses import replace

from music.sketch.score import Score, SungNote


def shortened(score: Score, seconds: float) -> Score:
    """``score`` without what begins after ``seconds``; a line that has begun by then is cut in its middle."""
    if seconds >= score.duration_s:
        return score
    beat = seconds * score.tempo_bpm / 60.0
    begun = sorted({note.line for part in score.vocals for note in part.notes if note.start < beat})
    number = {line: n for n, line in enumerate(begun)}

    def kept(notes: tuple[SungNote, ...]) -> tuple[SungNote, ...]:
        return tuple(replace(n, line=number[n.line]) for n in notes if n.start < beat)

    parts = (replace(part, notes=tuple(n for n in part.notes if n.start < beat)) for part in score.parts)
    vocals = (replace(part, notes=kept(part.notes)) for part in score.vocals)
    return replace(
        score,
        duration_s=seconds,
        end=beat,
        sections=tuple(
            replace(each, beats=min(each.beats, beat - each.start))
            for each in score.sections
            if each.start < beat
        ),
        parts=tuple(part for part in parts if part.notes),
        vocals=tuple(part for part in vocals if part.notes),
        lines=tuple(score.lines[line] for line in begun),
    )
