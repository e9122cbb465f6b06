"""One service for all tests of the published clients in these modules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.service.server import Server, serving

ENGINES = {"SONGWRIGHT_MUSIC__ENGINE": "tests.page.engines:HeldComposer"}


@contextmanager
def doors(home: Path, **variables: str) -> Iterator[Server]:
    """A running service whose songs wait while the file ``hold`` is in its folder."""
    with serving(home, **(ENGINES | variables)) as server:
        yield server
