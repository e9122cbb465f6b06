"""What one pass through a network takes, against the time in which the card could do its arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from tests.gpu_check.card import Card, Ceilings


class Pass:
    """Watches ``network`` while something is made: how often it is passed through, and with what. A context
    manager."""

    def __init__(self, network: torch.nn.Module) -> None:
        self._network = network
        self.count = 0
        self._last: tuple[tuple[Any, ...], dict[str, Any]] = (), {}

    def __enter__(self) -> Pass:
        self._hook = self._network.register_forward_pre_hook(self._watch, with_kwargs=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._hook.remove()

    def _watch(self, _module: torch.nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
        self.count += 1
        self._last = inputs, named

    def figure(self, card: Card, ceilings: Ceilings) -> str:
        """Of the last pass, made again."""
        inputs, named = self._last
        again: Callable[[], object] = torch.inference_mode()(lambda: self._network(*inputs, **named))
        with FlopCounterMode(display=False) as counter:
            again()
        seconds = card.seconds(again, times=3)
        share = counter.get_total_flops() / seconds / ceilings.operations_per_s
        return f"{1000 * seconds:.0f} ms a pass, {100 * share:.0f} % of the ceiling"
