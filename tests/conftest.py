"""Which tests come first, and that Triton's kernels run in its interpreter: tests have no GPU."""

import os
import signal
from importlib.util import find_spec
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what is to run in the background so; commands that tests interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if find_spec("audiocraft") is None:  # in whose environment is a Triton of 2023
    # Before any test's imports: Triton looks when it is imported, which transformers does for some models.
    os.environ["TRITON_INTERPRET"] = "1"

LONG = ("service", "page", "music", "test_journey.py")
"""Where the files are that take minutes. Each worker is given whole files, one after the other: the last ones
had better be short, so that all workers end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests of ``LONG`` before the others."""
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(here).parts[0] not in LONG)
