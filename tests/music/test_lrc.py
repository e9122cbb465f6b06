from __future__ import annotations

import itertools
import re

from music.contract import TimedLine, TimedWord
from music.lrc import lrc_text
from music.sketch.timing import timed_lines
from tests.music.songbook import score_of

_STAMP = r"(\d\d):(\d\d\.\d\d)"


def seconds(minutes: str, rest: str) -> float:
    return 60.0 * int(minutes) + float(rest)


def test_line_and_word_times_read_back() -> None:
    lines = timed_lines(score_of())
    rows = lrc_text(lines, title="Candles", duration_s=180.0).splitlines()
    assert rows[:2] == ["[ti:Candles]", "[length:03:00]"]
    timed = [row for row in rows if re.match(r"\[\d", row)]
    assert len(timed) == len(lines)
    for row, line in zip(timed, lines, strict=True):
        head = re.match(rf"\[{_STAMP}\] ", row)
        assert head is not None
        assert abs(seconds(*head.groups()) - line.start_s) <= 0.0051
        words = re.findall(rf"<{_STAMP}> (\S+)", row)
        assert [text for _, _, text in words] == [word.text for word in line.words]
        for (minutes, rest, _), word in zip(words, line.words, strict=True):
            assert abs(seconds(minutes, rest) - word.start_s) <= 0.0051


def test_the_language_stands_after_the_length() -> None:
    rows = lrc_text([], title="Mar", duration_s=10.0, language="es").splitlines()
    assert rows == ["[ti:Mar]", "[length:00:10]", "[la:es]", "[re:Songwright]"]
    assert "[la:" not in lrc_text([], title="Mar", duration_s=10.0)


def test_times_carry_over_the_minute_and_titles_cannot_break_a_tag() -> None:
    line = TimedLine("Late", (TimedWord("Late", 119.999, 121.0),))
    text = lrc_text([line], title="A [very]\nlong way", duration_s=599.6)
    assert "[ti:A (very) long way]\n[length:10:00]\n" in text
    assert text.endswith("[02:00.00] <02:00.00> Late\n")


def test_times_only_rise() -> None:
    text = lrc_text(timed_lines(score_of(duration_s=600.0, voice="duet")), title="", duration_s=600.0)
    times = [seconds(*stamp) for stamp in re.findall(rf"<{_STAMP}>", text)]
    assert len(times) > 100
    assert all(a < b for a, b in itertools.pairwise(times))
