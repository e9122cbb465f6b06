"""The rules of a text: a grammar (xgrammar; Dong et al., 2024) and limits (``limits``)."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import xgrammar

from inference.text.forced import ForcedRuns
from inference.text.guesses import Phrases
from inference.text.limits import Limits
from inference.text.token_table import TokenTable


@dataclass(frozen=True)
class Rules:
    """The rules of one text. They are cheap to make: nothing is compiled."""

    grammar: Any
    tokens: TokenTable
    forced: ForcedRuns
    phrases: Phrases
    limits: Limits


class Grammars:
    """All grammars of an engine, compiled for its tokenizer once, when the engine loads."""

    def __init__(
        self, tokenizer: Any, vocabulary: int, sources: Mapping[str, str], phrases: Iterable[str] = ()
    ) -> None:
        """``tokenizer`` is one of transformers. ``vocabulary`` is the model's number of logits. ``sources``
        are grammars by name, in xgrammar's EBNF. ``phrases`` are pieces of texts like those to be written:
        they make the writing quicker, and change nothing in it."""
        with _uncollected():
            tokens = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=vocabulary)
            compiler = xgrammar.GrammarCompiler(tokens, max_threads=1)
            self._compiled = {name: compiler.compile_grammar(source) for name, source in sources.items()}
            self._table = TokenTable(tokens.decoded_vocab)
            self._forced = ForcedRuns(tokenizer, self._table)
            texts = list(phrases)
            read = tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
            self._phrases = Phrases(read)

    def rules(self, name: str, limits: Limits) -> Rules:
        return Rules(self._compiled[name], self._table, self._forced, self._phrases, limits)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Turns the garbage collector off: compiling makes hundreds of thousands of objects, and repeated
    collections would take a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
