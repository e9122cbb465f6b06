"""Mixes dry stems: dynamics, then levels and tone worked out from measurements, then one filtering pass per
stem.

All decisions are made on third-octave views of the stems (``loudness.view``), where gain, filters and rooms
are plain multiplications; the audio itself is touched twice. What comes out are stems that need no more than
one common gain to become the master.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np
from scipy.signal import fftconvolve

from music.sketch import crew
from music.sketch.crew import Span, Tick
from music.sketch.effects import (
    apply_gain,
    block_peaks,
    compression,
    convolve,
    equaliser,
    pumping,
    while_sung,
)
from music.sketch.instruments.noise import Shape, curve
from music.sketch.instruments.strike import Floats, Signal
from music.sketch.loudness import BANDS_HZ, k_response, view
from music.sketch.perform import Rows
from music.sketch.rooms import impulse, with_echo
from music.sketch.score import STEMS, Score, StemName
from music.sketch.styles import MixStyle, style_of

DUCKED_UNDER_VOICE_DB = 1.5
PUMPED: tuple[StemName, ...] = ("bass", "harmony")
KICKS = (35, 36)

# Where each stem leaves room for the others, before any measured correction.
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
    "backing": ((60.0, -36.0), (120.0, -14.0), (220.0, -3.0), (900.0, -0.5), (3000.0, 0.0), (11000.0, 1.5)),
}  # fmt: skip

# Third-octave levels against 1 kHz that the correction aims at: about 4.5 dB less per octave of density, as
# in Pestana et al., Spectral characteristics of popular commercial recordings 1950-2010 (AES 135, 2013).
TARGET: Shape = (
    (25.0, -8.0), (31.5, -2.0), (40.0, -3.0), (50.0, -0.5), (63.0, 0.0), (100.0, 0.0), (125.0, -0.8),
    (200.0, -3.0),
    (315.0, -4.5), (500.0, -6.0), (1000.0, -8.5), (2000.0, -11.0), (4000.0, -14.0), (8000.0, -18.0),
    (12500.0, -22.0), (16000.0, -27.0), (20000.0, -36.0),
)  # fmt: skip
CORRECTION_DB = 6.0
"""The measured correction moves no band further than this."""
SILENT_POWER = 1e-9


def mix(score: Score, dry: dict[StemName, Rows], *, seed: int, span: Span) -> dict[StemName, Signal]:
    """The wet stems, ``(2, samples)`` each, from ``dry`` ones of ``(3, samples)``, which are used up."""
    style = style_of(score.genre)
    present = [name for name in STEMS if name in dry]

    def shaping(name: StemName) -> Callable[[Tick], tuple[Floats, Floats]]:
        def shape(tick: Tick) -> tuple[Floats, Floats]:
            tick(0.0)
            _dynamics(name, dry[name], score, style)
            tick(0.5)
            return view(dry[name][:2]), view(dry[name][2:])

        return shape

    early = Span(span.report, span.stage, span.start, span.start + 0.35 * (span.end - span.start))
    views = dict(zip(present, crew.run([shaping(name) for name in present], early), strict=True))
    heard = [name for name in present if float(views[name][0].sum()) > SILENT_POWER]
    rooms = _rooms(score, style, seed)
    power = {name: _wet_power(name, *views[name], rooms[name]) for name in heard}
    gains = _balance(power, style)
    total = (
        np.sum([gains[name] ** 2 * power[name] for name in heard], axis=0)
        if heard
        else np.zeros((1, len(BANDS_HZ)))
    )
    correction = _correction(total, style)

    def wetting(name: StemName) -> Callable[[Tick], Signal]:
        def wet(tick: Tick) -> Signal:
            direct = equaliser(HIGH_PASS_30, STEM_TONE[name], correction) * np.float32(gains[name])
            room = rooms[name]
            if room is not None:
                room = fftconvolve(room, direct[np.newaxis], axes=1).astype(np.float32)
            rows = dry.pop(name)
            convolve(rows, direct, room, tick)
            # A copy lets go of the send: a sixth of the memory of a whole song.
            return rows[:2].copy()

        return wet

    late = Span(span.report, span.stage, early.end, span.end)
    return dict(zip(heard, crew.run([wetting(name) for name in heard], late), strict=True))


def _dynamics(name: StemName, rows: Rows, score: Score, style: MixStyle) -> None:
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
    if name in ("harmony", "melody"):
        sung = [
            (score.seconds(note.start), score.seconds(note.start + note.duration))
            for part in score.vocals
            if part.role == "lead"
            for note in part.notes
        ]
        gain = gain * while_sung(sung, samples, depth_db=DUCKED_UNDER_VOICE_DB)
    apply_gain(rows, gain)


def _rooms(score: Score, style: MixStyle, seed: int) -> dict[StemName, Signal | None]:
    """What each stem's send goes through. The voice has a room and an echo of its own; the bass stays dry."""
    rng = np.random.default_rng([seed, 0x526F6F6D])
    band, voice = impulse(style.room, rng), impulse(style.vocal_room, rng)
    if style.echo:
        voice = with_echo(voice, delay_s=score.seconds(0.75), level=style.echo, feedback=0.45)
    return {
        "drums": band * np.float32(0.7), "bass": None, "harmony": band, "melody": band, "vocals": voice,
        "backing": voice,
    }  # fmt: skip


