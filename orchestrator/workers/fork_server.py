"""Imported once by the fork server, and only there: the import makes the process ignore SIGINT and SIGTERM.
These go to a whole process group, and would end every engine with the fork server."""

import signal

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)

import lyrics.requests  # noqa: E402, F401 - likewise
import orchestrator.workers.engine_loop  # noqa: E402, F401 - imported before forking, because it takes a while
