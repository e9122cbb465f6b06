"""What a grammar forces is not asked of the model: the tokens of the only text that may come next."""

from __future__ import annotations

from typing import Any

from inference.text.token_table import TokenTable

_LETTERS = ("a", "A")
_NEXT = (*_LETTERS, "é", "1", " ", "\n", ",", "#", "/", '"')
"""What may follow a forced text. A letter after a space, say, is one token with it."""


class ForcedRuns:
    """The forced tokens of an engine's grammars, as its tokenizer writes them. There are few, and each is
    divided into tokens once."""

    def __init__(self, tokenizer: Any, tokens: TokenTable) -> None:
        self._tokenizer = tokenizer
        self._tokens = tokens
        self._known: dict[tuple[str, ...], tuple[int, ...]] = {}

    def after(self, matcher: Any) -> tuple[int, ...]:
        """The tokens that must follow in any text, whatever comes after them. A last part that would be in
        one token with what comes next is left out."""
        text = matcher.find_jump_forward_string()
        if not text or not matcher.accept_string(text):
            return ()
        following = [] if matcher.is_terminated() else self._following(matcher)
        matcher.rollback(1)
        name = (text, *following)
        if name not in self._known:
            self._known[name] = self._run(text, following)
        return self._known[name]

    def _following(self, matcher: Any) -> list[str]:
        found = [sign for sign in _NEXT if _accepts(matcher, sign)]
        # One of a few words may follow that begin with other letters.
        return found if any(sign.isalnum() for sign in found) else [*found, *_LETTERS]

    def _run(self, text: str, following: list[str]) -> tuple[int, ...]:
        run = self._encoded(text)
        for sign in following:
            other = self._encoded(text + sign)
            same = [one == two for one, two in zip(run, other, strict=False)]
            run = run[: (*same, False).index(False)]
        left = text.encode()
        for place, token in enumerate(run):
            piece = self._tokens[token]
            if not piece or not left.startswith(piece):
                return run[:place]
            left = left[len(piece) :]
        return run

    def _encoded(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=False))


def _accepts(matcher: Any, text: str) -> bool:
    if not matcher.accept_string(text):
        return False
    matcher.rollback(1)
    return True
