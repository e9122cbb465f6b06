"""Lyrics that are longer than their song, brackets within lines, and duets: whole songs."""

from typing import Any

from tests.typed.table import Has, Lacks, Row, sung


def cut(lyrics: str, left_out: str, *, seconds: float = 5, **expected: Any) -> Row:
    """A row for lyrics whose end does not fit, and how the warning names it."""
    said = Has(f"the last {left_out} not fit into {seconds:g} s")
    return sung(1, lyrics, seconds=seconds, status_code=200, warnings=said, **expected)


def whole(kind: int, lyrics: str, *, seconds: float = 10, **expected: Any) -> Row:
    """A row for lyrics that are sung to their end."""
    said = Lacks("not fit")
    return sung(kind, lyrics, seconds=seconds, status_code=200, warnings=said, **expected)


def duet(lyrics: str, **expected: Any) -> Row:
    return sung(7, lyrics, prompt="pop duet, 120 BPM", status_code=200, **expected)


ROWS: list[Row] = [
    cut("la " * 60, "13 words of the lyrics do", seconds=10, sung=" ".join(["la"] * 47)),
    cut("la\n" * 60, "52 lines of the lyrics do", seconds=10, sung=" ".join(["la"] * 8)),
    cut(
        "hello world " * 800, "1593 words of the lyrics do", sung="hello world hello world hello world hello"
    ),
    cut("banana" * 800, "2389 syllables of the lyrics do"),
    whole(1, "a" * 5000, seconds=5, sung="a" * 5000),
    cut("word\n" * 2000, "1996 lines of the lyrics do", seconds=6.9, sung="word word word word"),
    cut(
        "\n".join(f"[verse {n}]\nline number {n}" for n in range(300)),
        "296 lines of the lyrics do",
        seconds=10,
        sung="line number 0 line number 1 line number 2 line number 3",
    ),
    cut("12345 67890\n" * 50, "46 lines of the lyrics do", seconds=10, sung=" ".join(["12345 67890"] * 4)),
    cut("Hey\n" + "la " * 100, "59 words of the lyrics do", seconds=10, sung=Has("Hey la la")),
    cut("supercalifragilisticexpialidocious " * 20, "19 words of the lyrics do"),
    cut("oh " * 12, "word of the lyrics does", sung=" ".join(["oh"] * 11)),
    cut("愛 " * 80, "69 words of the lyrics do"),
    cut("la, la; la... " * 40, "85 words of the lyrics do", seconds=8),
    cut("[chorus]\n" + "sing it again and again my love\n" * 40, "26 lines of the lyrics do", seconds=30),
    cut(" ".join(map(str, range(1, 31))), "20 words of the lyrics do", sung="1 2 3 4 5 6 7 8 9 10"),
    whole(1, "la " * 60, seconds=18, sung=" ".join(["la"] * 60)),
    whole(1, "la\n" * 60, seconds=62, sung=" ".join(["la"] * 60)),
    whole(1, "oh " * 12, seconds=6, sung=" ".join(["oh"] * 12)),
    whole(1, "a", seconds=5, sung="a"),
    whole(4, "[verse]\nHello (hello) out there", sung="Hello (hello) out there"),
    whole(4, "[verse]\nStay with me\n(ooh, la la)", sung="Stay with me (ooh, la la)"),
    whole(4, "[verse]\nStay with me (ooh", sung="Stay with me (ooh"),
    whole(4, "[verse]\nOne two （three） four", sung="One two （three） four"),
    whole(4, "[verse]\nLove me (love me (do)) tonight", sung="Love me (love me (do)) tonight"),
    whole(4, "[verse]\n(Hello there)", sung="(Hello there)"),
    whole(4, "[verse]\nIt was raining a lot :( again", sung="It was raining a lot :( again"),
    duet("[verse]\nI am here\nYou are there", sung="I am here You are there", **{"plan.voice": "duet"}),
    duet("I am here", sung="I am here", **{"plan.voice": "duet"}),
]
