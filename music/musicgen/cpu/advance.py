"""A step on a CPU as one compiled loop, from the tokens of the last one to those of the next.

After the weights have gone through it, nothing else is left in the processor's cache: there, all that
torch's operations and Python's interpreter need would have to be fetched anew, and a few hundred
microseconds of them take several times as long.
"""

from __future__ import annotations

import numpy as np
from numba import carray

from music.musicgen.cpu.dots import compiled, pointer
from music.musicgen.cpu.kernels import exp, step
from music.musicgen.cpu.layout import BY_CHANCE, GUIDANCE, LENGTH, LIMIT, NOISE, POSITION, TEMPERATURE, TOKENS
from music.musicgen.sampling import UNKNOWN


@compiled
def choose(logits, noise, temperature, by_chance, limit, keys, worth):
    """``music.musicgen.sampling.draw`` for one row: the token that has the largest of ``logits`` and
    ``noise``, both ``(vocabulary,)``, among those that are left in: before which, in the order of their
    logits, come no more than ``limit`` others or, ``by_chance``, others of no more than that much
    probability. ``logits`` are divided by ``temperature``; ``keys``, int32, and ``worth`` are room for as
    many.
    """
    count = len(logits)
    largest = np.float32(-np.inf)
    for token in range(count):
        logits[token] /= temperature
        largest = max(largest, logits[token])
    bits = logits.view(np.int32)
    for token in range(count):  # whole numbers in the order of the logits
        keys[token] = bits[token] ^ ((bits[token] >> np.int32(31)) & np.int32(0x7FFFFFFF))
    whole = np.float32(0.0)
    for token in range(count):
        worth[token] = exp(logits[token] - largest)
        whole += worth[token]
    for token in range(count):
        worth[token] = worth[token] / whole if by_chance else np.float32(1.0)
    # The least number that is still left in, by halves.
    least, most = np.int64(-(2**31)), np.int64(2**31 - 1)
    while least < most:
        middle = (least + most) >> 1
        bound = np.int32(middle)
        before = np.float32(0.0)
        for token in range(count):
            before += worth[token] if keys[token] > bound else np.float32(0.0)
        if before <= limit:
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
def _embed(thread, threads, tables, positions, songs, x):
    """A thread's rows of ``x (2 * songs, width)``: a song's tokens and its position."""
    rows, width = x.shape
    for row in range(thread, rows, threads):
        song, into = songs[row % len(songs)], x[row]
        into[:] = positions[song[POSITION]]
        tokens = carray(pointer(song[TOKENS]), (len(tables), song[LENGTH] + 1), np.int64)
        for codebook in range(len(tables)):
            at = tables[codebook] + tokens[codebook, song[POSITION]] * width * 4
            vector = carray(pointer(at), (width,), np.float32)
            for place in range(width):
                into[place] += vector[place]


@compiled
def advance(
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
    tables,
    positions,
    ways,
    choices,
):
    """One thread's part of a step of ``songs``, their tokens and ways to draw them as ``fused`` has them.

    ``tables`` are the addresses of the codebooks' vectors, ``positions (columns, width)`` vectors too. Of
    ``logits (2 * songs, codebooks * vocabulary)`` the second half becomes what the tokens were drawn from; if
    they have no rows, none are drawn. ``choices (threads, 3, vocabulary)`` is room for each thread. The rest
    is as in ``step``.
    """
    # The rows that a thread embeds are those that it reads first.
    _embed(thread, threads, tables, positions, songs, x)
    step(
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
    )
    count, codebooks = len(songs), len(tables)
    vocabulary = choices.shape[2]
    scaled, worth = choices[thread, 0], choices[thread, 1]
    keys = choices[thread, 2].view(np.int32)
    for row in range(thread, len(logits) // 2 * codebooks, threads):
        number, codebook = row // codebooks, row % codebooks
        song, way = songs[number], ways[number]
        start, end = codebook * vocabulary, (codebook + 1) * vocabulary
        heard, guided = logits[number, start:end], logits[count + number, start:end]
        for token in range(vocabulary):
            guided[token] += (heard[token] - guided[token]) * way[GUIDANCE]
            scaled[token] = guided[token]
        noise = carray(pointer(song[NOISE]), (codebooks, vocabulary), np.float32)[codebook]
        chosen = choose(scaled, noise, way[TEMPERATURE], way[BY_CHANCE] > 0, way[LIMIT], keys, worth)
        tokens = carray(pointer(song[TOKENS]), (codebooks, song[LENGTH] + 1), np.int64)
        if tokens[codebook, song[POSITION] + 1] == UNKNOWN:
            tokens[codebook, song[POSITION] + 1] = chosen
