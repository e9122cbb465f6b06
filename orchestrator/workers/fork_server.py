"""What the process that is forked for each engine imports once. For it alone: as it is imported it makes its
process deaf to what ends a whole process group, with which every engine would end."""

import signal

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)

import orchestrator.workers.engine_loop  # noqa: E402, F401 - the imports are what this is for, and take a while
