"""The embedded engines with the times of engines on GPUs: a song has all its files, its parts end apart."""

from __future__ import annotations

from art.contract import Cover, CoverRequest
from art.sketch.engine import SketchPainter
from config.engine import Report
from lyrics.contract import PlanRequest, SongPlan
from lyrics.sketch.engine import SketchWriter
from music.contract import Audio, MusicRequest
from music.sketch.engine import SketchComposer
from tests.modal.engines import COVER_S, MUSIC_S, PLAN_S, work


class Writer(SketchWriter):
    def plan(self, request: PlanRequest, report: Report) -> SongPlan:
        work(PLAN_S)
        return super().plan(request, report)


class Composer(SketchComposer):
    def compose(self, request: MusicRequest, report: Report) -> Audio:
        work(MUSIC_S)
        return super().compose(request, report)


class Painter(SketchPainter):
    def paint(self, request: CoverRequest, report: Report) -> Cover:
        work(COVER_S)
        return super().paint(request, report)
