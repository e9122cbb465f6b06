"""Texts of several callers written in one loop, each held to rules of its own, token by token."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

import torch
import xgrammar
from torch import Tensor

from config.errors import EngineFailed
from inference.grammars import Rules
from inference.limits import Position
from inference.slots import TextSlots, sent
from inference.together import Together

_TEMPERATURE = 0.8
_TOP_K = 50
_TOP_P = 0.95
_ALL = -1  # every bit set: whatever token
_BROKEN = -1  # instead of a token


class Text:
    """One text in the making: its prompt ``(tokens)``, at least two, its rules, its own source of chance.

    ``expected`` is how many tokens it is thought to take: room is made for so many at once. ``beside`` is
    what the model takes in together with all of the prompt but its last token, as a picture is.
    """

    def __init__(
        self,
        prompt: Tensor,
        rules: Rules,
        seed: int,
        expected: int,
        beside: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.prompt = prompt
        self.beside = beside
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
        """The token that the model takes in next."""
        return self.written[-1] if self.written else self._last

    def allow(self, mask: Tensor, row: int) -> None:
        """Sets the bits of the tokens that the rules let follow in a row of ``mask (rows, vocabulary / 32)``,
        int32."""
        self._matcher.fill_next_token_bitmask(mask, row)
        self._table.narrow(mask[row], self._position)

    def add(self, token: int) -> None:
        position = self._position.after(self._table[token])
        if position is None or not self._matcher.accept_token(token):
            raise RuntimeError("the rules refused a token that they had let in")
        self._position = position
        self.written.append(token)


class Batch:
    """``count`` texts at a time, all of them a token further with each step; others wait."""

    def __init__(self, slots: TextSlots, vocabulary: int, count: int, name: str, model: str) -> None:
        """``slots`` has ``count`` of them; ``vocabulary`` is how many logits it gives; ``name`` is the
        engine's and the thread's; ``model`` says in an error which it is and what it runs in."""
        self._slots = slots
        self._name, self._model = name, model
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
        allowed, chances = (sent(tensor, logits.device) for tensor in (self._mask, self._chances))
        tokens = drawn(logits, allowed, chances).tolist()  # the only wait for the device
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
    ``allowed (rows, vocabulary / 32)``, int32: of the ``_TOP_K`` likeliest the fewest that make up
    ``_TOP_P``, and of these the one in whose share ``chances (rows)``, float64 in [0, 1), falls. -1 where
    logits of the row are NaN or run over."""
    sound = logits.amax(1).isfinite()
    # xgrammar's kernel for a GPU would be compiled at the first plan, by a C compiler that may not be there.
    bits = allowed[:, :, None] >> torch.arange(32, dtype=torch.int32, device=allowed.device) & 1
    logits = logits.masked_fill(bits.flatten(1)[:, : logits.shape[1]] == 0, -torch.inf)
    best, tokens = logits.topk(min(_TOP_K, logits.shape[1]))
    shares = (best / _TEMPERATURE).softmax(1, dtype=torch.float64)
    shares = shares.masked_fill(shares.cumsum(1) - shares > _TOP_P, 0.0)
    ends = shares.cumsum(1)
    place = (ends <= chances[:, None] * ends[:, -1:]).sum(1)
    last = (shares > 0.0).sum(1) - 1  # where rounding went past it
    token = tokens.gather(1, torch.minimum(place, last).clamp(min=0)[:, None])[:, 0]
    return torch.where(sound & best[:, 0].isfinite(), token, _BROKEN)
