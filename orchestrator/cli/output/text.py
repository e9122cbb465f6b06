"""What all screens are written with: text that commands no terminal, the console, and figures.

A person's words are never markup. Every character string that reaches the console is shown as it is, whatever
brackets, colons or control characters are in it; a style is given beside a text, never inside it.
"""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from orchestrator.cli.lines import plain, plain_lines
from orchestrator.songs.manifest import Status

STATUS_COLOURS = {Status.DONE: "green", Status.FAILED: "red", Status.CANCELLED: "yellow"}
_IN_FILES, _NARROWEST, _USUAL = 160, 40, 80
"""Columns: of a file or a pipe, the fewest that a table is drawn in, and those of a terminal that tells
none."""


class Screen(Console):
    """A console on which a string is text as it is, and neither markup nor an emoji's name."""

    def render_str(self, text: str, **more: Any) -> Text:
        style, justify, overflow = more.get("style", ""), more.get("justify"), more.get("overflow")
        return Text(plain_lines(text), style=style, justify=justify, overflow=overflow)


def open_console(*, stderr: bool = False) -> Screen:
    """Wide where the output goes to a file or a pipe, so that no line is cut for a screen that is not
    there."""
    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if is_terminal else _IN_FILES
    console = Screen(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)
    if console.width < _NARROWEST:
        console.width = max(console.width, _NARROWEST) if console.width > 0 else _USUAL
    return console


def styled(text: str, style: str = "") -> Text:
    """``text`` as it is, in one line: brackets in it are no markup."""
    return Text(plain(text), style=style)


def dollars(usd: float) -> str:
    """Cents from one dollar on, and hundredths of a cent below."""
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"


def or_dash(figure: float | None, form: str) -> str:
    """``figure`` in the format ``form``, and a dash where there is none."""
    return "-" if figure is None else form.format(figure)


def clock(seconds: float) -> str:
    """Minutes, seconds and tenths."""
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes)}:{rest:04.1f}"
