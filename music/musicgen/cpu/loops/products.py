# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, allow-untyped-decorators
"""Products of a few rows with packed weights, which several threads make together.

Weights are read in the order in which they lie, ``LANES`` outputs side by side, by loops in LLVM's language
around ``multiplying``. A row's sums are made in an order that depends on nothing but its width.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from music.musicgen.cpu.instructions import in_use
from music.musicgen.cpu.layout import COLUMNS, LANES, VECTORS
from music.musicgen.cpu.loops.intrinsics import F32, I64, compiled, prefetched, splat
from music.musicgen.cpu.loops.multiplying import Multiplying, multiplying

_LINE = 4 * LANES
"""Bytes of a cache line, and of ``LANES`` numbers of four bytes."""
_HEADER = 2 * _LINE * VECTORS
"""Bytes before a panel of int8: what its sums start with, and what a unit of each output is worth."""
_GROUPS = 4  # of four bytes of inputs in a turn of a loop
_PANEL = VECTORS * LANES  # outputs


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
    way = multiplying(like.dtype, in_use())
    registers = vectors * LANES // way.lanes
    most = way.most_sums // registers

    def code(context: Any, builder: Any, _: Any, given: Any) -> Any:
        panel = _Panel(way, registers, *given[4:])
        for first in range(0, rows, most):
            panel.multiply(builder, range(first, min(first + most, rows)), fetches=first == 0 and lines > 0)
        return context.get_dummy_value()

    counts = [types.literal(count) for count in (rows, vectors, lines)]
    return types.void(*counts, like, *[types.int64] * 8), code


class _Panel(NamedTuple):
    """LLVM's values of what ``dot`` is given."""

    way: Multiplying
    registers: int
    """As many as hold its outputs."""
    weight: Any
    x: Any
    x_bytes: Any
    groups: Any
    scales: Any
    out: Any
    out_bytes: Any
    coming: Any

    def multiply(self, builder: Any, rows: range, *, fetches: bool) -> None:
        """One loop over the inputs of these rows, and their sums into ``out``."""
        way, body = self.way, self.weight
        starts, units = [ir.Constant(way.sums, None)] * self.registers, list[Any]()
        if way.whole:
            floats = ir.VectorType(F32, way.lanes)
            starts = self._beside(builder, body, way.sums) if way.begins_at else starts
            units = self._beside(builder, builder.add(body, I64(self._turn_bytes)), floats)
            body = builder.add(body, I64(2 * self._turn_bytes))
        sources = [_offset(builder, self.x, self.x_bytes, row) for row in rows]
        before, loop = builder.block, builder.append_basic_block("loop")
        after = builder.append_basic_block("after")
        builder.branch(loop)
        builder.position_at_end(loop)
        group = builder.phi(I64)
        group.add_incoming(I64(0), before)
        totals = [[builder.phi(way.sums) for _ in range(self.registers)] for _ in rows]
        sums: list[list[Any]] = [list(row) for row in totals]
        for unrolled in range(_GROUPS):
            here = builder.add(group, I64(unrolled))
            if fetches:
                prefetched(builder, _offset(builder, self.coming, here, _LINE))
            weights = self._beside(builder, _offset(builder, body, here, self._turn_bytes), way.weights)
            words = [_load(builder, _offset(builder, source, here, 4), way.word, 4) for source in sources]
            # What are fewer is kept in registers, and the others come one by one.
            if len(words) <= len(weights):
                inputs = [way.inputs(builder, word) for word in words]
                for number, each in enumerate(weights):
                    part = way.parts(builder, each)
                    for of_row, value in zip(sums, inputs, strict=True):
                        of_row[number] = way.add(builder, of_row[number], value, part)
            else:
                parts = [way.parts(builder, each) for each in weights]
                for of_row, word in zip(sums, words, strict=True):
                    value = way.inputs(builder, word)
                    of_row[:] = [
                        way.add(builder, total, value, part)
                        for total, part in zip(of_row, parts, strict=True)
                    ]
        following = builder.add(group, I64(_GROUPS))
        group.add_incoming(following, loop)
        for row in range(len(rows)):
            for number in range(self.registers):
                totals[row][number].add_incoming(starts[number], before)
                totals[row][number].add_incoming(sums[row][number], loop)
        builder.cbranch(builder.icmp_signed("<", following, self.groups), loop, after)
        builder.position_at_end(after)
        for row, made in zip(rows, sums, strict=True):
            self._store(builder, row, self._scaled(builder, row, made, units) if units else made)

    @property
    def _turn_bytes(self) -> int:
        """Of four bytes of inputs."""
        return 4 * self.way.lanes * self.registers

    def _beside(self, builder: Any, address: Any, kind: Any) -> list[Any]:
        size = 4 * self.way.lanes
        places = [builder.add(address, I64(size * number)) for number in range(self.registers)]
        return [_load(builder, place, kind, size) for place in places]

    def _scaled(self, builder: Any, row: int, sums: list[Any], units: list[Any]) -> list[Any]:
        scale = _load(builder, builder.add(self.scales, I64(4 * row)), F32, 4)
        every = splat(builder, scale, self.way.lanes)
        return [
            builder.fmul(builder.sitofp(total, unit.type), builder.fmul(unit, every))
            for total, unit in zip(sums, units, strict=True)
        ]

    def _store(self, builder: Any, row: int, values: list[Any]) -> None:
        into = _offset(builder, self.out, self.out_bytes, row)
        for number, value in enumerate(values):
            place = builder.add(into, I64(4 * self.way.lanes * number))
            builder.store(value, builder.inttoptr(place, value.type.as_pointer())).align = 4


@compiled
def share(count, thread):
    """Where a thread's part of so many begins and ends."""
    return count * thread.number // thread.threads, count * (thread.number + 1) // thread.threads


@compiled
def product(matrix, narrow, rows, out, thread):
    """Makes a thread's share of the columns of ``out (rows, outputs)``, and returns where it starts and ends:
    ``matrix`` times the first ``rows`` of ``narrow``."""
    x, scales = narrow.numbers, narrow.scales
    groups = matrix.inputs * x.itemsize // 4
    panel_bytes = groups * _LINE * VECTORS
    if x.itemsize == 1:
        panel_bytes += _HEADER
    first, last = share(matrix.outputs // COLUMNS, thread)
    first, last = first * COLUMNS, last * COLUMNS
    step, into_step = x.strides[0], out.strides[0]
    for column in range(first, last, _PANEL):
        panel = matrix.address + column // _PANEL * panel_bytes
        row = 0
        while row < rows:
            source = x.ctypes.data + row * step
            scale = scales.ctypes.data + row * 4
            into = out.ctypes.data + row * into_step + column * 4
            left = rows - row
            if row - row % 16 + 16 <= rows:
                # Twice through a panel takes longer than the next one needs to come: half of it each time.
                # With fewer rows the processor fetches as much by itself, and asking for it takes time.
                coming = panel + panel_bytes + row % 16 // 8 * groups * _LINE
                dot(8, VECTORS, 1, x, panel, source, step, groups, scale, into, into_step, coming)
                row += 8
            elif left >= 8:
                dot(8, VECTORS, 0, x, panel, source, step, groups, scale, into, into_step, 0)
                row += 8
            elif left >= 4:
                dot(4, VECTORS, 0, x, panel, source, step, groups, scale, into, into_step, 0)
                row += 4
            elif left >= 2:
                dot(2, VECTORS, 0, x, panel, source, step, groups, scale, into, into_step, 0)
                row += 2
            else:
                dot(1, VECTORS, 0, x, panel, source, step, groups, scale, into, into_step, 0)
                row += 1
    return first, last
