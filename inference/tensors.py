"""Tensors read one at a time from a checkpoint's safetensors files, sharded or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from safetensors import safe_open
from torch import Tensor

from inference.weights import chosen_files


class Tensors:
    """A checkpoint's tensors by name, a context manager. A tensor is read into memory only on access."""

    def __init__(self, folder: Path, precision: str = "fp32") -> None:
        """Opens the copy of the weights for ``precision``. Raises ``EngineUnavailable`` if there are none."""
        self._files: list[Any] = []
        self._where: dict[str, Any] = {}
        for file in chosen_files(folder, precision).weights:
            opened = safe_open(folder / file.name, framework="pt")
            self._files.append(opened)
            names: list[str] = opened.keys()  # type: ignore[no-untyped-call]
            self._where.update(dict.fromkeys(names, opened))

    def __enter__(self) -> Tensors:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for opened in self._files:
            opened.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __getitem__(self, name: str) -> Tensor:
        tensor: Tensor = self._where[name].get_tensor(name)
        return tensor

    def below(self, prefix: str) -> dict[str, Tensor]:
        """All tensors whose names begin with ``prefix``, by the rest of their names."""
        return {name[len(prefix) :]: self[name] for name in self if name.startswith(prefix)}
