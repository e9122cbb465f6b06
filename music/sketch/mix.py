"""Mixes dry stems: dynamics, then levels and tone from measurements, then one filtering pass per stem.

All decisions use third-octave spectra of the stems (``loudness.view``), where gains, filters and rooms are
multiplications; the audio itself is processed only twice. The master needs only one common gain for the
resulting stems."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from music.levels.gains import BLOCK, apply_gain, block_peaks, blocks_of, smooth
from music.sketch import parallel
from music.sketch.balance import Stems, balance
from music.sketch.effects import (
    LEAD_S,
    RAMP_S,
    Dip,
    compression,
    convolve,
    convolved,
    equaliser,
    lowered,
    pumping,
    sung,
)
from music.sketch.instruments.noise import Shape, curve
from music.sketch.instruments.strike import RATE_HZ, Floats, Signal
from music.sketch.parallel import Span, Tick
from music.sketch.perform import Rows
from music.sketch.rooms import impulse, with_echo
from music.sketch.score import STEMS, Score, StemName
from music.sketch.spectra import BANDS_HZ, VIEW_HOP, WINDOW, view
from music.sketch.styles import MixStyle, style_of
from music.stems import first_rows, put_aside

DUCKED: tuple[StemName, ...] = ("harmony", "melody")
DUCKED_UNDER_VOICE_DB = 1.5
_CONSONANTS: Shape = (
    (500.0, 0.0),
    (1100.0, -0.7),
    (2000.0, -1.0),
    (4000.0, -1.0),
    (6000.0, -0.5),
    (9000.0, 0.0),
)
DIPPED: Mapping[StemName, Shape] = {
    "drums": ((1800.0, 0.0), (3000.0, -0.9), (8500.0, -0.9), (14000.0, 0.0)),
    "harmony": _CONSONANTS,
    "melody": _CONSONANTS,
}
"""What makes room for the lead's consonants while it sings, for each dB of its genre's dip. Cymbals and
brushes cover sibilants."""
SEND_DUCKED_DB = 5.0
"""Of the lead's room and echo while words follow each other at once."""
DENSE_S = 0.75
PUMPED: tuple[StemName, ...] = ("bass", "harmony")
KICKS = (35, 36)

# Fixed equalisers that make room for the other stems, before the measured correction.
HIGH_PASS_30: Shape = ((12.0, -30.0), (24.0, -6.0), (34.0, 0.0))
STEM_TONE: Mapping[StemName, Shape] = {
    "drums": ((60.0, 1.0), (120.0, 0.5), (380.0, -2.5), (900.0, 0.0), (4000.0, 0.5), (10000.0, 1.0)),
    "bass": ((50.0, 0.0), (250.0, 0.0), (400.0, -1.5), (900.0, 0.5), (5000.0, -6.0), (12000.0, -18.0)),
    "harmony": ((40.0, -24.0), (90.0, -8.0), (160.0, -1.5), (350.0, -1.5), (900.0, 0.0), (2600.0, -2.0),
        (7000.0, 0.0)),
    "melody": ((60.0, -24.0), (140.0, -5.0), (240.0, 0.0), (2600.0, -1.0), (9000.0, 0.0)),
    "vocals": ((55.0, -36.0), (90.0, -14.0), (140.0, -2.0), (280.0, -2.0), (900.0, 0.0), (2600.0, 2.0),
        (4500.0, 1.5),
               (7000.0, 0.0), (11000.0, 1.5)),
    # The consonants are the lead's: those of others come a little earlier and later and would blur them.
    "backing": ((60.0, -36.0), (120.0, -14.0), (220.0, -3.0), (900.0, -0.5), (2000.0, -3.0), (5000.0, -3.0),
        (9000.0, -1.0)),
}  # fmt: skip

FLAT: Shape = ((1000.0, 0.0),)
SILENT_POWER = 1e-9


