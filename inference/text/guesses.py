"""Guesses of a text's next tokens, from its own words and from phrases that many texts have.

The model reads them with the token that it must read anyway (speculative decoding; Leviathan et al., 2023;
"prompt look-up", Saxena, 2023): those that it would have written save their steps, the others are forgotten.
What is written is the same as without guesses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

_LONGEST = 4
"""Tokens before a guess that are looked up, at most."""
_OWN = (0.0, 5.0, 200.0, 2000.0, 8000.0)
"""What it counts that the text had this token before, by the number of tokens before it that are the same."""
_COMMON = (0.0, 3.0, 60.0, 400.0)
"""The same for a phrase that always goes on with this token."""
_KEPT = 8  # of what may follow in phrases, for each beginning
_COMMONEST = 60


class Phrases:
    """What follows what in texts of the kind that a model writes."""

    def __init__(self, texts: Iterable[Sequence[int]]) -> None:
        """``texts``: the tokens of each."""
        followers: dict[tuple[int, ...], Counter[int]] = {}
        for tokens in texts:
            for place in range(1, len(tokens)):
                for length in range(1, min(len(_COMMON), place + 1)):
                    followers.setdefault(tuple(tokens[place - length : place]), Counter())[tokens[place]] += 1
            followers.setdefault((), Counter()).update(tokens)
        self.commonest = [token for token, _ in followers.pop((), Counter()).most_common(_COMMONEST)]
        self._after = {
            beginning: tuple(
                (token, _COMMON[len(beginning)] * count / found.total())
                for token, count in found.most_common(_KEPT)
            )
            for beginning, found in followers.items()
        }

    def after(self, beginning: tuple[int, ...]) -> tuple[tuple[int, float], ...]:
        """Tokens that follow ``beginning``, with what each counts."""
        return self._after.get(beginning, ())


class Guesses:
    """The guesses for one text."""

    def __init__(self, phrases: Phrases, prompt: Iterable[int]) -> None:
        self._phrases = phrases
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], dict[int, float]] = {}
        for token in prompt:
            self.add(token)

    def add(self, token: int) -> None:
        """The text goes on with ``token``."""
        for beginning in self._beginnings(()):
            found = self._after.setdefault(beginning, {})
            # Of two that came as often, the later one counts more.
            found[token] = int(found.get(token, 0.0)) + 1 + min(0.9, len(self._tokens) / 4000)
        self._tokens.append(token)

    def next(self, more: tuple[int, ...]) -> Iterator[int]:
        """Guesses of the token after the text and ``more``, the likeliest first."""
        scores: dict[int, float] = {}
        for beginning in self._beginnings(more):
            own = self._after.get(beginning, {})
            for token, count in own.items():
                scores[token] = scores.get(token, 0.0) + _OWN[len(beginning)] * count
            if len(beginning) < len(_COMMON):
                for token, score in self._phrases.after(beginning):
                    scores[token] = scores.get(token, 0.0) + score
        yield from sorted(scores, key=lambda token: -scores[token])
        yield from (token for token in self._phrases.commonest if token not in scores)

    def _beginnings(self, more: tuple[int, ...]) -> list[tuple[int, ...]]:
        latest = (*self._tokens[-_LONGEST:], *more)[-_LONGEST:]
        return [latest[-length:] for length in range(1, len(latest) + 1)]
