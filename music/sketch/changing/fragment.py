"""Some bars that a song could have: of its tempo, key and metre, by the same band, with the same motif."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from config.engine import Report
from music.changes.joins import PICKUP_S
from music.contract import MusicRequest, Samples, SectionSpan, TimedLine
from music.sketch.compose import write_score
from music.sketch.form import Form, numbered, sung_form
from music.sketch.instruments import RATE_HZ
from music.sketch.midi.writing import midi_bytes
from music.sketch.production import WRITTEN, produce
from music.sketch.sections import ENERGY, FormSection, energy_of
from music.sketch.timing import section_spans, timed_lines
from music.sketch.verses import Block

BEFORE, AFTER = 1, 2
"""Bars that are played before and after a fragment, so that it comes from somewhere and leads on."""
_TAIL_S = 2.2


@dataclass(frozen=True)
class Fragment:
    """The bars, from ``PICKUP_S`` before the first one. Times are seconds after its beginning."""

    samples: Samples
    stems: dict[str, Samples]
    lines: tuple[TimedLine, ...]
    sections: tuple[SectionSpan, ...]
    warnings: tuple[str, ...]
    midi: bytes
    """With what is played before and after."""
    midi_at: float
    """The beat of that file at which the bars begin."""


def write_fragment(
    request: MusicRequest,
    *,
    bars: int,
    bar_s: float,
    kind: str,
    opens: bool,
    continues: bool,
    report: Report,
    ending_s: float | None = None,
) -> Fragment:
    """``bars`` bars of ``bar_s`` seconds. With ``ending_s`` they are a song's last ones, and its last chord
    takes so long; else the part goes on after them, and is cut ``PICKUP_S`` before they end. Unless it
    ``opens`` the song, something is played before them too, of which the last ``PICKUP_S`` stay; it is of the
    same section if that ``continues``. ``request`` has the song's tempo, key and metre, and its seed: the
    band and the motif are the song's."""
    lead = 0 if opens else BEFORE

    def plan(blocks: Sequence[Block], beats: float) -> Form:
        return fragment_form(
            blocks,
            bars=bars,
            tempo_bpm=request.tempo_bpm,
            beats_per_bar=beats,
            kind=kind,
            lead=lead,
            continues=continues,
            tail_s=ending_s,
        )

    report("writing", 0.0)
    made_s = (lead + bars + (AFTER if ending_s is None else 0)) * bar_s + (ending_s or _TAIL_S)
    score = write_score(request.model_copy(update={"duration_s": made_s, "tempo_fixed": True}), plan)
    report("writing", WRITTEN)
    made = produce(score, round(made_s * RATE_HZ), seed=request.seed, report=report)
    lead_s = lead * bar_s
    first = round((lead_s - (PICKUP_S if lead else 0.0)) * RATE_HZ)
    last = round((lead_s + bars * bar_s - PICKUP_S) * RATE_HZ) if ending_s is None else None
    end_s = made_s if ending_s else lead_s + bars * bar_s
    return Fragment(
        made.samples[:, first:last],
        {str(name): stem[:, first:last] for name, stem in made.stems.items()},
        tuple(later(line, -lead_s) for line in timed_lines(score)),
        tuple(
            SectionSpan(each.kind, max(each.start_s - lead_s, 0.0), min(each.end_s, end_s) - lead_s)
            for each in section_spans(score)
            if each.end_s > lead_s + 1e-6 and each.start_s < end_s - 1e-6
        ),
        score.warnings,
        midi_bytes(score),
        lead * bar_s * request.tempo_bpm / 60.0,
    )


def fragment_form(
    blocks: Sequence[Block],
    *,
    bars: int,
    tempo_bpm: float,
    beats_per_bar: float,
    kind: str,
    lead: int,
    continues: bool,
    tail_s: float | None,
) -> Form:
    """The form of ``lead`` bars to come from, and of ``bars`` bars: the last of a song with ``tail_s``, for
    its last chord; without, from its middle, and ``AFTER`` more follow, in which it goes on as a song does.
    With ``continues`` its first bars belong to the section that they come from, and nothing marks a new one.
    Without lyrics it is a section of ``kind``. What of the lyrics does not fit is left out, with a
    warning."""
    bar_s = beats_per_bar * 60.0 / tempo_bpm
    warnings: tuple[str, ...] = ()
    if any(block.lines for block in blocks):
        sections, dropped = sung_form(blocks, bars, bar_s, 0.0, is_fragment=True)
        if dropped:
            warnings = (f"{dropped.format(duration_s=round(bars * bar_s, 1))}: change a longer span",)
    else:
        sections = [FormSection(kind, bars, energy_of(kind))]
    if lead and continues:
        sections[0] = _longer(sections[0], lead)
    elif lead:
        sections.insert(0, FormSection(sections[0].kind, lead, sections[0].energy))
    if tail_s is None:
        sections.append(FormSection("outro", AFTER, ENERGY["outro"]))
    count = sum(section.bars for section in sections)
    return Form(tempo_bpm, tuple(numbered(sections)), count, tail_s or _TAIL_S, warnings)


def _longer(section: FormSection, bars: int) -> FormSection:
    """The section with so many bars before its first one."""
    lines = tuple(replace(line, start_bar=line.start_bar + bars) for line in section.lines)
    return replace(section, bars=section.bars + bars, lines=lines)


def later(line: TimedLine, seconds: float) -> TimedLine:
    """The line so much later."""
    words = (replace(word, start_s=word.start_s + seconds, end_s=word.end_s + seconds) for word in line.words)
    return replace(line, words=tuple(words))
