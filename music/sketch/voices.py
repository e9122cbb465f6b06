"""Who sings the tune: lead and second lead, double, harmonies, and what is for backing vocals alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from music.contract import Voice
from music.sketch.score import Role, SungNote, VocalPart
from music.sketch.singers import Place, Tune
from music.sketch.theory import Chord, Key
from music.sketch.verses import Block
from reading.lyrics import Singer

_Sex = Literal["female", "male"]
_OCTAVE = 12
_CHOIR = 3
"""The singers to each part of a choir."""


_PLACES: dict[str, tuple[Role, float, float]] = {
    "lead": ("lead", 0.0, 0.0),
    "second lead": ("lead", -1.0, 0.12),
    "double": ("double", -7.0, 0.35),
    "high harmony": ("harmony", -8.0, -0.55),
    "low harmony": ("harmony", -8.0, 0.55),
}
"""By the names of parts: role, gain in dB, pan."""
_OF_THE_SECOND = " of the second lead"


def singer(name: str, notes: tuple[SungNote, ...], voice: Voice) -> VocalPart:
    """The part of this name, as ``assign`` names them, in a song for ``voice``. Raises ``KeyError`` for
    another name."""
    kind = name.removesuffix(_OF_THE_SECOND)
    own: _Sex = "male" if voice == "male" else "female"
    sex = _other(own) if name == "second lead" or name != kind else own
    if kind == "high harmony" or (kind == "low harmony" and voice == "choir"):
        sex = "female" if kind == "high harmony" else "male"
    return _part(name, sex, notes, _CHOIR if voice == "choir" else 1)


def _part(name: str, sex: _Sex, notes: tuple[SungNote, ...], unison: int = 1) -> VocalPart:
    role, gain_db, pan = _PLACES[name.removesuffix(_OF_THE_SECOND)]
    return VocalPart(name, role, sex, notes, gain_db, pan, unison)


def assign(sung: Tune, voice: Voice, key: Key, chord_at: Callable[[float], Chord]) -> tuple[VocalPart, ...]:
    """The vocal parts for ``voice``. Choruses have a double, and harmonies above and below; these alone sing
    the words for backing vocals. A section that names its singer is sung by that one."""
    leads = _leads(sung.places, [note.line for note in sung.notes], voice)
    own: _Sex = "male" if voice == "male" else "female"
    parts: list[VocalPart] = []
    first = own if any(own in singers for singers in leads) else _other(own)
    for sex in (first, _other(first)):
        notes = [
            note
            for note, place, singers in zip(sung.notes, sung.places, leads, strict=True)
            if sex in singers and not place.is_backing
        ]
        if notes:
            parts.append(_part("second lead" if parts else "lead", sex, _lower(notes, sex)))
    parts += _choir(sung, leads, voice, own, key, chord_at)
    unison = _CHOIR if voice == "choir" else 1
    return tuple(replace(part, unison=unison) for part in parts)


def lone_singer(blocks: Sequence[Block]) -> Singer:
    """The singer that all sections with lines are marked for; empty if there are two, or none is marked."""
    marks = {block.singer for block in blocks if block.lines}
    return marks.pop() if marks in ({"female"}, {"male"}) else ""


def _leads(places: Sequence[Place], lines: Sequence[int], voice: Voice) -> list[frozenset[_Sex]]:
    """Who leads each note. In a duet, choruses without a named singer are for both. Other sections belong to
    the second singer if the marks name only the first one; else they alternate between her and him, or their
    lines do if there is one section alone."""
    both = frozenset[_Sex](("female", "male"))
    marked: dict[str, frozenset[_Sex]] = {"female": frozenset(["female"]), "male": frozenset(["male"])}
    alone = list(dict.fromkeys(place.section for place in places if place.kind != "chorus"))
    firsts = list(dict.fromkeys(zip((place.section for place in places), lines, strict=True)))
    solos = {place.singer for place in places} & {"female", "male"}
    leads, turn, before = [], "male", (-1, -1)
    for place, line in zip(places, lines, strict=True):
        singer = place.singer
        if singer in ("duet", "choir"):
            leads.append(both)
        elif singer:
            turn = singer
            leads.append(marked[singer])
        elif voice != "duet":
            leads.append(marked["male" if voice == "male" else "female"])
        elif place.kind == "chorus" or len(firsts) == 1:
            leads.append(both)
        elif len(solos) == 1:
            leads.append(both - marked[min(solos)])
        else:
            if place.section != before[0] or (len(alone) == 1 and line != before[1]):
                turn = "male" if turn == "female" else "female"
            leads.append(marked[turn])
        before = place.section, line
    return leads


def _choir(
    sung: Tune,
    leads: Sequence[frozenset[_Sex]],
    voice: Voice,
    own: _Sex,
    key: Key,
    chord_at: Callable[[float], Chord],
) -> list[VocalPart]:
    """The double and the harmonies: of choruses, of what a choir sings, and of words in brackets. What a man
    leads alone is doubled by men, all else by women."""
    no_chorus = all(place.kind != "chorus" for place in sung.places)
    chosen: dict[_Sex, list[SungNote]] = {"female": [], "male": []}
    for note, place, singers in zip(sung.notes, sung.places, leads, strict=True):
        in_choir = voice == "choir" or place.singer == "choir"
        if in_choir or no_chorus or place.kind == "chorus" or place.is_backing:
            chosen["female" if "female" in singers else "male"].append(note)
    parts = []
    for sex in (own, _other(own)):
        notes = chosen[sex]
        if not notes:
            continue
        above, below = (
            [_moved(note, partial(_third, key=key, chord_at=chord_at, direction=way)) for note in notes]
            for way in (+1, -1)
        )
        of = "" if sex == own else _OF_THE_SECOND
        low: _Sex = "male" if voice == "choir" else sex
        high = _lower(above, "female" if voice == "choir" else sex)
        parts += [
            _part(f"double{of}", sex, _lower(notes, sex)),
            _part(f"high harmony{of}", "female", high),
            _part(f"low harmony{of}", low, _lower(below, sex)),
        ]
    return parts


def _other(sex: _Sex) -> _Sex:
    return "male" if sex == "female" else "female"


def _lower(notes: Sequence[SungNote], sex: _Sex) -> tuple[SungNote, ...]:
    """The notes, which are written for a woman, in the range of ``sex``."""
    drop = _OCTAVE if sex == "male" else 0
    return tuple(_moved(note, lambda _, pitch: pitch - drop) for note in notes)


def _moved(note: SungNote, move: Callable[[float, int], int]) -> SungNote:
    """``note`` on other pitches: ``move`` gets the beat and the pitch of each."""
    steps = tuple((after, move(note.start + after, pitch)) for after, pitch in note.steps)
    return replace(note, pitch=move(note.start, note.pitch), steps=steps)


def _third(beat: float, pitch: int, key: Key, chord_at: Callable[[float], Chord], direction: int) -> int:
    """A chord tone a third to a sixth from ``pitch``, or a third of the scale if the chord has none there."""
    chord = chord_at(beat).notes[:4]
    scale = key.pitch_classes()
    near = [pitch + direction * size for size in (3, 4, 5, 7, 8, 9)]
    return next(
        (each for each in near if each % 12 in chord and each % 12 in scale),
        next(each for each in near if each % 12 in scale),
    )
