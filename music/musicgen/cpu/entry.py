"""What ``music.musicgen.compiled`` finds here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import Tensor
from torch.nn import LSTM

from music.musicgen.compiled import CompiledLoops
from music.musicgen.cpu.decoder import CompiledNetwork
from music.musicgen.cpu.instructions import choose
from music.musicgen.cpu.layout import COLUMNS, fitting, supported
from music.musicgen.cpu.lstm import CompiledLstm
from music.musicgen.cpu.sound import SoundLayers
from music.musicgen.layers import Part


class Loops:
    """The loops of this folder."""

    def use(self, instructions: str) -> None:
        choose(instructions)

    def takes(self, layer: Part, heads: int, outputs: int, precision: str) -> bool:
        return supported(precision) and fitting(layer, heads, outputs)

    def network(
        self, parts: Iterable[Part], heads: int, precision: str, embeddings: Sequence[Tensor]
    ) -> CompiledNetwork:
        return CompiledNetwork(parts, heads, precision, embeddings)

    def lstm(self, lstm: LSTM, precision: str) -> CompiledLstm | None:
        fits = supported(precision) and lstm.hidden_size % COLUMNS == 0
        return CompiledLstm(lstm, precision) if fits else None

    def sound_layers(self) -> SoundLayers:
        return SoundLayers()


LOOPS: CompiledLoops = Loops()
