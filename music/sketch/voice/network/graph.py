"""Cuts a piece out of an ONNX graph. A file of ONNX is one protobuf message, and of protobuf only the wire
format is needed (protobuf.dev/programming-guides/encoding), so the ``onnx`` package is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Field = tuple[int, int | bytes]
"""A field's number, and its value: a varint, or the bytes of anything else."""

# Numbers of fields in onnx.proto3.
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_NAME, _GRAPH_WEIGHT, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 2, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _WEIGHT_NAME = 1, 2, 8
_VALUE_NAME, _VALUE_TYPE, _TYPE_TENSOR, _TENSOR_ELEMENT = 1, 2, 1, 1
FLOAT, INT64 = 1, 7


def cut(model: bytes, inputs: Sequence[tuple[str, int]], outputs: Sequence[str]) -> bytes:
    """The model that makes ``outputs`` of ``inputs`` (each a name and its element type). These may be any
    names in the graph; all outputs have to be floats.

    Raises ``KeyError`` with the name if a node does not lead to an output or an input leads to none."""
    whole = list(_fields(model))
    graph = list(_fields(next(_bytes(value) for number, value in whole if number == _MODEL_GRAPH)))
    nodes = [_bytes(value) for number, value in graph if number == _GRAPH_NODE]
    weights = {
        _names(_bytes(value), _WEIGHT_NAME)[0]: _bytes(value)
        for number, value in graph
        if number == _GRAPH_WEIGHT
    }
    kept, used = _needed(nodes, weights, [name for name, _ in inputs], outputs)
    piece = [_field(_GRAPH_NODE, nodes[n]) for n in kept]
    piece += [_field(_GRAPH_WEIGHT, weight) for name, weight in weights.items() if name in used]
    piece += [_field(_GRAPH_INPUT, _value(name, element)) for name, element in inputs]
    piece += [_field(_GRAPH_OUTPUT, _value(name, FLOAT)) for name in outputs]
    piece.append(_field(_GRAPH_NAME, b"piece"))
    return b"".join(
        _field(number, b"".join(piece) if number == _MODEL_GRAPH else value) for number, value in whole
    )


def _needed(
    nodes: Sequence[bytes], weights: dict[str, bytes], inputs: Sequence[str], outputs: Sequence[str]
) -> tuple[list[int], set[str]]:
    """The nodes between inputs and outputs, in the order of the file, which is one of execution; and all
    names that they use."""
    maker = {name: n for n, node in enumerate(nodes) for name in _names(node, _NODE_OUTPUT)}
    known = {*inputs, *weights, ""}  # an optional input that is left out has no name
    kept: set[int] = set()
    used: set[str] = set()
    wanted = list(outputs)
    while wanted:
        name = wanted.pop()
        if name in used:
            continue
        used.add(name)
        if name not in known:
            kept.add(maker[name])
            wanted += _names(nodes[maker[name]], _NODE_INPUT)
    for name in inputs:
        if name not in used:
            raise KeyError(name)
    return sorted(kept), used


def _value(name: str, element: int) -> bytes:
    """A ``ValueInfoProto``: a tensor of any shape."""
    tensor = _field(_TYPE_TENSOR, _field(_TENSOR_ELEMENT, element))
    return _field(_VALUE_NAME, name.encode()) + _field(_VALUE_TYPE, tensor)


def _names(message: bytes, number: int) -> list[str]:
    return [_bytes(value).decode() for field, value in _fields(message) if field == number]


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise KeyError(f"a number where a message should be: {value}")
    return value


def _fields(message: bytes) -> Iterator[Field]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == 0:
            number, at = _varint(message, at)
            yield key >> 3, number
            continue
        size, at = (8, at) if wire == 1 else (4, at) if wire == 5 else _varint(message, at)
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, lowest first, and where the next field begins."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _field(number: int, value: int | bytes) -> bytes:
    """A field as it is written. Fixed-width numbers do not occur at the levels that are written here."""
    if isinstance(value, int):
        return _written(number << 3) + _written(value)
    return _written(number << 3 | 2) + _written(len(value)) + value


def _written(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
