"""Which of a processor's instructions the loops are made of. One set for a whole process: it is chosen when
the first loop is made, and numba compiles for nothing else from then on."""

from __future__ import annotations

import sys
from functools import cache
from typing import NamedTuple

from config.errors import InvalidRequest

AUTO = "auto"
SETTING = "instructions"


class Instructions(NamedTuple):
    """A set of instructions. The features of processors have LLVM's names."""

    name: str
    needs: frozenset[str]
    leaves: tuple[str, ...]
    """What the features begin with that a processor may have beyond it."""
    lanes: int
    """Numbers of four bytes in a register."""
    bf16_products: bool = False
    int8_products: bool = False


_AVX2 = frozenset({"avx2", "fma"})
_AVX512 = _AVX2 | {"avx512f", "avx512bw", "avx512vl"}
_WIDE = ("avx512", "avx10", "amx")
SETS = (
    Instructions(
        "avx512_bf16",
        _AVX512 | {"avx512vnni", "avx512bf16"},
        (),
        lanes=16,
        bf16_products=True,
        int8_products=True,
    ),
    Instructions("avx512_vnni", _AVX512 | {"avx512vnni"}, ("avx512bf16",), lanes=16, int8_products=True),
    Instructions("avx512", _AVX512, ("avx512bf16", "avx512vnni", "avxvnni"), lanes=16),
    Instructions("avx_vnni", _AVX2 | {"avxvnni"}, _WIDE, lanes=8, int8_products=True),
    Instructions("avx2", _AVX2, (*_WIDE, "avxvnni"), lanes=8),
)
"""The best first."""


def available() -> tuple[Instructions, ...]:
    """Those that this processor has, the best first; none where there are no loops for it."""
    features = _features()
    has = {name for name, there in features.items() if there}
    return tuple(each for each in SETS if each.needs <= has)


class _Chosen:
    """The set that this process has chosen."""

    instructions: Instructions | None = None


def choose(name: str) -> None:
    """Chooses the set of this name for the process. "auto" leaves the choice as it is, or to ``in_use``.

    Raises ``InvalidRequest`` for a set that the processor does not have, or if the process has chosen
    another."""
    if name == AUTO:
        return
    there = {each.name: each for each in available()}
    if name not in there:
        raise InvalidRequest(SETTING, name, f"this processor has: {', '.join((AUTO, *there))}")
    if not _Chosen.instructions:
        _restrict_compiler(there[name], best=next(iter(there.values())))
        _Chosen.instructions = there[name]
    used = _Chosen.instructions.name
    if used != name:
        raise InvalidRequest(SETTING, name, f"this process uses {used} already: set one for all its engines")


def usable() -> Instructions | None:
    """The set that loops would be made of now: that of the process, or the best that the processor has; None
    where there are no loops for it."""
    return _Chosen.instructions or next(iter(available()), None)


def in_use() -> Instructions:
    """``usable``, which is chosen with this. Raises ``RuntimeError`` where there are no loops for this
    processor."""
    chosen = usable()
    if not chosen:
        raise RuntimeError("there are no compiled loops for this processor")
    _Chosen.instructions = chosen
    return chosen


def _restrict_compiler(chosen: Instructions, *, best: Instructions) -> None:
    """Keeps numba from what ``chosen`` leaves. It compiles for all that the processor has by itself."""
    if chosen is best:
        return
    import numba
    from numba.core.registry import cpu_target

    features = _features()
    numba.config.CPU_FEATURES = ",".join(
        f"{'+' if there and not name.startswith(chosen.leaves) else '-'}{name}"
        for name, there in sorted(features.items())
    )
    made_for = cpu_target.target_context.codegen().magic_tuple()[2]
    if made_for != numba.config.CPU_FEATURES:
        raise InvalidRequest(SETTING, chosen.name, "numba has compiled for more in this process already")


@cache
def _features() -> dict[str, bool]:
    """The processor's features in LLVM's names, and whether it has each; empty off x86-64 and Linux."""
    if sys.platform != "linux":
        return {}
    from llvmlite import binding

    return dict(binding.get_host_cpu_features())
