"""Who speaks of what in a song: which rows of the material suit its subject, and to whom they speak."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lyrics.sketch.clauses import first_person
from lyrics.sketch.couplets import Filling, Row
from lyrics.sketch.material.fields import Field
from lyrics.sketch.persons import told
from lyrics.sketch.theme import Theme

_KINDS = {"thing": "t", "who": "w", "doing": "d", "clause": "s"}
_MINE = re.compile(r"(?:my|our)\b")
_ACTED = frozenset(
    """road sea space trains city travel mountains desert farm kitchen work school music sport party garden
    knights pirates war revolution computers science faith letters games monday money""".split()
)
"""Fields whose "I" does what somebody in a song does: a driver packs the cab, but no dog throws a ball."""
_SAD_FIELDS = frozenset({"grief", "heartbreak"})
_TOLD = ("he", "she", "they")
_SPEAKER = re.compile(r"(?:I|we)\b", re.IGNORECASE)
_DARK = frozenset({"melancholic", "dark", "angry", "mysterious"})


@dataclass(frozen=True)
class Speech:
    """``kinds`` are those of the subject, as rows name them. A song that is not ``to_you`` has no line that
    speaks to "you"."""

    kinds: str
    to_you: bool = False
    has_pronoun: bool = True
    is_bad: bool = False
    is_dark: bool = False
    of_others: bool = False
    """Whether the song is of somebody else: no line says "I", unless it is of "my dog" and names it."""
    who: str = ""
    """ "he", "she" or "they", if what I do in a row of the field may be told of them."""

    def allows(self, row: Row) -> bool:
        """Whether the song may have the row."""
        if "*" not in row.kinds and not set(self.kinds) & set(row.kinds):
            return False
        if self.of_others and row.is_mine and not {"m"} & set(self.kinds) & set(row.kinds):
            return False
        if (row.to_you and not self.to_you) or (row.needs_pronoun and not self.has_pronoun):
            return False
        return {"": True, "+": not self.is_bad, "-": self.is_dark or self.is_bad, "!": self.is_bad}[row.mark]

    def voiced(self, rows: Sequence[Row]) -> Iterator[Row]:
        """The rows that the song may have, each in the song's person."""
        for row in rows:
            own = told(row, self.who) if self.who and "*" in row.kinds else row
            if own and self.allows(own):
                yield own


def speech_of(theme: Theme, field: Field, mood: str) -> Speech:
    """How the song speaks: to "you" if its subject does, or if it is of a field such as love and about nobody
    else."""
    where = "p" if theme.place else ""
    kinds = _KINDS[theme.kind] + where + ("sr" if theme.sentence and theme.kind != "clause" else "")
    if theme.kind == "who" and _MINE.match(theme.phrase):
        kinds += "m"
    others = theme.kind == "who" or bool(theme.sentence)
    of_others = theme.kind == "who" and not _SPEAKER.match(theme.sentence)
    return Speech(
        kinds=kinds,
        to_you=theme.to_you or (field.to_you and not others),
        has_pronoun=bool(theme.pronoun),
        is_bad=theme.is_bad,
        is_dark=mood in _DARK or field.name in _SAD_FIELDS,
        of_others=of_others,
        who=theme.pronoun if of_others and field.name in _ACTED and theme.pronoun in _TOLD else "",
    )


def filling_of(theme: Theme, field: Field) -> Filling:
    """What fills the lines."""
    places = (theme.place, *field.places) if theme.place else field.places
    return Filling(
        x=theme.phrase,
        is_plural=theme.is_plural,
        pronoun=theme.pronoun,
        am=first_person(theme.phrase) if theme.kind == "doing" else "",
        s=theme.sentence,
        where=theme.place,
        things=field.things,
        places=places,
    )
