"""The ``songwright`` command starts here; ``python -m orchestrator`` is the same."""

from __future__ import annotations

import sys

_LAST_S = 2.0


def songwright() -> None:
    """The console command. Ctrl-C ends it with 130 from its very first moment, imports included."""
    try:
        from orchestrator.cli.commands import INTERRUPTED, run

        code = run()
        if code == INTERRUPTED:
            from orchestrator.server.ending import Watchdog

            Watchdog().set(_LAST_S, code)  # an engine that was being loaded is not waited for
        sys.exit(code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    songwright()
