# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, allow-untyped-decorators
"""Products of a few rows with packed weights, which several threads make together.

Weights are read in the order in which they lie, ``LANES`` outputs side by side, by loops in LLVM's language
around the processor's dot products (VNNI for int8, AVX512-BF16 for bf16). A row's sums are made in an order
that depends on nothing but its width.
"""

from __future__ import annotations

from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from music.musicgen.cpu.layout import COLUMNS, LANES, VECTORS
from music.musicgen.cpu.loops.intrinsics import F32, I32, I64, compiled, prefetched

_LINE = 4 * LANES
"""Bytes of a cache line, and of a vector."""
_HEADER = 2 * _LINE * VECTORS
"""Bytes before a panel of int8: what its sums start with, and what a unit of each output is worth."""
_GROUPS = 4  # of four bytes of inputs in a turn of a loop
_PANEL = VECTORS * LANES  # outputs
_FLOATS, _INTS = ir.VectorType(F32, LANES), ir.VectorType(I32, LANES)

binding.initialize_native_asmparser()  # numba has no inline assembly of its own


def _splat(builder: Any, scalar: Any) -> Any:
    nothing = ir.Constant(ir.VectorType(scalar.type, LANES), ir.Undefined)
    first = builder.insert_element(nothing, scalar, I32(0))
    return builder.shuffle_vector(first, nothing, ir.Constant(_INTS, [0] * LANES))


def _load(builder: Any, address: Any, kind: Any, align: int) -> Any:
    value = builder.load(builder.inttoptr(address, kind.as_pointer()))
    value.align = align
    return value


def _offset(builder: Any, address: Any, stride: Any, count: int) -> Any:
    return builder.add(address, builder.mul(stride, I64(count)))


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
    """Multiplies ``rows`` rows of ``x`` with a panel of so many ``vectors``, into ``out``, float32: all are
    addresses. ``like`` is any array of ``x``'s dtype: float32, uint16 (bfloat16) or uint8. Meanwhile it
    fetches so many cache lines (0 or 1) for each four bytes of inputs from ``coming`` on."""
    rows, vectors, lines = rows.literal_value, vectors.literal_value, lines.literal_value
    kind = like.dtype
    whole = kind == types.uint8
    vector = _INTS if whole else _FLOATS
    operand, word = (_FLOATS, F32) if kind == types.float32 else (_INTS, I32)

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
            _load(builder, builder.add(address, I64(_LINE * number)), kind, _LINE)
            for number in range(vectors)
        ]

    def code(context: Any, builder: Any, _: Any, given: Any) -> Any:
        weight, x, x_bytes, groups, scales, out, out_bytes, coming = given[4:]
        nothing = ir.Constant(vector, [0.0] * LANES)
        starts = beside(builder, weight, _INTS) if whole else [nothing] * vectors
        body = builder.add(weight, I64(2 * _LINE * vectors)) if whole else weight
        sources = [_offset(builder, x, x_bytes, row) for row in range(rows)]
        before, loop = builder.block, builder.append_basic_block("loop")
        after = builder.append_basic_block("after")
        builder.branch(loop)
        builder.position_at_end(loop)
        group = builder.phi(I64)
        group.add_incoming(I64(0), before)
        totals = [[builder.phi(vector) for _ in range(vectors)] for _ in range(rows)]
        sums: list[list[Any]] = [list(row) for row in totals]
        for unrolled in range(_GROUPS):
            here = builder.add(group, I64(unrolled))
            if lines:
                prefetched(builder, _offset(builder, coming, here, _LINE))
            weights = beside(builder, _offset(builder, body, here, _LINE * vectors), operand)
            for row, source in enumerate(sources):
                value = _splat(builder, _load(builder, _offset(builder, source, here, 4), word, 4))
                sums[row] = [
                    added(builder, total, value, each) for total, each in zip(sums[row], weights, strict=True)
                ]
        following = builder.add(group, I64(_GROUPS))
        group.add_incoming(following, loop)
        for row in range(rows):
            for number in range(vectors):
                totals[row][number].add_incoming(starts[number], before)
                totals[row][number].add_incoming(sums[row][number], loop)
        builder.cbranch(builder.icmp_signed("<", following, groups), loop, after)
        builder.position_at_end(after)
        units = beside(builder, builder.add(weight, I64(_LINE * vectors)), _FLOATS) if whole else []
        for row in range(rows):
            into = _offset(builder, out, out_bytes, row)
            for number, made in enumerate(sums[row]):
                value = made
                if whole:
                    scale = _load(builder, builder.add(scales, I64(4 * row)), F32, 4)
                    unit = builder.fmul(units[number], _splat(builder, scale))
                    value = builder.fmul(builder.sitofp(made, _FLOATS), unit)
                end = builder.inttoptr(builder.add(into, I64(_LINE * number)), _FLOATS.as_pointer())
                builder.store(value, end).align = 4
        return context.get_dummy_value()

    counts = [types.literal(count) for count in (rows, vectors, lines)]
    return types.void(*counts, like, *[types.int64] * 8), code


@compiled
def product(matrix, narrow, rows, out, thread):
    """Makes a thread's share of the columns of ``out (rows, outputs)``, and returns where it starts and ends:
    ``matrix`` times the first ``rows`` of ``narrow``."""
    x, scales = narrow.numbers, narrow.scales
    groups = matrix.inputs * x.itemsize // 4
    panel_bytes = groups * _LINE * VECTORS
    if x.itemsize == 1:
        panel_bytes += _HEADER
    shares = matrix.outputs // COLUMNS
    first = shares * thread.number // thread.threads * COLUMNS
    last = shares * (thread.number + 1) // thread.threads * COLUMNS
    step, into_step = x.strides[0], out.strides[0]
    for column in range(first, last, _PANEL):
        panel = matrix.address + column // _PANEL * panel_bytes
        row = 0
        while row < rows:  # as many at a time as there are registers for their sums
            source = x.ctypes.data + row * step
            scale = scales.ctypes.data + row * 4
            into = out.ctypes.data + row * into_step + column * 4
            if row + 16 <= rows:
                # Twice through a panel takes longer than the next one needs to come: half of it each time.
                # With fewer rows the processor fetches as much by itself, and asking for it takes time.
                below, under = source + 8 * step, into + 8 * into_step
                coming = panel + panel_bytes
                dot(8, VECTORS, 1, x, panel, source, step, groups, scale, into, into_step, coming)
                coming += groups * _LINE
                dot(8, VECTORS, 1, x, panel, below, step, groups, scale + 32, under, into_step, coming)
                row += 16
            elif row + 8 <= rows:
                dot(8, VECTORS, 0, x, panel, source, step, groups, scale, into, into_step, 0)
                row += 8
            elif row + 4 <= rows:
                dot(4, VECTORS, 0, x, panel, source, step, groups, scale, into, into_step, 0)
                row += 4
            elif row + 2 <= rows:
                dot(2, VECTORS, 0, x, panel, source, step, groups, scale, into, into_step, 0)
                row += 2
            else:
                dot(1, VECTORS, 0, x, panel, source, step, groups, scale, into, into_step, 0)
                row += 1
    return first, last
