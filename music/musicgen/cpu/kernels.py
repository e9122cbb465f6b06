"""The decoder's step on a CPU as compiled loops, which all its threads walk through together.

Decoding a few rows takes as long as reading the weights once. What stands in the way of that is the time
between the products: hundreds of small operations, each handed out to threads anew. Here a thread enters once
a step and meets the others between its parts.

A row's numbers are made in an order that depends on nothing but its own song: they are the same, bit for bit,
in whatever company it is.
"""

from __future__ import annotations

import numpy as np
from numba import carray

from music.musicgen.cpu.dots import barrier, compiled, fetch, float_of, pointer, product, wide
from music.musicgen.cpu.layout import HEARD, LENGTH, POSITION, TEXT


@compiled
def _half(bits):
    """The upper half of a float32's bits, rounded to even: bfloat16."""
    return (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)


@compiled
def _narrowed(values, into, scales, row):
    """A row as products take it: as it is, in bfloat16, or in 8 bits with 128 for 0 and a scale."""
    bits = values.view(np.uint32)
    if into.itemsize == 4:
        for place in range(len(values)):
            into[row, place] = values[place]
    elif into.itemsize == 2:
        for place in range(len(values)):
            into[row, place] = _half(bits[place])
    else:
        # Magnitudes are in the order of their bits.
        largest = np.uint32(0)
        for place in range(len(values)):
            largest = max(largest, bits[place] & np.uint32(0x7FFFFFFF))
        top = max(float_of(np.int32(largest)), np.float32(1e-12))
        scales[row] = top / np.float32(127.0)
        turned = np.float32(127.0) / top
        for place in range(len(values)):
            into[row, place] = np.int32(values[place] * turned + np.float32(128.5))


@compiled
def _normal(x, rows, norm, normed, into, scales, thread, threads):
    """A thread's share of the rows: layer norm, narrowed. ``normed`` is room for one."""
    width = x.shape[1]
    for row in range(thread, rows, threads):
        mean = np.float32(0.0)
        for place in range(width):
            mean += x[row, place]
        mean /= np.float32(width)
        spread = np.float32(0.0)
        for place in range(width):
            spread += (x[row, place] - mean) * (x[row, place] - mean)
        turned = np.float32(1.0) / np.sqrt(spread / np.float32(width) + np.float32(1e-5))
        for place in range(width):
            normed[place] = (x[row, place] - mean) * turned * norm[0, place] + norm[1, place]
        _narrowed(normed[:width], into, scales, row)


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
def _gelu(x):
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
def _sigmoid(x):
    return np.float32(1.0) / (np.float32(1.0) + exp(-x))


@compiled
def _tanh(x):
    return np.float32(2.0) * _sigmoid(np.float32(2.0) * x) - np.float32(1.0)


@compiled
def _attend(query, keys, values, following, count, like, scores, out):
    """Of one head: ``query (width,)`` over ``count`` rows of the caches at the addresses ``keys`` and
    ``values``, of numbers like ``like``'s, into ``out (width,)``. While it computes with one cache, the next
    comes in: at last that at ``following``."""
    width = len(query)
    row_bytes = width * like.itemsize
    key = carray(pointer(keys), (count, width), like.dtype)
    value = carray(pointer(values), (count, width), like.dtype)
    turned = np.float32(1.0) / np.sqrt(np.float32(width))
    largest = np.float32(-1e30)
    for place in range(count):
        for line in range(0, row_bytes, 64):
            fetch(values + place * row_bytes + line)
        total = np.float32(0.0)
        for part in range(width):
            total += query[part] * wide(key[place, part])
        scores[place] = total * turned
        largest = max(largest, scores[place])
    whole = np.float32(0.0)
    for place in range(count):
        scores[place] = exp(scores[place] - largest)
        whole += scores[place]
    for part in range(width):
        out[part] = np.float32(0.0)
    fours = count // 4 * 4
    for place in range(0, fours, 4):  # four at a time, since the sums are kept in memory
        for line in range(0, 4 * row_bytes, 64):
            fetch(following + place * row_bytes + line)
        a, b, c, d = scores[place], scores[place + 1], scores[place + 2], scores[place + 3]
        for part in range(width):
            first = a * wide(value[place, part]) + b * wide(value[place + 1, part])
            second = c * wide(value[place + 2, part]) + d * wide(value[place + 3, part])
            out[part] += first + second
    for place in range(fours, count):
        for part in range(width):
            out[part] += scores[place] * wide(value[place, part])
    for part in range(width):
        out[part] /= whole


