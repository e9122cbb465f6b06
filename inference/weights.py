"""A model's name, and whether its weights can be used: safetensors only, complete, and not larger than the
free memory."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import EngineUnavailable, InvalidRequest
from inference.files import CONVERTED, INDEX, Choice, File, wanted_files

SAFETENSORS_AT = {
    "facebook/musicgen-medium": "refs/pr/10",
    "facebook/musicgen-large": "refs/pr/18",
}
"""Models whose main branch has only pickles, and their revisions with safetensors."""

_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_REVISION = re.compile(r"[\w./-]{1,200}", re.ASCII)
_HEADER_BYTES = 100_000_000  # the format's own limit
_SAMPLES, _SAMPLE_BYTES = 16, 65_536
_ROOM = 1.2  # peak memory while loading, in sizes of the weights


@dataclass(frozen=True)
class ModelName:
    """A hub id and its revision, if one is given, or a local folder."""

    name: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{self.name}@{self.revision}" if self.revision else self.name


def model_name(text: str) -> ModelName:
    """``"org/name"``, ``"org/name@revision"`` or a folder. The default revision is the one in
    ``SAFETENSORS_AT``, else the main branch. Raises ``InvalidRequest`` for anything else."""
    if Path(text).is_dir():
        return ModelName(text)
    name, _, revision = text.partition("@")
    if not _ID.fullmatch(name) or (revision and not _REVISION.fullmatch(revision)) or text.endswith("@"):
        raise InvalidRequest("model", text, "use a hub id such as org/name or org/name@revision, or a folder")
    return ModelName(name, revision or SAFETENSORS_AT.get(name))


def revision_of(folder: Path) -> str:
    """The commit, for a folder in the hub's cache. For any other folder a fingerprint of its weights, made
    from the name, the size and sixteen samples of 64 kB of each file."""
    if folder.parent.name == "snapshots":
        return folder.name
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.safetensors")) or sorted(folder.glob(CONVERTED)):
        size = file.stat().st_size
        digest.update(f"{file.relative_to(folder).as_posix()} {size}\n".encode())
        with file.open("rb") as opened:
            for place in range(_SAMPLES):
                opened.seek(size * place // _SAMPLES)
                digest.update(opened.read(_SAMPLE_BYTES))
    return f"sha256-{digest.hexdigest()[:16]}"


@dataclass(frozen=True)
class StoredTensor:
    """A tensor in a checkpoint: its count of numbers and its bytes."""

    name: str
    numbers: int
    size_bytes: int


def chosen_files(folder: Path, precision: str) -> Choice:
    """The files of a folder to read for ``precision``, by the same rule as for a fetch. Raises
    ``EngineUnavailable`` if there are no weights, only pickled ones, or a file is missing."""
    index = pipeline_index(folder)
    files = [
        File(file.relative_to(folder).as_posix(), file.stat().st_size)
        for file in folder.rglob("*")
        if file.is_file()
    ]
    choice = wanted_files(files, precision, index, where=str(folder))
    for text in choice.texts:
        if text.name.endswith(".safetensors.index.json"):
            _check_shards(folder / text.name)
    return choice


def pipeline_index(folder: Path) -> dict[str, Any] | None:
    """The content of ``model_index.json``; None if there is none. Raises ``EngineUnavailable`` if it is
    damaged."""
    file = folder / INDEX
    if not file.is_file():
        return None
    try:
        index: dict[str, Any] = json.loads(file.read_text())
        index.keys()
    except (ValueError, AttributeError) as error:
        raise _broken(file) from error
    return index


def stored_tensors(folder: Path, precision: str) -> list[StoredTensor]:
    """The tensors in the safetensors files that are read for ``precision``, by their checked headers.

    Raises ``EngineUnavailable`` as ``chosen_files`` does, and if a file is truncated."""
    files = chosen_files(folder, precision).weights
    if any(file.name == CONVERTED for file in files):
        raise EngineUnavailable(f"{folder} is in CTranslate2's format", "give the model as it was published")
    return [tensor for file in files for tensor in _tensors_of(folder / file.name)]


def check_room(model: str, weights: int, free: int, where: str) -> None:
    """Raises ``EngineUnavailable`` if ``weights`` bytes, and the extra memory for loading, do not fit."""
    needed = int(weights * _ROOM)
    if needed > free:
        raise EngineUnavailable(
            f"{model} needs {needed / 1e9:.1f} GB of memory on {where}, and {free / 1e9:.1f} GB are free",
            "use a smaller model or precision, or free some memory",
        )


def free_memory() -> int:
    """Bytes of main memory that are available without swapping."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return min(int(line.split()[1]) * 1024, _limit())
    except OSError:
        pass  # another system than Linux
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 1 << 62  # unknown here: the allocation itself will fail


def _limit() -> int:
    """Free bytes within the container's limit."""
    try:
        most = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text().strip()
        return int(most) - int(used) if most != "max" else 1 << 62
    except (OSError, ValueError):
        return 1 << 62


def _check_shards(index: Path) -> None:
    """Raises ``EngineUnavailable`` if a file that the index names is missing."""
    try:
        named: set[str] = set(json.loads(index.read_text())["weight_map"].values())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _broken(index) from error
    for name in sorted(named):
        if not (index.parent / name).is_file():
            raise EngineUnavailable(f"{index.parent} lacks {name}", "fetch it again")


def _tensors_of(file: Path) -> list[StoredTensor]:
    """The tensors of a safetensors file, which has eight bytes of length, a JSON header, and the data
    (huggingface.co/docs/safetensors)."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        start = opened.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else _HEADER_BYTES + 1
        if length > min(_HEADER_BYTES, size - 8):
            raise _broken(file)
        try:
            header = json.loads(opened.read(length))
            header.pop("__metadata__", None)
            places = {name: entry["data_offsets"] for name, entry in header.items()}
            found = [
                StoredTensor(name, math.prod(header[name]["shape"]), end - start)
                for name, (start, end) in places.items()
            ]
            whole = size == 8 + length + max((end for _, end in places.values()), default=0)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise _broken(file) from error
    if not whole:
        raise _broken(file)
    return found


def _broken(file: Path) -> EngineUnavailable:
    return EngineUnavailable(f"{file} is cut short or damaged", "delete it and fetch it again")
