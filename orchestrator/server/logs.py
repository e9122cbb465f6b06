"""One JSON object a line on stderr, with the ids of request and song; text instead where a person watches."""

from __future__ import annotations

import copy
import json
import logging
import logging.handlers
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The request that this task answers."""

_STANDARD = set(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "request_id",
    "taskName",
    "color_message",  # uvicorn's own, for terminals
}
_LONGEST = 20_000  # characters of a line, or of a part of it: what comes from outside can be a megabyte
_WAITING_LINES = 10_000
_LAST_LINES_S = 1.0


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON; what was given as ``extra`` are fields of their own."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage()[:_LONGEST],
            **_ids(record),
            **_extra(record),
        }
        if exception := _exception(record):
            fields["exception"] = exception[-_LONGEST:]
        return json.dumps(fields, default=str)  # in ASCII: all else is escaped


class TextFormatter(logging.Formatter):
    """A record as a line for people. What came from outside draws no line of its own and gives a terminal no
    orders: all that does not print is escaped, and lines that follow the first are indented."""

    def format(self, record: logging.LogRecord) -> str:
        extra = " ".join(f"{name}={_value(value)}" for name, value in (_ids(record) | _extra(record)).items())
        clock = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        line = f"{clock} {record.levelname.lower():<7} {printable(record.getMessage())} {extra}".rstrip()
        below = _exception(record)[-_LONGEST:].split("\n") if _exception(record) else []
        return "\n".join([line, *(f"  {printable(text)}" for text in below)])


def printable(text: str) -> str:
    """``text`` with an escape for each character that does not print: ends of lines, orders to a terminal,
    marks that turn the direction of writing round."""
    text = text[:_LONGEST]
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _value(value: object) -> str:
    """Of a field; in quotes where it could be taken for several."""
    text = str(value)
    return json.dumps(printable(text), ensure_ascii=False) if set(text) & set(' ="') else printable(text)


@contextmanager
def logging_to_stderr(log_format: str) -> Iterator[None]:
    """Sends all logs there from a thread of its own: whoever reads slowly holds up no request. Lines that
    nobody has read in time are dropped: past ten thousand of them, and at the end after a second."""
    text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    handler = _Stderr(sys.stderr.fileno())
    handler.setFormatter(TextFormatter() if text else JsonFormatter())
    lines: queue.Queue[logging.LogRecord | None] = queue.Queue(_WAITING_LINES)
    gate = _Gate(lines)
    # A daemon: it may never come back from a write that nobody reads.
    writer = threading.Thread(target=_write, args=(lines, handler), name="logs", daemon=True)
    root = logging.getLogger()
    root.addHandler(gate)
    root.setLevel(logging.INFO)
    writer.start()
    try:
        yield
    finally:
        root.removeHandler(gate)
        until = time.monotonic() + _LAST_LINES_S
        with suppress(queue.Full):
            lines.put(None, timeout=_LAST_LINES_S)
            writer.join(max(until - time.monotonic(), 0.0))


def _write(lines: queue.Queue[logging.LogRecord | None], handler: logging.Handler) -> None:
    while (record := lines.get()) is not None:
        # Not ``handle``: the lock that it takes would be waited for at the process's end.
        handler.emit(record)


class _Stderr(logging.Handler):
    """Writes past ``sys.stderr``, whose own lock would be waited for at the process's end as well."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def emit(self, record: logging.LogRecord) -> None:
        try:
            left = f"{self.format(record)}\n".encode(errors="backslashreplace")
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            return  # nobody reads there any more
        except Exception:  # noqa: BLE001 - as the library's own handlers do: one odd record ends no other
            self.handleError(record)


class _Gate(logging.handlers.QueueHandler):
    """Marks each record with the request it belongs to, while that is still known."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        # Written out in the thread that logs, for what it names may change; the standard library's own way
        # would make the traceback a part of the message.
        record = copy.copy(record)
        record.msg = record.message = record.getMessage()
        record.args = None
        record.exc_text = _exception(record)
        record.exc_info = None
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        record.request_id = request_id.get()
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            return


def _ids(record: logging.LogRecord) -> dict[str, object]:
    value = getattr(record, "request_id", "") or request_id.get()
    return {"request_id": value} if value else {}


def _exception(record: logging.LogRecord) -> str:
    if record.exc_info and not record.exc_text:
        return logging.Formatter().formatException(record.exc_info)
    return record.exc_text or ""


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {
        name: value for name, value in vars(record).items() if name not in _STANDARD and value is not None
    }
