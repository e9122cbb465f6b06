# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, allow-untyped-decorators
"""A step on a CPU as one compiled loop, from the tokens of the last one to those of the next.

Once the weights have gone through it, nothing else is left in the processor's cache: torch's operations and
Python's interpreter would have to be fetched anew, and their few hundred microseconds take several times as
long.
"""

from __future__ import annotations

import numpy as np
from numba import carray

from music.musicgen.cpu.layout import Draw
from music.musicgen.cpu.loops.arithmetic import exp, sum_above, summed
from music.musicgen.cpu.loops.intrinsics import compiled, pointer
from music.musicgen.cpu.loops.layers import step
from music.musicgen.sampling import UNKNOWN


@compiled
def choose(logits, noise, draw, keys, worth):
    """``music.musicgen.sampling.draw`` for one row: the token with the largest sum of ``logits`` and
    ``noise``, both ``(vocabulary,)``, among those that ``draw``, a ``Draw``, leaves in. ``logits`` are
    divided by its temperature; ``keys``, int32, and ``worth`` are room for as many numbers.
    """
    count = len(logits)
    largest = np.float32(-np.inf)
    for token in range(count):
        logits[token] /= draw.temperature
        largest = max(largest, logits[token])
    bits = logits.view(np.int32)
    for token in range(count):  # whole numbers in the order of the logits
        keys[token] = bits[token] ^ ((bits[token] >> np.int32(31)) & np.int32(0x7FFFFFFF))
    for token in range(count):
        worth[token] = exp(logits[token] - largest)
    whole = summed(worth, count)
    for token in range(count):
        worth[token] = worth[token] / whole if draw.by_chance else np.float32(1.0)
    # The least number that is still left in, by halves.
    least, most = np.int64(-(2**31)), np.int64(2**31 - 1)
    while least < most:
        middle = (least + most) >> 1
        bound = np.int32(middle)
        before = sum_above(worth, keys, bound)
        if before <= draw.limit:
            most = middle
        else:
            least = middle + 1
    bound = np.int32(least)
    best = np.float32(-np.inf)
    for token in range(count):
        worth[token] = logits[token] + noise[token] if keys[token] >= bound else np.float32(-np.inf)
        best = max(best, worth[token])
    for token in range(count):
        if worth[token] == best:
            return token
    return 0


@compiled
def _tokens(song, codebooks):
    """A song's tokens, ``(codebooks, columns + 1)``."""
    return carray(pointer(song.tokens), (codebooks, song.columns + 1), np.int64)


@compiled
def _embed(thread, weights, positions, songs, x):
    """A thread's rows of ``x (2 * songs, width)``: the sum of its vectors of a song's tokens and place."""
    rows, width = x.shape
    tables = weights.tables
    for row in range(thread.number, rows, thread.threads):
        song, into = songs[row % len(songs)], x[row]
        into[:] = positions[song.position]
        tokens = _tokens(song, len(tables))
        for codebook in range(len(tables)):
            at = tables[codebook] + tokens[codebook, song.position] * width * 4
            vector = carray(pointer(at), (width,), np.float32)
            for place in range(width):
                into[place] += vector[place]


@compiled
def _draw(thread, weights, songs, room, logits):
    """A thread's share of the songs' codebooks: guided logits, and the next token where it is unknown."""
    count, codebooks, vocabulary = len(songs), len(weights.tables), room.choices.shape[2]
    scaled, worth = room.choices[thread.number, 0], room.choices[thread.number, 1]
    keys = room.choices[thread.number, 2].view(np.int32)
    for row in range(thread.number, count * codebooks, thread.threads):
        number, codebook = row // codebooks, row % codebooks
        song = songs[number]
        start, end = codebook * vocabulary, (codebook + 1) * vocabulary
        texted, guided = logits[number, start:end], logits[count + number, start:end]
        for token in range(vocabulary):
            guided[token] += (texted[token] - guided[token]) * song.guidance
            scaled[token] = guided[token]
        noise = carray(pointer(song.noise), (codebooks, vocabulary), np.float32)[codebook]
        draw = Draw(song.temperature, song.by_chance > 0, song.limit)
        chosen = choose(scaled, noise, draw, keys, worth)
        tokens = _tokens(song, codebooks)
        if tokens[codebook, song.position + 1] == UNKNOWN:
            tokens[codebook, song.position + 1] = chosen


@compiled
def advance(thread, counted, weights, positions, songs, room, logits):
    """One thread's part of a step of ``songs``, an array of ``SONG``.

    ``positions (columns, width)`` are vectors of the places in a song. The second half of ``logits (2 *
    songs, codebooks * vocabulary)`` becomes the guided logits that the tokens are drawn from; where they have
    no rows, none are drawn. The rest is as in ``step``.
    """
    # The rows that a thread embeds are those that it reads first.
    _embed(thread, weights, positions, songs, room.x)
    step(thread, counted, weights, songs, room, logits)
    if len(logits):
        _draw(thread, weights, songs, room, logits)
