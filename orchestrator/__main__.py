"""The ``songwright`` command starts here; ``python -m orchestrator`` is the same."""

from __future__ import annotations

import sys


def songwright() -> None:
    """The console command. Ctrl-C ends it with 130 from its very first moment, imports included."""
    try:
        from orchestrator.cli import run

        sys.exit(run())
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    songwright()
