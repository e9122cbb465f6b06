"""Whole lyrics: a form that suits the duration, and couplets that tell a story."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random

from lyrics.sketch.chorus import METRE, chorus, hook_of, hook_with
from lyrics.sketch.couplets import Filling, Row, fit
from lyrics.sketch.material.fields import CHORUS, EVERYDAY, Field, field_of, fields, table
from lyrics.sketch.material.scenes import clash, scene
from lyrics.sketch.nouns import DETERMINERS, JOINT, head, is_mass, with_article
from lyrics.sketch.theme import Theme
from lyrics.sketch.voice import filling_of, speech_of
from phonetics.words import count_syllables

_RAP_METRE = METRE + 2
"""Syllables of a line of rap in its verses."""
_DENSE = frozenset({"hip hop", "trap"})
_STANZA_OF_THREE = frozenset({"blues"})
"""Genres whose verses say a line, say it again, and answer it."""
_AGAIN = ("Yes, ", "Oh, ", "Lord, ", "Well, ")
_LONG_WORD = 4  # letters
_OWN_PART = 0.2
"""How often a pre-chorus or a bridge has an image of the song's field."""
_KEPT_STAGE = 0.5
"""How often a couplet that continues a story cannot open it, nor the other way round."""
_SHORT_SUBJECT = 0.5
"""How often a verse says a long subject in short: "the kitchen"."""
_LONG_SUBJECT = 5
"""Syllables of a subject that a line may shorten to its noun."""
_NO_NOUNS = frozenset("home away again back inside outside now then there here".split())
"""What a long subject may end on, and no short one is."""
_CAPITALS = frozenset({"I"})
_COMFORTABLE_LINE_S = 3.8
_SUNG_PART = 0.78
"""The sung part of a song's time; the rest is intro, interludes and ending."""

# By the number of lines that the song has room for: kind and lines of each section.
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


@dataclass(frozen=True)
class Words:
    """Tagged ``lyrics``, in whose chorus ``title`` is sung."""

    title: str
    lyrics: str


def write(
    theme: Theme, *, genre: str, mood: str, line_s: float, duration_s: float, seed: int, title: str = ""
) -> Words:
    """Tagged lyrics about ``theme``, with ``title`` in the hook if the user asks for one. Couplets rhyme; no
    line is repeated outside the choruses; each verse names the theme."""
    rng = Random(f"{seed} {genre} {mood} {theme.phrase}")
    writer = _Writer(theme, mood, title=title, genre=genre, rng=rng)
    room = max(1.0, _SUNG_PART * duration_s / line_s)
    form = [form for lines, form in _FORMS if lines <= room][-1]
    blocks = ["\n".join([f"[{kind}]", *lines]) for kind, lines in writer.sections(form)]
    return Words(writer.hook.title, "\n\n".join(blocks) + "\n")


def field_for(theme: Theme) -> Field:
    """The field that the theme is of."""
    doing = theme.phrase.split()[:1] if theme.kind == "doing" else []
    return field_of(theme.words, (head(theme.phrase), theme.hook.lower().split()[-1], *doing))


def line_seconds(tempo_bpm: float, metre: str) -> float:
    """The time for a line of about eight syllables: one, two or four bars, whichever is most comfortable to
    sing."""
    over, under = (int(text) for text in metre.split("/"))
    bar_s = over * 4 / under * 60.0 / tempo_bpm
    return min(
        (bar_s, 2 * bar_s, 4 * bar_s), key=lambda seconds: abs(math.log2(seconds / _COMFORTABLE_LINE_S))
    )