def mix(score: Score, dry: dict[StemName, Rows], *, seed: int, span: Span) -> dict[StemName, Signal]:
    """The wet stems, ``(2, samples)`` each, from ``dry`` stems of ``(3, samples)``, which are removed from
    the dict."""
    style = style_of(score.genre)
    present = [name for name in STEMS if name in dry]
    samples = max((rows.shape[1] for rows in dry.values()), default=0)
    lead = _lead_spans(score)
    room_made = sung(lead, samples)

    def shaping(name: StemName) -> Callable[[Tick], tuple[Floats, Floats]]:
        def shape(tick: Tick) -> tuple[Floats, Floats]:
            tick(0.0)
            _dynamics(name, dry[name], score, style, room_made)
            tick(0.5)
            seen = view(dry[name][:2]), view(dry[name][2:])
            put_aside(dry[name])
            return seen

        return shape

    early = Span(span.report, span.stage, span.start, span.start + 0.35 * (span.end - span.start))
    views = dict(zip(present, parallel.run([shaping(name) for name in present], early), strict=True))
    audible = [name for name in present if float(views[name][0].sum()) > SILENT_POWER]
    if not audible:
        return {}
    rooms = _rooms(score, style, seed)
    frames = len(views[audible[0]][0])
    in_frames = _in_frames(room_made, frames)
    dips = {name: _scaled(DIPPED[name], style.dip_db) for name in audible if name in DIPPED}
    power = {
        name: _wet_power(name, *views[name], rooms[name], dips.get(name, FLAT), in_frames) for name in audible
    }
    sections = _sung_sections(score, lead, frames) if "vocals" in power else []
    balanced = balance(Stems(power, [inside for _, inside in sections]), style)

    def wetting(name: StemName) -> Callable[[Tick], Signal]:
        def wet(tick: Tick) -> Signal:
            shapes = [HIGH_PASS_30, STEM_TONE[name], balanced.correction]
            rows, dip = dry.pop(name), None
            if name == "vocals":
                shapes += [balanced.lead_tone, _floor(score)]
                starts = [start_s for start_s, _ in sections]
                apply_gain(rows, _moved(starts, balanced.lead_moves_db, samples))
            elif name in dips:
                dip = Dip(equaliser(dips[name]), room_made)
            direct = equaliser(*shapes) * np.float32(balanced.gains[name])
            room = rooms[name]
            convolve(rows, direct, None if room is None else convolved(room, direct), tick, dip)
            # Without the send: a sixth of the memory of a whole song.
            return first_rows(rows, 2)

        return wet

    late = Span(span.report, span.stage, early.end, span.end)
    return dict(zip(audible, parallel.run([wetting(name) for name in audible], late), strict=True))


def _lead_spans(score: Score) -> list[tuple[float, float]]:
    """When a lead sings, in seconds: each note."""
    return sorted(
        (score.seconds(note.start), score.seconds(note.start + note.duration))
        for part in score.vocals
        if part.role == "lead"
        for note in part.notes
    )


def _sung_sections(
    score: Score, lead: Sequence[tuple[float, float]], frames: int
) -> list[tuple[float, NDArray[np.intp]]]:
    """The start in seconds of each section's first note, and its frames of the view in which the lead sings.
    Where no frame falls on a note, all frames are one section."""
    at = (np.arange(frames) * VIEW_HOP + WINDOW / 2) / RATE_HZ
    starts, ends = np.array(lead).reshape(-1, 2).T
    last = np.searchsorted(starts, at, side="right") - 1
    singing = (last >= 0) & (at < np.maximum.accumulate(ends)[last]) if len(starts) else at < 0.0
    found = []
    for section in score.sections:
        first, after = score.seconds(section.start), score.seconds(section.start + section.beats)
        inside = np.flatnonzero(singing & (at >= first) & (at < after))
        notes = starts[(starts >= first) & (starts < after)]
        if len(inside) and len(notes):
            found.append((float(notes[0]), inside))
    return found or [(0.0, np.arange(frames))]


