# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, allow-untyped-decorators
"""How the loops are compiled, what they do that numba has no word for, and how their threads wait for each
other."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from music.musicgen.cpu.instructions import in_use

F32, I32, I64, I8 = ir.FloatType(), ir.IntType(32), ir.IntType(64), ir.IntType(8)
_AWAKE = 50_000  # turns of a thread that waits for its next loop, some 1.5 milliseconds
_PATIENCE = 1000  # turns of a waiting thread before it yields, some 30 microseconds


def _sources() -> str:
    """A digest of all files that the loops are made of."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


_SOURCES = _sources()


def compiled(function: Any) -> Any:
    """Compiles a function for this machine when it is first called. Later processes load the result, where
    there is a folder to keep it in."""
    in_use()  # before numba sees what there is
    # With "reassoc" the order of sums would be another on each kind of processor: see ``lanes``.
    freely = {"contract", "nsz", "nnan"}
    try:
        loop = njit(function, nogil=True, error_model="numpy", fastmath=freely, cache=True)
    except RuntimeError:  # there is none
        return njit(function, nogil=True, error_model="numpy", fastmath=freely)
    # numba itself looks at the date of the function's own file, and not of the files with what it calls.
    loop._cache._cache_file._source_stamp = _SOURCES
    return loop


@intrinsic
def float_of(_: Any, bits: Any) -> Any:
    """The float32 that has these 32 bits."""

    def code(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return builder.bitcast(given[0], F32)

    return types.float32(types.int32), code


def splat(builder: Any, scalar: Any, lanes: int) -> Any:
    """A register of as many times the same number."""
    nothing = ir.Constant(ir.VectorType(scalar.type, lanes), ir.Undefined)
    first = builder.insert_element(nothing, scalar, I32(0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(I32, lanes), [0] * lanes))


def widened(builder: Any, numbers: Any) -> Any:
    """Code that makes float32 of one or a vector of float32 or bfloat16's bits."""
    kind = numbers.type
    count = kind.count if isinstance(kind, ir.VectorType) else 0
    if F32 in (kind, kind.element if count else None):
        return numbers
    whole, floats = (ir.VectorType(part, count) if count else part for part in (I32, F32))
    shift = ir.Constant(whole, [16] * count if count else 16)
    return builder.bitcast(builder.shl(builder.zext(numbers, whole), shift), floats)


@intrinsic
def wide(_: Any, number: Any) -> Any:
    """A number of a cache, float32 or bfloat16's bits (uint16), as float32."""

    def code(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return widened(builder, given[0])

    return types.float32(number), code


@intrinsic
def pointer(_: Any, address: Any) -> Any:
    """An address as numba's ``carray`` takes it."""

    def code(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return builder.inttoptr(given[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), code


def prefetched(builder: Any, address: Any) -> Any:
    """Code that fetches the cache line at ``address``."""
    shape = ir.FunctionType(ir.VoidType(), [I8.as_pointer(), I32, I32, I32])
    fetching = cgutils.get_or_insert_function(builder.module, shape, "llvm.prefetch.p0")
    place = builder.inttoptr(address, I8.as_pointer())
    # Into the second level: the first can have few lines under way at a time.
    return builder.call(fetching, [place, I32(0), I32(2), I32(1)])


@intrinsic
def fetch(_: Any, address: Any) -> Any:
    """Fetches the cache line at an address, which need not be valid."""

    def code(context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        prefetched(builder, given[0])
        return context.get_dummy_value()

    return types.void(types.int64), code


@intrinsic
def _count(_: Any, address: Any) -> Any:
    """Adds 1 to the number at ``address``."""

    def code(context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        builder.atomic_rmw("add", builder.inttoptr(given[0], I64.as_pointer()), I64(1), "acq_rel")
        return context.get_dummy_value()

    return types.void(types.int64), code


@intrinsic
def _counted(_: Any, address: Any) -> Any:
    """The number at ``address``, after a short rest."""

    def code(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        builder.asm(ir.FunctionType(ir.VoidType(), []), "pause", "", [], side_effect=True)
        return builder.load_atomic(builder.inttoptr(given[0], I64.as_pointer()), "acquire", 8)

    return types.int64(types.int64), code


@intrinsic
def _yield(_: Any) -> Any:
    """Lets another thread have this one's core."""

    def code(context: Any, builder: Any, _signature: Any, _given: Any) -> Any:
        builder.call(
            cgutils.get_or_insert_function(builder.module, ir.FunctionType(I32, []), "sched_yield"), []
        )
        return context.get_dummy_value()

    return types.void(), code


@compiled
def barrier(thread, counted):
    """Waits until all threads are here; returns how far they have counted then. ``counted``: how far they had
    before. A thread that has lost its core is late, and may need this one's."""
    target = counted + thread.threads
    _count(thread.counter)
    turns = 0
    while _counted(thread.counter) < target:
        turns += 1
        if turns > _PATIENCE:
            _yield()
    return target


@compiled
def spin_wait(address, target):
    """Waits a while, or until the number at ``address`` is ``target``: to wake a thread up takes longer than
    there is between two steps."""
    turns = 0
    while _counted(address) < target and turns < _AWAKE:
        turns += 1
        if turns > _PATIENCE:
            _yield()
