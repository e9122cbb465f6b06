"""EnCodec's LSTM on a CPU, by a compiled loop."""

from __future__ import annotations

import mmap
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import LSTM
from torch.nn.utils.rnn import pad_sequence

from music.musicgen.cpu.layout import COLUMNS, NUMBERS, Matrix, Narrow, State
from music.musicgen.cpu.packing import arena, packed
from music.musicgen.cpu.threads import ThreadTeam
from music.musicgen.encodec.recurrent import layers_of


class CompiledLstm:
    """A ``Recurrent`` that reads its weights once for all sounds. Not safe in threads."""

    def __init__(self, lstm: LSTM, precision: str) -> None:
        """``precision`` is that of the recurrent weights: "fp32" or "bf16"."""
        from music.musicgen.cpu.loops import lstm as loop

        self._recur = loop.recur
        self._numbers = NUMBERS[precision]
        width = lstm.hidden_size
        self._team = ThreadTeam(width // COLUMNS, "musicgen-lstm")
        addresses: list[int] = []
        self._layers, self._arenas = [], list[mmap.mmap]()
        for into, back, bias in layers_of(lstm):
            self._arenas.append(arena([packed(back, self._numbers)], addresses))
            self._layers.append((into, Matrix(addresses[-1], 4 * width, width), bias))
        self([torch.zeros(1, width)])  # compiled while it is loaded, and not in the first song

    def __call__(self, sounds: Sequence[Tensor]) -> Sequence[Tensor]:
        count, lengths, width = len(sounds), [len(sound) for sound in sounds], sounds[0].shape[1]
        for into, matrix, bias in self._layers:
            # One by one, or their sums would be made in an order that depends on how many there are.
            inputs = pad_sequence([into(sound) + bias for sound in sounds]).numpy()
            made = np.zeros((len(inputs), count, width), np.float32)
            # Rows a page apart would all have the same few places in the processor's cache.
            narrow = Narrow(np.zeros((count, width + 64), self._numbers), np.zeros(count, np.float32))
            cells, gates = np.zeros((count, width), np.float32), np.zeros((count, 4 * width), np.float32)
            self._team.run(self._recur, matrix, inputs, State(cells, narrow, gates), made)
            sounds = [torch.from_numpy(made[:length, place]) for place, length in enumerate(lengths)]
        return sounds
