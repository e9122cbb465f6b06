"""One JSON object a line on stderr, with the ids of request and song; text instead where a person watches."""

from __future__ import annotations

import copy
import json
import logging
import logging.handlers
import queue
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
_WAITING_LINES = 10_000


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON; what was given as ``extra`` are fields of their own."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_ids(record),
            **_extra(record),
        }
        if exception := _exception(record):
            fields["exception"] = exception
        return json.dumps(fields, default=str)


class TextFormatter(logging.Formatter):
    """A record as a line for people."""

    def format(self, record: logging.LogRecord) -> str:
        extra = " ".join(f"{name}={value}" for name, value in (_ids(record) | _extra(record)).items())
        clock = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        line = f"{clock} {record.levelname.lower():<7} {record.getMessage()} {extra}".rstrip()
        exception = _exception(record)
        return f"{line}\n{exception}" if exception else line


@contextmanager
def logging_to_stderr(log_format: str) -> Iterator[None]:
    """Sends all logs there from a thread of its own: whoever reads slowly holds up no request. Lines that
    nobody has read in time are dropped, past ten thousand of them."""
    text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextFormatter() if text else JsonFormatter())
    lines: queue.Queue[object] = queue.Queue(_WAITING_LINES)
    gate = _Gate(lines)
    listener = logging.handlers.QueueListener(lines, handler)
    root = logging.getLogger()
    root.addHandler(gate)
    root.setLevel(logging.INFO)
    listener.start()
    try:
        yield
    finally:
        root.removeHandler(gate)
        listener.stop()


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
