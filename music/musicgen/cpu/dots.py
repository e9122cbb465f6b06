"""Products of a few rows with packed weights, which several threads make together: what ``kernels`` is built
of.

Weights are read in the order they lie in, ``LANES`` outputs side by side, by loops written in LLVM's language
around the processor's dot products (VNNI for int8, AVX512-BF16 for bf16), which numba compiles for the
machine they run on. A row's sums are made in an order that depends on nothing but its width.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from music.musicgen.cpu.layout import COLUMNS, LANES, VECTORS

_LINE = 4 * LANES
"""Bytes of a cache line, and of a vector."""
_HEADER = 2 * _LINE * VECTORS
"""Bytes before a panel of int8: what its sums start with, and the worth of their units."""
_GROUPS = 4  # of four bytes of inputs in a turn of a loop
_LINGERING = 50_000  # likewise, some 1.5 milliseconds
_PATIENCE = 1000  # turns of a waiting thread, some 30 microseconds

_F32, _I32, _I64, _I8 = ir.FloatType(), ir.IntType(32), ir.IntType(64), ir.IntType(8)
_FLOATS, _INTS = ir.VectorType(_F32, LANES), ir.VectorType(_I32, LANES)

binding.initialize_native_asmparser()  # numba has no inline assembly of its own


def _sources() -> str:
    """What the loops are made of, in a few letters."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


_SOURCES = _sources()


def compiled(function: Any) -> Any:
    """For the machine it runs on, when it is first called; kept for later processes where there is a folder
    to keep it in."""
    freely = {"reassoc", "contract", "nsz", "nnan"}
    try:
        loop = njit(function, nogil=True, error_model="numpy", fastmath=freely, cache=True)
    except RuntimeError:  # there is none
        return njit(function, nogil=True, error_model="numpy", fastmath=freely)
    # numba itself looks at the date of the file with the function, and not of those with what it calls.
    loop._cache._cache_file._source_stamp = _SOURCES
    return loop


def _splat(builder: Any, scalar: Any) -> Any:
    nothing = ir.Constant(ir.VectorType(scalar.type, LANES), ir.Undefined)
    first = builder.insert_element(nothing, scalar, _I32(0))
    return builder.shuffle_vector(first, nothing, ir.Constant(_INTS, [0] * LANES))


def _load(builder: Any, address: Any, kind: Any, align: int) -> Any:
    value = builder.load(builder.inttoptr(address, kind.as_pointer()))
    value.align = align
    return value


def _offset(builder: Any, address: Any, stride: Any, count: int) -> Any:
    return builder.add(address, builder.mul(stride, _I64(count)))


