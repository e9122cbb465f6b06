"""The melody instrument: it plays the tune in sections without a singer, takes the solos, and answers in the
singer's gaps."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from music.sketch.melody import Frame, MelodyNote, Motif, develop, line_variant, sing_line
from music.sketch.players.solos import Soloist, articulate, solo
from music.sketch.players.timed import TimedSection
from music.sketch.score import Note
from music.sketch.singers import Tune
from music.sketch.theory import nearest

_LINE_BARS = 2
_RANGES = {"verse": (60, 74), "bridge": (62, 77)}
_HIGH = (67, 82)
_SOLO = (60, 84)
_GAP_BEATS = 1.6
"""The shortest gap of the singer for an answer."""
_TOO_LOUD = ("electric_guitar_lead",)
"""Instruments that play no long notes while somebody sings."""
_SHIFTS = {"cello": -12}


def hook_notes(
    sections: Sequence[TimedSection], motif: Motif, player: Soloist, sung: Tune, rng: Random
) -> list[Note]:
    """The whole song's notes of the melody instrument, sorted."""
    stresses = [1, 0, 1, 0, 1, 0, 0, 1][: rng.randint(5, 8)]
    notes: list[Note] = []
    for section in sections:
        kind = section.form.kind
        if section.form.lines:
            if kind in ("chorus", "bridge", "verse") and section.form.energy > 0.54:
                answers = _answers(section, sung, player)
                notes += answers
                if player.instrument not in _TOO_LOUD:
                    notes += _counter_line(section, answers, player)
        elif kind == "instrumental" and section.form.bars >= 2 * _LINE_BARS:
            notes += solo(section, motif, player, *_SOLO)
        else:
            notes += _tune(section, motif, player, stresses)
    return sorted(notes, key=lambda note: (note.start, note.pitch))


def shift_of(instrument: str) -> int:
    """How far from the written pitch an instrument plays the tune, in semitones."""
    return _SHIFTS.get(instrument, 0)


def tag_notes(
    section: TimedSection, bars: int, tune: Sequence[MelodyNote], player: Soloist, energy: float
) -> list[Note]:
    """The song's last line again, over the last ``bars`` bars of ``section``; the starts of ``tune`` are
    counted from the first of them."""
    first = (section.form.bars - bars) * section.bar_beats
    moved = [MelodyNote(note.start + first, note.duration, note.pitch) for note in tune]
    force = 0.52 + 0.24 * energy
    return list(articulate(section, moved, player, force, section.random("tag"), flourish=0.15))


def _tune(section: TimedSection, motif: Motif, player: Soloist, stresses: Sequence[int]) -> list[Note]:
    kind = section.form.kind
    low, high = _RANGES.get(kind, _HIGH)
    # A second break inverts the motif instead of repeating it.
    turned = kind not in ("verse", "chorus") and section.version == "second"
    shaped = develop(motif, "bridge" if turned else kind, Random(f"{kind} {motif.contour}"))
    rng = section.random("tune")
    # A later verse has the same tune with more ornaments; the last chorus has the most.
    flourish = {"second": 0.35, "third": 0.35, "biggest": 0.4}.get(section.version, 0.18)
    notes: list[Note] = []
    lines = max(1, section.form.bars // _LINE_BARS)
    for index in range(lines):
        bars = min(_LINE_BARS, section.form.bars)
        start = section.start + index * _LINE_BARS * section.bar_beats
        beats = bars * section.bar_beats
        frame = Frame(start, beats, section.bar_beats, low, high, player.key, player.chord_at)
        # Every second line of a long break has more notes, so that the tune develops.
        busy = kind == "interlude" and index % 2 == 1
        rhythm = [*stresses, *stresses] if busy and beats >= 6 else list(stresses)
        line = sing_line(rhythm, line_variant(shaped, index, lines), frame, closing=index == lines - 1)
        tune = [MelodyNote(n.start - section.start, min(n.duration, beats), n.pitch) for n in line]
        force = 0.58 + 0.25 * section.form.energy
        notes += articulate(section, tune, player, force, rng, flourish=flourish)
    return notes


def _answers(section: TimedSection, sung: Tune, player: Soloist) -> list[Note]:
    """Two to four notes after a sung note, if the gap is long enough."""
    rng = section.random("answers")
    inside = [note for note in sung.notes if section.start <= note.start < section.end]
    notes: list[Note] = []
    for note, following in zip(inside, [*inside[1:], None], strict=True):
        until = (following.start if following else section.end) - section.start
        begin = note.start + note.duration + 0.25 - section.start
        if until - begin < _GAP_BEATS or rng.random() < 0.25:
            continue
        at = -(-begin * 2 // 1) / 2
        count = min(rng.randint(2, 4), int((until - at) / 0.5))
        chord = player.chord_at(section.start + at).notes
        pitch = nearest(72, chord)
        line = []
        for n in range(count):
            line.append(MelodyNote(at + 0.5 * n, 0.45 if n < count - 1 else 0.8, pitch))
            step = rng.choice((-2, 2, -4, 3))
            pitch = nearest(pitch + step, chord if n % 2 else player.key.pitch_classes())
        notes += articulate(section, line, player, 0.44 + 0.2 * section.form.energy, rng, flourish=0.2)
    return notes


def _counter_line(section: TimedSection, answers: Sequence[Note], player: Soloist) -> list[Note]:
    """Long chord tones against the singer's short notes, half a beat after the bar, in bars without an
    answer. They come and go with the phrase; every fourth bar without one breathes."""
    taken = {int((note.start - section.start) // section.bar_beats) for note in answers}
    pitch = 74
    notes: list[Note] = []
    for bar in section.phrased():
        # It falls step by step, as inner voices do, and then starts again from above.
        pitch = nearest(pitch - 1 if pitch > 69 else 77, bar.chord.notes[1:])
        breathes = bar.closes and not section.is_biggest
        if bar.number not in taken and not breathes:
            colour = 0.34 + 0.16 * section.form.energy
            length, force = section.bar_beats - 0.5, colour * bar.swell
            pitches = [pitch]
            if bar.place == 2 and length >= 2.0:  # it moves in the bar that a phrase leads to
                other = nearest(pitch + 3 if pitch < 72 else pitch - 3, bar.chord.notes)
                pitches, length = [pitch, other], length / 2
            for n, each in enumerate(pitches):
                at = player.feel.swung(bar.at + 0.5) + n * length
                notes.append(section.note(at, 0.9 * length, each + player.shift, force, colour))
    return notes
