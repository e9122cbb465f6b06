"""A composer that begins early, and that a test holds between the beginning and the song."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from config.engine import Report
from lyrics.contract import PlanRequest, SongPlan
from music.contract import Audio, Beginning, MusicRequest
from tests.orchestrator.engines import RATE_HZ, HumComposer, PlainWriter

HOLD = "hold"
"""While a file of this name lies in the library's folder, no song gets past its beginning."""
BEGUN_S = 4.0
BUG, KILLED, SHORT = 13, 14, 15
"""Seeds: of a song with a bug, of one whose process dies once after the beginning, and of one that does not
begin early."""

_BROADER = 6


class EarlyComposer(HumComposer):
    """Begins with the first ``BEGUN_S`` seconds, 3 dB too loud."""

    info = replace(HumComposer.info, name="early", begins_early=True)

    def begin(self, request: MusicRequest, report: Report) -> Beginning | None:
        report("beginning", 0.0)
        if request.seed == SHORT:
            return None
        song = super().compose(request, lambda _stage, _fraction: None)
        return Beginning(song.samples[:, : round(BEGUN_S * RATE_HZ)] * np.float32(1.413), RATE_HZ)

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        home = Path(os.environ.get("SONGWRIGHT_HOME", "."))  # a fork server may be older than it
        report("humming", 0.5)
        while (home / HOLD).exists():
            time.sleep(0.02)
            report("humming", 0.5)
        if request.seed == BUG:
            raise ZeroDivisionError("a bug in the engine")
        died = home / "died"
        if request.seed == KILLED and not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().compose(request, report)


class BroadComposer(EarlyComposer):
    """The same at 48 kHz: a browser waits for more bytes than 4 s at 8 kHz have before it plays."""

    def begin(self, request: MusicRequest, report: Report) -> Beginning | None:
        begun = super().begin(request, report)
        return begun and Beginning(begun.samples.repeat(_BROADER, axis=1), _BROADER * RATE_HZ)

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        audio = super().compose(request, report)
        stems = {name: stem.repeat(_BROADER, axis=1) for name, stem in audio.stems.items()}
        return replace(
            audio, samples=audio.samples.repeat(_BROADER, axis=1), rate_hz=_BROADER * RATE_HZ, stems=stems
        )


class PonderingWriter(PlainWriter):
    """Plans for half a minute."""

    def plan(self, request: PlanRequest, report: Report) -> SongPlan:
        for step in range(3000):
            report("pondering", step / 3000)
            time.sleep(0.01)
        return super().plan(request, report)


EARLY = {"SONGWRIGHT_MUSIC__ENGINE": f"{__name__}:EarlyComposer"}
