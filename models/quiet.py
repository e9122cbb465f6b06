"""Keeps the libraries' own bars and notices off the screen: progress is told through ``Report``, and what a
user can do something about through errors."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Around the loading of a model."""
    from diffusers.utils import logging as of_diffusers
    from transformers.utils import logging as of_transformers

    for library in (of_transformers, of_diffusers):
        library.disable_progress_bar()
        library.set_verbosity(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # what a later version will not do: ours is pinned
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
