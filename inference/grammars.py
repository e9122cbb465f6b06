"""What a text may be: a grammar (xgrammar; Dong et al., 2024), and limits beside it (``limits``)."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import xgrammar

from inference.limits import Limits
from inference.token_table import TokenTable


@dataclass(frozen=True)
class Rules:
    """Of one text, whatever the vocabulary's size: nothing is compiled for it."""

    grammar: Any
    tokens: TokenTable
    limits: Limits


class Grammars:
    """All grammars of an engine, compiled for its tokenizer: made once, when it loads."""

    def __init__(self, tokenizer: Any, vocabulary: int, sources: Mapping[str, str]) -> None:
        """``tokenizer`` is one of transformers, ``vocabulary`` how many logits the model gives, ``sources``
        are grammars by name in xgrammar's EBNF."""
        with _uncollected():
            tokens = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=vocabulary)
            compiler = xgrammar.GrammarCompiler(tokens, max_threads=1)
            self._compiled = {name: compiler.compile_grammar(source) for name, source in sources.items()}
            self._table = TokenTable(tokens.decoded_vocab)

    def rules(self, name: str, limits: Limits) -> Rules:
        return Rules(self._compiled[name], self._table, limits)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector: hundreds of thousands of objects are made at once, and it would look
    through all that the process has each time there are some more, for a third of the whole time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
