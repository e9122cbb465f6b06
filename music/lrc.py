"""Timed lyrics as an enhanced LRC file: a time for each line, and one for each word (the A2 extension)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from music.contract import TimedLine, TimedWord

_LINE = re.compile(r"\[\d+:\d\d\.\d+\]")
_WORD = re.compile(r"<(\d+):(\d\d\.\d+)> ([^<]*[^<\s])")
_LAST_S = 1.5


def lrc_text(lines: Sequence[TimedLine], *, title: str, duration_s: float, language: str = "") -> str:
    """``[mm:ss.xx] <mm:ss.xx> word <mm:ss.xx> word``, a line each, after the tags: title, length and
    ``language``, ISO 639-1, if it is known."""
    minutes, seconds = divmod(round(duration_s), 60)
    # A bracket in a title would end its tag.
    plain = " ".join(title.replace("[", "(").replace("]", ")").split())
    rows = [f"[ti:{plain}]", f"[length:{minutes:02d}:{seconds:02d}]"]
    rows += [f"[la:{language}]"] if language else []
    rows.append("[re:Songwright]")
    for line in lines:
        words = " ".join(f"<{_stamp(word.start_s)}> {word.text}" for word in line.words)
        rows.append(f"[{_stamp(line.start_s)}] {words}")
    return "\n".join(rows) + "\n"


def lines_in(text: str, duration_s: float) -> tuple[TimedLine, ...]:
    """The lines of a file that ``lrc_text`` wrote. A word lasts until the next one, the last one of a line
    until the next line, and for ``_LAST_S`` at the most."""
    rows = []
    for row in text.splitlines():
        words = [(_seconds(minutes, seconds), word) for minutes, seconds, word in _WORD.findall(row)]
        if _LINE.match(row) and words:
            rows.append(words)
    lines = []
    for n, words in enumerate(rows):
        until = rows[n + 1][0][0] if n + 1 < len(rows) else duration_s
        ends = [start for start, _ in words[1:]] + [min(until, words[-1][0] + _LAST_S)]
        timed = [
            TimedWord(word, start, max(start, end)) for (start, word), end in zip(words, ends, strict=True)
        ]
        lines.append(TimedLine(" ".join(word for _, word in words), tuple(timed)))
    return tuple(lines)


def _seconds(minutes: str, seconds: str) -> float:
    return 60.0 * int(minutes) + float(seconds)


def _stamp(seconds: float) -> str:
    hundredths = round(seconds * 100)
    return f"{hundredths // 6000:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"
