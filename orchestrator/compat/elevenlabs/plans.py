"""ElevenLabs' composition plans, and what they are to us: a style, words to sing and a length."""

from __future__ import annotations

import re
from itertools import chain
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from config.errors import InvalidRequest
from lyrics.contract import SongPlan
from orchestrator.compat.bodies import unused_in

_LONGEST_S = 120.0
_SHORTEST_S = 3.0
_SECTION_CHARACTERS = 100
_LONGEST_MS = 1_000_000_000  # more is as much too long


class Section(BaseModel):
    """A section of a plan."""

    model_config = ConfigDict(extra="allow")

    section_name: str = ""
    positive_local_styles: list[str] = Field(default_factory=list)
    negative_local_styles: list[str] = Field(default_factory=list)
    duration_ms: int = 0
    lines: list[str] = Field(default_factory=list)


class CompositionPlan(BaseModel):
    """A plan of ``music_v1``: styles of the whole song, and its sections. Those of later models have
    ``chunks`` in place of sections."""

    model_config = ConfigDict(extra="allow")

    positive_global_styles: list[str] = Field(default_factory=list)
    negative_global_styles: list[str] = Field(default_factory=list)
    sections: list[Section] = Field(default_factory=list)
    chunks: list[dict[str, Any]] = Field(default_factory=list)

    def check(self) -> None:
        """Raises ``InvalidRequest`` for a plan of chunks, and for one that takes parts of other songs."""
        field = "composition_plan.sections"
        for place, section in enumerate(self.sections):
            taken = (section.model_extra or {}).get("source_from")
            if taken is not None:
                fix = "parts of other songs are not taken: POST /songs/{id}/repaint makes another part"
                raise InvalidRequest(f"{field}.{place}.source_from", taken, fix)
        if self.chunks or not self.sections:
            fix = "send a plan with sections and no chunks, as POST /v1/music/plan gives one"
            raise InvalidRequest(field, f"{len(self.sections)} sections, {len(self.chunks)} chunks", fix)

    @property
    def unused(self) -> list[str]:
        """The names of what is not used of it."""
        names = unused_in(self, "composition_plan.")
        for section in self.sections:
            names += unused_in(section, "composition_plan.sections.")
        return names

    @property
    def style(self) -> str:
        """The styles in one line; what is not wanted with "no" before it."""
        wanted = chain(self.positive_global_styles, *(each.positive_local_styles for each in self.sections))
        unwanted = chain(self.negative_global_styles, *(each.negative_local_styles for each in self.sections))
        styles = [*wanted, *(f"no {style}" for style in unwanted)]
        return ", ".join(dict.fromkeys(filter(None, (style.strip() for style in styles))))

    @property
    def lyrics(self) -> str:
        """The lines under the names of their sections; empty if nothing is sung."""
        if not any(section.lines for section in self.sections):
            return ""
        parts = [f"[{_tag(each.section_name)}]\n" + "\n".join(each.lines) for each in self.sections]
        return "\n\n".join(parts)

    @property
    def duration_s(self) -> float:
        return seconds(sum(section.duration_ms for section in self.sections))


def seconds(length_ms: int) -> float:
    """Milliseconds in seconds; numbers that are too large to be one are cut."""
    return max(min(length_ms, _LONGEST_MS), -_LONGEST_MS) / 1000.0


def _tag(section_name: str) -> str:
    """A section's name in one line, as it stands in brackets."""
    return " ".join(re.sub(r"[\[\]]", " ", section_name).split()) or "verse"


def composition_plan(plan: SongPlan, duration_s: float) -> CompositionPlan:
    """One of our plans as theirs: each section lasts as long as its lines are many."""
    sections = _sections(plan.lyrics) or [("Instrumental", [])]
    weights = [max(len(lines), 1) for _, lines in sections]
    return CompositionPlan(
        positive_global_styles=[*plan.tags, f"{plan.tempo_bpm:g} BPM", f"in {plan.key}"],
        negative_global_styles=list(plan.exclude),
        sections=[
            Section(
                section_name=name[:_SECTION_CHARACTERS],
                duration_ms=round(
                    1000 * min(max(duration_s * weight / sum(weights), _SHORTEST_S), _LONGEST_S)
                ),
                lines=lines,
            )
            for (name, lines), weight in zip(sections, weights, strict=True)
        ],
    )


def _sections(lyrics: str) -> list[tuple[str, list[str]]]:
    """The names of the sections and their lines."""
    found: list[tuple[str, list[str]]] = []
    for line in filter(None, (line.strip() for line in lyrics.splitlines())):
        if line.startswith("[") and line.endswith("]"):
            found.append((line.strip("[]"), []))
        else:
            found = found or [("verse", [])]
            found[-1][1].append(line)
    return found
