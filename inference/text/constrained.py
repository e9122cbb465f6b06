"""Constrained sampling: texts of several callers in one batch, each token limited by the text's own rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import torch
import xgrammar
from torch import Tensor

from config.errors import EngineFailed
from inference.batch_loop import BatchLoop
from inference.text.grammars import Rules
from inference.text.limits import Position
from inference.text.slots import TextSlots, to_device

_TEMPERATURE = 0.8
_TOP_K = 50
_TOP_P = 0.95
_ALL = -1  # every bit set: all tokens allowed
_BROKEN = -1  # instead of a token


class Text:
    """One text while it is written: its prompt ``(tokens)``, two tokens or more, its rules, its random
    numbers.

    ``expected`` is an estimate of its length in tokens; the cache gets room for that many at once.
    ``extra_inputs`` are inputs for the prompt without its last token, such as a picture."""

    def __init__(
        self,
        prompt: Tensor,
        rules: Rules,
        seed: int,
        expected: int,
        extra_inputs: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.prompt = prompt
        self.extra_inputs = extra_inputs
        self.expected = expected
        self.written: list[int] = []
        self.slot: int | None = None
        self._matcher = xgrammar.GrammarMatcher(rules.grammar, terminate_without_stop_token=True)
        self._table = rules.tokens
        self._position = Position(rules.limits)
        self._last = int(prompt[-1])
        self.chance = Random(seed).random

    @property
    def done(self) -> bool:
        return bool(self._matcher.is_terminated())

    @property
    def last(self) -> int:
        """The token that the model reads next."""
        return self.written[-1] if self.written else self._last

    @property
    def fraction(self) -> float:
        """An estimate of the progress, in 0..0.98: it never reaches the end, however long the text gets."""
        return 0.98 * (1.0 - math.exp(-len(self.written) / self.expected))

    def decoded(self, tokenizer: Any) -> str:
        """What is written so far, as a string, by the model's ``tokenizer``."""
        text: str = tokenizer.decode(
            self.written, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text

    def allow(self, mask: Tensor, row: int) -> None:
        """Sets the bits of the tokens that the rules allow next, in one row of ``mask (rows, vocabulary /
        32)``, int32."""
        self._matcher.fill_next_token_bitmask(mask, row)
        self._table.narrow(mask[row], self._position)

    def add(self, token: int) -> None:
        position = self._position.after(self._table[token])
        if position is None or not self._matcher.accept_token(token):
            raise RuntimeError("the rules refused a token that they had let in")
        self._position = position
        self.written.append(token)


class TextBatch:
    """Writes ``count`` texts at a time, one token of each in a step; more texts wait."""

    def __init__(self, slots: TextSlots, vocabulary: int, count: int, name: str, model: str) -> None:
        """``slots`` has ``count`` slots and gives ``vocabulary`` logits. ``name`` is the name of the engine
        and of the thread. ``model`` describes the model and its precision in errors."""
        self._slots = slots
        self._name, self._model = name, model
        self._free = list(range(count))[::-1]
        self._mask = xgrammar.allocate_token_bitmask(count, vocabulary)
        self._chances = torch.zeros(count, dtype=torch.float64)
        self._loop = BatchLoop[Text](self, count, name)

    def write(self, text: Text, report: Callable[[], None]) -> None:
        """Blocks until ``text`` is done. ``report`` is called in the caller's thread; if it raises, the text
        leaves before the next step."""
        self._loop.run(text, report)

    def join(self, text: Text) -> None:
        text.slot = self._free.pop()
        # The step reads the last token of the prompt, as it reads all later ones.
        self._slots.begin(text.slot, text.prompt[:-1], text.expected, text.extra_inputs)

    def step(self, texts: Sequence[Text]) -> Mapping[int, Exception]:
        places = {text.slot: place for place, text in enumerate(texts) if text.slot is not None}
        logits = self._slots.step({slot: texts[place].last for slot, place in places.items()})
        # The grammars run on the CPU while a GPU still computes the step.
        failures: dict[int, Exception] = {}
        self._mask.fill_(_ALL)
        for slot, place in places.items():
            try:
                texts[place].allow(self._mask, slot)
                self._chances[slot] = texts[place].chance()
            except Exception as error:  # noqa: BLE001 - raised again in the text's caller
                failures[place] = error
        allowed, chances = (to_device(tensor, logits.device) for tensor in (self._mask, self._chances))
        tokens = draw_tokens(logits, allowed, chances).tolist()  # the only synchronisation
        for slot, place in places.items():
            try:
                if tokens[slot] == _BROKEN:
                    raise EngineFailed(
                        self._name,
                        f"the logits of {self._model} are not numbers; set PRECISION to bf16 or fp32, and "
                        "where it is one of them, fetch the weights anew",
                    )
                if place not in failures:
                    texts[place].add(tokens[slot])
            except Exception as error:  # noqa: BLE001 - as above
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
def draw_tokens(logits: Tensor, allowed: Tensor, chances: Tensor) -> Tensor:
    """Top-k and top-p sampling: a token for each row of ``logits (rows, vocabulary)``, float32, from the
    tokens whose bits are set in ``allowed (rows, vocabulary / 32)``, int32. ``chances (rows)``, float64 in
    [0, 1), is the random number of each row. -1 for a row with NaN or infinite logits."""
    sound = logits.amax(1).isfinite()
    # xgrammar's GPU kernel is not used: it is compiled at the first plan and needs a C compiler.
    bits = allowed[:, :, None] >> torch.arange(32, dtype=torch.int32, device=allowed.device) & 1
    logits = logits.masked_fill(bits.flatten(1)[:, : logits.shape[1]] == 0, -torch.inf)
    best, tokens = logits.topk(min(_TOP_K, logits.shape[1]))
    shares = (best / _TEMPERATURE).softmax(1, dtype=torch.float64)
    shares = shares.masked_fill(shares.cumsum(1) - shares > _TOP_P, 0.0)
    ends = shares.cumsum(1)
    place = (ends <= chances[:, None] * ends[:, -1:]).sum(1)
    last = (shares > 0.0).sum(1) - 1  # guards against rounding
    token = tokens.gather(1, torch.minimum(place, last).clamp(min=0)[:, None])[:, 0]
    return torch.where(sound & best[:, 0].isfinite(), token, _BROKEN)
