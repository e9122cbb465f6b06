# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, allow-untyped-decorators
"""``LANES`` float32 at once, for sums whose order is the same by whichever instructions: one sum of every
``LANES``th number, these added by halves, and then what is left over, one by one.

LLVM would make vectors of such loops by itself if it were free to choose the order, and would choose by the
processor.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from music.musicgen.cpu.layout import LANES
from music.musicgen.cpu.loops.intrinsics import F32, I32, splat, widened

_VECTOR = ir.VectorType(F32, LANES)


class _Lanes(types.Type):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__("Lanes")


_LANES = _Lanes()


@register_model(_Lanes)
class _Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


@intrinsic
def nothing(_: Any) -> Any:
    """Zeros."""
    return _LANES(), lambda _context, _builder, _signature, _given: ir.Constant(_VECTOR, None)


@intrinsic
def lanes(_: Any, values: Any, start: Any) -> Any:
    """Those of an array, of float32 or bfloat16's bits, from ``start`` on."""

    def code(context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return widened(builder, _loaded(context, builder, values, *given))

    return _LANES(values, types.int64), code


@intrinsic
def lanes_above(_: Any, values: Any, keys: Any, start: Any, bound: Any) -> Any:
    """``LANES`` of float32 ``values`` from ``start`` on, with 0 for each whose key, int32, is not above
    ``bound``."""

    def code(context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        numbers, key = (
            _loaded(context, builder, kind, array, given[2])
            for kind, array in ((values, given[0]), (keys, given[1]))
        )
        above = builder.icmp_signed(">", key, splat(builder, given[3], LANES))
        return builder.select(above, numbers, ir.Constant(_VECTOR, None))

    return _LANES(values, keys, types.int64, types.int32), code


def _loaded(context: Any, builder: Any, kind: Any, array: Any, start: Any) -> Any:
    place = builder.gep(context.make_array(kind)(context, builder, array).data, [start])
    vector = ir.VectorType(context.get_data_type(kind.dtype), LANES)
    loaded = builder.load(builder.bitcast(place, vector.as_pointer()))
    loaded.align = kind.dtype.bitwidth // 8
    return loaded


@intrinsic
def fused(_: Any, first: Any, second: Any, sums: Any) -> Any:
    """``first * second + sums``."""

    def code(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        shape = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        name = f"llvm.fma.v{LANES}f32"
        return builder.call(cgutils.get_or_insert_function(builder.module, shape, name), given)

    return _LANES(_LANES, _LANES, _LANES), code


@intrinsic
def plus(_: Any, first: Any, second: Any) -> Any:
    """``first + second``."""

    def code(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return builder.fadd(*given)

    return _LANES(_LANES, _LANES), code


@intrinsic
def total(_: Any, sums: Any) -> Any:
    """The sum of all, float32."""

    def code(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        value, width = given[0], LANES
        while width > 1:
            width //= 2
            halves = [
                builder.shuffle_vector(
                    value,
                    ir.Constant(value.type, ir.Undefined),
                    ir.Constant(ir.VectorType(I32, width), list(range(start, start + width))),
                )
                for start in (0, width)
            ]
            value = builder.fadd(*halves)
        return builder.extract_element(value, I32(0))

    return types.float32(_LANES), code