class _Writer:
    """Draws couplets and uses no line twice."""

    def __init__(self, theme: Theme, mood: str, *, title: str, genre: str, rng: Random) -> None:
        self.field = field_for(theme)
        self._rng = rng
        self._dense = genre in _DENSE
        self._by_three = genre in _STANZA_OF_THREE
        self._speech = speech_of(theme, self.field, mood)
        self._fillings = tuple(_shorter(filling_of(theme, self.field)))
        self._used: set[str] = set()
        self._is_placed = False
        self._about = scene(f"{theme.phrase} {theme.sentence} {theme.place} {' '.join(theme.words)}")
        self._now = self._about
        if title:
            self.hook = hook_with(title, theme, self._fillings[0], rng)
        else:
            self.hook = hook_of(theme, self._speech, self._fillings, rng)
        # The chorus takes its lines first, because a verse may have what it leaves.
        self._refrain = self._chorus()

    def sections(self, form: Sequence[tuple[str, int]]) -> Iterable[tuple[str, list[str]]]:
        """The sections of ``form``. All choruses are the same."""
        verses = 0
        for kind, count in form:
            self._now = self._about
            if kind == "chorus":
                yield kind, self._refrain[:count]
            elif kind == "verse":
                verses += 1
                yield kind, self._verse(count, 1 if verses == 1 else 2)
            else:
                yield kind, self._other({"pre-chorus": "pre", "bridge": "turn", "outro": "end"}[kind], count)

    def _chorus(self) -> list[str]:
        everyday = fields()[EVERYDAY].parts[CHORUS]
        own = [row for row in self.field.parts[CHORUS] if self._speech.allows(row)] or everyday
        fitting = [row for row in own if not self._clashes(row)] or own
        return chorus(self.hook, 4, fitting, self._rng, self._used)

    def _verse(self, count: int, stage: int) -> list[str]:
        """One couplet of a verse names the theme, the others are of one scene of its field. A subject of no
        field is in every other couplet."""
        couplets: list[list[str]] = []
        per_stanza = 3 if self._by_three else 2
        while per_stanza * len(couplets) < count:
            if not couplets or (self.field.name == EVERYDAY and len(couplets) % 2 == 0):
                couplets.append(self._themed(stage))
            else:
                couplets.append(self._scene(stage))
        if stage == 2 and count == 4:
            # The second verse opens with a scene, then names the theme.
            couplets.reverse()
        if self._by_three:
            return [line for couplet in couplets for line in _three(couplet, self._rng)]
        return [line for couplet in couplets for line in couplet][:count]

    def _themed(self, stage: int) -> list[str]:
        """A couplet with the theme."""
        verse = tuple(row for row in table("frames", "verse") if row.kinds != "p")
        more = ((verse, METRE), *self._scenes())
        if self._dense:
            return self._first((table("frames", "rap verse"), _RAP_METRE), *more, stage=stage)
        return self._first(*more, stage=stage)

    def _scenes(self) -> tuple[tuple[Sequence[Row], int], ...]:
        """The couplets of scenes: of the song's field, then of every day, then of the frames."""
        everyday = fields()[EVERYDAY]
        own = self.field.verses + self.field.parts[CHORUS]
        more = everyday.verses + everyday.parts[CHORUS]
        return (own, METRE), (more, METRE), (table("frames", "verse"), METRE)

    def _scene(self, stage: int) -> list[str]:
        """A couplet from the song's field; from other verses, if the field is used up. The first scene of a
        song is at the place that the description names, if it names one."""
        if "p" in self._speech.kinds and not self._is_placed:
            self._is_placed = True
            placed = tuple(row for row in table("frames", "verse") if row.kinds == "p" and row.stage == stage)
            return self._first((placed, METRE), *self._scenes(), stage=stage)
        if self._dense and self._rng.random() < 0.5:
            return self._first((table("frames", "rap scene"), _RAP_METRE), *self._scenes(), stage=stage)
        return self._first(*self._scenes(), stage=stage)

    def _other(self, part: str, count: int) -> list[str]:
        """Lines of a pre-chorus, a bridge or an ending: of the song's field, and about its subject."""
        own, framed, more = self.field.parts[part], table("frames", part), fields()[EVERYDAY].parts[part]
        about = tuple(row for row in framed if "*" not in row.kinds)
        anyone = tuple(row for row in framed if "*" in row.kinds)
        # A field has few of these: if each song took one, two songs of one subject would be much alike.
        order = [*self._rng.sample((about, anyone), 2), own]
        if self._rng.random() < _OWN_PART:
            order.insert(0, self._rng.choice((own, self.field.parts[CHORUS])))
        lines: list[str] = []
        while len(lines) < count:
            # A bridge of two couplets takes them from two tables.
            order = order[1:] + order[:1]
            tables = ((rows, METRE) for rows in (*order, more))
            lines += self._first(*tables, *self._scenes(), plain=True)
        return lines[:count]

    def _first(self, *tables: tuple[Sequence[Row], int], stage: int = 0, plain: bool = False) -> list[str]:
        """An unused couplet of the first of ``tables`` that has one, at its metre, of ``stage`` if it can
        be."""
        for rows, metre in tables:
            voiced = tuple(self._speech.voiced(rows))
            fillings = self._fillings
            if len(fillings) > 1 and self._rng.random() < _SHORT_SUBJECT:
                fillings = (*fillings[1:], fillings[0])
            for filling in fillings:
                if couplet := self._draw(voiced, metre, stage, filling):
                    self._now |= scene(" ".join(couplet))
                    led = self._dense and not plain and metre == METRE
                    return self._led(couplet) if led else couplet
        raise ValueError("the material is used up: a form asks for more lines than there are")

    def _draw(self, rows: Sequence[Row], metre: int, stage: int, filling: Filling) -> list[str] | None:
        order = [row for row in rows if row.first not in self._used]
        self._rng.shuffle(order)
        # Of an evil, a row that is of evils only says more than one that is of anything.
        order.sort(
            key=lambda row: (
                self._clashes(row),
                row.stage not in (0, stage) and self._rng.random() < _KEPT_STAGE,
                self._speech.is_bad and row.mark != "!",
            )
        )
        for row in order:
            couplet = fit(row, metre, self._rng, filling)
            if couplet and not self._used & set(couplet) and not any(map(_says_twice, couplet)):
                self._used |= {row.first, *couplet}
                return [*couplet]
        return None

    def _clashes(self, row: Row) -> bool:
        """Whether the row is of another season or hour than the lines before it, or than the subject."""
        return clash(self._now, scene(f"{row.first} {row.second}"))

    def _led(self, couplet: list[str]) -> list[str]:
        """The couplet as rap says it: denser, each line with a word that leads to it."""
        leads = table("frames", "rap leads")
        found = [self._rng.choice([row.first for row in leads if row.stage == n]) for n in (1, 2)]
        return [f"{lead} {_small(line)}" for lead, line in zip(found, couplet, strict=True)]


