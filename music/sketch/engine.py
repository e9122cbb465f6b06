"""The embedded composer: a score by rules, played by numpy and sung by a formant voice, then mixed."""

from __future__ import annotations

from config.engine import EngineInfo, Report
from music.contract import Audio, MusicRequest
from music.sketch.compose import write_score
from music.sketch.instruments import RATE_HZ
from music.sketch.midi import midi_bytes
from music.sketch.production import WRITTEN, produce
from music.sketch.timing import section_spans, timed_lines


class SketchComposer:
    """Songs written by rules: no weights, no account, the same bytes for the same request."""

    info = EngineInfo(
        name="sketch",
        version="1",
        licence="MIT",
        commercial=True,
        summary="songs by rules, played by numpy synthesis and sung by a formant voice",
        libraries=("numpy", "scipy"),
    )

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        """A finished song exactly as long as asked, at -14 LUFS, with stems, MIDI and timed words."""
        report("writing", 0.0)
        score = write_score(request)
        report("writing", WRITTEN)
        finished = produce(score, round(request.duration_s * RATE_HZ), seed=request.seed, report=report)
        audio = Audio(
            samples=finished.samples,
            rate_hz=RATE_HZ,
            tempo_bpm=score.tempo_bpm,
            key=score.key,
            metre=score.metre,
            loudness_lufs=finished.loudness_lufs,
            stems={str(name): stem for name, stem in finished.stems.items()},
            midi=midi_bytes(score),
            lines=timed_lines(score),
            sections=section_spans(score),
            warnings=score.warnings,
        )
        report("mastering", 1.0)
        return audio
