"""The melody instrument: the chorus's tune where nobody sings, answers in the gaps where somebody does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from music.sketch.melody import Frame, Motif, develop, line_variant, sing_line
from music.sketch.players import Feel, Stage
from music.sketch.score import Note
from music.sketch.singers import Sung
from music.sketch.theory import Chord, Key, nearest

_LINE_BARS = 2
_RANGES = {"verse": (60, 74), "bridge": (62, 77)}
_HIGH = (67, 82)
_GAP_BEATS = 1.6
"""A silence of the singer that is long enough for an answer."""


def hook_notes(
    stages: Sequence[Stage],
    instrument: str,
    motif: Motif,
    key: Key,
    feel: Feel,
    chord_at: Callable[[float], Chord],
    sung: Sung,
    rng: Random,
) -> list[Note]:
    """The whole song's notes for ``instrument``, sorted."""
    shift = -12 if instrument == "cello" else 0
    stresses = [1, 0, 1, 0, 1, 0, 0, 1][: rng.randint(5, 8)]
    notes: list[Note] = []
    for stage in stages:
        kind = stage.stretch.kind
        if stage.stretch.lines:
            if kind in ("chorus", "bridge", "verse") and stage.stretch.energy > 0.54:
                answers = _answers(stage, sung, key, chord_at, feel, rng, shift)
                notes += [*answers, *_counter_line(stage, answers, feel, shift)]
        else:
            notes += _tune(stage, motif, key, feel, chord_at, stresses, shift)
    return sorted(notes, key=lambda note: note.start)


def _tune(
    stage: Stage,
    motif: Motif,
    key: Key,
    feel: Feel,
    chord_at: Callable[[float], Chord],
    stresses: Sequence[int],
    shift: int,
) -> list[Note]:
    kind = stage.stretch.kind
    low, high = _RANGES.get(kind, _HIGH)
    # A second solo or break turns the idea over instead of playing it again.
    turned = kind not in ("verse", "chorus") and stage.stretch.number % 2 == 1
    shaped = develop(motif, "bridge" if turned else kind, Random(f"{kind} {motif.contour}"))
    notes = []
    lines = max(1, stage.stretch.bars // _LINE_BARS)
    for index in range(lines):
        bars = min(_LINE_BARS, stage.stretch.bars)
        start = stage.start + index * _LINE_BARS * stage.bar_beats
        beats = bars * stage.bar_beats
        frame = Frame(start, beats, stage.bar_beats, low, high, key, chord_at)
        # Every other line of a solo is busier, so that the tune develops instead of going round.
        busy = kind == "instrumental" and index % 2 == 1
        rhythm = [*stresses, *stresses] if busy and beats >= 6 else list(stresses)
        for note in sing_line(rhythm, line_variant(shaped, index, lines), frame, closing=index == lines - 1):
            length = min(note.duration * 0.95, beats)
            notes.append(
                Note(feel.swung(note.start), length, note.pitch + shift, 0.55 + 0.25 * stage.stretch.energy)
            )
    return notes


def _answers(
    stage: Stage,
    sung: Sung,
    key: Key,
    chord_at: Callable[[float], Chord],
    feel: Feel,
    rng: Random,
    shift: int,
) -> list[Note]:
    """Two to four notes after a line, when the singer breathes long enough."""
    inside = [note for note in sung.notes if stage.start <= note.start < stage.end]
    notes: list[Note] = []
    for note, following in zip(inside, [*inside[1:], None], strict=True):
        until = following.start if following else stage.end
        begin = note.start + note.duration + 0.25
        if until - begin < _GAP_BEATS or rng.random() < 0.25:
            continue
        at = -(-begin * 2 // 1) / 2
        count = min(rng.randint(2, 4), int((until - at) / 0.5))
        pitch = nearest(72 + shift, chord_at(at).notes)
        for n in range(count):
            velocity = 0.42 + 0.2 * stage.stretch.energy
            notes.append(Note(feel.swung(at + 0.5 * n), 0.45 if n < count - 1 else 0.8, pitch, velocity))
            step = rng.choice((-2, 2, -4, 3))
            pitch = nearest(pitch + step, chord_at(at).notes if n % 2 else key.pitch_classes())
    return notes


def _counter_line(stage: Stage, answers: Sequence[Note], feel: Feel, shift: int) -> list[Note]:
    """Long chord tones against the singer's short notes, behind the bar, where nothing is answered."""
    taken = {int((note.start - stage.start) // stage.bar_beats) for note in answers}
    pitch = 74 + shift
    notes: list[Note] = []
    for bar, at, chord in stage.bars():
        # It falls while it can, as inner voices do, and then starts again from above.
        pitch = nearest(pitch - 1 if pitch > 69 + shift else 77 + shift, chord.notes[1:])
        if bar not in taken:
            length = 0.86 * (stage.bar_beats - 0.5)
            notes.append(Note(feel.swung(at + 0.5), length, pitch, 0.34 + 0.16 * stage.stretch.energy))
    return notes
