"""Timed lyrics as an enhanced LRC file: a time for each line, and one for each word (the A2 extension)."""

from __future__ import annotations

from collections.abc import Sequence

from music.contract import TimedLine


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


def _stamp(seconds: float) -> str:
    hundredths = round(seconds * 100)
    return f"{hundredths // 6000:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"
