"""The bass: a line with its variations in a phrase, steps that lead into the next chord, and rests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from music.sketch.genres import Genre
from music.sketch.patterns import BASS_LINES, STEP
from music.sketch.players.metres import BASS_IN, FAMILY, METRES
from music.sketch.players.timed import FULL, Bar, Feel, TimedSection
from music.sketch.score import Note
from music.sketch.theory import Chord, Key

_Tone = tuple[float, float, str]
"""Beat, length, and what is played, in the letters of ``BASS_LINES``; "a" is the step before "A", "g" a dead
note."""
_STEADY = frozenset("offbeat pumping sixteenths gallop octaves dub tumbao bossa reese 808 trap".split())
"""Lines that only change at the end of a phrase."""
_DEAD_NOTES = frozenset("slap funk soul syncopated".split())


def bass(sections: Sequence[TimedSection], genre: Genre, metre: str, key: Key, feel: Feel) -> list[Note]:
    """The whole song's bass line."""
    notes: list[Note] = []
    for section in sections:
        if section.form.kind == "intro" and section.form.energy < 0.5 and section.form.bars > 2:
            continue  # no bass in a quiet intro, so that the verse adds something
        notes += _section(section, genre, metre, key, feel)
    return notes


def _section(section: TimedSection, genre: Genre, metre: str, key: Key, feel: Feel) -> Iterator[Note]:
    rng = section.random("bass")
    energy, register = section.form.energy, genre.bass_register
    name = genre.bass[2] if energy >= FULL else genre.bass[1]
    if metre == "4/4":
        line = BASS_LINES[name]
    else:
        quiet, full = BASS_IN[metre][FAMILY[genre.groove]]
        line = full if energy >= FULL else quiet
    if section.form.kind == "pre-chorus" and len(_tones(line, section.bar_beats)) < 6:
        line = _driven(line, metre)
    plain = _tones(line, section.bar_beats)
    steady = metre == "4/4" and name in _STEADY
    varied = [
        _turned(plain, rng) if steady else _varied(plain, rng, ghosts=name in _DEAD_NOTES) for _ in range(2)
    ]
    rests = section.form.bars >= 4 and section.form.kind != "pre-chorus" and rng.random() < 0.5
    turn = rng.choice(("RA", "5A", "aA", "A"))
    velocity = 0.52 + 0.38 * energy
    for bar in section.phrased():
        root = bass_pitch(bar.chord.root, register)
        after = bass_pitch(bar.following.root, register)
        tones = varied[bar.phrase] if bar.place == 1 or (bar.place == 3 and not steady) else plain
        if bar.closes and bar.number:
            tones = _closing(tones, bar, section.bar_beats, turn, rests=rests)
        elif bar.chord.root == bar.following.root:  # nothing to lead to
            tones = [(beat, length, "5" if tone == "A" else tone) for beat, length, tone in tones]
        for beat, length, tone in tones:
            accent = 0.45 if tone == "g" else 1.0 if beat == 0 else 0.94 if beat % 1 == 0 else 0.87
            pitch = _pitch(tone, bar.chord, root, after, key, register)
            sounding = STEP * 0.5 if tone == "g" else max(length * (0.96 if beat % 1 == 0 else 0.86), 0.1)
            force = velocity * accent * bar.swell
            yield section.note(
                bar.at + feel.place(beat, rng, 0.6),
                sounding,
                pitch,
                force,
                0.45 * velocity if tone == "g" else velocity,
            )


def _tones(line: str, beats: float) -> list[_Tone]:
    """The notes of a bass bar."""
    steps = round(beats / STEP)
    marks = [line[n % len(line)] for n in range(steps)]
    starts = [n for n, mark in enumerate(marks) if mark not in "-."]
    tones = []
    for n, start in enumerate(starts):
        stop = starts[n + 1] if n + 1 < len(starts) else steps
        held = next((k for k in range(start + 1, stop) if marks[k] == "."), stop)
        tones.append((start * STEP, (held - start) * STEP, marks[start]))
    return tones


def _turned(tones: list[_Tone], rng: Random) -> list[_Tone]:
    """A steady line whose last note is another tone of the chord."""
    *kept, (beat, length, tone) = tones
    return [*kept, (beat, length, rng.choice("5O" if tone in "RA" else "RO"))]


def _driven(line: str, metre: str) -> str:
    """Roots on all pulses instead of a line with few notes, as a pre-chorus needs."""
    pulses = METRES[metre].pulses
    return "".join("R" if n in pulses else "-" for n in range(len(line)))


def _varied(tones: list[_Tone], rng: Random, *, ghosts: bool) -> list[_Tone]:
    """The line of a phrase's second and fourth bars: another tone of the chord, or a note before the beat."""
    varied = list(tones)
    later = [n for n, (beat, _, tone) in enumerate(varied) if beat > 0 and tone in "R5"]
    if later:
        n = rng.choice(later)
        beat, length, tone = varied[n]
        varied[n] = (beat, length, rng.choice("O53") if tone == "R" else rng.choice("R3"))
    else:
        beat, length, tone = varied[0]
        if length >= 2.0:  # a long note moves in its second half
            cut = length / 2 if (length / 2) % 0.5 == 0 else 2.0
            varied[0:1] = [(beat, cut, tone), (beat + cut, length - cut, rng.choice("53O"))]
    if ghosts:
        spot = next((n for n, (_, length, _) in enumerate(varied) if length >= 0.75), None)
        if spot is not None:
            beat, length, tone = varied[spot]
            varied[spot : spot + 1] = [(beat, length - STEP, tone), (beat + length - STEP, STEP, "g")]
    return varied


def _closing(tones: list[_Tone], bar: Bar, beats: float, turn: str, *, rests: bool) -> list[_Tone]:
    """The end of a phrase: a run into the next chord, or silence before another section."""
    if bar.is_last and rests:
        edge = beats - 1.0
        return [
            (beat, min(length, edge - beat), tone) for beat, length, tone in tones if beat < edge
        ] or tones
    if bar.chord.root == bar.following.root and not bar.is_last:
        turn = turn.replace("a", "5").replace("A", "O")
    run = 0.5 * len(turn) if beats > 2.0 else 0.5
    edge = beats - run
    kept = [(beat, min(length, edge - beat), tone) for beat, length, tone in tones if beat < edge]
    steps = turn[-round(run / 0.5) :]
    return kept + [(edge + 0.5 * n, 0.5, tone) for n, tone in enumerate(steps)]


def bass_pitch(pitch_class: int, register: int) -> int:
    """The root of a chord in the bass's register."""
    return register + (pitch_class - register) % 12


def _pitch(tone: str, chord: Chord, root: int, after: int, key: Key, register: int) -> int:
    if tone == "O":
        return root + 12
    if tone == "5":
        return root + 7 if root + 7 <= register + 17 else root - 5
    if tone == "3":
        return root + ((chord.notes[1] - chord.root) % 12 if len(chord.notes) > 2 else 7)
    if tone in "Aa":  # a note of the scale, a step or two above or below the next root
        up = root > after
        direction = 1 if up else -1
        scale = [p for n in range(1, 6) if (p := after + direction * n) % 12 in key.pitch_classes()]
        return scale[0 if tone == "A" else 1]
    return root
