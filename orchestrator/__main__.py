"""The ``songwright`` command starts here; ``python -m orchestrator`` is the same."""

from __future__ import annotations

import signal
import sys

_LAST_S = 2.0


def songwright() -> None:
    """The console command. Ctrl-C ends it with 130 from its very first moment, imports included."""
    try:
        from orchestrator.cli.commands import INTERRUPTED, run

        code = run()
        # Nothing is left to tidy up. Ctrl-C ends the process at once, if it is not what has ended it already.
        signal.signal(signal.SIGINT, signal.SIG_IGN if code == INTERRUPTED else signal.SIG_DFL)
        if code == INTERRUPTED:
            from orchestrator.server.watchdog import Watchdog

            Watchdog().set(_LAST_S, code)  # an engine that was being loaded is not waited for
        sys.exit(code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    songwright()
