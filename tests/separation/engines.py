"""Composers and separators of the tests, by ``package.module:Class``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from config.engine import EngineInfo, Report
from music.contract import Audio, MusicRequest, SectionSpan
from separation.contract import Samples, SeparateRequest
from separation.stems import summing_up
from tests.orchestrator.engines import HumComposer


class MixComposer(HumComposer):
    """Hums, gives no stems, and can change nothing."""

    info = EngineInfo(name="mix", version="1", licence="CC-BY-4.0")

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        audio = super().compose(request, report)
        sections = (SectionSpan("verse", 0.0, request.duration_s),)
        return replace(audio, stems={}, midi=b"MThd", loudness_lufs=-20.0, key="A minor", sections=sections)


class HalfSeparator:
    """Takes half of the mix for the voice."""

    info = EngineInfo(name="half", version="1", licence="MIT")

    def separate(self, request: SeparateRequest, report: Report) -> Mapping[str, Samples]:
        report("halving", 0.0)
        stems = summing_up(request.samples, {"vocals": 0.5 * request.samples})
        report("halving", 1.0)
        return stems
