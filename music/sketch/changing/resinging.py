"""Other words on a song's own tune. The band is kept to the sample, but for where a limiter holds the peaks
of both; the tune is read from the MIDI file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from config.engine import Report
from config.errors import InvalidRequest
from music.contract import Audio, MusicRequest, Samples, Source
from music.levels.gains import BLOCK, apply_gain, block_peaks, blocks_of, limited, quantised, smooth
from music.levels.mastering import CEILING_DBTP
from music.levels.meter import loudness, true_peaks, weighted_energy
from music.sketch.changing.fitting_words import Sounding, TuneNote, fit, is_hurried
from music.sketch.genres import known_genre
from music.sketch.instruments import RATE_HZ
from music.sketch.midi.joining import with_voices
from music.sketch.midi.reading import SungTracks, TrackNote, sung_tracks
from music.sketch.midi.writing import vocal_tracks
from music.sketch.mix import mix
from music.sketch.parallel import Span
from music.sketch.production import MIXED, PERFORMED, WRITTEN, perform
from music.sketch.score import Line, Score, Section, StemName, SungNote, VocalPart
from music.sketch.sections import energy_of
from music.sketch.timing import timed_lines
from music.sketch.verses import SungLine, parse
from music.sketch.voices import singer

_VOICES: tuple[StemName, ...] = ("vocals", "backing")
_MOST_DB = 9.0
"""A section's voice is made louder or softer by no more than this."""
_RAMP_S = 0.06
_NEAR = 0.51 / 480
"""Beats: half a tick of the MIDI file."""


def resung(request: MusicRequest, source: Source, report: Report) -> Audio:
    """``source`` with the words of ``request`` on its tune. Lines are sung to the lines in their place in the
    sections of their kind, or one by one if there are as many; where a syllable is missing, the one before is
    held, and where there is one more, a note is divided.

    Raises ``InvalidRequest`` for a song whose score or stems are not known, for an instrumental, and for
    words that nobody can sing."""
    report("writing", 0.0)
    score, warnings = _score(request, source)
    frames = int(source.samples.shape[1])
    report("writing", WRITTEN)
    dry = perform(score, frames, seed=request.seed, span=Span(report, "singing", WRITTEN, PERFORMED))
    stems = mix(score, dry, seed=request.seed, span=Span(report, "mixing", PERFORMED, MIXED))
    total = source.samples.astype(np.float32, copy=True)
    made: dict[str, Samples] = dict(source.stems)
    for name in _VOICES:
        old = source.stems.get(name)
        if old is not None:
            total -= old
        if name in stems:
            new = _at_levels_of(stems[name], old, source)
            made[name] = new
            total += new
        elif old is not None:
            made[name] = np.zeros_like(old)
    report("mastering", MIXED)
    total, made = _below_ceiling(total, made)
    total = quantised(total)  # as it is written: where nobody sings, what was there to the last bit
    return Audio(
        samples=total,
        rate_hz=RATE_HZ,
        tempo_bpm=source.tempo_bpm,
        key=source.key,
        metre=source.metre,
        loudness_lufs=loudness(total),
        stems=made,
        midi=with_voices(source.midi or b"", vocal_tracks(score)),
        lines=timed_lines(score),
        sections=source.sections,
        warnings=warnings,
    )


