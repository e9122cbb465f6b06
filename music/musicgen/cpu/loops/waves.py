# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, allow-untyped-decorators
"""EnCodec's last layers as compiled loops: each block of moments goes through a whole layer while it is in
the processor's cache. All threads go through a loop together."""

from __future__ import annotations

import numpy as np

from music.musicgen.cpu.layout import LANES, VECTORS
from music.musicgen.cpu.loops.arithmetic import exp
from music.musicgen.cpu.loops.intrinsics import barrier, compiled
from music.musicgen.cpu.loops.products import dot, share

BLOCK = 64
"""Moments at a time, a multiple of 16."""


@compiled
def _elu(x):
    return x if x > 0 else exp(x) - np.float32(1.0)


@compiled
def _spread(x, start, into, reach):
    """ELU of the moments from ``start - reach`` on, as many as ``into`` has room for, their ends mirrored."""
    moments, channels = x.shape
    last = 2 * (moments - 1)
    for row in range(len(into)):
        moment = abs(start + row - reach)
        moment = max(min(moment, last - moment), 0)
        source, made = x[moment], into[row]
        for channel in range(channels):
            made[channel] = _elu(source[channel])


@compiled
def _products(weight, outputs, inputs, x, out):
    """``out (BLOCK, outputs)`` of windows of ``inputs`` numbers that begin at each row of ``x``."""
    for column in range(0, outputs, VECTORS * LANES):
        at = weight + column * inputs * 4
        for row in range(0, BLOCK, 8):
            source = x.ctypes.data + row * x.strides[0]
            into = out.ctypes.data + row * out.strides[0] + column * 4
            dot(8, VECTORS, 0, x, at, source, x.strides[0], inputs, 0, into, out.strides[0], 0)


@compiled
def upsample(thread, counted, x, new_rows, framed, out):
    """One thread's part of ``out (moments + 1, outputs)``, float32, with rows to a multiple of 16: what the
    convolution ``new_rows`` makes of each two neighbours of ``x (moments, channels)`` after ELU, with zeros
    before and after them. Its weights are of two moments with a gap between them. ``framed``, zero, with a
    row more than ``out``, of ``channels`` and a gap, is room for all threads.
    """
    moments, channels = x.shape
    gapped = framed.shape[1]
    for moment in range(thread.number, moments, thread.threads):
        source, made = x[moment], framed[moment + 1]
        for channel in range(channels):
            made[channel] = _elu(source[channel])
    barrier(thread, counted)
    beside = VECTORS * LANES
    panels = out.shape[1] // beside
    inputs = channels + gapped
    for panel in range(*share(panels, thread)):
        at = new_rows.address + panel * inputs * 4 * beside
        for row in range(0, len(out), 8):
            source = framed.ctypes.data + row * framed.strides[0]
            into = out.ctypes.data + row * out.strides[0] + panel * 4 * beside
            dot(8, VECTORS, 0, framed, at, source, framed.strides[0], inputs, 0, into, out.strides[0], 0)
            added = new_rows.bias[panel * beside : (panel + 1) * beside]
            for part in range(8):
                made = out[row + part, panel * beside : (panel + 1) * beside]
                for lane in range(beside):
                    made[lane] += added[lane]


@compiled
def residual(thread, counted, x, wide, single, room, out):
    """One thread's part of ``out (moments, channels)``, float32: ``x`` plus what is made of it by ``wide``, a
    convolution of three moments, and ``single``, one of one moment, each after ELU. ``room (threads, ...)``
    is for each thread.
    """
    moments, channels = x.shape
    inner = len(wide.bias)
    width = 3
    mine = room[thread.number]
    framed = mine[: (BLOCK + width - 1) * channels].reshape(BLOCK + width - 1, channels)
    rest = mine[(BLOCK + width - 1) * channels :]
    hidden = rest[: BLOCK * inner].reshape(BLOCK, inner)
    made = rest[BLOCK * inner : BLOCK * (inner + channels)].reshape(BLOCK, channels)
    for start in range(thread.number * BLOCK, moments, thread.threads * BLOCK):
        _spread(x, start, framed, width // 2)
        _products(wide.address, inner, width * channels, framed, hidden)
        for row in range(BLOCK):
            values = hidden[row]
            for channel in range(inner):
                values[channel] = _elu(values[channel] + wide.bias[channel])
        _products(single.address, channels, inner, hidden, made)
        for row in range(min(BLOCK, moments - start)):
            source, added, into = x[start + row], made[row], out[start + row]
            for channel in range(channels):
                into[channel] = source[channel] + added[channel] + single.bias[channel]


@compiled
def last(thread, counted, x, single, width, room, out):
    """One thread's part of ``out (moments,)``, float32: ``single``, a convolution of ``width`` moments to one
    channel, after ELU. Its packed weights have an output for each of these moments."""
    moments, channels = x.shape
    reach = width // 2
    mine = room[thread.number]
    framed = mine[: BLOCK * channels].reshape(BLOCK, channels)
    columns = mine[BLOCK * channels : BLOCK * (channels + LANES)].reshape(BLOCK, LANES)
    step = BLOCK - width + 1
    for start in range(thread.number * step, moments, thread.threads * step):
        _spread(x, start, framed, reach)
        for row in range(0, BLOCK, 16):
            source = framed.ctypes.data + row * framed.strides[0]
            made = columns.ctypes.data + row * columns.strides[0]
            dot(
                16,
                1,
                0,
                framed,
                single.address,
                source,
                framed.strides[0],
                channels,
                0,
                made,
                columns.strides[0],
                0,
            )
        for row in range(min(step, moments - start)):
            total = single.bias
            for part in range(width):
                total += columns[row + part, part]
            out[start + row] = total
