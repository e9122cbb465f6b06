"""Logs on stderr: a JSON object a line with the ids of request and song, or lines of text for a person.

Why not structlog: its ``ConsoleRenderer`` writes control characters of a message as they are
(``test_what_came_from_outside_draws_no_line_and_orders_no_terminal``), its lines and times are not those that
``test_a_log_line_for_people_has_the_same_facts`` and ``test_a_log_line_is_one_json_object_with_its_ids``
want, and with it rich is imported: a tenth of the server's import time. Processors of our own would be all
that is below.
"""

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
"""The id of the request that this task answers."""

_STANDARD = set(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "request_id",
    "taskName",
    "color_message",  # uvicorn's own, for terminals
}
_LONGEST = 20_000  # characters of a message, a field or a traceback: what clients send can be a megabyte
_WAITING_LINES = 10_000
_LAST_LINES_S = 1.0


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON. The names in ``extra`` are fields."""

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
        return json.dumps(fields, default=str)  # escapes all that is not ASCII


class TextFormatter(logging.Formatter):
    """A record as a line for people. What clients send cannot forge a line or control the terminal:
    characters that do not print are escaped, and all lines after the first are indented."""

    def format(self, record: logging.LogRecord) -> str:
        extra = " ".join(f"{name}={_value(value)}" for name, value in (_ids(record) | _extra(record)).items())
        clock = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        line = f"{clock} {record.levelname.lower():<7} {printable(record.getMessage())} {extra}".rstrip()
        below = _exception(record)[-_LONGEST:].split("\n") if _exception(record) else []
        return "\n".join([line, *(f"  {printable(text)}" for text in below)])


def printable(text: str) -> str:
    """``text`` with escapes for all characters that do not print: line ends, terminal controls, marks that
    change the direction of writing."""
    text = text[:_LONGEST]
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _value(value: object) -> str:
    """The value of a field; in quotes if it could be read as several fields."""
    text = str(value)
    return json.dumps(printable(text), ensure_ascii=False) if set(text) & set(' ="') else printable(text)


@contextmanager
def logging_to_stderr(log_format: str) -> Iterator[None]:
    """Writes all logs to stderr from a thread of its own, so that a slow reader of stderr delays no request.
    Lines are dropped when ten thousand wait, and those that still wait a second after the end.

    ``log_format`` is ``text``, ``json``, or ``auto``: text if stderr is a terminal."""
    text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    handler = _Stderr(sys.stderr.fileno())
    handler.setFormatter(TextFormatter() if text else JsonFormatter())
    lines: queue.Queue[logging.LogRecord | None] = queue.Queue(_WAITING_LINES)
    handler_of_root = _Enqueue(lines)
    # A daemon, since a write that nobody reads may never return.
    writer = threading.Thread(target=_write, args=(lines, handler), name="logs", daemon=True)
    root = logging.getLogger()
    root.addHandler(handler_of_root)
    root.setLevel(logging.INFO)
    writer.start()
    try:
        yield
    finally:
        root.removeHandler(handler_of_root)
        until = time.monotonic() + _LAST_LINES_S
        with suppress(queue.Full):
            lines.put(None, timeout=_LAST_LINES_S)
            writer.join(max(until - time.monotonic(), 0.0))


def _write(lines: queue.Queue[logging.LogRecord | None], handler: logging.Handler) -> None:
    while (record := lines.get()) is not None:
        # Not ``handle``, whose lock the process would wait for at its end.
        handler.emit(record)


class _Stderr(logging.Handler):
    """Writes to the descriptor, not to ``sys.stderr``, whose lock the process would wait for at its end."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def emit(self, record: logging.LogRecord) -> None:
        try:
            left = f"{self.format(record)}\n".encode(errors="backslashreplace")
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            return  # the reader has closed it
        except Exception:  # noqa: BLE001 - as in the library's handlers, so that one bad record stops no other
            self.handleError(record)


class _Enqueue(logging.handlers.QueueHandler):
    """Queues each record, with the id of the request that it belongs to."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        # The message is formatted here, in the thread that logs, since its arguments may change afterwards.
        # The standard library's ``prepare`` would make the traceback part of the message.
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
