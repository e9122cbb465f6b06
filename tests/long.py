"""Which cases of a test are ``long``: run by ``make test-all``, and not by ``make test``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def short_if(short: Callable[[Any], bool], cases: Iterable[Any]) -> list[Any]:
    """``cases`` for ``parametrize``, in their order; those that are not ``short`` have the mark ``long``. A
    tuple has a value for each argument's name."""
    found = []
    for case in cases:
        values = case if isinstance(case, tuple) else (case,)
        found.append(pytest.param(*values, marks=() if short(case) else pytest.mark.long))
    return found


def few_first(few: int, cases: Iterable[Any]) -> list[Any]:
    """``cases`` for ``parametrize``, of which all after the first ``few`` have the mark ``long``."""
    listed = list(cases)
    return short_if(lambda case: listed.index(case) < few, listed)
