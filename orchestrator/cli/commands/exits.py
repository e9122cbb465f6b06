"""The exit codes of the command line."""

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
