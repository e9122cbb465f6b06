"""The form of a song: its sections and their bars, for the requested duration."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from music.sketch.fitting import DENSEST, fitting_blocks, left_out, line_bars, total_bars, verse_and_chorus
from music.sketch.sections import ENERGY, FormSection, PlacedLine, energy_of
from music.sketch.stamped import stamped_sections
from music.sketch.verses import Block

_COMFORTABLE_S = 3.8
"""A comfortable time for a line of about eight syllables."""
_SLOWEST_S = 6.6
"""The longest time for a line."""
_TAIL_S, _FIXED_TAIL_S = 2.2, 1.6
"""The shortest tail. With a fixed tempo, the rest of a bar is added to it."""
_LONGEST_TAIL_S = 4.5
"""A longer rest of a bar is divided: whole beats before the last chord, and the tail."""
_LONGEST_S = 600
"""The longest duration of a request."""
_LONGEST_INTRO = 0.2
"""The part of the song that an intro takes at most when it takes up spare bars."""
_SHORTEST_SECTION_S = 7.0
"""Sections of an instrumental are longer, where the song is long enough."""
_STRETCH = 0.04
"""The largest relative change of a tempo that the user has not named."""


@dataclass(frozen=True)
class Form:
    """``sections`` fill the song up to the last chord, which rings for ``tail_s``. ``extra_beats`` come
    between the last bar and that chord where another bar has no room and the chord would ring too long."""

    tempo_bpm: float
    sections: tuple[FormSection, ...]
    bars: int
    tail_s: float
    warnings: tuple[str, ...] = ()
    extra_beats: float = 0.0


def plan_form(
    blocks: Sequence[Block],
    *,
    duration_s: float,
    tempo_bpm: float,
    tempo_fixed: bool,
    beats_per_bar: float,
    times_s: Mapping[int, float] | None = None,
    tail_s: float = _TAIL_S,
    outro_s: float = 0.0,
) -> Form:
    """Fits the blocks and instrumental sections between them into ``duration_s``, minus a tail of ``tail_s``
    to about 4.5 s. ``outro_s``: how long an outro is wanted, where there is time for it.

    Lyrics that are too long are sung faster. If that is not enough, the last lines are left out, or the last
    words of a single line, with a warning; where that would leave out the chorus, lines of the verse are left
    out too. ``times_s``: when lines are to start, by their numbers; if they cannot, a warning says why."""
    nominal_bpm = tempo_bpm
    tempo_bpm, bars, warnings = _grid(duration_s, nominal_bpm, beats_per_bar, tail_s, tempo_fixed=tempo_fixed)
    bar_s = beats_per_bar * 60.0 / tempo_bpm
    timed, why = stamped_sections(blocks, times_s or {}, bars, bar_s, beats_per_bar)
    if why:
        warnings += (f"the times of the lines are not used: {why}",)
    if timed:
        sections = timed
    elif not any(block.lines for block in blocks):
        sections = _played_form(bars, bar_s, outro_s)
    else:
        sections, dropped = sung_form(blocks, bars, bar_s, outro_s)
        if dropped:
            needed_s = _holding_s(blocks, nominal_bpm, beats_per_bar, tail_s, tempo_fixed=tempo_fixed)
            fix = (
                f"{needed_s} s hold all" if needed_s <= _LONGEST_S else "shorten them, no song holds them all"
            )
            warnings += (f"{dropped.format(duration_s=duration_s)}: {fix}",)
    beat_s = 60.0 / tempo_bpm
    rest_s = duration_s - bars * bar_s
    longest_s = max(_LONGEST_TAIL_S, tail_s + beat_s)
    extra = float(int((rest_s - tail_s) / beat_s)) if rest_s > longest_s else 0.0
    return Form(tempo_bpm, tuple(numbered(sections)), bars, rest_s - extra * beat_s, warnings, extra)


def _grid(
    duration_s: float, tempo_bpm: float, beats_per_bar: float, tail_s: float, *, tempo_fixed: bool
) -> tuple[float, int, tuple[str, ...]]:
    """The tempo, the count of whole bars before the tail, and warnings about a changed tempo."""
    tail = min(_FIXED_TAIL_S if tempo_fixed else tail_s, 0.3 * duration_s)
    warnings: tuple[str, ...] = ()
    bar_s = beats_per_bar * 60.0 / tempo_bpm
    bars = max(1, int((duration_s - tail) / bar_s))
    if not tempo_fixed:
        nearest = max(1, round((duration_s - tail - 0.4) / bar_s))
        wanted_bpm = nearest * beats_per_bar * 60.0 / (duration_s - tail - 0.4)
        if abs(wanted_bpm / tempo_bpm - 1.0) <= _STRETCH:
            tempo_bpm, bars = round(wanted_bpm, 2), nearest
        bar_s = beats_per_bar * 60.0 / tempo_bpm
    while bars * bar_s > duration_s - 0.5:  # a single bar is longer than the song
        tempo_bpm, bar_s = tempo_bpm * 2.0, bar_s / 2.0
        warnings = (f"a bar does not fit into {duration_s:g} s: the tempo is doubled to {tempo_bpm:g} BPM",)
        bars = max(1, int((duration_s - tail) / bar_s))
    return tempo_bpm, bars, warnings


def sung_form(
    blocks: Sequence[Block], bars: int, bar_s: float, outro_s: float, *, is_fragment: bool = False
) -> tuple[list[FormSection], str]:
    """The sections, and what does not fit, as text with a place for the duration; empty if all does. A
    fragment of a song has neither intro nor outro, nor its chorus again."""
    outro = _outro_bars(outro_s, bar_s)
    options = sorted((4.0, 2.0, 1.0, DENSEST), key=lambda n: abs(math.log2(n * bar_s / _COMFORTABLE_S)))
    fitting = [
        per_line
        for per_line in options
        if per_line * bar_s <= _SLOWEST_S and total_bars(blocks, per_line, bar_s) <= bars
    ]
    if fitting:
        placed = _placed(blocks, fitting[0], bar_s, bars)
        return _filled(placed, bars, outro, may_repeat=not is_fragment, is_fragment=is_fragment), ""
    kept = fitting_blocks(blocks, bars, bar_s)
    cut = left_out(blocks, kept)
    what = f"the last {cut} not fit into {{duration_s:g}} s" if cut else ""
    if not any(block.kind == "chorus" and block.lines for block in kept) and (
        pair := verse_and_chorus(blocks, bars, bar_s)
    ):
        kept = pair
        sung = {line.number for block in pair for line in block.lines}
        count = len({line.number for block in blocks for line in block.lines} - sung)
        lines = "a line of the lyrics does" if count <= 1 else f"{count} lines of the lyrics do"
        what = f"{lines} not fit into {{duration_s:g}} s beside a verse and the chorus"
    # Nothing is sung twice while other lines are left out.
    placed = _placed(kept, DENSEST, bar_s, bars)
    return _filled(placed, bars, outro, may_repeat=False, is_fragment=is_fragment), what


def _outro_bars(outro_s: float, bar_s: float) -> int:
    """Bars of an outro of ``outro_s``, two at least; an even number."""
    return max(2, 2 * math.ceil(outro_s / bar_s / 2.0))


def _holding_s(
    blocks: Sequence[Block], tempo_bpm: float, beats_per_bar: float, tail_s: float, *, tempo_fixed: bool
) -> int:
    """The shortest duration, about, in whole seconds that has room for all lines."""
    seconds = 5
    while True:
        bpm, bars, _ = _grid(float(seconds), tempo_bpm, beats_per_bar, tail_s, tempo_fixed=tempo_fixed)
        bar_s = beats_per_bar * 60.0 / bpm
        missing = total_bars(blocks, DENSEST, bar_s) - bars
        if missing <= 0:
            return seconds
        # Half of the missing time, because a longer song may have another tempo.
        seconds += max(1, int(0.5 * missing * bar_s))


def _placed(blocks: Sequence[Block], per_line: float, bar_s: float, most: int) -> list[FormSection]:
    """The sections with their lines; a line that has been cut gets what is left of the ``most`` bars."""
    sections, before = list[FormSection](), 0
    for block in blocks:
        at, lines = 0.0, []
        for line in block.lines:
            length = min(line_bars(line, per_line, bar_s), most - before - at)
            lines.append(PlacedLine(line, at, length))
            at += length
        before += math.ceil(at)
        sections.append(
            FormSection(block.kind, math.ceil(at), energy_of(block.kind), tuple(lines), singer=block.singer)
        )
    return sections


def _filled(
    sections: list[FormSection], bars: int, outro_bars: int, *, may_repeat: bool, is_fragment: bool = False
) -> list[FormSection]:
    """``sections``, with instrumental sections added until the song has ``bars`` bars.

    Nothing is put between a pre-chorus and its chorus: an interlude only comes before a verse, a bridge, or a
    section of the same kind as the one before. The remaining bars become breaks that lead back to the last
    chorus, after all else that is sung but an outro: no words of the lyrics come later for it."""
    left = bars - sum(section.bars for section in sections)
    unit = 4 if bars >= 24 else 2

    def take(wanted: int) -> int:
        nonlocal left
        taken = min(wanted, left)
        left -= taken
        return taken

    # Sections of the lyrics without words are instrumental. They get bars first, because the user wants them.
    sections = [s if s.bars else replace(s, bars=take(unit)) for s in sections]
    sections = [section for section in sections if section.bars]
    opens, closes = sections[0].kind == "intro", sections[-1].kind == "outro"
    intro_bars, outro_bars = (0, 0) if is_fragment else (unit, outro_bars)
    choruses = [n for n, section in enumerate(sections) if section.kind == "chorus"]
    end = len(sections) - 1 - closes
    last = choruses[-1] if choruses else end
    gaps = [
        n
        for n in range(1, len(sections))
        if sections[n].kind in ("verse", "bridge") or sections[n].kind == sections[n - 1].kind
    ]
    intro = 0 if opens else take(intro_bars)
    outro = (
        0 if closes or is_fragment else take(outro_bars if bars >= 6 * outro_bars else 2 if bars >= 12 else 0)
    )
    played = dict.fromkeys(gaps, 0)  # bars before section n
    for n in gaps[:1]:
        played[n] += take(unit)
    # The solo comes before the last chorus and its pre-chorus.
    solo_at = last - 1 if last > 1 and sections[last - 1].kind == "pre-chorus" else last
    has_solo = any(section.kind == "instrumental" for section in sections)
    solo = take(8) if left >= 8 and len(sections) > 2 and not has_solo else 0
    again: list[FormSection] = []
    chorus = [sections[last]] if choruses and may_repeat else []
    cycle = 2 * unit + sum(section.bars for section in chorus)
    turn = int(sections[end].kind == _BREAKS[0])
    while left >= cycle:
        # If much time is left, two breaks come between choruses, so that there are not too many choruses.
        for _ in range(2 if left >= 4 * cycle else 1):
            kind = _BREAKS[turn % len(_BREAKS)]
            again.append(FormSection(kind, take(2 * unit), ENERGY[kind]))
            turn += 1
        again += chorus
        left -= cycle - 2 * unit
    if chorus and left >= chorus[0].bars:
        again.append(chorus[0])
        left -= chorus[0].bars
    intro += 0 if opens or intro + unit > _LONGEST_INTRO * bars else take(intro_bars)
    for n in gaps:
        played[n] += take(unit)
    solo += take(unit) if solo else 0
    outro += take(left)

    song = [FormSection("intro", intro, ENERGY["intro"])] if intro else []
    for n, section in enumerate(sections):
        if played.get(n):
            song.append(FormSection("interlude", played[n], ENERGY["interlude"]))
        if solo and n == solo_at:
            song.append(FormSection("instrumental", solo, ENERGY["instrumental"]))
        song.append(section)
        if n == end:
            song += again
    if outro:
        kind = "interlude" if is_fragment else "outro"
        song.append(FormSection(kind, outro, ENERGY[kind]))
    return song


_BREAKS = ("bridge", "instrumental", "interlude")
"""Sections that lead back to another chorus, in turn."""

_PLAYED = ("verse", "chorus", "verse", "chorus", "bridge", "chorus", "instrumental", "verse", "chorus")


def _played_form(bars: int, bar_s: float, outro_s: float) -> list[FormSection]:
    """A form without lyrics: an instrument plays the tune. It has a verse and a chorus if it has two bars,
    and ends with a chorus and an outro."""
    unit = 8 if bars >= 34 else 4 if bars >= 12 else max(1, bars // 2)
    while unit >= 4 and unit * bar_s < _SHORTEST_SECTION_S and bars >= 6 * unit:
        unit *= 2
    intro = unit // 2 if bars > 2 * unit else 0
    outro = max(unit // 2, min(_outro_bars(outro_s, bar_s), bars // 5)) if bars > 3 * unit else 0
    left = bars - intro - outro
    song = [FormSection("intro", intro, ENERGY["intro"])] if intro else []
    n = 0
    while left > 0:
        length = (
            left if left < unit + unit // 2 and n else min(unit, left)
        )  # no very short section at the end
        kind = _PLAYED[n % len(_PLAYED)]
        if n and left == length:
            kind = "chorus"
        song.append(FormSection(kind, length, ENERGY[kind]))
        left -= length
        n += 1
    if outro:
        song.append(FormSection("outro", outro, ENERGY["outro"]))
    return song


def numbered(sections: Sequence[FormSection]) -> list[FormSection]:
    """Numbers the sections of each kind. Later verses get a little more energy, the last chorus the most."""
    counts: dict[str, int] = {}
    last_chorus = max((n for n, section in enumerate(sections) if section.kind == "chorus"), default=-1)
    numbered = []
    for n, section in enumerate(sections):
        number = counts.get(section.kind, 0)
        counts[section.kind] = number + 1
        energy = section.energy + (0.05 if section.kind == "verse" and number else 0.0)
        numbered.append(replace(section, number=number, energy=1.0 if n == last_chorus else energy))
    return numbered
