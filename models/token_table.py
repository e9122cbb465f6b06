"""A vocabulary as bytes, counted once, so that the tokens that ``models.limits`` lets follow are found for all
of them at a time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from models.limits import SPACES, Position

_NO_END = 2**30  # more characters than any token has


class TokenTable:
    """Of each token: how many characters it puts into a string, and how it begins.

    A token with quotes in it is taken apart behind the last one. There are few such beginnings, and each is
    tried by itself; what comes behind is counted as it is in a token without quotes.
    """

    def __init__(self, tokens: Sequence[bytes]) -> None:
        """``tokens`` are the bytes of each by its number; one that stands for no text has none."""
        self._tokens = tokens
        quoted = [number for number, token in enumerate(tokens) if b'"' in token]
        cuts = {number: tokens[number].rfind(b'"') + 1 for number in quoted}
        counts = _characters(tokens)
        heads: dict[bytes, int] = {}
        self._head = torch.tensor(
            [heads.setdefault(tokens[number][:cut], len(heads)) for number, cut in cuts.items()],
            dtype=torch.long,
        )
        self._heads = list(heads)
        tails = [tokens[number][cut:] for number, cut in cuts.items()]
        self._tail_count = _characters(tails)
        self._tail_begins = torch.tensor([not tail.startswith(SPACES) for tail in tails], dtype=torch.bool)
        self._tail_parts = torch.tensor([b"," in tail for tail in tails], dtype=torch.bool)
        self._quoted = _Bits(quoted)

        plain = [number for number in range(len(tokens)) if number not in cuts]
        self._parting = _Bits([number for number in plain if b"," in tokens[number]])
        self._continuing = _Bits(
            [number for number in plain if tokens[number] and tokens[number][0] & 0xC0 == 0x80]
        )
        spaced = _Bits([number for number in plain if tokens[number].startswith(SPACES)])
        words = -(-len(tokens) // 32)
        self._begins = ~spaced.mask(words)
        # Row n has those of n characters or fewer, and all those with quotes.
        counts[quoted] = 0
        every = _Bits(range(len(tokens)))
        rows = torch.zeros(int(counts.max()) + 1, words, dtype=torch.long)
        rows.view(-1).index_add_(0, counts * words + every.words, every.values)
        self._short = rows.cumsum(0).to(torch.int32)

    def __getitem__(self, token: int) -> bytes:
        return self._tokens[token]

    def narrow(self, row: Tensor, position: Position) -> None:
        """Leaves those bits of ``row (vocabulary / 32)``, int32, set whose tokens may follow at
        ``position``: a token is allowed where it was, and the limits let all of it in."""
        if position.inside and position.length is not None:
            room = position.length[1] - position.characters
            row &= self._short[min(room, len(self._short) - 1)]
            if position.characters == 0:
                row &= self._begins
            elif position.first:
                self._try(row, self._continuing, position)
        elif not position.inside and position.full:
            self._try(row, self._parting, position)
        self._narrow_quoted(row, position)

    def _narrow_quoted(self, row: Tensor, position: Position) -> None:
        places = self._quoted.set_in(row)
        if not len(places):
            return
        heads, which = self._head[places].unique(return_inverse=True)
        rooms, beginning, parting = [], [], []
        for head in heads.tolist():
            reached = position.after(self._heads[head])
            opened = reached.length if reached is not None and reached.inside else None
            rooms.append(-1 if reached is None else opened[1] if opened else _NO_END)
            beginning.append(opened is not None)
            parting.append(reached is not None and not reached.inside and reached.full)
        allowed = self._tail_count[places] <= torch.tensor(rooms)[which]
        allowed &= self._tail_begins[places] | ~torch.tensor(beginning)[which]
        if any(parting):
            alone = self._tail_parts[places] & torch.tensor(parting)[which] & allowed
            for place in alone.nonzero()[:, 0].tolist():
                number = int(self._quoted.numbers[places[place]])
                allowed[place] = position.after(self._tokens[number]) is not None
        self._quoted.clear(row, places[~allowed])

    def _try(self, row: Tensor, tokens: _Bits, position: Position) -> None:
        """Each of these by itself."""
        places = tokens.set_in(row)
        numbers = tokens.numbers[places].tolist()
        refused = [position.after(self._tokens[number]) is None for number in numbers]
        tokens.clear(row, places[torch.tensor(refused, dtype=torch.bool)])


class _Bits:
    """Where some tokens are in a row of bits, 32 to a word."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = torch.tensor(numbers, dtype=torch.long)
        self.words = self.numbers >> 5
        self.values = 1 << (self.numbers & 31)
        self._shifts = (self.numbers & 31).int()

    def set_in(self, row: Tensor) -> Tensor:
        """The places here of those whose bits are set."""
        return (row[self.words] >> self._shifts & 1).nonzero()[:, 0]

    def mask(self, words: int) -> Tensor:
        """A row in which the bits of all are set."""
        # No bit comes twice, so that the sum has them all.
        return torch.zeros(words, dtype=torch.long).index_add_(0, self.words, self.values).to(torch.int32)

    def clear(self, row: Tensor, places: Tensor) -> None:
        """Takes the bits of those at ``places`` away."""
        if len(places):
            bits = torch.zeros(len(row), dtype=torch.long)
            row &= ~bits.index_add_(0, self.words[places], self.values[places]).to(torch.int32)


def _characters(tokens: Sequence[bytes]) -> Tensor:
    """How many characters begin in each."""
    lengths = torch.tensor([len(token) for token in tokens], dtype=torch.long)
    text = torch.frombuffer(bytearray(b"".join(tokens)) or bytearray(1), dtype=torch.uint8)
    begun = torch.nn.functional.pad(((text & 0xC0) != 0x80).long().cumsum(0), (1, 0))
    ends = lengths.cumsum(0)
    return begun[ends] - begun[ends - lengths]
