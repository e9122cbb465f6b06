"""A vocabulary with precomputed character counts, to find all tokens that ``limits`` allows at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from inference.text.limits import Position

_NEWLINE, _COMMA, _COLON = b"\n", b",", b":"


class TokenTable:
    """For each token: how many characters it adds to a value or line, and how it begins and ends.

    A token that would end a value and begin what follows is never allowed: every vocabulary has tokens for
    the two, and a text is written with them. So a token adds characters, or ends a value, or both."""

    def __init__(self, tokens: Sequence[bytes]) -> None:
        """``tokens``: the bytes of each token by its number; empty for a token without text."""
        self._tokens = tokens
        words = -(-len(tokens) // 32)
        numbers = range(len(tokens))
        self._open = _Texts(tokens, (_NEWLINE,), words)
        self._listed = _Texts(tokens, (_NEWLINE, _COMMA), words)
        begun = [number for number in numbers if tokens[number].startswith(b" ")]
        twice = [number for number in numbers if tokens[number].startswith((b"  ", b" \n"))]
        self._begins, self._begins_spaced = (~_Bits(found).mask(words) for found in (begun, twice))
        self._newlines = _Bits(
            [number for number in numbers if tokens[number] and not tokens[number].strip(b"\n")]
        )
        self._headings = _Bits([number for number in numbers if tokens[number].startswith(b"#")])
        reaching = [number for number in numbers if _reaches_on(tokens[number])]
        self._ending = ~_Bits(reaching).mask(words)
        self._all = _Bits(numbers)

    def __getitem__(self, token: int) -> bytes:
        return self._tokens[token]

    def __len__(self) -> int:
        return len(self._tokens)

    def narrow(self, row: Tensor, position: Position) -> None:
        """Clears the bits of ``row (vocabulary / 32)``, int32, of all tokens that break a limit at
        ``position``."""
        bound = position.place in (Position.NAME, Position.HEADING) or position.length is None
        if bound:  # by the grammar
            row &= self._ending
            if position.place == Position.HEADING and position.full:
                self._try(row, self._all, position)
        elif position.length is not None:
            self._narrow_text(row, position, position.length)

    def _narrow_text(self, row: Tensor, position: Position, length: tuple[int, int]) -> None:
        starting = position.place == Position.START
        ends = self._newlines.set_in(row) if starting else None
        if position.characters == 0:
            row &= self._begins_spaced if position.spaced else self._begins
        texts = self._listed if position.listed else self._open
        space = int(position.spaced)  # it is no character of the value
        texts.narrow(row, length[0] - position.characters + space, length[1] - position.characters + space)
        if ends is not None:
            self._newlines.set(row, ends)  # they end the section: the grammar decides
            if position.full:
                self._try(row, self._headings, position)

    def _try(self, row: Tensor, tokens: _Bits, position: Position) -> None:
        """Tries each of ``tokens`` and clears the bits of those that break a limit."""
        places = tokens.set_in(row)
        numbers = tokens.numbers[places].tolist()
        refused = [position.after(self._tokens[number]) is None for number in numbers]
        tokens.clear(row, places[_truths(refused)])


class _Texts:
    """The tokens of texts that end at one of several signs."""

    def __init__(self, tokens: Sequence[bytes], signs: tuple[bytes, ...], words: int) -> None:
        ending, heads = [], []
        inside = []
        for number, token in enumerate(tokens):
            places = [place for place in map(token.find, signs) if place >= 0]
            if not places:
                inside.append(number)
            elif not (rest := token[min(places) + 1 :]).strip(_NEWLINE) and not (
                rest and token[min(places) : min(places) + 1] == _COMMA
            ):
                ending.append(number)
                heads.append(token[: min(places)])
        self._ending, self._counts = _Bits(ending), _characters(heads)
        counts = _characters([tokens[number] for number in inside])
        # Row n: tokens that end a text, and those with n characters or fewer.
        rows = torch.zeros(max(counts.tolist(), default=0) + 1, words, dtype=torch.long)
        plain = _Bits(inside)
        rows.view(-1).index_add_(0, counts * words + plain.words, plain.values)
        rows = rows.cumsum(0)
        rows += torch.zeros(words, dtype=torch.long).index_add_(0, self._ending.words, self._ending.values)
        self._short = rows.to(torch.int32)

    def narrow(self, row: Tensor, fewest: int, most: int) -> None:
        """Clears the bits of tokens after which the text has too many characters, or ends with too few."""
        row &= self._short[max(0, min(most, len(self._short) - 1))]
        places = self._ending.set_in(row)
        if len(places):
            counts = self._counts[places]
            self._ending.clear(row, places[(counts < fewest) | (counts > most)])


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
            row &= ~self._chosen(row, places)

    def set(self, row: Tensor, places: Tensor) -> None:
        """Sets the bits of the tokens at ``places``."""
        if len(places):
            row |= self._chosen(row, places)

    def _chosen(self, row: Tensor, places: Tensor) -> Tensor:
        bits = torch.zeros(len(row), dtype=torch.long)
        return bits.index_add_(0, self.words[places], self.values[places]).to(torch.int32)


def _reaches_on(token: bytes) -> bool:
    """Whether it ends a name, a value or a heading and goes on."""
    signs = token.find(_NEWLINE), token.find(_COLON)
    return any(place >= 0 and token[place + 1 :].strip(_NEWLINE) for place in signs)


def _truths(values: Iterable[bool]) -> Tensor:
    return torch.tensor(list(values), dtype=torch.bool)


def _characters(tokens: Sequence[bytes]) -> Tensor:
    """How many characters begin in each token."""
    lengths = torch.tensor([len(token) for token in tokens], dtype=torch.long)
    text = torch.frombuffer(bytearray(b"".join(tokens)) or bytearray(1), dtype=torch.uint8)
    begun = torch.nn.functional.pad(((text & 0xC0) != 0x80).long().cumsum(0), (1, 0))
    ends = lengths.cumsum(0)
    return begun[ends] - begun[ends - lengths]