@compiled
def _keep(qkv, head, width, keys, values, size, place, like):
    """Puts a head's new keys and values, out of a row of all heads', at a place in its caches, of ``size``
    bytes and numbers like ``like``'s each; and fetches where those of the next head will be put."""
    for part, cache in ((1, keys), (2, values)):
        start = part * (len(qkv) // 3) + head * width
        fresh, at = qkv[start : start + width], cache + place * width * like.itemsize
        bits, kept = fresh.view(np.uint32), carray(pointer(at), (width,), like.dtype)
        for number in range(width):
            if like.itemsize == 4:
                kept[number] = fresh[number]
            else:
                kept[number] = _half(bits[number])
        for line in range(0, width * like.itemsize, 64):
            fetch(at + size + line)


@compiled
def _caches(pair, songs, layer, heads, head_width, like):
    """Of a row's head: the row, the head, the addresses of its keys and values, and bytes in each."""
    row, head = pair // heads, pair % heads
    song = songs[row % len(songs)]
    size = song[LENGTH] * head_width * like.itemsize
    keys = song[row // len(songs)] + (layer * 4 * heads + head) * size
    return row, head, keys, keys + 2 * heads * size, size


@compiled
def _added(x, rows, more, first, last):
    for row in range(rows):
        # Of an index that begins at 0 numba knows that it counts from no end, and makes vectors of the loop.
        into, added = x[row, first:last], more[row, first:last]
        for place in range(last - first):
            into[place] += added[place]


@compiled
def step(
    thread,
    threads,
    counter,
    met,
    weights,
    norms,
    heads,
    songs,
    like,
    x,
    narrow,
    scales,
    room,
    scores,
    qkv,
    up,
    logits,
):
    """One thread's part of a step of all layers, and of the heads if ``logits`` has rows. Answers what
    ``counter`` is at then.

    ``weights (layers * 6 + 1,)`` are the panels' addresses: of a layer qkv, out, cross_q, cross_out, up and
    down, then the heads'. ``norms (layers + 1, 3, 2, width)``. ``songs``: see ``fused``; their caches and
    texts are of numbers like ``like``'s. ``x (2 * songs, width)`` is changed: a row of each song that hears
    its text, then one of each that does not. ``narrow (rows, ...)``, ``scales (rows,)``, ``qkv``, ``up`` and
    ``logits`` are room for all threads, ``room (threads, ...)`` and ``scores (threads, ...)`` for each.
    ``counter`` is the address of a number that all threads count up; it is at ``met`` before.
    """
    rows, width = x.shape
    hearing = rows // 2
    head_width = width // heads
    layers = (len(weights) - 1) // 6
    inner = up.shape[1]
    mine, score = room[thread], scores[thread]
    groups, inner_groups = width * narrow.itemsize // 4, inner * narrow.itemsize // 4
    for layer in range(layers):
        of, norm = weights[6 * layer :], norms[layer]
        _normal(x, rows, norm[0], mine, narrow, scales, thread, threads)
        met = barrier(counter, met, threads)
        product(of[0], 3 * width, groups, narrow, scales, rows, qkv, thread, threads)
        met = barrier(counter, met, threads)
        # Neighbours to each thread: their caches come one after another.
        start, end = rows * heads * thread // threads, rows * heads * (thread + 1) // threads
        if not len(logits):  # rows may be columns of one song, each of which attends to those before it
            for pair in range(start, end):
                row, head, keys, values, size = _caches(pair, songs, layer, heads, head_width, like)
                place = songs[row % hearing, POSITION]
                _keep(qkv[row], head, head_width, keys, values, size, place, like)
            met = barrier(counter, met, threads)
        for pair in range(start, end):
            row, head, keys, values, size = _caches(pair, songs, layer, heads, head_width, like)
            place = songs[row % hearing, POSITION]
            if len(logits):  # no sooner than they are read, when what is beside them comes in anyway
                _keep(qkv[row], head, head_width, keys, values, size, place, like)
            query = qkv[row, head * head_width : (head + 1) * head_width]
            _attend(query, keys, values, keys + size, place + 1, like, score, mine)
            query[:] = mine[:head_width]  # the answer takes the question's place
        met = barrier(counter, met, threads)
        for row in range(thread, rows, threads):
            _narrowed(qkv[row, :width], narrow, scales, row)
        met = barrier(counter, met, threads)
        first, last = product(of[1], width, groups, narrow, scales, rows, up, thread, threads)
        _added(x, rows, up, first, last)
        met = barrier(counter, met, threads)
        _normal(x, hearing, norm[1], mine, narrow, scales, thread, threads)
        met = barrier(counter, met, threads)
        product(of[2], width, groups, narrow, scales, hearing, qkv, thread, threads)
        met = barrier(counter, met, threads)
        for pair in range(hearing * heads * thread // threads, hearing * heads * (thread + 1) // threads):
            row, head = pair // heads, pair % heads
            song, query = songs[row], qkv[row, head * head_width : (head + 1) * head_width]
            size = song[HEARD] * head_width * like.itemsize
            keys = song[TEXT] + (layer * 2 * heads + head) * size
            _attend(query, keys, keys + heads * size, keys + size, song[HEARD], like, score, mine)
            query[:] = mine[:head_width]
        met = barrier(counter, met, threads)
        for row in range(thread, hearing, threads):
            _narrowed(qkv[row, :width], narrow, scales, row)
        met = barrier(counter, met, threads)
        first, last = product(of[3], width, groups, narrow, scales, hearing, up, thread, threads)
        _added(x, hearing, up, first, last)
        met = barrier(counter, met, threads)
        _normal(x, rows, norm[2], mine, narrow, scales, thread, threads)
        met = barrier(counter, met, threads)
        first, last = product(of[4], inner, groups, narrow, scales, rows, up, thread, threads)
        for row in range(rows):
            values = up[row, first:last]
            for place in range(len(values)):
                values[place] = _gelu(values[place])
        met = barrier(counter, met, threads)
        for row in range(thread, rows, threads):
            _narrowed(up[row], narrow, scales, row)
        met = barrier(counter, met, threads)
        first, last = product(of[5], width, inner_groups, narrow, scales, rows, qkv, thread, threads)
        _added(x, rows, qkv, first, last)
        met = barrier(counter, met, threads)
    if len(logits):
        _normal(x, rows, norms[layers, 0], mine, narrow, scales, thread, threads)
        met = barrier(counter, met, threads)
        product(weights[6 * layers], logits.shape[1], groups, narrow, scales, rows, logits, thread, threads)
        met = barrier(counter, met, threads)
    return met


@compiled
def recur(thread, threads, counter, met, weight, given, cells, narrow, scales, gates, made):
    """One thread's part of an LSTM's layer: ``made (moments, sounds, width)`` of what its input adds to its
    gates, ``given (moments, sounds, 4 * width)``: input, forget, output, cell. ``weight`` is the address of
    its recurrent weights; ``cells (sounds, width)``, ``narrow``, ``scales`` and ``gates`` are zero. The rest
    is as in ``step``.
    """
    moments, sounds, width = made.shape
    groups = width * narrow.itemsize // 4
    first, last = width * thread // threads, width * (thread + 1) // threads
    for moment in range(moments):
        if moment:
            for sound in range(thread, sounds, threads):
                _narrowed(made[moment - 1, sound], narrow, scales, sound)
            met = barrier(counter, met, threads)
        product(weight, 4 * width, groups, narrow, scales, sounds, gates, thread, threads)
        met = barrier(counter, met, threads)
        for sound in range(sounds):
            added = given[moment, sound].reshape(4, width)[:, first:last]
            told = gates[sound].reshape(4, width)[:, first:last]
            cell, state = cells[sound, first:last], made[moment, sound, first:last]
            for place in range(last - first):
                opened = _sigmoid(told[0, place] + added[0, place])
                kept = _sigmoid(told[1, place] + added[1, place])
                shown = _sigmoid(told[2, place] + added[2, place])
                new = _tanh(told[3, place] + added[3, place])
                cell[place] = kept * cell[place] + opened * new
                state[place] = shown * _tanh(cell[place])
        met = barrier(counter, met, threads)
