"""Lengths and counts kept beside a grammar: token for token what a grammar with all bounds in it lets in."""

from random import Random

import numpy as np
import pytest
import torch
import xgrammar
from torch import Tensor

from inference.text.constrained import Text
from inference.text.grammars import Grammars
from inference.text.limits import MARK, SPACES, Limits, Position
from inference.text.token_table import TokenTable
from tests.qwen_vocabulary import LOGITS, qwen2_tokenizer
from tests.tiny import byte_tokenizer, word_tokenizer

LIMITS = Limits({"name": (2, 5), "tags": (1, 3), "lines": (1, 4)}, {"parts": 2})
_SHAPE = r"""
root ::= "{\"name\": " name ", \"kind\": " kind ", \"tags\": " tags ", \"parts\": " parts "}"
kind ::= "\"a, b\"" | "\"c\""
tags ::= "[" tag (", " tag){1,2} "]"
lines ::= "[" line (", " line){0,1} "]"
part ::= "{\"lines\": " lines ", \"n\": " [0-9] "}"
"""
OPEN = (
    _SHAPE
    + rf"""
text ::= "\"" {MARK}* "\""
name ::= text
tag ::= text
line ::= text
parts ::= "[" part (", " part)* "]"
"""
)
"""Without lengths, and with any number of parts."""
BOUNDED = (
    _SHAPE
    + rf"""
mark ::= {MARK}
letter ::= [^"\\\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff]
name ::= "\"" letter mark{{1,4}} "\""
tag ::= "\"" letter mark{{0,2}} "\""
line ::= "\"" letter mark{{0,3}} "\""
parts ::= "[" part (", " part){{0,1}} "]"
"""
)
"""The same with everything in the grammar: what the limits are held against."""


def allowed(mask: Tensor) -> list[int]:
    return np.unpackbits(mask.numpy().view(np.uint8), bitorder="little").nonzero()[0].tolist()


def compared(tokenizer: object, vocabulary: int, seeds: int, steps: int) -> int:
    """Walks through texts by chance, and compares the masks at each token of them; how many it compared."""
    rules = Grammars(tokenizer, vocabulary, {"open": OPEN}).rules("open", LIMITS)
    info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=vocabulary)
    bounded = xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False).compile_grammar(BOUNDED)
    masks = xgrammar.allocate_token_bitmask(2, vocabulary)
    looked = 0
    for seed in range(seeds):
        rng = Random(seed)
        text = Text(torch.arange(3), rules, seed, 0)
        matcher = xgrammar.GrammarMatcher(bounded, terminate_without_stop_token=True)
        for _ in range(steps):
            if text.done:
                break
            text.allow(masks, 0)
            matcher.fill_next_token_bitmask(masks, 1)
            if not torch.equal(masks[0], masks[1]):
                ours, theirs = set(allowed(masks[0])), set(allowed(masks[1]))
                written = b"".join(rules.tokens[token] for token in text.written)
                wrong = {rules.tokens[token] for token in ours ^ theirs}
                pytest.fail(f"after {written!r}: {sorted(wrong)[:10]}, ours {len(ours)}, not {len(theirs)}")
            # Those with quotes or with parts of a character are few, and the ones to look at.
            tokens = allowed(masks[0])
            few = rng.sample(tokens, min(len(tokens), 300))
            odd = [token for token in few if b'"' in rules.tokens[token] or rules.tokens[token][0] > 127]
            token = rng.choice(odd if odd and rng.random() < 0.5 else tokens)
            text.add(token)
            assert matcher.accept_token(token)
            looked += 1
        assert text.done is matcher.is_terminated()
    return looked


def test_masks_are_those_of_a_grammar_with_all_bounds_in_it() -> None:
    assert compared(word_tokenizer(), 2048, 60, 200) > 2000


@pytest.mark.long
def test_so_they_are_with_the_vocabulary_of_qwen2(pytestconfig: pytest.Config) -> None:
    assert compared(qwen2_tokenizer(pytestconfig), LOGITS, 6, 40) > 150


@pytest.mark.parametrize(
    ("written", "may", "may_not"),
    [
        (b'{"name": "', [b"a", b"ab", b"\xc3\xa9", b"\xc2"], [b'"', b" a", b"\xc2\xa0", b"abcdef", b'a"']),
        (b'{"name": "a', [b"b", b'b"', b"bcde", b" b"], [b'"', b"bcdef", b'", "']),
        (b'{"name": "abcde', [b'"', b'", "'], [b"f", b'f"', b" "]),
        ('{"name": "雨の夜é'.encode(), [b"a", b'a"', b"\xc3", "é".encode()], [b"ab", "éé".encode()]),
        (b'{"name": "abcd\xc3', [b"\xa9", b'\xa9"'], [b"\xa9a", b"\xa9\xc3"]),
        (b'{"name": "\xe3\x80', [b"\x81", b"\x81a"], [b"\x80", b"\x80a"]),
        (b'{"name": "ab", "tags": ["a"', [b', "', b', "abc', b"]"], [b', "abcd', b', " ', b', "abcd"']),
        (b'{"parts": [{"lines": ["a"]}', [b", ", b"]", b', {"lines": ["abcd'], [b', {"lines": ["abcde']),
        (b'{"parts": [{"n": 1}, {"n": 2', [b"}", b"}]"], [b"},", b"}, {"]),
        (b'{"parts": [{"n": 1}, {"lines": ["a', [b'"]', b'", "', b",", b'"], "n"'], [b'"]},', b'", "abcde']),
    ],
)  # fmt: skip
def test_a_token_may_end_a_string_and_begin_the_next(
    written: bytes, may: list[bytes], may_not: list[bytes]
) -> None:
    position = Position(LIMITS).after(written)
    assert position is not None
    tokens = [*may, *may_not]
    row = torch.full((1,), -1, dtype=torch.int32)
    TokenTable(tokens).narrow(row, position)
    assert [tokens[number] for number in allowed(row) if number < len(tokens)] == may
    assert [token for token in tokens if position.after(token)] == may


def test_the_spaces_are_those_that_a_text_is_divided_at() -> None:
    assert "".join(space.decode() for space in SPACES).split() == []
    assert len(SPACES) == 29


def test_no_surrogate_is_let_in() -> None:
    """Its bytes are no character: decoded they would be three, past any maximum."""
    tokenizer = byte_tokenizer()
    rules = Grammars(tokenizer, len(tokenizer), {"open": OPEN}).rules("open", LIMITS)
    text = Text(torch.arange(3), rules, 1, 0)
    numbers = {rules.tokens[number]: number for number in range(256)}
    for byte in b'{"name": "\xed':
        text.add(numbers[bytes([byte])])
    masks = xgrammar.allocate_token_bitmask(1, len(tokenizer))
    text.allow(masks, 0)
    assert sorted(rules.tokens[number] for number in allowed(masks[0])) == [
        bytes([n]) for n in range(0x80, 0xA0)
    ]