@intrinsic(prefer_literal=True)
def dot(
    _: Any,
    rows: Any,
    vectors: Any,
    lines: Any,
    like: Any,
    weight: Any,
    x: Any,
    x_bytes: Any,
    groups: Any,
    scales: Any,
    out: Any,
    out_bytes: Any,
    coming: Any,
) -> Any:
    """Of ``rows`` rows of ``x`` the dot products with a panel of so many ``vectors``, into ``out``, float32;
    all by their addresses. ``like``'s type says what numbers ``x`` is made of: float32, uint16 (bfloat16) or
    uint8. Meanwhile so many cache lines (0 or 1) for each four bytes of inputs are fetched from ``coming``
    on."""
    rows, vectors, lines = rows.literal_value, vectors.literal_value, lines.literal_value
    kind = like.dtype
    whole = kind == types.uint8
    vector = _INTS if whole else _FLOATS
    operand, word = (_FLOATS, _F32) if kind == types.float32 else (_INTS, _I32)

    def added(builder: Any, total: Any, x: Any, weight: Any) -> Any:
        if kind == types.float32:
            fma = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(_FLOATS, [_FLOATS] * 3), f"llvm.fma.v{LANES}f32"
            )
            return builder.call(fma, [weight, x, total])
        name = "vpdpbusd" if whole else "vdpbf16ps"
        shape = ir.FunctionType(vector, [vector, _INTS, _INTS])
        return builder.asm(shape, f"{name} $3, $2, $0", "=v,0,v,v", [total, x, weight], side_effect=False)

    def beside(builder: Any, address: Any, kind: Any) -> list[Any]:
        return [
            _load(builder, builder.add(address, _I64(_LINE * number)), kind, _LINE)
            for number in range(vectors)
        ]

    def code(context: Any, builder: Any, _: Any, given: Any) -> Any:
        weight, x, x_bytes, groups, scales, out, out_bytes, coming = given[4:]
        nothing = ir.Constant(vector, [0.0] * LANES)
        starts = beside(builder, weight, _INTS) if whole else [nothing] * vectors
        body = builder.add(weight, _I64(2 * _LINE * vectors)) if whole else weight
        sources = [_offset(builder, x, x_bytes, row) for row in range(rows)]
        before, loop = builder.block, builder.append_basic_block("loop")
        after = builder.append_basic_block("after")
        builder.branch(loop)
        builder.position_at_end(loop)
        group = builder.phi(_I64)
        group.add_incoming(_I64(0), before)
        totals = [[builder.phi(vector) for _ in range(vectors)] for _ in range(rows)]
        sums: list[list[Any]] = [list(row) for row in totals]
        for unrolled in range(_GROUPS):
            here = builder.add(group, _I64(unrolled))
            if lines:
                _fetched(builder, _offset(builder, coming, here, _LINE))
            weights = beside(builder, _offset(builder, body, here, _LINE * vectors), operand)
            for row, source in enumerate(sources):
                value = _splat(builder, _load(builder, _offset(builder, source, here, 4), word, 4))
                sums[row] = [
                    added(builder, total, value, each) for total, each in zip(sums[row], weights, strict=True)
                ]
        following = builder.add(group, _I64(_GROUPS))
        group.add_incoming(following, loop)
        for row in range(rows):
            for number in range(vectors):
                totals[row][number].add_incoming(starts[number], before)
                totals[row][number].add_incoming(sums[row][number], loop)
        builder.cbranch(builder.icmp_signed("<", following, groups), loop, after)
        builder.position_at_end(after)
        units = beside(builder, builder.add(weight, _I64(_LINE * vectors)), _FLOATS) if whole else []
        for row in range(rows):
            into = _offset(builder, out, out_bytes, row)
            for number, made in enumerate(sums[row]):
                value = made
                if whole:
                    scale = _load(builder, builder.add(scales, _I64(4 * row)), _F32, 4)
                    unit = builder.fmul(units[number], _splat(builder, scale))
                    value = builder.fmul(builder.sitofp(made, _FLOATS), unit)
                end = builder.inttoptr(builder.add(into, _I64(_LINE * number)), _FLOATS.as_pointer())
                builder.store(value, end).align = 4
        return context.get_dummy_value()

    counts = [types.literal(count) for count in (rows, vectors, lines)]
    return types.void(*counts, like, *[types.int64] * 8), code


