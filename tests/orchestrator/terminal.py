"""A command on a pseudo-terminal, as one who sits at it runs it and reads it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROWS, COLUMNS = 50, 150
CTRL_C = b"\x03"
_ESCAPES = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"
_CONTROL = re.compile(_ESCAPES + r"|[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Shown:
    """What a command left on its terminal."""

    code: int
    raw: str
    """Everything that it wrote, control codes included."""
    same_modes: bool
    """Whether the terminal reads keys as it did before."""

    @property
    def text(self) -> str:
        """``raw`` without control codes: what was drawn over is in it too."""
        return _CONTROL.sub("", self.raw)

    def left_over(self) -> list[str]:
        """What the shell's next line would suffer from: a hidden cursor, a colour that goes on, the other
        screen, a line that did not end, keys that are read otherwise."""
        found = []
        if self.raw.rfind("\x1b[?25l") > self.raw.rfind("\x1b[?25h"):
            found.append("the cursor is hidden")
        if (styles := re.findall(r"\x1b\[([\d;]*)m", self.raw)) and styles[-1] not in ("", "0"):
            found.append(f"style {styles[-1]} goes on")
        if self.raw.rfind("\x1b[?1049h") > self.raw.rfind("\x1b[?1049l"):
            found.append("the other screen is shown")
        if self.text and not self.text.endswith("\n"):
            found.append(f"no new line after {self.text[-40:]!r}")
        if not self.same_modes:
            found.append("the terminal's modes are others")
        return found


def on_terminal(
    command: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    *,
    until: str = "",
    keys: bytes = CTRL_C,
    timeout_s: float = 180.0,
) -> Shown:
    """Runs ``command`` with all its streams on a terminal of its own. Once ``until`` is on the screen, these
    ``keys`` are pressed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    before = termios.tcgetattr(theirs)
    kept = {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES", "NO_COLOR", "CI")}
    process = subprocess.Popen(
        [sys.executable, "-c", _BECOME_ITS_LEADER, *command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=kept | {"TERM": "xterm-256color"},
        cwd=cwd,
        start_new_session=True,
    )
    raw = bytearray()
    end = time.monotonic() + timeout_s
    try:
        while process.poll() is None or select.select([ours], [], [], 0)[0]:
            assert time.monotonic() < end, raw.decode(errors="replace")
            if not select.select([ours], [], [], 0.05)[0]:
                continue
            raw += os.read(ours, 65_536)
            if until and until.encode() in raw:
                os.write(ours, keys)
                until = ""
        same_modes = termios.tcgetattr(theirs) == before
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)
        os.close(theirs)
    return Shown(process.returncode, raw.decode(), same_modes)


# Without a controlling terminal Ctrl-C would be a byte like any other.
_BECOME_ITS_LEADER = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
