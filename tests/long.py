"""Which cases of a test are ``long``: run by ``make test-all``, and not by ``make test``; and those beyond,
which are run by ``make test-soak`` alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest

SOAK = bool(os.environ.get("SONGWRIGHT_TEST_SOAK"))
"""Set by ``make test-soak``."""


def soak_after(most: int, cases: Iterable[Any]) -> list[Any]:
    """``cases``, of which all after the first ``most`` are for ``make test-soak``."""
    return list(cases) if SOAK else list(cases)[:most]


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
