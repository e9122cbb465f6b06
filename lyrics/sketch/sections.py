"""Whole lyrics: a form that suits the length, and couplets chosen so that the song goes somewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable
from random import Random

from lyrics.sketch.couplets import Row, fit, rows
from lyrics.sketch.material import anywhere
from lyrics.sketch.material.domains import BY_MOOD, DOMAINS, WORDS
from lyrics.sketch.theme import Theme

_METRE, _RAP_METRE = 8, 10
"""Syllables of a line; rap has the longer one in its verses."""
_DENSE = frozenset({"hip hop", "trap"})
_COMFORTABLE_LINE_S = 3.8
_SUNG_PART = 0.78
"""Of a song's time; the rest is intro, interludes and ending."""

# By how many lines the song can hold: kind and lines of each section.
_FORMS: tuple[tuple[int, tuple[tuple[str, int], ...]], ...] = (
    (1, (("chorus", 1),)),
    (2, (("chorus", 2),)),
    (4, (("chorus", 4),)),
    (8, (("verse", 4), ("chorus", 4))),
    (10, (("verse", 4), ("pre-chorus", 2), ("chorus", 4))),
    (16, (("verse", 4), ("chorus", 4), ("verse", 4), ("chorus", 4))),
    (20, (("verse", 4), ("pre-chorus", 2), ("chorus", 4), ("verse", 4), ("pre-chorus", 2), ("chorus", 4))),
    (28, (("verse", 4), ("pre-chorus", 2), ("chorus", 4), ("verse", 4), ("pre-chorus", 2), ("chorus", 4),
          ("bridge", 4), ("chorus", 4))),
    (36, (("verse", 8), ("pre-chorus", 2), ("chorus", 4), ("verse", 8), ("pre-chorus", 2), ("chorus", 4),
          ("bridge", 4), ("chorus", 4))),
    (50, (("verse", 8), ("pre-chorus", 2), ("chorus", 4), ("verse", 8), ("pre-chorus", 2), ("chorus", 4),
          ("verse", 8), ("chorus", 4), ("bridge", 4), ("chorus", 4), ("outro", 2))),
    (64, (("verse", 8), ("pre-chorus", 2), ("chorus", 4), ("verse", 8), ("pre-chorus", 2), ("chorus", 4),
          ("verse", 8), ("pre-chorus", 2), ("chorus", 4),
          ("bridge", 4), ("verse", 8), ("chorus", 4), ("outro", 2))),
)  # fmt: skip


def write(theme: Theme, *, genre: str, mood: str, line_s: float, duration_s: float, seed: int) -> str:
    """Tagged lyrics about ``theme``. Couplets rhyme; no line comes twice outside the choruses; each verse
    names the theme."""
    rng = Random(f"{seed} {genre} {mood} {theme.phrase}")
    writer = _Writer(theme, domain_of(theme.words, mood, rng), dense=genre in _DENSE, rng=rng)
    room = max(1.0, _SUNG_PART * duration_s / line_s)
    fitting = [form for lines, form in _FORMS if lines <= room]
    chorus: list[str] = []
    blocks = []
    verses = 0
    for kind, count in fitting[-1]:
        if kind == "chorus":
            chorus = chorus or writer.chorus(count)
            lines = chorus
        elif kind == "verse":
            verses += 1
            lines = writer.verse(count, 1 if verses == 1 else 2)
        else:
            table = {"pre-chorus": anywhere.LIFT, "bridge": anywhere.TURN, "outro": anywhere.CLOSE}[kind]
            lines = writer.plain(table, count)
        blocks.append("\n".join([f"[{kind}]", *lines]))
    return "\n\n".join(blocks) + "\n"


def line_seconds(tempo_bpm: float, metre: str) -> float:
    """What a line of about eight syllables takes: one, two or four bars, whichever sings most comfortably."""
    over, under = (int(text) for text in metre.split("/"))
    bar_s = over * 4 / under * 60.0 / tempo_bpm
    return min(
        (bar_s, 2 * bar_s, 4 * bar_s), key=lambda seconds: abs(math.log2(seconds / _COMFORTABLE_LINE_S))
    )


