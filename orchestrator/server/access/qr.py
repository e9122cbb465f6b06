"""QR codes of an address: a picture for a page, and lines for a terminal."""

from __future__ import annotations

import io

_QUIET = 4  # modules around the code that must be light (ISO/IEC 18004)
_DARK_ON_LIGHT = "\x1b[30;107m"
_PLAIN = "\x1b[0m"
_HALVES = {(0, 0): " ", (1, 0): "\u2580", (0, 1): "\u2584", (1, 1): "\u2588"}


def svg_of(text: str) -> str:
    """The code as an SVG document, black on white, whatever the page's colours are."""
    import segno  # few starts and requests need it

    file = io.BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(file, kind="svg", xmldecl=False, border=_QUIET, dark="#000", light="#fff", omitsize=True)
    return file.getvalue().decode()


def lines_of(text: str) -> list[str]:
    """The code in half blocks, two rows of it in a line. The lines have the colours in them: a terminal's own
    may be light or dark."""
    import segno  # likewise

    rows = [list(row) for row in segno.make(text, error="l", micro=False).matrix_iter(border=_QUIET)]
    rows += [[0] * len(rows[0])] * (len(rows) % 2)
    return [
        _DARK_ON_LIGHT + "".join(_HALVES[bool(a), bool(b)] for a, b in zip(up, low, strict=True)) + _PLAIN
        for up, low in zip(rows[::2], rows[1::2], strict=True)
    ]


def width_of(lines: list[str]) -> int:
    """The columns that ``lines_of`` needs."""
    return len(lines[0]) - len(_DARK_ON_LIGHT) - len(_PLAIN)
