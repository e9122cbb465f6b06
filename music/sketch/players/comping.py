"""Comping instruments: chords in a figure that changes over a phrase, louder and softer with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from music.sketch.genres import Layer
from music.sketch.patterns import FIGURES, Figure, strokes
from music.sketch.players.figures import figure_in, marks_of_phrase
from music.sketch.players.guitar import strum
from music.sketch.players.metres import METRES
from music.sketch.players.timed import Bar, Feel, TimedSection
from music.sketch.score import Note
from music.sketch.theory import Chord, voicing

_STRINGS = frozenset(("acoustic_guitar", "nylon_guitar", "electric_guitar_clean", "mandolin", "banjo"))
"""Instruments whose chords are strummed or rolled, never struck at once."""
_ROLLED = frozenset(("piano", "electric_piano", "harp", "vibraphone"))
_ROLL_BEATS = 0.03
_UP = 5
"""How far a second verse's chords lie over the first one's, about, in semitones."""


def comp(
    sections: Sequence[TimedSection], layer: Layer, place: int, band: Sequence[Layer], metre: str, feel: Feel,
    beat_s: float,
) -> list[Note]:  # fmt: skip
    """The whole song's notes of a comping instrument, the one at ``place`` in the band."""
    figure = figure_in(FIGURES[layer.figure], metre)
    notes: list[Note] = []
    for section in sections:
        share = _share(section, layer, band)
        if share:
            rng = section.random(f"{layer.instrument} {place}")
            notes += _section(section, layer, figure, metre, feel, beat_s, rng, share)
    return notes


def _share(section: TimedSection, layer: Layer, band: Sequence[Layer]) -> float:
    """How loud the layer is in a section, 0 where it rests. A later verse has one more layer than the first
    one, softer than where it belongs."""
    energy = section.form.energy
    if layer.from_energy <= energy < layer.to_energy:
        return 1.0
    if section.form.kind in ("verse", "bridge") and section.version != "first":
        waiting = [each for each in band if each.from_energy > energy]
        if waiting and min(waiting, key=lambda each: each.from_energy) is layer:
            return 0.8
    return 0.0


def _section(
    section: TimedSection,
    layer: Layer,
    figure: Figure,
    metre: str,
    feel: Feel,
    beat_s: float,
    rng: Random,
    share: float,
) -> Iterator[Note]:
    velocity = (0.44 + 0.44 * section.form.energy) * share
    # A second verse is voiced above the first one, chord by chord.
    up = _UP if section.form.kind == "verse" and section.version == "second" else 0
    low, high = layer.low + up, layer.high + up

    def voiced(chord: Chord, after: Sequence[int]) -> tuple[int, ...]:
        return voicing(chord, after, layer.low, layer.high)

    def raised(pitches: Sequence[int], chord: Chord) -> tuple[int, ...]:
        return voicing(chord, [pitch + up for pitch in pitches], low, high) if up else tuple(pitches)

    # Each time that a section of a kind returns, its chords are voiced from the same place.
    previous: tuple[int, ...] = ()
    written = strokes(figure.steps, section.bar_beats)
    period = [marks_of_phrase(written, figure, METRES[metre], rng) for _ in range(2)]
    rests = section.form.bars >= 4 and section.form.kind in ("verse", "chorus") and rng.random() < 0.4
    held: tuple[int, ...] = ()
    for bar in section.phrased():
        phrase = period[bar.phrase]
        previous = voiced(bar.chord, previous)
        pitches = raised(previous, bar.chord)
        if (
            figure.held
            and figure.shape == "chord"
            and len(phrase[0]) == 1
            and pitches == held
            and bar.place % 2
        ):
            continue  # a pad holds on: its note of the bar before is two bars long
        marks = phrase[bar.place]
        if bar.is_last and rests and not figure.steps.startswith("."):
            marks = [mark for mark in marks if mark[0] < section.bar_beats - 1.0] or marks
        pushed = raised(voiced(bar.following, previous), bar.following) if bar.closes else pitches
        is_tied = _is_tied(bar, section, figure, phrase)
        yield from _bar(
            section, layer, figure, marks, pitches, pushed, bar, velocity, feel, beat_s, rng,
            tied=is_tied, metre=metre,
        )  # fmt: skip
        held = pitches if is_tied else ()