def _in_frames(amount: Floats, frames: int) -> Floats:
    """``(frames, 1)``: a value per block as one per frame of the view."""
    middles = (np.arange(frames) * VIEW_HOP + WINDOW // 2) // BLOCK
    return np.asarray(amount[np.minimum(middles, len(amount) - 1)][:, np.newaxis])


def _moved(starts_s: Sequence[float], moves_db: Sequence[float], samples: int) -> Floats:
    """``(blocks,)`` of gain: the lead's level of each section, which it reaches in the rest before it."""
    db = np.zeros(blocks_of(samples))
    db[:] = moves_db[0]
    for start_s, move_db in zip(starts_s, moves_db, strict=True):
        db[max(0, round((start_s - LEAD_S) * RATE_HZ / BLOCK)) :] = move_db
    return lowered(smooth(smooth(db, RAMP_S), RAMP_S), -1.0)


def _floor(score: Score) -> Shape:
    """Nothing under the lowest note that a lead sings: what is there is breath and the network's own hum, at
    the rate of its frames."""
    lowest = min(
        pitch for part in score.vocals if part.role == "lead" for n in part.notes for _, pitch in n.pitches
    )
    hz = 440.0 * 2.0 ** ((lowest - 69) / 12.0)
    return ((0.5 * hz, -36.0), (0.75 * hz, -18.0), (0.92 * hz, 0.0))


def _scaled(shape: Shape, factor: float) -> Shape:
    return tuple((hz, factor * db) for hz, db in shape)


def _dynamics(name: StemName, rows: Rows, score: Score, style: MixStyle, room_made: Floats) -> None:
    samples = rows.shape[1]
    peaks = block_peaks(rows[:2])
    loud = peaks[peaks > 1e-3]
    gain: Floats = np.ones(len(peaks))
    if len(loud):
        top = 20.0 * float(np.log10(np.percentile(loud, 90.0)))
        if name == "drums":
            gain = compression(
                peaks, threshold_db=top - style.drum_press_db, ratio=2.5, attack_s=0.014, release_s=0.12
            )
        elif name == "bass":
            gain = compression(peaks, threshold_db=top - 8.0, ratio=3.5, attack_s=0.020, release_s=0.20)
        elif name in ("vocals", "backing"):
            gain = compression(peaks, threshold_db=top - 11.0, ratio=3.0, attack_s=0.010, release_s=0.16)
    if name in PUMPED and style.pump_db:
        kicks = [
            score.seconds(note.start)
            for part in score.parts
            if part.stem == "drums"
            for note in part.notes
            if note.pitch in KICKS
        ]
        depth = style.pump_db * (0.7 if name == "bass" else 1.0)
        recover = min(0.30, 0.8 * score.seconds(1.0))
        gain = gain * pumping(kicks, samples, depth_db=depth, recover_s=recover)
    if name in DUCKED:
        gain = gain * lowered(room_made, DUCKED_UNDER_VOICE_DB)
    apply_gain(rows, gain)
    if name == "vocals":
        apply_gain(rows[2:], lowered(_dense(score, samples), SEND_DUCKED_DB))


def _dense(score: Score, samples: int) -> Floats:
    """``(blocks,)``, 0..1: where a word follows the one before at once. The last word of a line is free to
    ring."""
    mask = np.zeros(blocks_of(samples))
    for (start, _), (after, _) in pairwise(_lead_spans(score)):
        if after - start < DENSE_S:
            mask[round(start * RATE_HZ / BLOCK) : round(after * RATE_HZ / BLOCK)] = 1.0
    return smooth(mask, RAMP_S)


def _rooms(score: Score, style: MixStyle, seed: int) -> dict[StemName, Signal | None]:
    """The room of each stem's send. The voices have their own room and echo; the bass has none."""
    rng = np.random.default_rng([seed, 0x526F6F6D])
    band, voice = impulse(style.room, rng), impulse(style.vocal_room, rng)
    if style.echo:
        voice = with_echo(voice, delay_s=score.seconds(0.75), level=style.echo, feedback=0.45)
    return {
        "drums": band * np.float32(0.7), "bass": None, "harmony": band, "melody": band, "vocals": voice,
        "backing": voice,
    }  # fmt: skip


def _wet_power(
    name: StemName, direct: Floats, send: Floats, room: Signal | None, dip: Shape, room_made: Floats
) -> Floats:
    """``(frames, bands)``: the power of a stem after its fixed equaliser, its room and its dip, before gain
    and correction."""
    tone = curve(BANDS_HZ, STEM_TONE[name]) ** 2 * curve(BANDS_HZ, HIGH_PASS_30) ** 2
    tone = tone * curve(BANDS_HZ, dip) ** (2.0 * room_made)
    if room is None:
        return np.asarray(direct * tone)
    size = 1 << (room.shape[1] - 1).bit_length()
    response = np.sum(np.abs(np.fft.rfft(room, size, axis=1)) ** 2, axis=0)
    edges = np.round(np.append(BANDS_HZ / 2 ** (1 / 6), BANDS_HZ[-1] * 2 ** (1 / 6)) * size / 44_100).astype(
        int
    )
    mean = np.array([response[a : max(b, a + 1)].mean() for a, b in pairwise(edges.tolist())])
    return np.asarray((direct + send * mean) * tone)
