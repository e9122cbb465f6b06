# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, allow-untyped-decorators
"""Attention of one new column for each slot, as two Triton kernels that read each slot to where its song has
come: in parts of ``PART`` columns side by side, whose results are then put together (Flash-Decoding; Dao et
al., 2023).

Where parts and blocks begin depends on nothing but the column: so a song's numbers are the same, bit for bit,
in whatever company it is. The grid covers all slots and parts, and each program reads on the device where its
song is: so one CUDA graph holds the step for all songs. A program without a song, or past its end, reads
nothing else. In Triton's interpreter (``TRITON_INTERPRET=1``) the kernels run on a CPU.
"""

from __future__ import annotations

import math

import torch
import triton  # type: ignore[import-untyped]
import triton.language as tl  # type: ignore[import-untyped]
from torch import Tensor

PART = 256
"""Columns that one program reads: enough for it to be worth its start, and few enough for one song alone to
have work for a whole GPU: at 1,500 columns, musicgen-small's 16 heads and 2 rows make 192 programs."""
BLOCK = 64
"""Columns at a time: 8 kB of keys, at a width of 64 in two bytes."""
_WARPS = 4


@triton.jit
def attend_part(
    queries,
    keys,
    values,
    ends,
    mixed,
    sums,
    tops,
    totals,
    heads,
    slots,
    query_row,
    query_slot,
    columns,
    scale,
    WIDTH: tl.constexpr,
    LANES: tl.constexpr,
    PART: tl.constexpr,
    BLOCK: tl.constexpr,
    ONLY: tl.constexpr,
):
    """One part of one head. Where it is the ``ONLY`` part, it also does what ``join_parts`` does.

    ``sums (heads of all, parts, LANES)`` takes the values weighed by ``exp(score - top)``, ``totals (heads of
    all, parts)`` these weights' sum, and ``tops`` the largest score; all float32.
    """
    place = tl.program_id(0)
    part = tl.program_id(1)
    lanes = tl.arange(0, LANES)
    inside = lanes < WIDTH
    head = place % heads
    slot = (place // heads) % slots
    row = place // (heads * slots)
    first = part * PART
    end = tl.minimum(tl.load(ends + slot).to(tl.int32), first + PART)
    if first < end:
        at = row * query_row + slot * query_slot + head * WIDTH + lanes
        query = tl.load(queries + at, mask=inside, other=0.0).to(tl.float32) * scale
        begin = place.to(tl.int64) * columns * WIDTH
        # The first block is never empty, so ``top`` is a number before it is subtracted from another.
        top = -float("inf")
        total = 0.0
        weighed = tl.zeros([LANES], tl.float32)
        for start in range(first, end, BLOCK):
            there = start + tl.arange(0, BLOCK)
            where = begin + there[:, None] * WIDTH + lanes[None, :]
            seen = (there < end)[:, None] & inside[None, :]
            key = tl.load(keys + where, mask=seen, other=0.0).to(tl.float32)
            value = tl.load(values + where, mask=seen, other=0.0).to(tl.float32)
            scores = tl.where(there < end, tl.sum(query[None, :] * key, axis=1), -float("inf"))
            higher = tl.maximum(top, tl.max(scores, axis=0))
            fading = tl.exp(top - higher)
            weights = tl.exp(scores - higher)
            total = total * fading + tl.sum(weights, axis=0)
            weighed = weighed * fading + tl.sum(weights[:, None] * value, axis=0)
            top = higher
        if ONLY:
            result = (weighed / total).to(mixed.dtype.element_ty)
            tl.store(mixed + place * WIDTH + lanes, result, mask=inside)
        else:
            into = place * tl.num_programs(1) + part
            tl.store(sums + into * LANES + lanes, weighed)
            tl.store(tops + into, top)
            tl.store(totals + into, total)
    elif ONLY:
        nothing = tl.zeros([LANES], mixed.dtype.element_ty)
        tl.store(mixed + place * WIDTH + lanes, nothing, mask=inside)


@triton.jit
def join_parts(
    sums,
    tops,
    totals,
    ends,
    mixed,
    heads,
    slots,
    parts,
    WIDTH: tl.constexpr,
    LANES: tl.constexpr,
    PART: tl.constexpr,
    PARTS: tl.constexpr,
):
    """What the parts of one head come to, in ``mixed (heads of all, WIDTH)``; of a free slot zeros. ``PARTS``
    is ``parts`` or the next power of two."""
    place = tl.program_id(0)
    slot = (place // heads) % slots
    end = tl.load(ends + slot).to(tl.int32)
    lanes = tl.arange(0, LANES)
    each = tl.arange(0, PARTS)
    made = each * PART < end
    at = place * parts + each
    top = tl.load(tops + at, mask=made, other=-float("inf"))
    highest = tl.maximum(tl.max(top, axis=0), -1e38)  # a free slot has none
    weights = tl.exp(top - highest)
    total = tl.sum(weights * tl.load(totals + at, mask=made, other=0.0), axis=0)
    where = at[:, None] * LANES + lanes[None, :]
    weighed = tl.load(sums + where, mask=made[:, None] & (lanes < WIDTH)[None, :], other=0.0)
    result = tl.sum(weights[:, None] * weighed, axis=0) / tl.where(end > 0, total, 1.0)
    tl.store(mixed + place * WIDTH + lanes, result.to(mixed.dtype.element_ty), mask=lanes < WIDTH)


class Reading:
    """``Attend`` by these kernels."""

    def __init__(self, ends: Tensor, columns: int, dtype: torch.dtype) -> None:
        self._ends = ends
        self._columns = columns

    def __call__(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        rows, slots, heads, width = queries.shape
        assert keys.is_contiguous()
        assert values.is_contiguous()
        assert queries.stride()[2:] == (width, 1)
        lanes, parts = triton.next_power_of_2(width), -(-self._columns // PART)
        places = rows * slots * heads
        mixed = torch.empty(queries.shape, dtype=queries.dtype, device=queries.device)
        sums = torch.empty(places, parts, lanes, device=queries.device)
        tops, totals = torch.empty(2, places, parts, device=queries.device)
        attend_part[(places, parts)](
            queries,
            keys,
            values,
            self._ends,
            mixed,
            sums,
            tops,
            totals,
            heads,
            slots,
            queries.stride(0),
            queries.stride(1),
            self._columns,
            1.0 / math.sqrt(width),
            WIDTH=width,
            LANES=lanes,
            PART=PART,
            BLOCK=BLOCK,
            ONLY=parts == 1,
            num_warps=_WARPS,
        )
        if parts == 1:
            return mixed
        join_parts[(places,)](
            sums,
            tops,
            totals,
            self._ends,
            mixed,
            heads,
            slots,
            parts,
            WIDTH=width,
            LANES=lanes,
            PART=PART,
            PARTS=triton.next_power_of_2(parts),
            num_warps=1,
        )
        return mixed
