"""The harmony of a song: a progression for each kind of section, and the chords of its bars."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from random import Random

from music.sketch.form import Form
from music.sketch.genres import Genre
from music.sketch.players import TimedSection
from music.sketch.players.endings import Ending
from music.sketch.theory import Chord, Key, chord

_DARK = frozenset("nostalgic melancholic mysterious dark angry epic".split())
_BRIGHT = frozenset("joyful uplifting energetic playful romantic hopeful".split())
_GROUPS = {"verse": "verse", "intro": "verse", "outro": "verse", "pre-chorus": "bridge", "bridge": "bridge"}


def choose_progressions(genre: Genre, key: Key, mood: str, rng: Random) -> dict[str, list[int]]:
    """A progression for each group of sections; those that suit the mood are more probable."""
    table = genre.minor if key.is_minor else genre.major

    def weight(degrees: str) -> int:
        # A bright song starts on I or IV, or goes to V next; a dark one prefers VI, II and III.
        bright = degrees[0] in "14" or degrees[2:3] == "5"
        return 3 if (mood in _BRIGHT and bright) or (mood in _DARK and not bright) else 1

    return {
        group: [int(degree) - 1 for degree in rng.choices(options, [weight(o) for o in options])[0].split()]
        for group, options in table.items()
    }


def timed_sections(
    form: Form,
    progressions: dict[str, list[int]],
    genre: Genre,
    key: Key,
    beats: float,
    ending: Ending,
    seed: str,
) -> list[TimedSection]:
    chords: list[tuple[Chord, ...]] = []
    for n, plan in enumerate(form.sections):
        degrees = progressions[_GROUPS.get(plan.kind, "chorus")]
        row = [degrees[bar % len(degrees)] for bar in range(plan.bars)]
        if n == len(form.sections) - 1:
            # The cadence before the last chord.
            row[-1] = 3 if ending == "amen" else 4 if key.mode in ("major", "minor") else 6
        chords.append(
            tuple(_colour(key, degree, genre, last=bar == len(row) - 1) for bar, degree in enumerate(row))
        )
    kinds = [plan.kind for plan in form.sections]
    biggest = max((n for n, kind in enumerate(kinds) if kind == "chorus"), default=-1)
    sections, start = [], 0.0
    for n, plan in enumerate(form.sections):
        after = chords[n + 1][0] if n + 1 < len(chords) else tonic_chord(key, genre)
        leads = n + 1 < len(chords) and form.sections[n + 1].kind == "chorus"
        extra = form.extra_beats if n == len(form.sections) - 1 else 0.0
        sections.append(TimedSection(plan, start, beats, chords[n], after, leads, seed, n == biggest, extra))
        start += plan.bars * beats
    return sections


def _colour(key: Key, degree: int, genre: Genre, *, last: bool) -> Chord:
    return chord(key, degree, genre.chord_size, dominant=last and degree == 4 and genre.chord_size > 2)


def tonic_chord(key: Key, genre: Genre) -> Chord:
    return chord(key, 0, min(genre.chord_size, 3))


def harmony(sections: Sequence[TimedSection], end: float, key: Key) -> Callable[[float], Chord]:
    """A function from a beat to the chord at that beat."""
    starts: list[float] = []
    chords: list[Chord] = []
    for section in sections:
        for _, at, sounding in section.bars():
            starts.append(at)
            chords.append(sounding)
    starts.append(end)
    chords.append(chord(key, 0))
    # A syllable shortly before a bar belongs to that bar.
    return lambda beat: chords[max(0, bisect_right(starts, beat + 0.13) - 1)]
