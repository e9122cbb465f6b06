"""MusicGen: its decoder's step as a graph, alone and among others, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from config.engine import Report, ignore_progress
from music.contract import Change, MusicRequest, Samples, Source
from music.musicgen.decoder import Track
from music.musicgen.gpu.attention import Masked
from music.musicgen.gpu.reading import Reading
from music.musicgen.gpu.slots import COLUMNS, Slots
from music.musicgen.sampling import Sampling, gumbel
from tests.gpu_check.card import Card, Ceilings
from tests.gpu_check.findings import Findings
from tests.gpu_check.trial import behaviour, eager, moved

COMPANY = 8
_PROMPTS = (
    "80s pop track with bassy drums and synth",
    "calm piano",
    "loud metal guitars and a choir",
    "jazz",
)


def look(findings: Findings, card: Card, ceilings: Ceilings, folder: Path) -> None:
    with moved(findings, card, "musicgen", folder) as engine:
        behaviour(findings, card, engine, _song(1, 2.0), _song(2, 3.0), COMPANY, engine._text)
        _attention(findings, card, engine)
        _graph(findings, card, engine)
        _steps(findings, card, engine, ceilings)
        with findings.check("EnCodec, 30 s and 600 s") as found:
            found.figure, found.ok = _decoded(card, engine)
        with findings.check("more of a recording") as found:
            found.figure, found.ok = _extended(card, engine)


def _extended(card: Card, engine: Any) -> tuple[str, bool]:
    """What there is stays its own, and twice the same follows."""
    rate_hz = 44_100
    noise = np.random.default_rng(1).standard_normal((2, 20 * rate_hz))
    source = Source((0.1 * noise).astype(np.float32), rate_hz)
    change = Change(by_s=1.0 if card.tiny else 10.0)
    request = MusicRequest(prompt=_PROMPTS[0], seed=1, task="extend", change=change)
    made: list[Samples] = []
    took = [
        card.seconds(lambda: made.append(engine.change(request, source, ignore_progress).samples))
        for _ in range(2)
    ]
    same = np.array_equal(made[0][:, : 19 * rate_hz], source.samples[:, : 19 * rate_hz])
    again = np.array_equal(*made) and bool(np.isfinite(made[0]).all())
    return f"{took[1]:.1f} s; kept to the sample: {same}; the same again: {again}", same and again


def _song(seed: int, duration_s: float) -> Callable[[Any, Report], bytes]:
    prompt = _PROMPTS[seed % len(_PROMPTS)]
    request = MusicRequest(prompt=prompt, seed=seed, duration_s=duration_s)
    return lambda engine, report: engine.compose(request, report).samples.tobytes()


def _tracks(engine: Any, count: int, frames: int) -> list[Track]:
    made = []
    for number in range(count):
        text = engine._read(_PROMPTS[number % len(_PROMPTS)])
        noise = gumbel(number, engine._shape.drawn, engine._device, gpu_path=True)
        made.append(Track(engine._decoder, text, frames, Sampling(), noise))
    return made


def _played(
    engine: Any, slots: Slots, count: int, frames: int, step: Callable[[Sequence[Track]], None]
) -> Tensor:
    """The tokens of the first of ``count`` songs."""
    tracks = _tracks(engine, count, frames)
    for track in tracks:
        slots.join(track)
    while not tracks[0].done:
        step(tracks)
    for track in tracks:
        slots.leave(track)
    return tracks[0].codes(engine._shape)


def _attention(findings: Findings, card: Card, engine: Any) -> None:
    """The kernel that reads each slot to where its song is, against torch's over all columns."""
    with findings.check("attention by the kernel") as found:
        slots, device = engine._batch._slots, engine._device
        shape, dtype = engine._shape, engine._decoder.dtype
        columns = 320 if card.tiny else COLUMNS
        ends = torch.tensor([0, 1, 63, 64, 65, columns // 2, columns - 1, columns], device=device)
        size = (2, COMPANY, shape.heads, shape.width // shape.heads)
        queries = torch.randn(size, device=device).to(dtype)
        keys, values = torch.randn(2, *size[:3], columns, size[3], device=device).to(dtype)
        made = Reading(ends, columns, dtype)(queries, keys, values)[:, 1:].float()
        wanted = Masked(ends, columns, torch.float32)(queries.float(), keys.float(), values.float())[:, 1:]
        error = float((made - wanted).norm() / wanted.norm())
        used = slots._attention.__name__
        found.figure = f"{100 * error:.2f} % from torch's in fp32; slots use {used}"
        found.ok = error < 0.01 and (used == Reading.__name__ or not card.is_cuda)


def _graph(findings: Findings, card: Card, engine: Any) -> None:
    frames = 8 if card.tiny else 100
    replayed: Tensor | None = None
    with findings.check("graph equal to eager") as found:
        slots = engine._batch._slots
        replayed = _played(engine, slots, COMPANY, frames, slots.step)
        with eager(slots, slots._advance):
            unrecorded = _played(engine, slots, COMPANY, frames, slots.step)
        found.ok = torch.equal(replayed, unrecorded)
        found.figure = f"{frames} steps of {COMPANY} songs, " + (
            "the same tokens" if found.ok else "other tokens"
        )
    with findings.check("tokens alone and among others") as found:
        alone = _played(engine, engine._batch._slots, 1, frames, engine._batch._slots.step)
        found.ok = replayed is not None and torch.equal(alone, replayed)
        found.figure = "the same tokens" if found.ok else "other tokens"


def _steps(findings: Findings, card: Card, engine: Any, ceilings: Ceilings) -> None:
    """Early and late in a window, alone and with others: against the time in which the memory gives what the
    step has to read."""
    slots = engine._batch._slots
    late = 60 if card.tiny else 1400
    for count in (1, COMPANY):
        for position in (1, late):
            with findings.check(f"a step of {count} at column {position}") as found:
                tracks = _tracks(engine, count, late + 40)
                for track in tracks:
                    slots.join(track)
                    track.position = position
                    slots._positions[slots._slots[track]] = position
                slots.step(tracks)
                seconds = card.seconds(lambda tracks=tracks: slots.step(tracks), times=20)
                for track in tracks:
                    slots.leave(track)
                floor_s = _least_bytes(engine, count, position) / ceilings.bytes_per_s
                found.figure = f"{1000 * seconds:.2f} ms, {seconds / floor_s:.1f} times the floor"


def _least_bytes(engine: Any, count: int, position: int) -> float:
    """That a step reads at least: the decoder's weights once, and of each song the keys and values up to
    where it is, of its row with text and of that without."""
    shape, decoder = engine._shape, engine._decoder
    layer = 4 * shape.width**2 + 2 * shape.width**2 + 2 * shape.width * 4 * shape.width
    weights = shape.layers * layer + shape.codebooks * shape.vocabulary * shape.width
    kept = 2 * 2 * shape.layers * shape.width * position * count
    return float((weights + kept) * decoder.dtype.itemsize)


def _decoded(card: Card, engine: Any) -> tuple[str, bool]:
    """In how much memory beside the weights, and how much faster than it plays."""
    shape = engine._shape
    figures, ok = [], True
    for duration_s in (0.5, 2.0) if card.tiny else (30.0, 600.0):
        frames = round(duration_s * engine._frames_per_s)
        codes = torch.randint(shape.vocabulary, (shape.codebooks, frames), device=engine._device)
        before = card.used_bytes()
        with card.peak() as peak:
            seconds = card.seconds(lambda codes=codes: engine._sound(codes))
            memory = peak() - before
        figures.append(f"{memory / 1e9:.2f} GB, {duration_s / seconds:.0f} x real time")
        ok = ok and memory < 3e9
    return "; ".join(figures), ok
