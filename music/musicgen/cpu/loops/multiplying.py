# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, allow-untyped-decorators
"""How four bytes of a row's inputs are multiplied with weights and added to the sums of some outputs, by the
instructions that this process uses.

With any of them the sums are the same, bit for bit. Those of int8 are exact. The processor's own product of
two bfloat16 is two fused ones of float32, first that of the odd input; only a number below 1e-38 is 0 to it.
"""

from __future__ import annotations

from typing import Any, Protocol

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils

from music.musicgen.cpu.instructions import Instructions
from music.musicgen.cpu.loops.intrinsics import F32, I8, I32, splat

binding.initialize_native_asmparser()  # numba has no inline assembly of its own

_I16 = ir.IntType(16)


class Multiplying(Protocol):
    """LLVM's instructions for it. A value of theirs is of one register."""

    lanes: int
    """Outputs in a register."""
    sums: Any
    """The type of a register of sums."""
    weights: Any
    """The type of a register of weights."""
    word: Any
    """The type of four bytes of inputs."""
    most_sums: int
    """Registers of sums for which there is room beside the rest."""
    whole: bool
    """Whether sums are whole numbers, of int8."""
    begins_at: bool
    """Whether these begin at what their panel has for inputs with 128 for 0, and not at 0."""

    def inputs(self, builder: Any, word: Any) -> Any:
        """A row's four bytes, as all outputs of a register take them."""

    def parts(self, builder: Any, weights: Any) -> Any:
        """A register of weights, as all rows take it."""

    def add(self, builder: Any, sums: Any, inputs: Any, parts: Any) -> Any:
        """``sums`` with the products added."""


def multiplying(dtype: Any, instructions: Instructions) -> Multiplying:
    """By numba's dtype of the inputs: float32, uint16 (bfloat16) or uint8."""
    if dtype == types.float32:
        return _Floats(instructions)
    if dtype == types.uint16:
        return _Bfloats(instructions) if instructions.bf16_products else _WidenedBfloats(instructions)
    return _Bytes(instructions) if instructions.int8_products else _SignedBytes(instructions)


class _Floats:
    """float32."""

    word: Any = F32
    whole = begins_at = False

    def __init__(self, instructions: Instructions) -> None:
        self.lanes, self.most_sums = instructions.lanes, instructions.lanes
        self.sums = self.weights = ir.VectorType(F32, self.lanes)

    def inputs(self, builder: Any, word: Any) -> Any:
        return splat(builder, word, self.lanes)

    def parts(self, builder: Any, weights: Any) -> Any:
        return weights

    def add(self, builder: Any, sums: Any, inputs: Any, parts: Any) -> Any:
        fused = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(self.sums, [self.sums] * 3), f"llvm.fma.v{self.lanes}f32"
        )
        return builder.call(fused, [parts, inputs, sums])


class _WidenedBfloats(_Floats):
    """Pairs of bfloat16, each of which becomes a float32 in a register."""

    word = I32

    def __init__(self, instructions: Instructions) -> None:
        super().__init__(instructions)
        self.weights = ir.VectorType(I32, self.lanes)

    def inputs(self, builder: Any, word: Any) -> Any:
        return self.parts(builder, splat(builder, word, self.lanes))

    def parts(self, builder: Any, weights: Any) -> Any:
        upper, shift = (ir.Constant(self.weights, [number] * self.lanes) for number in (-(1 << 16), 16))
        odd, even = builder.and_(weights, upper), builder.shl(weights, shift)
        return [builder.bitcast(half, self.sums) for half in (odd, even)]

    def add(self, builder: Any, sums: Any, inputs: Any, parts: Any) -> Any:
        for x, weights in zip(inputs, parts, strict=True):
            sums = super().add(builder, sums, x, weights)
        return sums


class _Processors:
    """Words that an instruction of the processor takes whole."""

    word: Any = I32
    whole = begins_at = False
    _assembly: str

    def __init__(self, instructions: Instructions, kind: Any) -> None:
        self.lanes, self.most_sums = instructions.lanes, instructions.lanes
        self.sums, self.weights = ir.VectorType(kind, self.lanes), ir.VectorType(I32, self.lanes)
        # Of AVX-VNNI's instructions, AVX-512's twins must be told apart.
        self._prefix, self._register = ("", "v") if self.lanes == 16 else ("{vex} ", "x")

    def inputs(self, builder: Any, word: Any) -> Any:
        return splat(builder, word, self.lanes)

    def parts(self, builder: Any, weights: Any) -> Any:
        return weights

    def add(self, builder: Any, sums: Any, inputs: Any, parts: Any) -> Any:
        shape = ir.FunctionType(self.sums, [self.sums, self.weights, self.weights])
        code, register = f"{self._prefix}{self._assembly} $3, $2, $0", self._register
        places = f"={register},0,{register},{register}"
        return builder.asm(shape, code, places, [sums, inputs, parts], side_effect=False)


class _Bfloats(_Processors):
    """Pairs of bfloat16, by AVX512-BF16."""

    _assembly = "vdpbf16ps"

    def __init__(self, instructions: Instructions) -> None:
        super().__init__(instructions, F32)


class _Bytes(_Processors):
    """Fours of int8, by VNNI, which takes inputs that have 128 for 0."""

    whole = begins_at = True
    _assembly = "vpdpbusd"

    def __init__(self, instructions: Instructions) -> None:
        super().__init__(instructions, I32)


class _SignedBytes:
    """Fours of int8, by AVX2. Its product of bytes takes one of them without a sign, and adds neighbours in
    16 bits: so inputs give their signs to the weights, and no sum is beyond 2 * 127 * 127."""

    lanes = most_sums = 8  # there is no vpsignb for AVX-512's registers
    word: Any = I32
    whole, begins_at = True, False
    sums: Any = ir.VectorType(I32, lanes)
    weights: Any = ir.VectorType(I32, lanes)
    _bytes = ir.VectorType(I8, 4 * lanes)
    _pairs = ir.VectorType(_I16, 2 * lanes)

    def __init__(self, _: Instructions) -> None:
        pass

    def inputs(self, builder: Any, word: Any) -> Any:
        zero = ir.Constant(self._bytes, [-128] * (4 * self.lanes))
        signed = builder.xor(builder.bitcast(splat(builder, word, self.lanes), self._bytes), zero)
        no_poison = ir.Constant(ir.IntType(1), 0)
        positive = self._call(builder, "llvm.abs.v32i8", self._bytes, signed, no_poison)
        return signed, positive

    def parts(self, builder: Any, weights: Any) -> Any:
        return builder.bitcast(weights, self._bytes)

    def add(self, builder: Any, sums: Any, inputs: Any, parts: Any) -> Any:
        signed, positive = inputs
        turned = self._call(builder, "llvm.x86.avx2.psign.b", self._bytes, parts, signed)
        pairs = self._call(builder, "llvm.x86.avx2.pmadd.ub.sw", self._pairs, positive, turned)
        ones = ir.Constant(self._pairs, [1] * (2 * self.lanes))
        fours = self._call(builder, "llvm.x86.avx2.pmadd.wd", self.sums, pairs, ones)
        return builder.add(sums, fours)

    @staticmethod
    def _call(builder: Any, name: str, kind: Any, *given: Any) -> Any:
        shape = ir.FunctionType(kind, [value.type for value in given])
        return builder.call(cgutils.get_or_insert_function(builder.module, shape, name), given)