def _is_tied(
    bar: Bar, section: TimedSection, figure: Figure, phrase: Sequence[Sequence[tuple[float, float]]]
) -> bool:
    """Whether a held chord sounds through the next bar too, because that has the same one."""
    return (
        figure.held
        and figure.shape == "chord"
        and len(phrase[0]) == 1
        and bar.place % 2 == 0
        and not bar.is_last
        and section.chords[bar.number + 1] == bar.chord
    )


def _bar(
    section: TimedSection,
    layer: Layer,
    figure: Figure,
    marks: Sequence[tuple[float, float]],
    pitches: tuple[int, ...],
    pushed: tuple[int, ...],
    bar: Bar,
    velocity: float,
    feel: Feel,
    beat_s: float,
    rng: Random,
    *,
    tied: bool,
    metre: str,
) -> Iterator[Note]:
    beats = section.bar_beats
    walk = _walk(figure, pitches, turned=bar.place == 2)
    for n, (beat, force) in enumerate(marks):
        following = marks[n + 1][0] if n + 1 < len(marks) else beats * (2.0 if tied else 1.0)
        start = bar.at + feel.place(beat, rng)
        colour = velocity * (0.55 + 0.5 * force)
        loud = colour * bar.swell
        # A stroke just before the bar line anticipates the next chord.
        ahead = n and n == len(marks) - 1 and beat >= beats - 0.5 and bar.closes and not bar.is_last
        sounding = pushed if ahead and figure.shape == "chord" else pitches
        length = (following - beat) * 0.98 if figure.held else figure.length
        if figure.shape == "strum":
            yield from strum(section, start, beat, length, sounding, loud, colour, beat_s, rng, METRES[metre])
        elif figure.shape == "chord":
            spread = _spread(layer.instrument, length, beat_s)
            for k, pitch in enumerate(sounding):
                # The top of a chord is its tune, and stands out.
                top = 0.04 if k == len(sounding) - 1 else 0.0
                yield section.note(
                    start + k * spread, length, pitch, loud + top + rng.gauss(0.0, 0.02), colour
                )
        else:
            length = min(beats - beat, 2.0) if figure.held else figure.length
            accent = 0.06 if n == 0 else 0.0
            yield section.note(
                start, length, walk[n % len(walk)], loud + accent + rng.gauss(0.0, 0.03), colour
            )


def _spread(instrument: str, length: float, beat_s: float) -> float:
    """Beats between the notes of a chord that a hand rolls, if it is long enough."""
    if length < 0.4:
        return 0.004 / beat_s if instrument in _STRINGS else 0.0
    if instrument in _STRINGS:
        return 0.014 / beat_s
    return min(0.006 / beat_s, _ROLL_BEATS) if instrument in _ROLLED else 0.0


def _walk(figure: Figure, pitches: tuple[int, ...], *, turned: bool) -> tuple[int, ...]:
    """The order of a broken chord's notes; ``turned`` is another one, for variety."""
    if figure.shape == "alberti":
        low, *rest = pitches
        return (low, rest[-1], rest[0], rest[-1]) if not turned else (low, rest[0], rest[-1], rest[0])
    if figure.shape == "up and down":
        return pitches + pitches[-2:0:-1] if not turned else (pitches[0], *pitches[:0:-1], *pitches[1:-1])
    top = pitches[0] + 12
    return (*pitches, top) if not turned else (pitches[0], top, *pitches[:0:-1])


def final_chord(chord: Chord, layer: Layer) -> tuple[int, ...]:
    """The pitches of the song's last chord for a layer."""
    return voicing(chord, (), layer.low, layer.high)