def _score(request: MusicRequest, source: Source) -> tuple[Score, tuple[str, ...]]:
    """The singers' score with the new words, without the band."""
    if source.midi is None or not source.stems or not source.tempo_bpm or source.rate_hz != RATE_HZ:
        fix = "the embedded composer sings to its own scores: use a song that it made, or engine 'acestep'"
        raise InvalidRequest("source", f"{source.duration_s:.0f} s without a score", fix)
    tune = sung_tracks(source.midi)
    if not tune.lines:
        raise InvalidRequest("source", "an instrumental", "it has no tune to sing: name a song with words")
    beat_s = 60.0 / source.tempo_bpm
    placed, warnings = _placed(request.lyrics, tune, source, beat_s)
    reference = _reference(tune)
    notes: dict[str, list[SungNote]] = defaultdict(list)
    lines: list[Line] = []
    for starts, line in placed:
        inside = _tune_of(reference, starts)
        found = fit([syllable for syllable, _ in line.syllables], inside, beat_s)
        if is_hurried(found, inside, beat_s):
            warnings.append(
                f"line {line.text!r} has {len(found)} syllables for {len(starts)}: it is sung fast"
            )
        for name, track in tune.notes.items():
            notes[name] += _sung(found, inside, track, line, len(lines))
        lines.append(Line(line.text, tuple(word.text for word in line.words)))
    name, _ = known_genre(request.genre)
    score = Score(
        genre=name,
        tempo_bpm=source.tempo_bpm,
        key=source.key or request.key,
        metre=source.metre or request.metre,
        duration_s=source.duration_s,
        end=source.duration_s / beat_s,
        sections=_sections(source, beat_s),
        parts=(),
        vocals=_parts(notes, request),
        lines=tuple(lines),
    )
    return score, tuple(warnings)


def _parts(notes: dict[str, list[SungNote]], request: MusicRequest) -> tuple[VocalPart, ...]:
    return tuple(
        singer(name, tuple(sorted(found, key=lambda note: note.start)), request.voice)
        for name, found in notes.items()
        if found
    )


def _sections(source: Source, beat_s: float) -> tuple[Section, ...]:
    return tuple(
        Section(each.kind, each.start_s / beat_s, (each.end_s - each.start_s) / beat_s, energy_of(each.kind))
        for each in source.sections
    )


def _placed(
    lyrics: str, tune: SungTracks, source: Source, beat_s: float
) -> tuple[list[tuple[tuple[float, ...], SungLine]], list[str]]:
    """The new line for the starts of each line that is sung, and warnings."""
    blocks = [block for block in parse(lyrics) if block.lines]
    new = [line for block in blocks for line in block.lines]
    if not new:
        raise InvalidRequest(
            "lyrics", lyrics, "give the words that are to be sung, one line for each of the song's"
        )
    if len(new) == len(tune.lines):
        return list(zip(tune.lines, new, strict=True)), []
    by_kind: dict[str, list[Sequence[SungLine]]] = defaultdict(list)
    for block in blocks:
        by_kind[block.kind].append(block.lines)
    placed: list[tuple[tuple[float, ...], SungLine]] = []
    turns: dict[str, int] = defaultdict(int)
    silent, unused = 0, set(map(id, new))
    for kind, lines in _by_section(tune, source, beat_s):
        texts = by_kind.get(kind, [])
        # A chorus that is written once comes again whenever it is sung.
        text: Sequence[SungLine] = texts[min(turns[kind], len(texts) - 1)] if texts else ()
        turns[kind] += 1
        placed += zip(lines, text, strict=False)
        unused -= {id(line) for line in text[: len(lines)]}
        silent += max(len(lines) - len(text), 0)
    if not placed:
        kinds = ", ".join(dict.fromkeys(kind for kind, _ in _by_section(tune, source, beat_s)))
        fix = f"the song sings {len(tune.lines)} lines, in {kinds}: give as many, or name these sections"
        raise InvalidRequest("lyrics", f"{len(new)} lines", fix)
    warnings = []
    if silent:
        warnings.append(
            f"{silent} of the song's {len(tune.lines)} lines are not sung: there are no words for them"
        )
    if unused:
        warnings.append(f"{len(unused)} lines of the new words are left out: the song has no lines for them")
    return placed, warnings


def _by_section(tune: SungTracks, source: Source, beat_s: float) -> list[tuple[str, list[tuple[float, ...]]]]:
    """The lines of each section that is sung, with its kind."""
    found: list[tuple[str, list[tuple[float, ...]]]] = []
    last = -1
    for starts in tune.lines:
        middle_s = 0.5 * (starts[0] + starts[-1]) * beat_s
        number = max((n for n, each in enumerate(source.sections) if each.start_s <= middle_s), default=0)
        if number != last:
            found.append((source.sections[number].kind if source.sections else "verse", []))
        found[-1][1].append(starts)
        last = number
    return found


