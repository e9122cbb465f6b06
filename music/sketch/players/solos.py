"""How a melody instrument plays: phrases with breath, dynamics, grace notes and bends; and the solos."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from music.sketch.melody import Frame, MelodyNote, Motif, line_variant, sing_line
from music.sketch.players.timed import Feel, TimedSection
from music.sketch.score import Note
from music.sketch.theory import Chord, Key

_PHRASE_BARS = 2
_BREATH_BEATS = 0.75
"""The shortest rest after a phrase of a solo."""
_GRACE_S = 0.075
"""The length of a grace note, or of the note that a bend comes from."""
_BENDS = frozenset(
    "electric_guitar_lead electric_guitar_clean saxophone harmonica synth_lead violin trumpet".split()
)
"""Instruments that bend or scoop into long notes; the others have grace notes alone."""
_GRACEFUL = frozenset(
    "flute whistle violin cello mandolin banjo vibraphone acoustic_guitar nylon_guitar clavinet".split()
)
_CLIMB = 6
"""How far the range of a solo rises, in semitones."""
_RUN = 0.25
"""The beats of a note in a run."""


@dataclass(frozen=True)
class Soloist:
    """A melody instrument in its song. ``chord_at`` takes beats of the song; ``shift`` is in semitones."""

    instrument: str
    key: Key
    feel: Feel
    chord_at: Callable[[float], Chord]
    bar_beats: float
    beat_s: float
    shift: int = 0


def solo(section: TimedSection, motif: Motif, player: Soloist, low: int, high: int) -> list[Note]:
    """A solo from the song's motif: a call and its answer in turn, higher, louder and with more notes towards
    the end."""
    rng = section.random(f"solo {player.instrument}")
    count = max(1, section.form.bars // _PHRASE_BARS)
    notes: list[Note] = []
    call = [1, 0, 1, 0, 1, 0][: rng.randint(4, 6)]
    for index in range(count):
        done = index / max(count - 1, 1)
        is_answer = index % 2 == 1
        start = index * _PHRASE_BARS * player.bar_beats
        last = index == count - 1
        bars = section.form.bars - index * _PHRASE_BARS if last else _PHRASE_BARS
        beats = min(bars, _PHRASE_BARS) * player.bar_beats
        # A call keeps its rhythm each time, and gets notes after it; an answer is its echo, shorter.
        stresses = [*call, *([0, 1] * round(2 * done))] if not is_answer else call[: max(3, len(call) - 1)]
        lift = round(_CLIMB * (done if not last else 0.6)) - (2 if is_answer else 0)
        window = (max(low, low + lift), high - _CLIMB + lift)
        frame = Frame(
            section.start + start,
            beats - _BREATH_BEATS,
            player.bar_beats,
            *window,
            player.key,
            player.chord_at,
        )
        shape = line_variant(_turned(motif, index), index, count)
        tune = sing_line(stresses, shape, frame, closing=last)
        tune = [replace(note, start=note.start - section.start) for note in tune]
        if done >= 0.5 and not is_answer and not last:
            tune = _with_run(tune, player, window[1])
        force = 0.60 + 0.20 * section.form.energy + 0.08 * done - (0.05 if is_answer else 0.0)
        notes += articulate(section, tune, player, force, rng, flourish=0.45)
    return notes


def _turned(motif: Motif, index: int) -> Motif:
    """The motif of the pair of phrases that ``index`` is in: as it is, upside down, backwards in turn."""
    heights = motif.contour
    contour = (heights, tuple(1.0 - height for height in heights), heights[::-1])[index // 2 % 3]
    return replace(motif, contour=contour)


def _with_run(tune: list[MelodyNote], player: Soloist, top: int) -> list[MelodyNote]:
    """The tune with a run of the scale into its highest note, where there is time for it."""
    peak = max(range(len(tune)), key=lambda n: (tune[n].pitch, -n))
    if peak == 0 or tune[peak].start - tune[peak - 1].start < 4 * _RUN:
        return tune
    before, goal = tune[peak - 1], tune[peak]
    scale = [p for p in range(goal.pitch - 9, goal.pitch) if p % 12 in player.key.pitch_classes()]
    steps = scale[-min(4, int((goal.start - before.start) / _RUN) - 1) :]
    first = goal.start - _RUN * len(steps)
    run = [MelodyNote(first + _RUN * n, _RUN, min(pitch, top)) for n, pitch in enumerate(steps)]
    held = replace(before, duration=min(before.duration, first - before.start))
    return [*tune[: peak - 1], held, *run, *tune[peak:]]


def articulate(
    section: TimedSection,
    tune: Sequence[MelodyNote],
    player: Soloist,
    force: float,
    rng: Random,
    *,
    flourish: float,
) -> Iterator[Note]:
    """The played notes of one phrase, whose starts are beats of the section.

    It grows towards its highest note and relaxes after it. Steps are slurred, repeated notes and leaps are
    apart. ``flourish`` is the share of the notes that may have a grace note; the longest one may be bent."""
    if not tune:
        return
    top = max(range(len(tune)), key=lambda n: (tune[n].pitch, -n))
    longest = max(range(len(tune)), key=lambda n: (tune[n].duration, n))
    pitches = [note.pitch for note in tune]
    spread = max(max(pitches) - min(pitches), 1)
    grace_beats = _GRACE_S / player.beat_s
    free = 0.0
    for n, note in enumerate(tune):
        following = tune[n + 1] if n + 1 < len(tune) else None
        at = player.feel.swung(note.start)
        until = player.feel.swung(following.start) if following else at + note.duration
        near = n / top if n < top else 1.0 - 0.6 * (n - top) / max(len(tune) - 1 - top, 1)
        loud = force * (0.84 + 0.14 * near + 0.08 * (note.pitch - min(pitches)) / spread)
        loud *= 1.05 if note.start % player.bar_beats == 0 else 1.0 if note.start % 1 == 0 else 0.93
        step = abs(following.pitch - note.pitch) if following else 12
        share = 1.0 if 0 < step <= 2 else 0.62 if step == 0 else 0.86
        length = min(note.duration, until - at) * share
        bent = n == longest and note.duration >= 1.0 and player.instrument in _BENDS
        graceful = player.instrument in _BENDS or player.instrument in _GRACEFUL
        graced = bent or (graceful and note.duration >= 0.5 and rng.random() < flourish * 0.6)
        if graced and at - grace_beats >= free:
            below = _step_below(note.pitch, player, 2 if bent else 1)
            yield section.note(at - grace_beats, grace_beats, below + player.shift, loud * 0.85, force)
        yield section.note(at, max(length, 0.1), note.pitch + player.shift, loud, force)
        free = at + 0.2


def _step_below(pitch: int, player: Soloist, most: int) -> int:
    """The nearest note of the scale below; ``most`` 2: a whole tone, as guitarists bend."""
    if most == 2:
        return pitch - 2
    return next(p for p in range(pitch - 1, pitch - 4, -1) if p % 12 in player.key.pitch_classes())