def domain_of(words: Iterable[str], mood: str, rng: Random) -> str:
    """The domain that the theme's words point to, the earliest word first; the mood's where they point
    nowhere."""
    table = {domain: frozenset(text.split()) for domain, text in WORDS.items()}
    scores = dict.fromkeys(table, 0.0)
    for place, word in enumerate(words):
        stems = {word, word.removesuffix("'s"), word.removesuffix("s"), word.removesuffix("ing")}
        for domain, known in table.items():
            if stems & known:
                scores[domain] += 1.0 / (1.0 + 0.2 * place)
    best = max(scores.values())
    if best > 0:
        return rng.choice([domain for domain, score in scores.items() if score == best])
    return rng.choice(BY_MOOD.get(mood, ("love", "hope")))


class _Writer:
    """Draws couplets without taking a line twice."""

    def __init__(self, theme: Theme, domain: str, *, dense: bool, rng: Random) -> None:
        self._theme = theme
        self._rng = rng
        self._verse_metre = _RAP_METRE if dense else _METRE
        self._theme_rows = rows(anywhere.RAP_THEME if dense else anywhere.THEMES[theme.kind])
        self._scene_rows = rows(anywhere.RAP if dense else DOMAINS[domain])
        # When a long song has used up its own domain, its neighbours carry on.
        spare = [name for name in DOMAINS if name != domain]
        rng.shuffle(spare)
        self._spare_rows = (
            rows(anywhere.RAP) if dense else tuple(row for name in spare[:3] for row in rows(DOMAINS[name]))
        )
        self._used: set[str] = set()

    def verse(self, count: int, stage: int) -> list[str]:
        """The theme in the first couplet of every four lines, scenes of the same stage around it."""
        lines: list[str] = []
        while len(lines) < count:
            if len(lines) % 4 == 0:
                lines += self._themed(self._theme_rows, stage, self._verse_metre)
            else:
                lines += self._scene(stage)
        if stage == 2 and count == 4:
            # The second verse opens on a scene and names the theme in its answer.
            lines = lines[2:] + lines[:2]
        return lines[:count]

    def chorus(self, count: int) -> list[str]:
        """The hook opens each couplet."""
        lines = self._themed(rows(anywhere.CHORUS), 1, _METRE)
        while len(lines) < count:
            lines += self._themed(rows(anywhere.CHORUS), 2, _METRE)
        return lines[:count]

    def plain(self, table: str, count: int) -> list[str]:
        """Lines for any theme, in the table's order of stages."""
        lines: list[str] = []
        while len(lines) < count:
            stage = 1 if not lines else 2
            lines += self._draw(rows(table), stage, _METRE)
        return lines[:count]

    def _themed(self, table: tuple[Row, ...], stage: int, metre: int) -> list[str]:
        """A couplet with the theme: its whole phrase where a line has room for it, else its last words."""
        phrase, hook = self._theme.phrase, self._theme.hook
        while True:
            couplet = self._try(table, stage, metre, phrase, hook)
            if couplet:
                return couplet
            if " " not in phrase and " " not in hook:
                raise ValueError(f"no line of the material holds the theme {self._theme.phrase!r}")
            phrase, hook = phrase.split(" ", 1)[-1], hook.split(" ", 1)[-1]

    def _scene(self, stage: int) -> list[str]:
        return self._draw(self._scene_rows, stage, self._verse_metre)

    def _draw(self, table: tuple[Row, ...], stage: int, metre: int) -> list[str]:
        for source in (table, self._spare_rows):
            if couplet := self._try(source, stage, metre, "", ""):
                return couplet
        raise ValueError("the material is used up: a form asks for more lines than there are")

    def _try(
        self, table: tuple[Row, ...], stage: int, metre: int, phrase: str, hook: str
    ) -> list[str] | None:
        """A couplet of ``stage`` that was not used yet, or of another stage when none is left."""
        order = list(table)
        self._rng.shuffle(order)
        order.sort(key=lambda row: row.stage != stage)
        for row in order:
            if row.first in self._used:
                continue
            couplet = fit(row, metre, self._rng, theme=phrase, hook=hook)
            if couplet and not self._used & set(couplet):
                self._used |= {row.first, *couplet}
                return [*couplet]
        return None