def _reference(tune: SungTracks) -> list[tuple[TrackNote, bool]]:
    """Each note of the tune once, of whoever sings it first, and whether a syllable begins on it."""
    begins = {start for line in tune.lines for start in line}
    found: dict[float, TrackNote] = {}
    for track in tune.notes.values():
        for note in track:
            found.setdefault(note.start, note)
    return [(note, note.start in begins) for _, note in sorted(found.items())]


def _tune_of(reference: Sequence[tuple[TrackNote, bool]], starts: Sequence[float]) -> list[TuneNote]:
    """The notes of a line: those on which its syllables begin, and the further notes of each."""
    own = set(starts)
    notes: list[TuneNote] = []
    for note, begins in reference:
        if note.start in own:
            notes.append(TuneNote(note.start, note.duration, note.pitch, begins=True))
        elif notes and not begins and abs(notes[-1].start + notes[-1].duration - note.start) < 2 * _NEAR:
            notes.append(TuneNote(note.start, note.duration, note.pitch, begins=False))
    return notes


def _sung(
    found: Sequence[Sounding],
    tune: Sequence[TuneNote],
    track: Sequence[TrackNote],
    line: SungLine,
    number: int,
) -> list[SungNote]:
    """What the singer of ``track`` sings of the line: on its own pitches, where it has notes."""
    own = {note.start: note for note in track}
    sung = []
    for each, (syllable, word) in zip(found, line.syllables, strict=True):
        notes = [own[note.start] for note in tune[each.first : each.after] if note.start in own]
        if not notes:
            continue
        length = notes[-1].start + notes[-1].duration - notes[0].start
        start = notes[0].start + each.part * length / each.parts
        steps = tuple((note.start - start, note.pitch) for note in notes[1:])
        sung.append(
            SungNote(
                start, length / each.parts, notes[0].pitch, notes[0].velocity, syllable, number, word, steps
            )
        )
    return sung


def _at_levels_of(new: Samples, old: Samples | None, source: Source) -> Samples:
    """``new`` as loud as ``old``, section by section."""
    if old is None:
        return new
    mine, theirs = weighted_energy(new, BLOCK), weighted_energy(old, BLOCK)
    whole = _ratio_db(theirs, mine)
    if not np.isfinite(whole):
        return new
    db = np.full(blocks_of(new.shape[1]), whole)
    for each in source.sections:
        first, after = (round(at_s * RATE_HZ / BLOCK) for at_s in (each.start_s, each.end_s))
        moved = _ratio_db(theirs[first:after], mine[first:after])
        db[first:after] = np.clip(moved, whole - _MOST_DB, whole + _MOST_DB) if np.isfinite(moved) else whole
    out = new.astype(np.float32, copy=True)
    apply_gain(out, np.asarray(10.0 ** (smooth(db, _RAMP_S) / 20.0)))
    return out


def _ratio_db(theirs: np.ndarray, mine: np.ndarray) -> float:
    a, b = float(theirs.sum()), float(mine.sum())
    return 10.0 * float(np.log10(a / b)) if a > 1e-9 and b > 1e-9 else float("nan")


def _below_ceiling(total: Samples, stems: dict[str, Samples]) -> tuple[Samples, dict[str, Samples]]:
    """The sum and its stems, with the gain of a limiter where the sum's true peaks need it."""
    ceiling = 10.0 ** (CEILING_DBTP / 20.0)
    peaks = true_peaks(total, block_peaks(total), BLOCK, above=0.6)
    if float(peaks.max(initial=0.0)) <= ceiling:
        return total, stems
    gain = limited(peaks, ceiling)
    apply_gain(total, gain)
    limited_stems = {}
    for name, stem in stems.items():
        limited_stems[name] = stem.astype(np.float32, copy=True)
        apply_gain(limited_stems[name], gain)
    return total, limited_stems