@intrinsic
def float_of(_: Any, bits: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return builder.bitcast(given[0], _F32)

    return types.float32(types.int32), code


@intrinsic
def wide(_: Any, number: Any) -> Any:
    """A number as caches keep it, float32 or bfloat16's bits (uint16), as float32."""

    def code(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        if number == types.float32:
            return given[0]
        return builder.bitcast(builder.shl(builder.zext(given[0], _I32), _I32(16)), _F32)

    return types.float32(number), code


@intrinsic
def pointer(_: Any, address: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return builder.inttoptr(given[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), code


def _fetched(builder: Any, address: Any) -> Any:
    shape = ir.FunctionType(ir.VoidType(), [_I8.as_pointer(), _I32, _I32, _I32])
    fetching = cgutils.get_or_insert_function(builder.module, shape, "llvm.prefetch.p0")
    place = builder.inttoptr(address, _I8.as_pointer())
    # Into the second of its caches: for the first, few lines can be under way at a time.
    return builder.call(fetching, [place, _I32(0), _I32(2), _I32(1)])


@intrinsic
def fetch(_: Any, address: Any) -> Any:
    """Has what is at an address brought near, if it is anything."""

    def code(context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        _fetched(builder, given[0])
        return context.get_dummy_value()

    return types.void(types.int64), code


@intrinsic
def _count(_: Any, address: Any) -> Any:
    """Adds 1 to the number at ``address``."""

    def code(context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        builder.atomic_rmw("add", builder.inttoptr(given[0], _I64.as_pointer()), _I64(1), "acq_rel")
        return context.get_dummy_value()

    return types.void(types.int64), code


@intrinsic
def _counted(_: Any, address: Any) -> Any:
    """The number at ``address``, after a short rest."""

    def code(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        builder.asm(ir.FunctionType(ir.VoidType(), []), "pause", "", [], side_effect=True)
        return builder.load_atomic(builder.inttoptr(given[0], _I64.as_pointer()), "acquire", 8)

    return types.int64(types.int64), code


@intrinsic
def _yield(_: Any) -> Any:
    """Lets another thread have this one's core."""

    def code(context: Any, builder: Any, _signature: Any, _given: Any) -> Any:
        builder.call(
            cgutils.get_or_insert_function(builder.module, ir.FunctionType(_I32, []), "sched_yield"), []
        )
        return context.get_dummy_value()

    return types.void(), code


@compiled
def barrier(counter, target, threads):
    """Waits until all threads are here, which have counted ``counter``, an address, up to ``target`` before.
    They are soon, unless one has lost its core to somebody else, who may well be waiting for this one.
    Answers what it has been counted up to."""
    target += threads
    _count(counter)
    turns = 0
    while _counted(counter) < target:
        turns += 1
        if turns > _PATIENCE:
            _yield()
    return target


@compiled
def spin_wait(asked, target):
    """Stays awake for a while, or until the number at ``asked``, an address, is ``target``: to wake up a
    thread takes longer than there is between two steps."""
    turns = 0
    while _counted(asked) < target and turns < _LINGERING:
        turns += 1
        if turns > _PATIENCE:
            _yield()


@compiled
def product(weight, outputs, groups, x, scales, rows, out, thread, threads):
    """A thread's share of the columns of ``out (rows, outputs)``, which are answered: from, up to. ``weight``
    is an address; ``groups`` is how many times four bytes of a row of ``x`` count, and ``scales`` are its
    rows' in int8."""
    panel_bytes = groups * _LINE * VECTORS
    if x.itemsize == 1:
        panel_bytes += _HEADER
    shares = outputs // COLUMNS
    first, last = shares * thread // threads * COLUMNS, shares * (thread + 1) // threads * COLUMNS
    for column in range(first, last, VECTORS * LANES):
        panel = weight + column // (VECTORS * LANES) * panel_bytes
        row = 0
        while row < rows:  # as many at a time as there are registers for their sums
            source = x.ctypes.data + row * x.strides[0]
            scale = scales.ctypes.data + row * 4
            into = out.ctypes.data + row * out.strides[0] + column * 4
            if row + 16 <= rows:
                # Twice through a panel takes longer than the next one needs to come: half of it each time.
                # With fewer rows the processor fetches as much by itself, and to ask for it takes time.
                half, below, under = groups * _LINE, source + 8 * x.strides[0], into + 8 * out.strides[0]
                coming = panel + panel_bytes
                dot(
                    8, VECTORS, 1, x, panel, source, x.strides[0], groups, scale, into, out.strides[0], coming
                )
                scale, coming = scale + 32, coming + half
                dot(
                    8, VECTORS, 1, x, panel, below, x.strides[0], groups, scale, under, out.strides[0], coming
                )
                row += 16
            elif row + 8 <= rows:
                dot(8, VECTORS, 0, x, panel, source, x.strides[0], groups, scale, into, out.strides[0], 0)
                row += 8
            elif row + 4 <= rows:
                dot(4, VECTORS, 0, x, panel, source, x.strides[0], groups, scale, into, out.strides[0], 0)
                row += 4
            elif row + 2 <= rows:
                dot(2, VECTORS, 0, x, panel, source, x.strides[0], groups, scale, into, out.strides[0], 0)
                row += 2
            else:
                dot(1, VECTORS, 0, x, panel, source, x.strides[0], groups, scale, into, out.strides[0], 0)
                row += 1
    return first, last
