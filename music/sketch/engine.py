"""The embedded composer: a score by rules, played by numpy and sung by a small network, then mixed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from config.engine import EngineInfo, Report
from config.errors import InvalidRequest
from music.contract import Audio, Beginning, MusicRequest, Samples, Source
from music.sketch.beginning import beginning
from music.sketch.changing.parts import extend, repaint
from music.sketch.changing.remixing import remixed
from music.sketch.changing.resinging import resung
from music.sketch.compose import write_score
from music.sketch.drafts import shortened
from music.sketch.instruments import RATE_HZ
from music.sketch.midi.writing import midi_bytes
from music.sketch.production import WRITTEN, produce
from music.sketch.score import Score
from music.sketch.timing import section_spans, timed_lines

SHORTEST_S = 5.0
"""A shorter song has no room for a bar, a cadence and a last chord at every tempo; it is cut from one of this
length."""
_FADE_S = 0.05


class SketchComposer:
    """Songs by rules. The same request gives the same bytes."""

    info = EngineInfo(
        name="sketch",
        version="2",
        licence="MIT",
        commercial=True,
        summary="songs by rules, played by numpy synthesis and sung by a small speech network "
        "(hibari-tts, Apache-2.0)",
        libraries=("numpy", "scipy", "hibari-tts", "onnxruntime"),
        tasks=("extend", "repaint", "remix", "resing"),
        begins_early=True,
    )

    def begin(self, request: MusicRequest, report: Report) -> Beginning | None:
        """About the first 12 s of a song of three minutes, 40 s of one of ten; None for one under 20 s."""
        samples = beginning(write_score(request), seed=request.seed, report=report)
        return None if samples is None else Beginning(samples, RATE_HZ)

    def change(self, request: MusicRequest, source: Source, report: Report) -> Audio:
        """As ``Changer.change``. New parts are on the song's own bar lines: the source's tempo must be known.
        The band and the motif are those of ``request``, and so of a song with its genre, mood and seed. A
        remix, and other words to the tune, are of the song's own score: a recording has none."""
        match request.task:
            case "extend":
                audio = extend(request, source, report)
            case "repaint":
                audio = repaint(request, source, report)
            case "resing":
                audio = resung(request, source, report)
            case "remix":
                report("writing", 0.0)
                audio = _played(remixed(request, source), request.seed, source.duration_s, report)
            case other:
                raise InvalidRequest("task", other, f"use one of {', '.join(self.info.tasks)}")
        report("mastering", 1.0)
        return audio

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        """A finished song of exactly ``request.duration_s``, at -14 LUFS, with stems, MIDI and timed words. A
        song shorter than ``SHORTEST_S`` is the beginning of one of that length, and has no MIDI. A draft has
        the notes and the words of the whole song's first seconds, in a mix of their own."""
        report("writing", 0.0)
        whole_s = max(request.duration_s, SHORTEST_S)
        score = write_score(request.model_copy(update={"duration_s": whole_s}))
        first_s = min(max(request.first_s or whole_s, SHORTEST_S), whole_s)
        audio = _played(shortened(score, first_s), request.seed, first_s, report)
        report("mastering", 1.0)
        if first_s < whole_s:
            return audio
        return audio if whole_s == request.duration_s else _beginning(audio, request.duration_s)


def _played(score: Score, seed: int, duration_s: float, report: Report) -> Audio:
    report("writing", WRITTEN)
    finished = produce(score, round(duration_s * RATE_HZ), seed=seed, report=report)
    return Audio(
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


def _beginning(audio: Audio, duration_s: float) -> Audio:
    """The first ``duration_s`` seconds, with a fade-out."""
    length, fade = round(duration_s * RATE_HZ), round(_FADE_S * RATE_HZ)
    gain = np.ones(length, np.float32)
    gain[-fade:] = np.linspace(1.0, 0.0, fade, dtype=np.float32)

    def cut(samples: Samples) -> Samples:
        return samples[:, :length] * gain

    return replace(
        audio,
        samples=cut(audio.samples),
        loudness_lufs=None,
        stems={name: cut(stem) for name, stem in audio.stems.items()},
        midi=None,
        lines=tuple(line for line in audio.lines if line.end_s <= duration_s),
        sections=tuple(
            replace(section, end_s=min(section.end_s, duration_s))
            for section in audio.sections
            if section.start_s < duration_s
        ),
        warnings=(*audio.warnings, f"sketch makes {SHORTEST_S:g} s or more: this is the beginning of that"),
    )
