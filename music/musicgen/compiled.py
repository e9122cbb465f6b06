"""The only door to ``music.musicgen.cpu``: loops that are compiled for some processors. Where that folder was
deleted, or the processor or a size is another, torch's operations do the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from torch import Tensor
from torch.nn import LSTM

from config.errors import InvalidRequest
from music.musicgen.encodec.convolutions import Layer
from music.musicgen.encodec.recurrent import Recurrent
from music.musicgen.layers import Network, Part

_PACKAGE = "music.musicgen.cpu"


class SoundLayers(Protocol):
    """Makes the layers of one EnCodec."""

    def __call__(self, module: Any) -> Layer | None:
        """The layer that does what one of transformers' modules does: an ``EncodecConvTranspose1d`` or the
        last ``EncodecConv1d`` with the ELU before it, or an ``EncodecResnetBlock``. None where no loop takes
        it."""


class CompiledLoops(Protocol):
    """What can be made of compiled loops. Nothing that they make is safe in threads."""

    def use(self, instructions: str) -> None:
        """Makes them of these instructions: ``config.engine.EngineOptions.instructions``. Raises
        ``InvalidRequest`` if the processor has others, or this process has loops of others already."""

    def takes(self, layer: Part, heads: int, outputs: int, precision: str) -> bool:
        """Whether ``network`` takes a decoder with such layers, so many ``outputs`` of all heads, and a
        ``precision``, on this processor."""

    def network(
        self, parts: Iterable[Part], heads: int, precision: str, embeddings: Sequence[Tensor]
    ) -> Network:
        """Made of the same as ``Layers``."""

    def lstm(self, lstm: LSTM, precision: str) -> Recurrent | None:
        """With its recurrent weights in "fp32" or "bf16"; None where no loop takes it."""

    def sound_layers(self) -> SoundLayers:
        """For one codec."""


def compiled_loops(instructions: str = "auto") -> CompiledLoops | None:
    """None where there are none. Their compiler is imported when something is made of them. Raises
    ``InvalidRequest`` as ``CompiledLoops.use`` does, or for ``instructions`` of loops that are not there."""
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.has_location:  # what is left of a deleted folder has none
        if instructions != "auto":
            raise InvalidRequest("instructions", instructions, "use auto: there are no compiled loops here")
        return None
    # Imported by its name, or this module would need the folder for its types.
    loops: CompiledLoops = import_module(f"{_PACKAGE}.entry").LOOPS
    loops.use(instructions)
    return loops
