"""What goes into a request's body: only what JSON can carry, and pictures that are some."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from songwright.checks import check_names
from songwright.errors import FileFailed, FileMissing, InvalidArgument

_DEEPEST = 20
_LARGEST = 2**63
_SEED = (-1, 2**53 - 1)
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_FORMS = (str, int, float, bool, type(None))


def checked_fields(given: Mapping[str, Any], kind: Any, *more: str) -> dict[str, Any]:
    """The fields of a request of this kind, a ``TypedDict``; ``more`` are the call's other arguments. Raises
    ``InvalidCall`` for a field that there is not, and ``InvalidArgument`` for a value that cannot be
    sent."""
    check_names(given, _fields(kind) | set(more))
    if "seed" in given:
        _check_seed(given["seed"])
    return {name: _plain(name, value, 0) for name, value in given.items()}


def checked_form(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are given, if a form can carry them: the ``metadata`` as JSON. Raises
    ``InvalidArgument``."""
    if isinstance(fields.get("metadata"), Mapping):
        fields = {**fields, "metadata": json.dumps(fields["metadata"])}
    for name, value in fields.items():
        if not isinstance(value, _FORMS):
            raise InvalidArgument(name, value, "a form has only texts, numbers, true and false")
    return {name: value for name, value in fields.items() if value is not None}


def checked_text(name: str, value: object) -> str:
    """Raises ``InvalidArgument`` for what is no text, or half of a character."""
    if not isinstance(value, str):
        raise InvalidArgument(name, value, "give text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(name, value, "it is not valid Unicode text") from error
    return value


def picture(image: object) -> bytes:
    """The bytes of a picture, which is given so or by its file's name. Raises ``InvalidArgument``, and
    ``FileFailed`` where the file cannot be read."""
    if isinstance(image, bytes | bytearray | memoryview):
        data = bytes(image)
    elif isinstance(image, str | Path):
        data = _read(Path(image), "image")
    else:
        raise InvalidArgument("image", image, "give bytes, or the path of a file")
    if not (data.startswith(_PICTURES) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")):
        what = Path(image).name if isinstance(image, str | Path) else data[:16]
        raise InvalidArgument("image", what, "send one of: PNG, JPEG, WebP")
    return data


def recording(audio: object) -> bytes:
    """The bytes of a recording, which is given so or by its file's name. Raises ``InvalidArgument``, and
    ``FileFailed`` where the file cannot be read."""
    if isinstance(audio, bytes | bytearray | memoryview):
        return bytes(audio)
    if isinstance(audio, str | Path):
        return _read(Path(audio), "audio")
    raise InvalidArgument("audio", audio, "give bytes, or the path of a file")


def path_of(path: object) -> Path:
    """Where to save a file. Raises ``InvalidArgument``."""
    if not isinstance(path, str | Path) or not str(path) or "\0" in str(path):
        raise InvalidArgument("path", path, "give a file's name, or a folder")
    return Path(path)


def file_error(error: OSError, path: Path) -> FileFailed:
    """``error`` as one of the client's own."""
    kind = FileMissing if isinstance(error, FileNotFoundError) else FileFailed
    return kind(error.errno, error.strerror or str(error), str(error.filename or path))


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise file_error(error, path) from error
    except ValueError as error:  # a NUL in its name
        raise InvalidArgument(name, str(path), "give bytes, or the path of a file") from error


@cache
def _fields(kind: Any) -> frozenset[str]:
    return frozenset(kind.__required_keys__ | kind.__optional_keys__)


def _check_seed(seed: object) -> None:
    low, high = _SEED
    if seed is None:
        return
    if not isinstance(seed, int | float) or isinstance(seed, bool) or not low <= seed <= high or seed % 1:
        raise InvalidArgument("seed", seed, f"give a whole number from 0 to {high}, or -1 to draw one")


def _plain(name: str, value: object, depth: int) -> object:
    """``value`` as JSON's own kinds. ``name`` is its place, such as "plan.tempo_bpm"."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return checked_text(name, value)
    if isinstance(value, int):
        if abs(value) > _LARGEST:
            raise InvalidArgument(name, value, "the number is too large")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidArgument(name, value, "give a number that is neither NaN nor infinite")
        return value
    if depth < _DEEPEST and isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {
            checked_text(name, key): _plain(f"{name}.{key}", each, depth + 1) for key, each in value.items()
        }
    if depth < _DEEPEST and isinstance(value, list | tuple):
        return [_plain(f"{name}.{place}", each, depth + 1) for place, each in enumerate(value)]
    raise InvalidArgument(name, value, "give text, a number, true or false, a list or a dict of these")
