"""A text while it is written: each token is limited by the text's own rules."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from random import Random
from typing import Any

import xgrammar
from torch import Tensor

from inference.text.grammars import Rules
from inference.text.guesses import Guesses
from inference.text.limits import Position
from inference.text.slots import COLUMNS, Feed

_LEAVES = (10, 2)
"""Guesses beside the likeliest one, for the next token that is to be drawn, and for the one after it."""


class Text:
    """One text while it is written: its prompt ``(tokens)``, two tokens or more, its rules, its random
    numbers.

    The model reads a text token by token, except for tokens that it reads along with another: those that the
    rules force, and guesses. A step is ``feed``, then ``allow``, ``chance`` and ``add`` for each token that
    is drawn, as long as there is a ``column`` to draw from.

    ``expected`` is an estimate of its length in tokens; the cache gets room for that many at once. The first
    ``shared`` tokens of the prompt are those of other texts, too. ``extra_inputs`` are inputs for the prompt
    without its last token, such as a picture."""

    def __init__(
        self,
        prompt: Tensor,
        rules: Rules,
        seed: int,
        expected: int,
        extra_inputs: Mapping[str, Tensor] | None = None,
        *,
        shared: int = 0,
    ) -> None:
        self.prompt = prompt
        self.extra_inputs = extra_inputs
        self.expected = expected
        self.shared = shared
        self.written: list[int] = []
        self.slot: int | None = None
        self.chance = Random(seed).random
        """The random number for the next token that is drawn."""
        self.column: int | None = None
        """The column of the latest feed whose logits the next token is drawn from. None: more has to be
        read."""
        self._rules = rules
        self._matcher = xgrammar.GrammarMatcher(rules.grammar, terminate_without_stop_token=True)
        self._position = Position(rules.limits)
        self._guesses: Guesses | None = None
        self._feed = Feed(())
        self._kept = 0  # tokens of the feed's chain that belong to the text
        self._unread = [int(prompt[-1])]
        """Tokens of the text that the model has not read, or not to be kept."""
        self._unread += self._forced()

    @property
    def done(self) -> bool:
        return bool(self._matcher.is_terminated())

    @property
    def wasted(self) -> int:
        """How many tokens at the end of the feed's chain do not belong to the text."""
        return len(self._feed.chain) - self._kept

    @property
    def fraction(self) -> float:
        """An estimate of the progress, in 0..0.98: it never reaches the end, however long the text gets."""
        return 0.98 * (1.0 - math.exp(-len(self.written) / self.expected))

    def decoded(self, tokenizer: Any) -> str:
        """What is written so far, as a string, by the model's ``tokenizer``."""
        text: str = tokenizer.decode(
            list(self.written), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text

    def feed(self, *, guess: bool) -> Feed:
        """What the model reads next: tokens that it has not read, and guesses if it may ``guess``."""
        known, self._unread = tuple(self._unread[:COLUMNS]), self._unread[COLUMNS:]
        self._kept = len(known)
        self.column = None if self._unread else len(known) - 1
        chain, leaves = self._guessed(COLUMNS - len(known)) if guess and not self._unread else ([], [])
        self._feed = Feed((*known, *chain), tuple((len(known) + depth, token) for depth, token in leaves))
        return self._feed

    def allow(self, mask: Tensor, row: int) -> None:
        """Sets the bits of the tokens that the rules allow next, in one row of ``mask (rows, vocabulary /
        32)``, int32."""
        self._matcher.fill_next_token_bitmask(mask, row)
        self._rules.tokens.narrow(mask[row], self._position)

    def add(self, token: int) -> None:
        """The text goes on with ``token``, and with what is forced after it."""
        if not self._accept(token):
            raise RuntimeError("the rules refused a token that they had let in")
        added = [token, *self._forced()]
        again = bool(self._unread)  # it was drawn from a leaf, which is not kept
        while added and not again and self._feed.chain[self._kept : self._kept + 1] == (added[0],):
            del added[0]
            self._kept += 1
        self._unread += added
        self.column = None
        if not self._unread:
            self.column = self._kept - 1
        elif not again and len(added) == 1 and (self._kept, added[0]) in self._feed.leaves:
            self.column = len(self._feed.chain) + self._feed.leaves.index((self._kept, added[0]))

    def _accept(self, token: int) -> bool:
        position = self._position.after(self._rules.tokens[token])
        if position is None or not self._matcher.accept_token(token):
            return False
        self._position = position
        self.written.append(token)
        if self._guesses:
            self._guesses.add(token)
        return True

    def _forced(self) -> list[int]:
        """Adds the tokens that must come next, and returns them."""
        run = () if self.done else self._rules.forced.after(self._matcher)
        return list(itertools.takewhile(self._accept, run))

    def _guessed(self, room: int) -> tuple[list[int], list[tuple[int, int]]]:
        """A chain of the likeliest tokens, and leaves: others that may come instead of the first or second of
        them."""
        if self._guesses is None:
            self._guesses = Guesses(self._rules.phrases, [*self.prompt.tolist(), *self.written])
        chain: list[int] = []
        leaves: list[tuple[int, int]] = []
        accepted = 0
        for others in (*_LEAVES, *[0] * room):
            if len(chain) >= room - len(leaves) or self._matcher.is_terminated():
                break
            depth, legal = len(chain), filter(self._may_follow, self._guesses.next(tuple(chain)))
            best = next(legal, None)
            if best is None:
                break
            others = min(others, (room - len(leaves) - depth - 1))
            leaves += [(depth, token) for token in itertools.islice(legal, others)]
            self._matcher.accept_token(best)
            chain.append(best)
            run = () if self._matcher.is_terminated() else self._rules.forced.after(self._matcher)
            chain += itertools.takewhile(self._matcher.accept_token, run)
            accepted += len(chain) - depth
        self._matcher.rollback(accepted)
        return chain[: room - len(leaves)], leaves

    def _may_follow(self, token: int) -> bool:
        if not self._matcher.accept_token(token):
            return False
        self._matcher.rollback(1)
        return True
