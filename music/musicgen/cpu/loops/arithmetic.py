# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, allow-untyped-decorators
"""Arithmetic of single numbers and rows, float32. A row's numbers are made in an order that depends on
nothing but its width."""

from __future__ import annotations

import numpy as np

from music.musicgen.cpu.layout import LANES
from music.musicgen.cpu.loops.intrinsics import compiled, float_of
from music.musicgen.cpu.loops.lanes import fused, lanes, lanes_above, nothing, plus, total


@compiled
def exp(x):
    """exp, float32, to 2e-7 of itself: 2 to the whole part, and a polynomial (Cephes' expf)."""
    x = min(max(x, np.float32(-87.0)), np.float32(88.0))
    whole = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    x = x - whole * np.float32(0.693359375) + whole * np.float32(2.12194440e-4)
    y = np.float32(1.9875691500e-4)
    y = y * x + np.float32(1.3981999507e-3)
    y = y * x + np.float32(8.3334519073e-3)
    y = y * x + np.float32(4.1665795894e-2)
    y = y * x + np.float32(1.6666665459e-1)
    y = y * x + np.float32(5.0000001201e-1)
    y = y * x * x + x + np.float32(1.0)
    return y * float_of((np.int32(whole) + np.int32(127)) << np.int32(23))


@compiled
def gelu(x):
    """By erf, to 1.5e-7 of itself (Abramowitz and Stegun, 7.1.26)."""
    z = abs(x) * np.float32(0.70710678)
    t = np.float32(1.0) / (np.float32(1.0) + np.float32(0.3275911) * z)
    y = np.float32(1.061405429)
    y = y * t + np.float32(-1.453152027)
    y = y * t + np.float32(1.421413741)
    y = y * t + np.float32(-0.284496736)
    y = y * t + np.float32(0.254829592)
    beyond = y * t * exp(-z * z)
    share = np.float32(0.5) * beyond
    return x * (np.float32(1.0) - share if x > 0 else share)


@compiled
def sigmoid(x):
    return np.float32(1.0) / (np.float32(1.0) + exp(-x))


@compiled
def tanh(x):
    return np.float32(2.0) * sigmoid(np.float32(2.0) * x) - np.float32(1.0)


@compiled
def summed(values, count):
    """The sum of the first ``count``."""
    whole = count // LANES * LANES
    sums = nothing()
    for start in range(0, whole, LANES):
        sums = plus(sums, lanes(values, start))
    result = total(sums)
    for place in range(whole, count):
        result += values[place]
    return result


@compiled
def sum_above(values, keys, bound):
    """The sum of those whose key, int32, is above ``bound``."""
    count = len(values)
    whole = count // LANES * LANES
    sums = nothing()
    for start in range(0, whole, LANES):
        sums = plus(sums, lanes_above(values, keys, start, bound))
    result = total(sums)
    for place in range(whole, count):
        result += values[place] if keys[place] > bound else np.float32(0.0)
    return result


@compiled
def product_sum(first, start, second, begin, width):
    """The sum of ``width`` products, a multiple of ``LANES``, of numbers of two arrays from ``start`` and
    ``begin`` on."""
    sums = nothing()
    for place in range(0, width, LANES):
        sums = fused(lanes(first, start + place), lanes(second, begin + place), sums)
    return total(sums)


@compiled
def half(bits):
    """The upper half of a float32's bits, rounded to even: bfloat16."""
    return (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)


@compiled
def narrowed(values, narrow, row):
    """Puts ``values`` into a row of ``narrow``: as they are, in bfloat16, or in 8 bits with 128 for 0 and a
    scale."""
    bits, into = values.view(np.uint32), narrow.numbers
    if into.itemsize == 4:
        for place in range(len(values)):
            into[row, place] = values[place]
    elif into.itemsize == 2:
        for place in range(len(values)):
            into[row, place] = half(bits[place])
    else:
        # Magnitudes are in the order of their bits.
        largest = np.uint32(0)
        for place in range(len(values)):
            largest = max(largest, bits[place] & np.uint32(0x7FFFFFFF))
        top = max(float_of(np.int32(largest)), np.float32(1e-12))
        narrow.scales[row] = top / np.float32(127.0)
        turned = np.float32(127.0) / top
        for place in range(len(values)):
            into[row, place] = np.int32(values[place] * turned + np.float32(128.5))


@compiled
def normal(values, norm, into):
    """Layer norm of ``values (width,)`` with ``norm (2, width)``, weight and bias."""
    width = len(values)
    mean = summed(values, width) / np.float32(width)
    for place in range(width):
        into[place] = values[place] - mean
    spread = product_sum(into, 0, into, 0, width)
    turned = np.float32(1.0) / np.sqrt(spread / np.float32(width) + np.float32(1e-5))
    for place in range(width):
        into[place] = into[place] * turned * norm[0, place] + norm[1, place]


@compiled
def add(rows, more, into, first, last):
    """Adds columns ``first`` up to ``last`` of the first ``rows`` of ``more`` to those of ``into``."""
    for row in range(rows):
        # Of an index that begins at 0 numba knows that it counts from no end, and makes vectors of the loop.
        target, added = into[row, first:last], more[row, first:last]
        for place in range(last - first):
            target[place] += added[place]
