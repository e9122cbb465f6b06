# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, allow-untyped-decorators
"""A layer of an LSTM as a compiled loop. Its weights are read anew for every moment, for all sounds at
once."""

from __future__ import annotations

from music.musicgen.cpu.loops.arithmetic import narrowed, sigmoid, tanh
from music.musicgen.cpu.loops.intrinsics import barrier, compiled
from music.musicgen.cpu.loops.products import product, share


@compiled
def recur(thread, counted, matrix, inputs, state, made):
    """One thread's part of ``made (moments, sounds, width)``, float32.

    ``inputs (moments, sounds, 4 * width)`` are what the input adds to the gates: input, forget, output, cell.
    ``matrix`` has the recurrent weights; ``state``, a ``State``, is zero.
    """
    moments, sounds, width = made.shape
    first, last = share(width, thread)
    for moment in range(moments):
        if moment:
            for sound in range(thread.number, sounds, thread.threads):
                narrowed(made[moment - 1, sound], state.narrow, sound)
            counted = barrier(thread, counted)
        product(matrix, state.narrow, sounds, state.gates, thread)
        counted = barrier(thread, counted)
        for sound in range(sounds):
            added = inputs[moment, sound].reshape(4, width)[:, first:last]
            gates = state.gates[sound].reshape(4, width)[:, first:last]
            cell, output = state.cells[sound, first:last], made[moment, sound, first:last]
            for place in range(last - first):
                opened = sigmoid(gates[0, place] + added[0, place])
                kept = sigmoid(gates[1, place] + added[1, place])
                shown = sigmoid(gates[2, place] + added[2, place])
                new = tanh(gates[3, place] + added[3, place])
                cell[place] = kept * cell[place] + opened * new
                output[place] = shown * tanh(cell[place])
        counted = barrier(thread, counted)
