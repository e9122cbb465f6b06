"""Which tests come first."""

from pathlib import Path

import pytest

LONG = ("service", "page", "music", "test_journey.py")
"""Where the files are that take minutes. Each worker is given whole files, one after the other: the last ones
had better be short, so that all workers end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests of ``LONG`` before the others."""
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(here).parts[0] not in LONG)