def _three(couplet: list[str], rng: Random) -> list[str]:
    """A stanza of the blues: the line, the line again, and its answer."""
    first, answer = couplet
    again = [f"{word}{_small(first)}" for word in _AGAIN]
    return [first, rng.choice([line for line in again if count_syllables(line) <= METRE + 2]), answer]


def _says_twice(line: str) -> bool:
    """Whether a long word stands in the line twice: "driving at night tonight"."""
    words = [word.strip(",.:;!?").removeprefix("to") for word in line.lower().split()]
    long = [word for word in words if len(word) > _LONG_WORD]
    return len(long) > len(set(long))


def _small(line: str) -> str:
    """The line as it stands behind a word; its first letter is small again, unless it is of "I" or a name."""
    first = line.split()[0]
    return line if first in _CAPITALS or first.startswith("I'") else line[0].lower() + line[1:]


def _shorter(filling: Filling) -> Iterable[Filling]:
    """``filling``, and then with less and less of the subject, for lines that have no room for all of it:
    "the light in my window", "the light"."""
    yield filling
    cut = JOINT.sub("", filling.x)
    words = cut.split()
    found = [cut]
    determined = words[0].lower() in DETERMINERS
    is_long = len(words) > 1 + determined and count_syllables(cut) >= _LONG_SUBJECT
    is_name = is_mass(cut) or any(word[:1].isupper() for word in words)
    if is_long and not is_name and not filling.am and words[-1].lower() not in _NO_NOUNS:
        own = determined and not any(word.endswith(("'s", "’s")) for word in words[1:-1])
        # "My grandma's kitchen" is not "my kitchen".
        found.append(f"{words[0]} {words[-1]}" if own else words[-1])
    for shorter in dict.fromkeys(found):
        if shorter != filling.x and " and " not in filling.x:
            yield replace(filling, x=with_article(shorter))
