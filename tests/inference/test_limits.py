"""Lengths and counts kept beside a grammar: token for token what a grammar with all bounds in it lets in."""

from random import Random

import numpy as np
import pytest
import torch
import xgrammar
from torch import Tensor

from inference.text.constrained import Text
from inference.text.grammars import Grammars
from inference.text.limits import ITEM_MARK, MARK, Limits, Position
from inference.text.token_table import TokenTable
from tests.qwen_vocabulary import LOGITS, qwen2_tokenizer
from tests.tiny import byte_tokenizer, word_tokenizer

LIMITS = Limits({"name": (2, 5), "tags": (1, 3), "lines": (1, 4)}, frozenset({"tags"}), 2)
_SHAPE = r"""
root ::= "name: " name "\nkind: " kind "\ntags: " tags "\n\n# " sections
kind ::= "a, b" | "c"
tags ::= tag (", " tag){1,2}
lines ::= line{1,2}
part ::= ("verse" | "bridge") "\n" lines "\n# "
"""
OPEN = (
    _SHAPE
    + rf"""
name ::= {MARK}*
tag ::= {ITEM_MARK}*
line ::= {MARK}+ "\n"
sections ::= part+ "end"
"""
)
"""Without lengths, and with any number of sections."""
BOUNDED = (
    _SHAPE
    + rf"""
mark ::= {MARK}
item ::= {ITEM_MARK}
letter ::= {MARK.replace("[^", "[^ ")}
first ::= {ITEM_MARK.replace("[^", "[^ ")}
name ::= letter mark{{1,4}}
tag ::= first item{{0,2}}
line ::= letter mark{{0,3}} "\n"
sections ::= part{{1,2}} "end"
"""
)
"""The same with everything in the grammar: what the limits are held against."""


def reaches_on(token: bytes) -> bool:
    """Whether it ends a part of a text and begins the next: such tokens are not used."""
    ends = [token.find(sign) for sign in (b"\n", b":", b",") if sign in token]
    return any(token[place + 1 :].strip(b"\n") for place in ends) or b",\n" in token


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
        for forced in text.written:
            assert matcher.accept_token(forced)
        for _ in range(steps):
            if text.done:
                break
            text.allow(masks, 0)
            matcher.fill_next_token_bitmask(masks, 1)
            ours, theirs = set(allowed(masks[0])), set(allowed(masks[1]))
            wrong = {rules.tokens[token] for token in ours - theirs}
            wrong |= {rules.tokens[token] for token in theirs - ours if not reaches_on(rules.tokens[token])}
            if wrong:
                written = b"".join(rules.tokens[token] for token in text.written)
                pytest.fail(f"after {written!r}: {sorted(wrong)[:10]}, ours {len(ours)}, not {len(theirs)}")
            # Those with newlines or with parts of a character are few, and the ones to look at.
            tokens = allowed(masks[0])
            few = rng.sample(tokens, min(len(tokens), 300))
            odd = [
                token for token in few if rules.tokens[token][:1] in b"\n," or rules.tokens[token][0] > 127
            ]
            token = rng.choice(odd if odd and rng.random() < 0.5 else tokens)
            before = len(text.written)
            text.add(token)
            for added in text.written[before:]:  # with what is forced
                assert matcher.accept_token(added)
            looked += 1
        assert text.done is matcher.is_terminated()
    return looked


def test_masks_are_those_of_a_grammar_with_all_bounds_in_it() -> None:
    assert compared(word_tokenizer(), 2048, 60, 200) > 1500


@pytest.mark.long
def test_so_they_are_with_the_vocabulary_of_qwen2(pytestconfig: pytest.Config) -> None:
    assert compared(qwen2_tokenizer(pytestconfig), LOGITS, 8, 40) > 150


@pytest.mark.parametrize(
    ("written", "may", "may_not"),
    [
        (b"name: ", [b"a", b"ab", b"\xc3\xa9", b"\xc2"], [b"\n", b" a", b"abcdef", b"a\n"]),
        (b"name:", [b" ", b" a", b" abcde"], [b" \n", b"  a", b" abcdef", b" a\n"]),
        (b"name: a", [b"b", b"b\n", b"bcde", b" b", b", b"], [b"\n", b"bcdef", b"b\nt"]),
        (b"name: abcde", [b"\n"], [b"f", b"f\n", b" "]),
        ("name: 雨の夜é".encode(), [b"a", b"a\n", b"\xc3", "é".encode()], [b"ab", "éé".encode()]),
        (b"name: abcd\xc3", [b"\xa9", b"\xa9\n"], [b"\xa9a", b"\xa9\xc3"]),
        (b"name: ab\ntags: a", [b",", b"b,", b"bc", b"bc\n"], [b"bcd", b", b", b"bc\n\n#a", b"bcd,"]),
        (b"name: ab\ntags: a,", [b" ", b" a", b" abc", b" a,"], [b"  ", b" ,", b" abcd", b" a, b"]),
        (b"name: ab\n\n# verse\n", [b"a", b"ab\n", b"\n", b"#"], [b" a", b"abcde", b"a\nb"]),
        (b"x: y\n\n# verse\na\n\n# verse\na\n\n#", [b" ", b" e", b" end"], [b" v", b" verse", b" ends"]),
    ],
)  # fmt: skip
def test_a_token_may_end_a_text_but_not_begin_the_next(
    written: bytes, may: list[bytes], may_not: list[bytes]
) -> None:
    position = Position(LIMITS).after(written)
    assert position is not None
    tokens = [*may, *may_not]
    row = torch.full((1,), -1, dtype=torch.int32)
    TokenTable(tokens).narrow(row, position)
    assert [tokens[number] for number in allowed(row) if number < len(tokens)] == may
    assert all(position.after(token) for token in may)
    assert not any(position.after(token) for token in may_not if not reaches_on(token))


def test_no_text_has_a_space_but_the_plain_one() -> None:
    compiled = xgrammar.Grammar.from_ebnf(f"root ::= {MARK}")
    info = xgrammar.TokenizerInfo.from_huggingface(byte_tokenizer())
    grammar = xgrammar.GrammarCompiler(info).compile_grammar(compiled)
    spaces = [sign for sign in map(chr, range(0x3001)) if sign.isspace()]
    accepted = [sign for sign in spaces if xgrammar.GrammarMatcher(grammar).accept_string(sign)]
    assert accepted == [" "]


def test_no_surrogate_is_let_in() -> None:
    """Its bytes are no character: decoded they would be three, past any maximum."""
    tokenizer = byte_tokenizer()
    rules = Grammars(tokenizer, len(tokenizer), {"open": OPEN}).rules("open", LIMITS)
    text = Text(torch.arange(3), rules, 1, 0)
    numbers = {rules.tokens[number]: number for number in range(256)}
    assert b"".join(rules.tokens[token] for token in text.written) == b"name: "  # forced
    text.add(numbers[b"\xed"])
    masks = xgrammar.allocate_token_bitmask(1, len(tokenizer))
    text.allow(masks, 0)
    assert sorted(rules.tokens[number] for number in allowed(masks[0])) == [
        bytes([n]) for n in range(0x80, 0xA0)
    ]
