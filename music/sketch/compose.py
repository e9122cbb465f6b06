"""From a request to a score: form, harmony, tune and the band's parts, all drawn from the request's seed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

from music.contract import MusicRequest
from music.sketch.band import Band, gather
from music.sketch.form import Form, Stretch, plan_form
from music.sketch.genres import GENRES, Genre, known_genre
from music.sketch.hooks import hook_notes
from music.sketch.melody import new_motif
from music.sketch.patterns import CRASH, KICK
from music.sketch.players import Feel, Stage, bass, comp, drums
from music.sketch.score import Note, Part, Score, Section
from music.sketch.singers import assign, write_tune
from music.sketch.theory import Chord, Key, bar_beats, chord, parse_key, voicing
from music.sketch.verses import parse

_DARK = frozenset("nostalgic melancholic mysterious dark angry epic".split())
_BRIGHT = frozenset("joyful uplifting energetic playful romantic hopeful".split())
_ENERGY_STEP = 0.012
"""How much a point of the request's energy above or below 5 moves each section's."""

_GROUPS = {"verse": "verse", "intro": "verse", "outro": "verse", "pre-chorus": "bridge", "bridge": "bridge"}


def write_score(request: MusicRequest) -> Score:
    """The song on paper, ``request.duration_s`` long, ending on a cadence and a tail.

    Raises ``InvalidRequest`` for a key or metre that cannot be read.
    """
    key, beats = parse_key(request.key), bar_beats(request.metre)
    name, known = known_genre(request.genre)
    genre = GENRES[name]
    warnings = (
        [] if known else [f"genre {request.genre!r} is not known to the sketch composer: it plays {name}"]
    )
    sings = request.voice != "none" and not any(
        text.lower() in ("vocals", "vocal", "voice", "voices", "singing") for text in request.exclude
    )
    form = plan_form(
        parse(request.lyrics) if sings else [],
        duration_s=request.duration_s,
        tempo_bpm=request.tempo_bpm,
        tempo_fixed=request.tempo_fixed,
        beats_per_bar=beats,
    )
    form = replace(form, sections=tuple(_driven(stretch, request.energy) for stretch in form.sections))
    rng = Random(f"{request.seed} {name} {request.mood}")
    progressions = _choose_progressions(genre, key, request.mood, rng)
    stages = _stages(form, progressions, genre, key, beats)
    end = form.bars * beats
    feel = Feel(genre.swing, genre.swing_step, genre.human_ms / 1000.0 * form.tempo_bpm / 60.0)
    band = gather(genre, request.instruments, request.exclude, rng)
    chord_at = _harmony(stages, end, key)
    motif = new_motif(rng, beats)

    sung = write_tune(stages, motif, key, genre, feel, chord_at, request.seed)
    vocals = assign(sung, request.voice, key, chord_at) if sung.notes else ()
    last = form.tail_s * form.tempo_bpm / 60.0
    parts = _parts(stages, band, genre, request.metre, key, feel, rng, end, last)
    hook = hook_notes(stages, band.hook, motif, key, feel, chord_at, sung, rng) if band.hook else []
    if band.hook and hook:
        final = Note(end, last * 0.8, _tonic_near(hook[-1].pitch, key), 0.6)
        parts.append(Part("hook", band.hook, "melody", (*hook, final), pan=0.1, reverb=0.35))
    return Score(
        genre=name,
        tempo_bpm=form.tempo_bpm,
        key=key.name,
        metre=request.metre,
        duration_s=request.duration_s,
        end=end,
        sections=tuple(_section(stage) for stage in stages),
        parts=tuple(part for part in parts if part.notes),
        vocals=vocals,
        lines=sung.lines,
        warnings=(*warnings, *form.warnings),
    )


def _driven(stretch: Stretch, energy: int) -> Stretch:
    return replace(stretch, energy=min(1.0, stretch.energy + _ENERGY_STEP * (energy - 5)))


def _choose_progressions(genre: Genre, key: Key, mood: str, rng: Random) -> dict[str, list[int]]:
    """A progression for each group of sections, one that suits the mood more often than others."""
    table = genre.minor if key.is_minor else genre.major

    def weight(degrees: str) -> int:
        # A bright song sets out from home or leaves it for IV or V; a dark one leans on VI, II and III.
        bright = degrees[0] in "14" or degrees[2:3] == "5"
        return 3 if (mood in _BRIGHT and bright) or (mood in _DARK and not bright) else 1

    return {
        group: [int(degree) - 1 for degree in rng.choices(options, [weight(o) for o in options])[0].split()]
        for group, options in table.items()
    }


def _stages(
    form: Form, progressions: dict[str, list[int]], genre: Genre, key: Key, beats: float
) -> list[Stage]:
    chords: list[tuple[Chord, ...]] = []
    for n, stretch in enumerate(form.sections):
        degrees = progressions[_GROUPS.get(stretch.kind, "chorus")]
        row = [degrees[bar % len(degrees)] for bar in range(stretch.bars)]
        if n == len(form.sections) - 1:
            row[-1] = 4 if key.mode in ("major", "minor") else 6  # the cadence that the last chord answers
        chords.append(
            tuple(_colour(key, degree, genre, last=bar == len(row) - 1) for bar, degree in enumerate(row))
        )
    stages, start = [], 0.0
    for n, stretch in enumerate(form.sections):
        after = chords[n + 1][0] if n + 1 < len(chords) else _tonic(key, genre)
        leads = n + 1 < len(chords) and form.sections[n + 1].kind == "chorus"
        stages.append(Stage(stretch, start, beats, chords[n], after, leads))
        start += stretch.bars * beats
    return stages


def _colour(key: Key, degree: int, genre: Genre, *, last: bool) -> Chord:
    return chord(key, degree, genre.chord_size, dominant=last and degree == 4 and genre.chord_size > 2)


def _tonic(key: Key, genre: Genre) -> Chord:
    return chord(key, 0, min(genre.chord_size, 3))


def _harmony(stages: Sequence[Stage], end: float, key: Key) -> Callable[[float], Chord]:
    """The chord that sounds at a beat."""
    starts: list[float] = []
    chords: list[Chord] = []
    for stage in stages:
        for _, at, sounding in stage.bars():
            starts.append(at)
            chords.append(sounding)
    starts.append(end)
    chords.append(chord(key, 0))
    # A little before the bar a syllable already belongs to it.
    return lambda beat: chords[max(0, bisect_right(starts, beat + 0.13) - 1)]


def _parts(
    stages: Sequence[Stage],
    band: Band,
    genre: Genre,
    metre: str,
    key: Key,
    feel: Feel,
    rng: Random,
    end: float,
    last: float,
) -> list[Part]:
    parts = []
    tonic = _tonic(key, genre)
    if band.kit:
        played = drums(stages, genre, metre, feel, rng)
        if played:
            played += [Note(end, 0.3, KICK, 0.85), Note(end, last, CRASH, 0.6)]
            parts.append(Part("drums", band.kit, "drums", _sorted(played), reverb=0.12))
    if band.bass:
        low = bass(stages, genre, key, feel, rng)
        low.append(Note(end, last * 0.85, genre.bass_register + (key.tonic - genre.bass_register) % 12, 0.75))
        parts.append(Part("bass", band.bass, "bass", _sorted(low), reverb=0.03))
    for n, layer in enumerate(band.layers):
        notes = comp(stages, layer, feel, rng)
        if notes:
            final = voicing(tonic, (), layer.low, layer.high)
            notes += [Note(end, last * 0.85, pitch, 0.62) for pitch in final]
            name = f"{layer.instrument.replace('_', ' ')} {n + 1}"
            parts.append(
                Part(
                    name, layer.instrument, layer.stem, _sorted(notes), layer.gain_db, layer.pan, layer.reverb
                )
            )
    return parts


def _tonic_near(pitch: int, key: Key) -> int:
    return min((p for p in range(pitch - 6, pitch + 7) if p % 12 == key.tonic), key=lambda p: abs(p - pitch))


def _section(stage: Stage) -> Section:
    stretch: Stretch = stage.stretch
    return Section(stretch.kind, stage.start, stretch.bars * stage.bar_beats, stretch.energy)


def _sorted(notes: list[Note]) -> tuple[Note, ...]:
    return tuple(sorted(notes, key=lambda note: (note.start, note.pitch)))
