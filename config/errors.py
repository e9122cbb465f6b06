"""Every error Songwright raises on purpose, split by who must act.

    SongwrightError
    ├── InvalidRequest      the caller: correct the named field and send again
    │   └── UnsupportedFormat   the caller: send the file in another format
    ├── NotFound            the caller: no such song, asset or engine
    ├── Conflict            the caller: the request does not fit the song's state
    ├── Forbidden           the caller: the settings do not allow it, or an address has expired
    ├── Unreadable          the owner: an object of the store is damaged: restore or delete it
    ├── QueueFull           the caller, later: the queue is full
    ├── Unavailable         a retry, or the operator
    │   ├── EngineUnavailable   an engine cannot load; the message says what to install or set
    │   │   └── WeightsMissing      the weights of its model are not on this machine
    │   ├── EngineTimeout       an engine took longer than its limit
    │   └── StoreUnavailable    the store cannot be read or written
    ├── EngineFailed        us: an engine broke on a valid request
    └── Cancelled           nobody: the caller has gone

Each error keeps its fields when it is pickled, because all its arguments go to ``super().__init__`` and
``__str__`` makes the message.
"""

from __future__ import annotations

import codecs
from itertools import islice

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""The byte order marks of encodings that editors and shells on Windows write."""


class SongwrightError(Exception):
    """The root: catch this to catch everything Songwright raises on purpose."""

    spent: object = None
    """The ``Usage`` (``orchestrator.estimates.meter``) of the work that ended with this error, if known."""


class InvalidRequest(SongwrightError):
    """A request that can never succeed as it is.

    ``field`` names the input, ``value`` is what was given (shortened in the message), ``fix`` says what to
    send instead.
    """

    def __init__(self, field: str, value: object, fix: str) -> None:
        super().__init__(field, value, fix)
        self.field = field
        self.value = value
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.field}: {shown(self.value)} - {self.fix}"


class UnsupportedFormat(InvalidRequest):
    """A file of a format that we do not read."""


class NotFound(SongwrightError):
    """``what`` (a song, an asset, an engine) called ``name`` does not exist; ``fix`` says where to look."""

    def __init__(self, what: str, name: str, fix: str = "") -> None:
        super().__init__(what, name, fix)
        self.what = what
        self.name = name
        self.fix = fix

    def __str__(self) -> str:
        return f"no {self.what} {shown(self.name)}" + (f" - {self.fix}" if self.fix else "")


class _Advice(SongwrightError):
    """``what`` is in the way, and ``fix`` is what to do about it."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what, fix)
        self.what = what
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.what} - {self.fix}"


class Conflict(_Advice):
    """``what`` conflicts with the request; ``fix`` says what to do instead."""


class Forbidden(_Advice):
    """``what`` is not allowed here; ``fix`` says who can change that."""


class Unreadable(_Advice):
    """One object of the store is damaged: ``what`` is wrong with it, ``fix`` restores or deletes it. The
    rest of the store is fine, and trying again does not help."""


class QueueFull(SongwrightError):
    """The queue is full with ``depth`` jobs of the ``kind``; try again after ``retry_after_s`` seconds."""

    def __init__(self, depth: int, retry_after_s: float, kind: str = "songs") -> None:
        super().__init__(depth, retry_after_s, kind)
        self.depth = depth
        self.retry_after_s = retry_after_s
        self.kind = kind

    def __str__(self) -> str:
        return f"the queue is full ({self.depth} {self.kind}) - try again in {self.retry_after_s:.0f} s"


class Unavailable(_Advice):
    """Something outside this request is missing: ``what`` went wrong, ``fix`` repairs it."""

    retry_after_s: float | None = None
    """After how many seconds another try may help, where that is known."""


class EngineUnavailable(Unavailable):
    """An engine cannot be loaded: a missing extra, missing weights, too little memory."""


class WeightsMissing(EngineUnavailable):
    """The weights of an engine's model are not on this machine."""


class EngineTimeout(Unavailable):
    """An engine did not finish within its limit."""


class StoreUnavailable(Unavailable):
    """The store cannot be read or written: no permission, no space, no connection."""


class EngineFailed(SongwrightError):
    """``engine`` broke on a valid request; ``reason`` is for the bug report."""

    def __init__(self, engine: str, reason: str) -> None:
        super().__init__(engine, reason)
        self.engine = engine
        self.reason = reason

    def __str__(self) -> str:
        return f"engine {self.engine!r} failed: {self.reason} - this is a bug in Songwright, please report it"


class Cancelled(SongwrightError):
    """The caller has gone, so the work stops; raised out of a ``Report``."""

    def __str__(self) -> str:
        return "cancelled"


def shown(value: object, limit: int = 60) -> str:
    """``value`` as one short printable line for a message, at most ``limit`` characters."""
    if isinstance(value, str | bytes | list | tuple):
        value = value[: limit + 1]  # repr of a long value takes long, and the rest is cut off anyway
    elif isinstance(value, dict):
        value = dict(islice(value.items(), limit))
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 4] + "..." + text[-1]


def encoding_of(data: bytes) -> str:
    """The encoding of a text file: that of its byte order mark, else UTF-8, with or without one."""
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8-sig")


def decoded(field: str, data: bytes, *, whole: bool = True) -> str:
    """The text of a file, without its byte order mark; if ``data`` is not the ``whole`` file, without half a
    character at its end. Raises ``InvalidRequest`` about ``field``, with the byte and its line, if it is not
    in its encoding or has a NUL."""
    encoding, save = encoding_of(data), "save the file as UTF-8 text"
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data, final=whole)
    except UnicodeDecodeError as error:
        rest: bytes = error.object  # without the mark
        line = rest.count(b"\n", 0, error.start) + 1
        name = "UTF-8" if encoding == "utf-8-sig" else encoding.upper()
        value = f"byte 0x{rest[error.start]:02x} in line {line}"
        raise InvalidRequest(field, value, f"this is not valid {name}: {save}") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InvalidRequest(field, f"byte 0x00 in line {line}", f"no text has it: {save}")
    return text
