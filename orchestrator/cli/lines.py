"""Lines on the two output streams: text that commands no terminal, and what is done where a stream takes
none."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
"""What could command a terminal, end a line or turn its direction."""
_UNSEEN = re.compile(
    r"[\u00ad\u061c\u180e\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
    r"|(?<![^\x00-\u02ff])[\u200c\u200d]"  # joiners have a use in emoji and in scripts that join letters
)
"""What shows nothing, so that one word looks like another."""
_NO_CHARACTER = re.compile(r"[\ud800-\udfff]")
"""Half a character, as of a file name that is no UTF-8."""
_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


class Unwritten(OSError):
    """Standard output takes nothing more."""


class _Output(io.TextIOWrapper):
    """Standard output, whose errors are told from those of any other file. After one it leads nowhere: else
    Python would try again at its end, and say what it finds."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        encoding, errors = stream.encoding, stream.errors
        at_lines, at_once = stream.line_buffering, stream.write_through
        super().__init__(stream.detach(), encoding, errors, line_buffering=at_lines, write_through=at_once)

    def write(self, text: str, /) -> int:
        if text == "":  # click asks in this way whether the stream takes text
            return 0
        with self._errors():
            return super().write(text)

    def flush(self) -> None:
        with self._errors():
            super().flush()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            _silence(self)
            raise Unwritten(*error.args) from error


def open_streams() -> None:
    """Makes the three streams such that each can be used. One that was closed (``songwright list >&-``) leads
    nowhere; without this, the next file that is opened would take its place. What a terminal cannot show
    becomes "?"."""
    for descriptor, (name, mode) in enumerate(_STREAMS):
        try:
            os.fstat(descriptor)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
            os.set_inheritable(nowhere, True)  # noqa: FBT003 - positional alone
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - for good
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if type(sys.stdout) is io.TextIOWrapper:  # else it is a test's, or was done already
        sys.stdout = _Output(sys.stdout)


def print_line(text: str) -> None:
    """Writes ``text`` to stdout, a line or several."""
    print(plain_lines(text))


def print_json(text: str) -> None:
    """Writes the JSON ``text`` to stdout, such that a terminal may show it and a program reads the same."""
    print(json_text(text, sys.stdout.encoding or "ascii"))


def say(text: str) -> None:
    """Writes ``text`` to stderr, a line or several. Where stderr takes nothing, there is nobody to tell."""
    try:
        print(plain_lines(text), file=sys.stderr, flush=True)
    except OSError:
        _silence(sys.stderr)


def flush_output() -> None:
    """Writes out what waits for stdout. Raises ``Unwritten`` if it cannot be written."""
    sys.stdout.flush()


def _silence(stream: object) -> None:
    with suppress(OSError, io.UnsupportedOperation):  # one that is no file of the system's, as in tests
        descriptor = stream.fileno()  # type: ignore[attr-defined]  # a stream has one, or raises
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def plain(text: str) -> str:
    """``text`` in one line, without what could command a terminal and what nobody sees."""
    return _NO_CHARACTER.sub("\ufffd", _CONTROL.sub(" ", _UNSEEN.sub("", text)))


def plain_lines(text: str) -> str:
    """Likewise, with its line ends."""
    return "\n".join(map(plain, text.split("\n")))


def json_text(text: str, encoding: str) -> str:
    """The JSON ``text`` with escapes for all that ``plain`` takes away, and for what ``encoding`` lacks: to a
    program it is the same JSON."""
    for pattern in (_CONTROL, _UNSEEN, _NO_CHARACTER):
        text = pattern.sub(_escapes, text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return re.sub(r"[^\x00-\x7f]", _escapes, text)
    return text


def _escapes(match: re.Match[str]) -> str:
    return "".join(c if c == "\n" else _escape(c) for c in match[0])


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
