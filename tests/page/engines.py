"""A composer that a test holds for as long as it looks at a song in the making."""

import os
import time
from pathlib import Path

from config.engine import Report
from music.contract import Audio, MusicRequest, TimedLine, TimedWord
from tests.orchestrator.engines import HumComposer

HOLD = "hold"
"""While a file of this name lies in the server's folder, no song gets past its half."""


class HeldComposer(HumComposer):
    """Sings a line every two seconds, for something to follow, over a bass; has a bug at seed 13."""

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        hold = Path(os.environ["SONGWRIGHT_HOME"]) / HOLD
        report("humming", 0.5)
        while hold.exists():
            time.sleep(0.02)
            report("humming", 0.5)
        if request.seed == 13:
            raise ZeroDivisionError("a bug in the engine")
        audio = super().compose(request, report)
        lines = []
        for start in range(1, int(request.duration_s) - 1, 2):
            words = [TimedWord(word, start + n / 2, start + n / 2 + 0.5) for n, word in enumerate(WORDS)]
            lines.append(TimedLine(" ".join(WORDS), tuple(words)))
        return Audio(
            samples=audio.samples,
            rate_hz=audio.rate_hz,
            tempo_bpm=audio.tempo_bpm,
            stems={"vocals": audio.samples * 0.75, "bass": audio.samples * 0.25},
            lines=tuple(lines) if request.lyrics else (),
        )


WORDS = ("hum", "a", "line")
