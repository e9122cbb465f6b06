"""Texts of several callers in one batch, drawn token by token from the model's logits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
import xgrammar
from torch import Tensor

from config.errors import EngineFailed
from inference.batch_loop import BatchLoop
from inference.text.constrained import Text
from inference.text.slots import TextSlots, to_device

_TEMPERATURE = 0.8
_TOP_K = 50
_TOP_P = 0.95
_ALL = -1  # every bit set: all tokens allowed
_BROKEN = -1  # instead of a token


class TextBatch:
    """Writes ``count`` texts at a time; more texts wait."""

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
        # A step reads the last token of the prompt, as it reads all later ones.
        more = text.extra_inputs or {}
        self._slots.begin(text.slot, text.prompt[:-1], text.expected, shared=text.shared, **more)

    def step(self, texts: Sequence[Text]) -> Mapping[int, Exception]:
        places = {text.slot: place for place, text in enumerate(texts) if text.slot is not None}
        self._slots.step(
            {slot: texts[place].feed(guess=self._slots.guesses) for slot, place in places.items()}
        )
        failures: dict[int, Exception] = {}
        drawing = places
        while drawing := {
            slot: place
            for slot, place in drawing.items()
            if place not in failures and texts[place].column is not None and not texts[place].done
        }:
            failures |= self._draw({slot: (place, texts[place]) for slot, place in drawing.items()})
        for slot, place in places.items():
            self._slots.drop(slot, texts[place].wasted)
        return failures

    def _draw(self, drawing: Mapping[int, tuple[int, Text]]) -> dict[int, Exception]:
        """Draws a token for the text in each slot. Returns failures by the texts' places."""
        failures: dict[int, Exception] = {}
        # The grammars run on the CPU while a GPU still computes the step.
        self._mask.fill_(_ALL)
        for slot, (place, text) in drawing.items():
            try:
                text.allow(self._mask, slot)
                self._chances[slot] = text.chance()
            except Exception as error:  # noqa: BLE001 - raised again in the text's caller
                failures[place] = error
        columns = {slot: text.column for slot, (_, text) in drawing.items() if text.column is not None}
        logits = self._slots.logits(columns)
        allowed, chances = (to_device(tensor, logits.device) for tensor in (self._mask, self._chances))
        tokens = draw_tokens(logits, allowed, chances).tolist()  # the only synchronisation
        for slot, (place, text) in drawing.items():
            try:
                if tokens[slot] == _BROKEN:
                    raise EngineFailed(
                        self._name,
                        f"the logits of {self._model} are not numbers; set PRECISION to bf16 or fp32, and "
                        "where it is one of them, fetch the weights anew",
                    )
                if place not in failures:
                    text.add(tokens[slot])
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
