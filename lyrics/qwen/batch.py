"""Texts of several callers written together, each held to a grammar of its own, token by token (xgrammar;
Dong et al., 2024). A new one joins between two steps, a finished or unwanted one leaves."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import torch
import xgrammar
from torch import Tensor

from lyrics.qwen.slots import slots_for

_LOOK_S = 0.05  # how often one who waits for the turn looks whether its caller is still there
_TEMPERATURE = 0.8
_TOP_K = 50
_TOP_P = 0.95


class Text:
    """One text in the making: its prompt ``(tokens)``, its grammar, its own source of chance."""

    def __init__(self, prompt: Tensor, grammar: Any, seed: int) -> None:
        self.prompt = prompt
        self.written: list[int] = []
        self.matcher = xgrammar.GrammarMatcher(grammar, terminate_without_stop_token=True)
        self.failure: Exception | None = None
        self._generator = torch.Generator().manual_seed(seed)

    @property
    def done(self) -> bool:
        return bool(self.matcher.is_terminated())

    def chance(self) -> float:
        """The next draw, in [0, 1)."""
        return float(torch.rand((), dtype=torch.float64, generator=self._generator))


class Batch:
    """A loop without a thread: of those who wait for a text, one at a time has the turn, and takes all texts
    one token further."""

    def __init__(self, model: Any, vocabulary: int, count: int) -> None:
        """``count`` texts at the most are written at a time; ``vocabulary`` is how many logits there are."""
        self._slots = slots_for(model, count)
        self._turn = threading.Lock()
        self._waiting: deque[Text] = deque()
        self._free = list(range(count))
        self._writing: dict[int, Text] = {}
        self._filler = xgrammar.BatchGrammarMatcher(max_threads=min(count, os.cpu_count() or 1))
        self._mask = xgrammar.allocate_token_bitmask(count, vocabulary)

    def write(self, text: Text, report: Callable[[Text], None]) -> None:
        """Until ``text`` is done; ``report`` is told of it in the caller's thread, after each token if it is
        alone. What that raises takes the text out before the next step."""
        self._waiting.append(text)
        try:
            while not text.done:
                report(text)
                if text.failure:
                    raise text.failure
                if self._turn.acquire(timeout=_LOOK_S):
                    try:
                        self._go_on(text)
                    finally:
                        self._turn.release()
        finally:
            with self._turn:
                self._leave(text)

    def _go_on(self, text: Text) -> None:
        if text in self._waiting:
            if self._free and self._waiting[0] is text:
                self._join(text)
        elif not text.done and not text.failure:
            try:
                self._step()
            except Exception as error:  # what is in the slots is good for nobody now
                for other in list(self._writing.values()):
                    other.failure = error
                    self._leave(other)
                raise

    def _join(self, text: Text) -> None:
        slot = self._free[-1]
        logits = self._slots.begin(slot, text.prompt)
        self._waiting.popleft()
        self._writing[self._free.pop()] = text
        self._draw([slot], [text], logits[None])

    def _step(self) -> None:
        slots, texts = list(self._writing), list(self._writing.values())
        logits = self._slots.step({slot: text.written[-1] for slot, text in self._writing.items()})
        self._draw(slots, texts, logits[slots])

    def _draw(self, slots: list[int], texts: list[Text], logits: Tensor) -> None:
        """A token for each of the texts from its row of ``logits (texts, vocabulary)``."""
        mask = self._mask[: len(texts)]
        self._filler.batch_fill_next_token_bitmask([text.matcher for text in texts], mask)
        chances = torch.tensor([text.chance() for text in texts], dtype=torch.float64)
        tokens = drawn(logits, mask.to(logits.device), chances.to(logits.device)).tolist()
        for slot, text, token in zip(slots, texts, tokens, strict=True):
            if not text.matcher.accept_token(token):
                raise RuntimeError("the grammar refused a token that it had let in")
            text.written.append(token)
            if text.done:
                self._end(slot)

    def _leave(self, text: Text) -> None:
        if text in self._waiting:
            self._waiting.remove(text)
        for slot in [slot for slot, other in self._writing.items() if other is text]:
            self._end(slot)

    def _end(self, slot: int) -> None:
        del self._writing[slot]
        self._free.append(slot)
        self._slots.end(slot)


def drawn(logits: Tensor, allowed: Tensor, chances: Tensor) -> Tensor:
    """A token for each row of ``logits (rows, vocabulary)``, among those whose bit is set in ``allowed (rows,
    vocabulary / 32)``: of the ``_TOP_K`` likeliest the fewest that make up ``_TOP_P``, and of these the one
    in whose share ``chances (rows)``, in [0, 1), falls."""
    logits = logits.nan_to_num(
        0.0
    )  # half precision can run over; what the grammar forbids stays out even then
    xgrammar.apply_token_bitmask_inplace(logits, allowed)
    best, tokens = logits.topk(min(_TOP_K, logits.shape[1]))
    shares = (best / _TEMPERATURE).softmax(1, dtype=torch.float64)
    shares = shares.masked_fill(shares.cumsum(1) - shares > _TOP_P, 0.0)
    ends = shares.cumsum(1)
    place = (ends <= chances[:, None] * ends[:, -1:]).sum(1)
    last = (shares > 0.0).sum(1) - 1  # where rounding went past it
    return tokens.gather(1, torch.minimum(place, last)[:, None])[:, 0]
