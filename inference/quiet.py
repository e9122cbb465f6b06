"""Silences the progress bars and notices of libraries: we show progress through ``Report``, and problems as
errors."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec


@contextmanager
def quiet() -> Iterator[None]:
    """Around the loading of a model."""
    found = [name for name in ("transformers", "diffusers") if find_spec(name)]
    for library in [import_module(f"{name}.utils.logging") for name in found]:
        library.disable_progress_bar()
        library.set_verbosity(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # about later versions: ours is pinned
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
