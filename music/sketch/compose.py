"""Writes the score for a request: form, harmony, tune and parts. The request's seed decides all random
choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

from music.contract import MusicRequest
from music.sketch.band import Band, gather
from music.sketch.form import Form, plan_form
from music.sketch.genres import GENRES, Genre, known_genre
from music.sketch.harmony import choose_progressions, harmony, timed_sections, tonic_chord
from music.sketch.hooks import hook_notes, shift_of, tag_notes
from music.sketch.melody import MelodyNote, new_motif
from music.sketch.patterns import STEP
from music.sketch.players import Feel, TimedSection, bass, comp, drums
from music.sketch.players.bassline import bass_pitch
from music.sketch.players.endings import (
    SHORTEST_TAIL_S,
    TAG_BARS,
    Close,
    choose_ending,
    settled,
)
from music.sketch.players.metres import METRES
from music.sketch.players.solos import Soloist
from music.sketch.score import Note, Part, Score, Section
from music.sketch.sections import FormSection
from music.sketch.singers import Tune, write_tune
from music.sketch.theory import Key, bar_beats, nearest, parse_key, voicing
from music.sketch.verses import Block, line_times, parse
from music.sketch.voices import assign, lone_singer

_ENERGY_STEP = 0.012
"""Change of each section's energy for each point of the request's energy above or below 5."""
_OUTRO_S = 8.0
"""How long a fade takes, about."""
_RINGING = frozenset(
    "acoustic_guitar nylon_guitar electric_guitar_clean electric_guitar_distorted piano electric_piano organ "
    "strings warm_pad synth_pad choir_pad harp vibraphone bell music_box violin cello".split()
)
"""Instruments that may ring alone at the end of a song."""


PlanForm = Callable[[Sequence[Block], float], Form]
"""The form for some lyrics and the quarter notes of a bar."""


def write_score(
    request: MusicRequest, plan: PlanForm | None = None, *, tune_of: MusicRequest | None = None
) -> Score:
    """The score of a song of ``request.duration_s`` seconds, which ends with a cadence and a tail; with
    ``plan``, of another form than usual. With ``tune_of``, form, harmony and tune are those of that request's
    song, and ``request``, which differs from it in its style alone, says who plays and how.

    Raises ``InvalidRequest`` for an invalid key or metre."""
    key, beats = parse_key(request.key), bar_beats(request.metre)
    name, known = known_genre(request.genre)
    genre = GENRES[name]
    own = tune_of or request
    own_name, _ = known_genre(own.genre)
    own_genre = GENRES[own_name]
    warnings = (
        [] if known else [f"genre {request.genre!r} is not known to the sketch composer: it plays {name}"]
    )
    sings = request.voice != "none" and not any(
        text.lower() in ("vocals", "vocal", "voice", "voices", "singing") for text in request.exclude
    )
    blocks = parse(request.lyrics)
    if blocks and not sings:
        why = "the voice is 'none'" if request.voice == "none" else "vocals are excluded"
        warnings.append(f"the lyrics are not sung: {why}")
    elif request.voice == "duet" and (alone := lone_singer(blocks)):
        warnings.append(f"voice 'duet' has one singer: the lyrics mark all sections as {alone}")
    times_s = line_times(request.lyrics, blocks, request.line_times_s) if sings else {}
    if request.line_times_s and sings and not times_s:
        count = len({line.number for block in blocks for line in block.lines})
        warnings.append(
            f"the times of the lines are not used: they are {len(request.line_times_s)} for {count} lines"
        )
    style_seed = request.seed
    if request.change and request.change.style_seed is not None:
        style_seed = request.change.style_seed
    ending = choose_ending(own_name, request.tempo_bpm, Random(f"{request.seed} {own_name} ending"))
    form = (
        plan(blocks if sings else [], beats)
        if plan
        else plan_form(
            blocks if sings else [],
            duration_s=request.duration_s,
            tempo_bpm=request.tempo_bpm,
            tempo_fixed=request.tempo_fixed,
            beats_per_bar=beats,
            times_s=times_s,
            tail_s=SHORTEST_TAIL_S.get(ending, 2.2),
            outro_s=_OUTRO_S if ending == "fade" else 0.0,
        )
    )
    form = replace(form, sections=tuple(_driven(plan, request.energy) for plan in form.sections))
    rng = Random(f"{style_seed} {own_name} {own.mood}")
    progressions = choose_progressions(own_genre, key, own.mood, rng)
    sections, sung_sections = (
        timed_sections(form, progressions, each, key, beats, ending, f"{request.seed} {name}")
        for each in (genre, own_genre)
    )
    end = form.bars * beats + form.extra_beats
    beat_s = 60.0 / form.tempo_bpm
    feel = _feel(genre, request.metre, beat_s)
    # In a remix, the song's own band is gathered too: the motif is drawn after it.
    band = gather(own_genre, own.instruments, own.exclude, rng)
    if tune_of:
        band = gather(genre, request.instruments, request.exclude, Random(f"{style_seed} {name} band"))
    chord_at = harmony(sung_sections, end, key)
    metre = METRES[request.metre]
    motif = new_motif(rng, beats, _accents(request.metre))

    sung = write_tune(sung_sections, motif, key, own_genre, feel, chord_at, beat_s, request.seed)
    vocals = assign(sung, request.voice, key, chord_at) if sung.notes else ()
    ending = settled(ending, sections, beat_s, has_hook=band.hook is not None)
    close = Close(
        ending, metre, sections[-1].start, (form.bars - 1) * beats, form.extra_beats, end,
        form.tail_s / beat_s, beat_s,
    )  # fmt: skip
    parts = _parts(sections, band, genre, request.metre, key, feel, rng, close)
    if band.hook:
        player = Soloist(band.hook, key, feel, chord_at, beats, beat_s, shift_of(band.hook))
        hook = hook_notes(sections, motif, player, sung, rng)
        if ending == "tag":
            hook = _with_tag(hook, sections, player, sung)
        hook = close.shaped(hook)
        if hook:
            pitch = _tonic_near(hook[-1].pitch, key)
            before = nearest(pitch, sections[-1].chords[-1].notes[:3])
            hook += close.chords((before,), (pitch,), 0.6, rings=band.hook in _RINGING)
            parts.append(Part("hook", band.hook, "melody", _sorted(hook), pan=0.1, reverb=0.35))
    return Score(
        genre=name,
        tempo_bpm=form.tempo_bpm,
        key=key.name,
        metre=request.metre,
        duration_s=request.duration_s,
        end=end,
        sections=tuple(_section(section) for section in sections),
        parts=tuple(part for part in parts if part.notes),
        vocals=vocals,
        lines=sung.lines,
        warnings=(*warnings, *form.warnings),
    )


def _driven(plan: FormSection, energy: int) -> FormSection:
    return replace(plan, energy=min(1.0, plan.energy + _ENERGY_STEP * (energy - 5)))


def _parts(
    sections: Sequence[TimedSection],
    band: Band,
    genre: Genre,
    metre: str,
    key: Key,
    feel: Feel,
    rng: Random,
    close: Close,
) -> list[Part]:
    parts = []
    tonic = tonic_chord(key, genre)
    before = sections[-1].chords[-1]
    if band.kit:
        played = drums(sections, genre, metre, feel, rng)
        if played:
            played = [*close.shaped(played), *close.drums()]
            parts.append(Part("drums", band.kit, "drums", _sorted(played), reverb=0.12))
    if band.bass:
        low = close.shaped(bass(sections, genre, metre, key, feel))
        leading, root = (bass_pitch(each, genre.bass_register) for each in (before.root, key.tonic))
        low += close.chords((leading,), (root,), 0.75, rings=False)
        parts.append(Part("bass", band.bass, "bass", _sorted(low), reverb=0.03))
    rings = next((la.instrument for la in band.layers if la.instrument in _RINGING), "")
    for n, layer in enumerate(band.layers):
        notes = comp(sections, layer, n, band.layers, metre, feel, close.beat_s)
        if notes:
            last = voicing(before, (), layer.low, layer.high)
            final = voicing(tonic, last, layer.low, layer.high)
            alone = layer.instrument == (rings or band.layers[0].instrument)
            notes = [*close.shaped(notes), *close.chords(last, final, 0.62, rings=alone)]
            name = f"{layer.instrument.replace('_', ' ')} {n + 1}"
            parts.append(
                Part(
                    name, layer.instrument, layer.stem, _sorted(notes), layer.gain_db, layer.pan, layer.reverb
                )
            )
    return parts


def _with_tag(hook: list[Note], sections: Sequence[TimedSection], player: Soloist, sung: Tune) -> list[Note]:
    """``hook`` with the song's last line in the last bars: what is sung last, or what it plays there
    itself."""
    last = sections[-1]
    bars_from = max((note.start for note in sung.notes), default=last.start - 1e-6)
    source = next(each for each in reversed(sections[:-1]) if each.start <= bars_from)
    first = last.start + (last.form.bars - TAG_BARS) * last.bar_beats
    number = sung.notes[-1].line if sung.notes else -1
    line = [note for note in sung.notes if note.line == number]
    line_start = source.end - TAG_BARS * source.bar_beats
    if line:
        line_start = line[0].start // source.bar_beats * source.bar_beats
        tune = [MelodyNote(n.start - line_start, n.duration, n.pitch + 12) for n in line]
    else:
        inside = [n for n in hook if line_start <= n.start < source.end]
        tune = [MelodyNote(n.start - line_start, n.duration, n.pitch - player.shift) for n in inside]
    room = TAG_BARS * last.bar_beats
    tune = [note for note in tune if note.start < room - 0.5]
    kept = [note for note in hook if note.start < first - 0.3]
    return kept + tag_notes(last, TAG_BARS, tune, player, last.form.energy)


def _feel(genre: Genre, metre: str, beat_s: float) -> Feel:
    """The genre's timing. Eighths that are the pulse of their metre do not swing."""
    is_even = METRES[metre].is_compound or metre == "7/8"
    swing = 0.0 if is_even and (genre.swing_step == 0.5 or metre == "7/8") else genre.swing
    return Feel(swing, genre.swing_step, genre.human_ms / 1000.0 / beat_s)


def _accents(metre: str) -> frozenset[float]:
    """The stressed beats after the first of a bar that is not divided in halves or quarters."""
    if metre not in ("6/8", "12/8", "7/8", "5/4"):
        return frozenset()
    pulses = METRES[metre].strong if metre == "5/4" else METRES[metre].pulses
    return frozenset(pulse * STEP for pulse in pulses if pulse)


def _tonic_near(pitch: int, key: Key) -> int:
    return min((p for p in range(pitch - 6, pitch + 7) if p % 12 == key.tonic), key=lambda p: abs(p - pitch))


def _section(section: TimedSection) -> Section:
    plan: FormSection = section.form
    return Section(plan.kind, section.start, section.end - section.start, plan.energy)


def _sorted(notes: list[Note]) -> tuple[Note, ...]:
    return tuple(sorted(notes, key=lambda note: (note.start, note.pitch)))