def _wet_power(name: StemName, direct: Floats, send: Floats, room: Signal | None) -> Floats:
    """``(frames, bands)`` of a stem as it will be after its tone and its room, before gain and correction."""
    tone = curve(BANDS_HZ, STEM_TONE[name]) ** 2 * curve(BANDS_HZ, HIGH_PASS_30) ** 2
    if room is None:
        return np.asarray(direct * tone)
    size = 1 << (room.shape[1] - 1).bit_length()
    response = np.sum(np.abs(np.fft.rfft(room, size, axis=1)) ** 2, axis=0)
    edges = np.round(np.append(BANDS_HZ / 2 ** (1 / 6), BANDS_HZ[-1] * 2 ** (1 / 6)) * size / 44_100).astype(
        int
    )
    mean = np.array([response[a : max(b, a + 1)].mean() for a, b in pairwise(edges.tolist())])
    return np.asarray((direct + send * mean) * tone)


def _balance(power: Mapping[StemName, Floats], style: MixStyle) -> dict[StemName, float]:
    """A factor per stem: the band by the style's levels, the voices by how they stand out in the presence
    region.
    """
    weight = k_response(BANDS_HZ) ** 2
    levels = {"drums": style.drums, "bass": style.bass, "harmony": style.harmony, "melody": style.melody}
    gains: dict[StemName, float] = {}
    for name in power:
        if name in levels:
            gains[name] = 10.0 ** ((levels[name] - 20.0) / 20.0) / np.sqrt(_typical(power[name] @ weight))
    band = sum((gains[name] ** 2 * power[name] for name in gains), np.zeros((1, len(BANDS_HZ))))
    presence = (BANDS_HZ > 900.0) & (BANDS_HZ < 4500.0)
    reference = 10.0**-2.0
    if "vocals" in power:
        voice = power["vocals"]
        level = voice @ weight
        sung = level > 0.1 * _typical(level)
        mine = float(voice[sung][:, presence].sum(1).mean())
        theirs = float(np.broadcast_to(band, voice.shape)[sung][:, presence].sum(1).mean())
        wanted = np.sqrt(theirs / mine) * 10.0 ** (style.presence_db / 20.0)
        # A band with nothing there must not bury the voice, nor a screaming one lift it off the song.
        usual = np.sqrt(reference / _typical(level))
        gains["vocals"] = float(np.clip(wanted, usual * 10.0 ** (-0.5 / 20.0), usual * 10.0 ** (6.0 / 20.0)))
        reference = gains["vocals"] ** 2 * _typical(level)
    if "backing" in power:
        gains["backing"] = float(
            np.sqrt(reference / _typical(power["backing"] @ weight)) * 10.0 ** (style.backing / 20.0)
        )
    return gains


def _typical(power: Floats) -> float:
    """The mean of what is neither silence nor far below the rest, as loudness gating does it."""
    loud = power[power > 1e-12]
    if not len(loud):
        return 1.0
    return float(loud[loud > 0.1 * loud.mean()].mean())


def _correction(total: Floats, style: MixStyle) -> Shape:
    """The gentle equaliser, common to all stems, that brings the mix near the target curve."""
    measured = 10.0 * np.log10(total.mean(axis=0) + 1e-12)
    target = 20.0 * np.log10(curve(BANDS_HZ, TARGET))
    target += (style.low_db - 8.5) * np.clip(np.log2(400.0 / BANDS_HZ) / 1.7, 0.0, 1.0)
    target += style.top_db * np.clip(np.log2(BANDS_HZ / 2500.0) / 1.7, 0.0, 1.0)
    difference = target - measured
    difference -= difference[(BANDS_HZ > 700) & (BANDS_HZ < 1400)].mean()
    padded = np.pad(difference, 2, mode="edge")
    smoothed = np.convolve(padded, [0.1, 0.2, 0.4, 0.2, 0.1], "valid")
    # Hiss may be turned down further than anything may be turned up or down elsewhere.
    bounded = np.clip(smoothed, np.where(BANDS_HZ > 7000.0, -2.0, -1.0) * CORRECTION_DB, CORRECTION_DB)
    # Where a band holds next to nothing, lifting it would only lift noise.
    # The low end is what a listener misses first: what the bounds left of its error, a shelf makes good.
    power = total.mean(axis=0) * 10.0 ** (bounded / 10.0)
    low, middle = (
        power[(BANDS_HZ > 60.0) & (BANDS_HZ < 130.0)],
        power[(BANDS_HZ > 700.0) & (BANDS_HZ < 1400.0)],
    )
    missing = style.low_db - 10.0 * np.log10((low.mean() + 1e-12) / (middle.mean() + 1e-12))
    shelf = np.clip(np.log2(450.0 / BANDS_HZ) / 1.5, 0.0, 1.0)
    bounded = bounded + np.clip(missing, -CORRECTION_DB, CORRECTION_DB) * shelf
    bounded = np.where((BANDS_HZ < 40.0) | (BANDS_HZ > 14000.0), np.minimum(bounded, 0.0), bounded)
    return tuple(zip(BANDS_HZ.tolist(), bounded.tolist(), strict=True))
