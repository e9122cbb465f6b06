# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, allow-untyped-decorators
"""The decoder's layers as compiled loops, which all threads go through together.

Decoding a few rows takes as long as reading the weights once. What stands in the way of that is the time
between the products: hundreds of small operations, each handed out to threads anew. Here a thread enters once
a step and meets the others at barriers.

A row's numbers are made in an order that depends on nothing but its own song: they are the same, bit for bit,
in whatever company it is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import carray

from music.musicgen.cpu.layout import Matrix
from music.musicgen.cpu.loops.arithmetic import add, exp, gelu, half, narrowed, normal, product_sum, summed
from music.musicgen.cpu.loops.intrinsics import barrier, compiled, fetch, pointer, wide
from music.musicgen.cpu.loops.products import product, share


class _Cache(NamedTuple):
    """Keys and values of one head: addresses, and bytes of each of the two."""

    keys: int
    values: int
    size: int


class _Head(NamedTuple):
    """A head of one row."""

    row: int
    number: int
    place: int
    """The row's column in its song's cache."""
    cache: Any


@compiled
def _attend(query, cache, count, room, thread):
    """Attention of one head to the first ``count`` columns of its cache; the result takes the place of
    ``query (width,)``. While it computes with the keys it fetches the values, and then the keys of the next
    head."""
    width, scores, out = len(query), room.scores[thread.number], room.line[thread.number]
    row_bytes = width * room.kept.itemsize
    keys = carray(pointer(cache.keys), (count * width,), room.kept.dtype)
    value = carray(pointer(cache.values), (count, width), room.kept.dtype)
    following = cache.keys + cache.size
    turned = np.float32(1.0) / np.sqrt(np.float32(width))
    largest = np.float32(-1e30)
    for place in range(count):
        for line in range(0, row_bytes, 64):
            fetch(cache.values + place * row_bytes + line)
        scores[place] = product_sum(query, 0, keys, place * width, width) * turned
        largest = max(largest, scores[place])
    for place in range(count):
        scores[place] = exp(scores[place] - largest)
    whole = summed(scores, count)
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
        query[part] = out[part] / whole


@compiled
def _keep(qkv, head, width, room):
    """Puts the new keys and values of a head into its cache, out of a row of all heads'; and fetches where
    those of the next head go."""
    item = room.kept.itemsize
    for part, cache in ((1, head.cache.keys), (2, head.cache.values)):
        start = part * (len(qkv) // 3) + head.number * width
        fresh, at = qkv[start : start + width], cache + head.place * width * item
        bits, kept = fresh.view(np.uint32), carray(pointer(at), (width,), room.kept.dtype)
        for number in range(width):
            if item == 4:
                kept[number] = fresh[number]
            else:
                kept[number] = half(bits[number])
        for line in range(0, width * item, 64):
            fetch(at + head.cache.size + line)


@compiled
def _head(pair, songs, layer, heads, width, room):
    """The ``pair``th of all rows' heads, of so much ``width``."""
    row, number = pair // heads, pair % heads
    song = songs[row % len(songs)]
    size = song.columns * width * room.kept.itemsize
    keys = song.caches[row // len(songs)] + (layer * 4 * heads + number) * size
    return _Head(row, number, song.position, _Cache(keys, keys + 2 * heads * size, size))


@compiled
def _attend_songs(thread, counted, layer, weights, songs, room, draws):
    """Self attention: ``room.qkv``'s keys and values go into the caches, and its queries become the
    result."""
    rows, heads, width = 2 * len(songs), weights.heads, room.x.shape[1] // weights.heads
    # Neighbours to each thread: their caches come one after another.
    start, end = share(rows * heads, thread)
    if not draws:  # songs may be columns of one song, each of which attends to those before it
        for pair in range(start, end):
            head = _head(pair, songs, layer, heads, width, room)
            _keep(room.qkv[head.row], head, width, room)
        counted = barrier(thread, counted)
    for pair in range(start, end):
        head = _head(pair, songs, layer, heads, width, room)
        if draws:  # no sooner than they are read, when what is beside them is fetched anyway
            _keep(room.qkv[head.row], head, width, room)
        query = room.qkv[head.row, head.number * width : (head.number + 1) * width]
        _attend(query, head.cache, head.place + 1, room, thread)
    return barrier(thread, counted)


@compiled
def _attend_texts(thread, counted, layer, weights, songs, room):
    """Cross attention of the songs' rows with their text, by the queries at the start of ``room.qkv``, which
    become the result."""
    heads, width = weights.heads, room.x.shape[1] // weights.heads
    for pair in range(*share(len(songs) * heads, thread)):
        row, head = pair // heads, pair % heads
        song, query = songs[row], room.qkv[row, head * width : (head + 1) * width]
        size = song.text_tokens * width * room.kept.itemsize
        keys = song.text + (layer * 2 * heads + head) * size
        _attend(query, _Cache(keys, keys + heads * size, size), song.text_tokens, room, thread)
    return barrier(thread, counted)


@compiled
def _norm_product(thread, counted, matrix, norm, rows, room, out):
    """``matrix`` times the layer norm of the first ``rows`` of ``room.x``. Returns what ``barrier`` does, and
    which columns this thread has made; it does not wait for the others'."""
    line = room.line[thread.number]
    for row in range(thread.number, rows, thread.threads):
        normal(room.x[row], norm, line)
        narrowed(line[: matrix.inputs], room.narrow, row)
    counted = barrier(thread, counted)
    first, last = product(matrix, room.narrow, rows, out, thread)
    return counted, first, last


@compiled
def _add_product(thread, counted, matrix, source, rows, room, out):
    """Adds ``matrix`` times the first ``rows`` of ``source`` to those of ``room.x``; ``out`` is room for the
    product."""
    for row in range(thread.number, rows, thread.threads):
        narrowed(source[row, : matrix.inputs], room.narrow, row)
    counted = barrier(thread, counted)
    first, last = product(matrix, room.narrow, rows, out, thread)
    add(rows, out, room.x, first, last)
    return barrier(thread, counted)


@compiled
def step(thread, counted, weights, songs, room, logits):
    """One thread's part of a step of all layers, and of the heads where ``logits (2 * songs, outputs)`` have
    rows; without, ``songs`` may be columns of one song. Changes ``room.x``. Returns what ``barrier`` does."""
    rows, width = room.x.shape
    hearing, inner = rows // 2, room.up.shape[1]
    layers = (len(weights.addresses) - 1) // 6
    qkv, up, draws = room.qkv, room.up, len(logits) > 0
    for layer in range(layers):
        at, norms = weights.addresses[6 * layer :], weights.norms[layer]
        matrix = Matrix(at[0], 3 * width, width)
        counted, first, last = _norm_product(thread, counted, matrix, norms[0], rows, room, qkv)
        counted = barrier(thread, counted)
        counted = _attend_songs(thread, counted, layer, weights, songs, room, draws)
        counted = _add_product(thread, counted, Matrix(at[1], width, width), qkv, rows, room, up)

        matrix = Matrix(at[2], width, width)
        counted, first, last = _norm_product(thread, counted, matrix, norms[1], hearing, room, qkv)
        counted = barrier(thread, counted)
        counted = _attend_texts(thread, counted, layer, weights, songs, room)
        counted = _add_product(thread, counted, Matrix(at[3], width, width), qkv, hearing, room, up)

        matrix = Matrix(at[4], inner, width)
        counted, first, last = _norm_product(thread, counted, matrix, norms[2], rows, room, up)
        for row in range(rows):
            values = up[row, first:last]
            for place in range(len(values)):
                values[place] = gelu(values[place])
        counted = barrier(thread, counted)
        counted = _add_product(thread, counted, Matrix(at[5], width, inner), up, rows, room, qkv)
    if draws:
        matrix = Matrix(weights.addresses[6 * layers], logits.shape[1], width)
        counted, first, last = _norm_product(
            thread, counted, matrix, weights.norms[layers, 0], rows, room, logits
        )
        counted = barrier(thread, counted)
    return counted
