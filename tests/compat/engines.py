"""A composer for other services' clients: it begins early, sings words at known times, and does all
changes."""

from __future__ import annotations

from dataclasses import replace

from config.engine import Report
from music.contract import Audio, MusicRequest, Source
from tests.orchestrator.early import EarlyComposer


class AbleComposer(EarlyComposer):
    """Takes songs and recordings apart, and makes others of them: all of it a hum."""

    info = replace(
        EarlyComposer.info,
        name="able",
        tasks=("extend", "repaint", "remix", "reference", "stems", "complete"),
    )

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        return replace(super().compose(request, report), stems={})  # so that it can be taken apart

    def change(self, request: MusicRequest, source: Source, report: Report) -> Audio:
        report(request.task, 0.5)
        audio = self.compose(request, report)
        stems = {"vocals": audio.samples, "other": audio.samples * 0} if request.task == "stems" else {}
        return replace(audio, stems=stems, warnings=(f"task {request.task}: {request.change}",))


ABLE = {"SONGWRIGHT_MUSIC__ENGINE": f"{__name__}:AbleComposer"}
