"""A vocabulary with precomputed character counts, to find all tokens that ``limits`` allows at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from inference.text.limits import SPACES, Position

_NO_END = 2**30  # more characters than any token has


class TokenTable:
    """For each token: how many characters it adds to a string, and how it begins.

    A token with quotes has three parts: the head before the first quote, the middle from the first to the
    last quote, and the tail. Characters are counted in heads and tails. There are few different middles, so
    each is tried."""

    def __init__(self, tokens: Sequence[bytes]) -> None:
        """``tokens``: the bytes of each token by its number; empty for a token without text."""
        self._tokens = tokens
        quoted = [number for number, token in enumerate(tokens) if b'"' in token]
        parts = [_divided(tokens[number]) for number in quoted]
        self._quoted = _Bits(quoted)
        self._heads = [head + middle for head, middle, _ in parts]
        self._middles = [middle for _, middle, _ in parts]
        self._head_counts = _characters([head for head, _, _ in parts])
        self._head_begins = _truths(not head.startswith(SPACES) for head, _, _ in parts)
        self._tail_counts = _characters([tail for _, _, tail in parts])
        self._tail_begins = _truths(not tail.startswith(SPACES) for _, _, tail in parts)
        self._tail_parts = _truths(b"," in tail for _, _, tail in parts)

        taken = set(quoted)
        plain = [number for number in range(len(tokens)) if number not in taken]
        self._parting = _Bits([number for number in plain if b"," in tokens[number]])
        self._continuing = _Bits(
            [number for number in plain if tokens[number] and _continues(tokens[number][0])]
        )
        words = -(-len(tokens) // 32)
        self._begins = ~_Bits([number for number in plain if tokens[number].startswith(SPACES)]).mask(words)
        # Row n: tokens with n characters or fewer, and all tokens with quotes.
        counts = _characters(tokens)
        counts[quoted] = 0
        every = _Bits(range(len(tokens)))
        rows = torch.zeros(int(counts.max()) + 1, words, dtype=torch.long)
        rows.view(-1).index_add_(0, counts * words + every.words, every.values)
        self._short = rows.cumsum(0).to(torch.int32)

    def __getitem__(self, token: int) -> bytes:
        return self._tokens[token]

    def narrow(self, row: Tensor, position: Position) -> None:
        """Clears the bits of ``row (vocabulary / 32)``, int32, of all tokens that break a limit at
        ``position``."""
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
        if position.inside and position.length is not None and not position.first:
            fewest, most = position.length
            counts = self._head_counts[places] + position.characters
            fit = (counts >= fewest) & (counts <= most)
            if position.characters == 0:
                fit &= self._head_begins[places]
            self._quoted.clear(row, places[~fit])
            places = places[fit]
            start, beginnings = position.closed(), [self._middles[place][1:] for place in places.tolist()]
        else:
            start, beginnings = position, [self._heads[place] for place in places.tolist()]
        reached = {beginning: start.after(beginning) for beginning in set(beginnings)}
        rooms = {beginning: _room(there) for beginning, there in reached.items()}
        allowed = self._tail_counts[places] <= torch.tensor(
            [rooms[key] for key in beginnings], dtype=torch.long
        )
        opened = {key for key, there in reached.items() if there and there.inside and there.length}
        if opened:
            allowed &= self._tail_begins[places] | ~_truths(key in opened for key in beginnings)
        full = {key for key, there in reached.items() if there and not there.inside and there.full}
        if full:
            alone = allowed & self._tail_parts[places] & _truths(key in full for key in beginnings)
            for place in alone.nonzero()[:, 0].tolist():
                number = int(self._quoted.numbers[places[place]])
                allowed[place] = position.after(self._tokens[number]) is not None
        self._quoted.clear(row, places[~allowed])

    def _try(self, row: Tensor, tokens: _Bits, position: Position) -> None:
        """Tries each of ``tokens`` and clears the bits of those that break a limit."""
        places = tokens.set_in(row)
        numbers = tokens.numbers[places].tolist()
        refused = [position.after(self._tokens[number]) is None for number in numbers]
        tokens.clear(row, places[_truths(refused)])


class _Bits:
    """The places of some tokens in a row of bits, 32 to a word."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = torch.tensor(numbers, dtype=torch.long)
        self.words = self.numbers >> 5
        self.values = 1 << (self.numbers & 31)
        self._shifts = (self.numbers & 31).int()

    def set_in(self, row: Tensor) -> Tensor:
        """The indices, here, of the tokens whose bits are set."""
        return (row[self.words] >> self._shifts & 1).nonzero()[:, 0]

    def mask(self, words: int) -> Tensor:
        """A row in which the bits of all these tokens are set."""
        # No bit occurs twice, so a sum does what "or" would do.
        return torch.zeros(words, dtype=torch.long).index_add_(0, self.words, self.values).to(torch.int32)

    def clear(self, row: Tensor, places: Tensor) -> None:
        """Clears the bits of the tokens at ``places``."""
        if len(places):
            bits = torch.zeros(len(row), dtype=torch.long)
            row &= ~bits.index_add_(0, self.words[places], self.values[places]).to(torch.int32)


def _room(reached: Position | None) -> int:
    """How many characters the tail may have; -1 if the head and middle already break a limit."""
    if reached is None:
        return -1
    return reached.length[1] if reached.inside and reached.length else _NO_END


def _divided(token: bytes) -> tuple[bytes, bytes, bytes]:
    first, last = token.index(b'"'), token.rindex(b'"') + 1
    return token[:first], token[first:last], token[last:]


def _continues(byte: int) -> bool:
    """Whether it is a continuation byte in UTF-8."""
    return byte & 0xC0 == 0x80


def _truths(values: Iterable[bool]) -> Tensor:
    return torch.tensor(list(values), dtype=torch.bool)


def _characters(tokens: Sequence[bytes]) -> Tensor:
    """How many characters begin in each token."""
    lengths = torch.tensor([len(token) for token in tokens], dtype=torch.long)
    text = torch.frombuffer(bytearray(b"".join(tokens)) or bytearray(1), dtype=torch.uint8)
    begun = torch.nn.functional.pad(((text & 0xC0) != 0x80).long().cumsum(0), (1, 0))
    ends = lengths.cumsum(0)
    return begun[ends] - begun[ends - lengths]
