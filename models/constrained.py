"""Texts of several callers written in one loop, each held to a grammar of its own, token by token (xgrammar;
Dong et al., 2024)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import torch
import xgrammar
from torch import Tensor

from models.slots import TextSlots
from models.together import Together

_TEMPERATURE = 0.8
_TOP_K = 50
_TOP_P = 0.95
_ALL = -1  # every bit set: whatever token


class Text:
    """One text in the making: its prompt ``(tokens)``, at least two, its grammar, its own source of chance.

    ``expected`` is how many tokens it is thought to take: room is made for so many at once. ``beside`` is
    what the model takes in together with all of the prompt but its last token, as a picture is.
    """

    def __init__(
        self,
        prompt: Tensor,
        grammar: Any,
        seed: int,
        expected: int,
        beside: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.prompt = prompt
        self.beside = beside
        self.expected = expected
        self.written: list[int] = []
        self.slot: int | None = None
        self._matcher = xgrammar.GrammarMatcher(grammar, terminate_without_stop_token=True)
        self._last = int(prompt[-1])
        self.chance = Random(seed).random

    @property
    def done(self) -> bool:
        return bool(self._matcher.is_terminated())

    @property
    def last(self) -> int:
        """The token that the model takes in next."""
        return self.written[-1] if self.written else self._last

    def allow(self, mask: Tensor, row: int) -> None:
        """Sets the bits of the tokens that the grammar lets follow in a row of ``mask (rows, vocabulary /
        32)``, int32."""
        self._matcher.fill_next_token_bitmask(mask, row)

    def add(self, token: int) -> None:
        if not self._matcher.accept_token(token):
            raise RuntimeError("the grammar refused a token that it had let in")
        self.written.append(token)


class Batch:
    """``count`` texts at a time, all of them a token further with each step; others wait."""

    def __init__(self, slots: TextSlots, vocabulary: int, count: int, name: str) -> None:
        """``slots`` has ``count`` of them; ``vocabulary`` is how many logits it gives; ``name`` the
        thread's."""
        self._slots = slots
        self._free = list(range(count))[::-1]
        self._mask = xgrammar.allocate_token_bitmask(count, vocabulary)
        self._chances = torch.zeros(count, dtype=torch.float64)
        self._loop = Together[Text](self, count, name)

    def write(self, text: Text, report: Callable[[], None]) -> None:
        """Until ``text`` is done; ``report`` is called in the caller's own thread. What it raises takes the
        text out before the next step."""
        self._loop.run(text, report)

    def join(self, text: Text) -> None:
        text.slot = self._free.pop()
        # The last token of the prompt goes the way of all later ones: through the step.
        self._slots.begin(text.slot, text.prompt[:-1], text.expected, text.beside)

    def step(self, texts: Sequence[Text]) -> Mapping[int, Exception]:
        places = {text.slot: place for place, text in enumerate(texts) if text.slot is not None}
        logits = self._slots.step({slot: texts[place].last for slot, place in places.items()})
        # A GPU is still busy with the step while the grammars are asked.
        failures: dict[int, Exception] = {}
        self._mask.fill_(_ALL)
        for slot, place in places.items():
            try:
                texts[place].allow(self._mask, slot)
                self._chances[slot] = texts[place].chance()
            except Exception as error:  # noqa: BLE001 - it is raised to the text's own caller
                failures[place] = error
        tokens = drawn(logits, self._mask.to(logits.device), self._chances.to(logits.device)).tolist()
        for slot, place in places.items():
            try:
                if place not in failures:
                    texts[place].add(tokens[slot])
            except Exception as error:  # noqa: BLE001 - likewise
                failures[place] = error
        return failures

    def done(self, text: Text) -> bool:
        return text.done

    def leave(self, text: Text) -> None:
        if text.slot is not None:
            self._slots.end(text.slot)
            self._free.append(text.slot)
            text.slot = None


@torch.inference_mode()
def drawn(logits: Tensor, allowed: Tensor, chances: Tensor) -> Tensor:
    """A token for each row of ``logits (rows, vocabulary)``, float32, among those whose bit is set in
    ``allowed (rows, vocabulary / 32)``: of the ``_TOP_K`` likeliest the fewest that make up ``_TOP_P``, and
    of these the one in whose share ``chances (rows)``, float64 in [0, 1), falls."""
    # Half precision can run over; what the grammar forbids stays out even then.
    logits = logits.nan_to_num(0.0)
    xgrammar.apply_token_bitmask_inplace(logits, allowed)
    best, tokens = logits.topk(min(_TOP_K, logits.shape[1]))
    shares = (best / _TEMPERATURE).softmax(1, dtype=torch.float64)
    shares = shares.masked_fill(shares.cumsum(1) - shares > _TOP_P, 0.0)
    ends = shares.cumsum(1)
    place = (ends <= chances[:, None] * ends[:, -1:]).sum(1)
    last = (shares > 0.0).sum(1) - 1  # where rounding went past it
    return tokens.gather(1, torch.minimum(place, last)[:, None])[:, 0]
