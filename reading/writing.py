"""Writes lyrics out in the engines' form: repeats and refrains in full, a section for each singer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reading.context import Row
from reading.headings import Heading, canonical
from reading.words.performance import MOST_REPEATS, Singer

_REFRAINS = ("pre-chorus", "chorus", "post-chorus")
"""Sections that are sung again where only their heading stands."""


@dataclass(frozen=True)
class Item:
    """Words, a blank line (no text), or a change of the singer."""

    text: str = ""
    times: int = 1
    start_s: float | None = None
    singer: Singer | None = None


@dataclass
class Group:
    """A heading and what stands under it; without one, a block of lines."""

    heading: Heading | None = None
    line: str = ""
    """The heading as it is to be written."""
    times: int = 1
    items: list[Item] = field(default_factory=list)

    @property
    def is_sung(self) -> bool:
        return any(item.text for item in self.items)

    @property
    def length(self) -> int:
        """The characters that one more of it takes."""
        return sum((len(item.text) + 1) * item.times for item in self.items) + len(self.line) + 2


@dataclass(frozen=True)
class Part:
    """A section as it was written, with the times of its lines."""

    heading: Heading
    lines: list[tuple[str, float | None]]


@dataclass(frozen=True)
class Written:
    text: str
    parts: tuple[Part, ...]
    is_tagged: bool


def groups_of(rows: Sequence[Row]) -> list[Group]:
    """The sections of ``rows``, or their blocks between blank lines if nothing marks a section."""
    groups = [Group()]
    tagged = any(
        piece.kind in ("heading", "singer") and not piece.round for row in rows for piece in row.pieces
    )
    interrupted: Group | None = None
    for row in rows:
        for piece in row.pieces:
            if piece.kind == "heading" and piece.heading:
                interrupted = (interrupted or groups[-1]) if piece.round else None
                groups.append(Group(piece.heading, piece.text, piece.times))
            elif piece.kind == "repeat":
                meant = next((each for each in reversed(groups) if each.is_sung or each.heading), None)
                if meant is not None:
                    meant.times = max(meant.times, piece.times)
            elif piece.kind == "blank":
                groups[-1].items.append(Item())
            else:
                if interrupted:
                    again = interrupted.heading or Heading("verse")
                    groups.append(Group(again, canonical(again)))
                    interrupted = None
                elif not tagged and groups[-1].is_sung and not groups[-1].items[-1].text:
                    groups.append(Group())
                start_s = row.times_s[0] if row.times_s else None
                words = Item(piece.text, piece.times, start_s)
                groups[-1].items.append(Item(singer=piece.singer) if piece.kind == "singer" else words)
    return groups


class Writer:
    """Writes groups. Repeats add no more than ``room`` characters, and no group starts after ``longest``."""

    def __init__(self, room: int, longest: int) -> None:
        self.warnings: list[str] = []
        self._room = room
        self._left = longest
        self._out: list[str] = []
        self._parts: list[Part] = []
        self._at = -1  # the line of the last heading in _out
        self._singer: Singer = ""

    def write(self, groups: Sequence[Group]) -> Written:
        sung: list[Group] = []
        tagged = any(group.heading or any(item.singer for item in group.items) for group in groups)
        for n, group in enumerate(groups):
            if self._left < 0:
                left = len(groups) - n
                self.warnings.append(
                    f"the lyrics are too long in full: the last {left} sections are left out"
                )
                break
            if group.heading and not group.is_sung:
                self._recall(group, group.heading, sung)
            if group.is_sung:
                sung.append(group)
            self._group(group, tagged=tagged)
        return Written("\n".join(self._out), tuple(self._parts), tagged)

    def _recall(self, group: Group, heading: Heading, earlier: Sequence[Group]) -> None:
        """Fills a section that has only its heading with what was sung in it before."""
        if not heading.again and heading.name not in _REFRAINS:
            return
        alike = [each for each in earlier if each.heading and each.heading.name == heading.name]
        exact = [each for each in alike if each.heading and each.heading.number == heading.number]
        if alike and self._has_room(alike[-1].length, group.line):
            source = (exact or alike)[-1]
            again = [
                replace(item, start_s=None) for item in source.items if item.text or item.singer is not None
            ]
            group.items = [*again, *group.items]

    def _group(self, group: Group, *, tagged: bool) -> None:
        copies = self._copies(group.times, group.length, group.line) if group.is_sung else 1
        blanks = 0
        while group.items[len(group.items) - blanks - 1 : len(group.items) - blanks] == [Item()]:
            blanks += 1
        body = group.items[: len(group.items) - blanks]
        for copy in range(copies):
            if copy and self._out and self._out[-1].strip():
                self._put("")
            if group.heading:
                self._open(group.heading, group.line if copy == 0 else canonical(group.heading))
            elif group.is_sung and not (tagged and self._parts):
                self._parts.append(Part(Heading("verse"), []))
            for item in body:
                self._item(item if copy == 0 else replace(item, start_s=None))
        for _ in range(blanks):
            self._put("")

    def _put(self, line: str) -> None:
        self._out.append(line)
        self._left -= len(line) + 1

    def _open(self, heading: Heading, line: str) -> None:
        self._singer = heading.singer
        self._at = len(self._out)
        self._put(line)
        self._parts.append(Part(heading, []))

    def _item(self, item: Item) -> None:
        if item.singer is not None:
            self._singer = item.singer
        elif not item.text:
            self._put("")
        else:
            self._divide()
            for n in range(self._copies(item.times, len(item.text) + 1, item.text.strip())):
                self._put(item.text)
                self._parts[-1].lines.append((item.text.strip(), item.start_s if n == 0 else None))

    def _divide(self) -> None:
        """Starts a section of the same kind if another singer begins; an empty one just changes its
        singer."""
        part = self._parts[-1]
        if part.heading.singer == self._singer:
            return
        heading = replace(part.heading, singer=self._singer)
        if part.lines or self._at < 0:
            if not part.lines:
                self._parts.pop()
            self._open(heading, canonical(heading))
        else:
            self._parts[-1] = Part(heading, [])
            self._out[self._at] = canonical(heading)

    def _copies(self, times: int, length: int, what: str) -> int:
        """How often to write what is marked to be sung ``times`` times."""
        if times > MOST_REPEATS:
            self.warnings.append(f"{what!r} is to be sung {times} times: {MOST_REPEATS} times are written")
        times = max(1, min(times, MOST_REPEATS))
        return times if times == 1 or self._has_room((times - 1) * length, what) else 1

    def _has_room(self, length: int, what: str) -> bool:
        if length > self._room:
            self.warnings.append(f"{what!r} is not repeated: the lyrics would be too long")
            return False
        self._room -= length
        return True
