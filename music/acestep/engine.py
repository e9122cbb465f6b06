"""ACE-Step 1.5 as a composer, through diffusers' pipeline: sung lyrics, 48 kHz stereo, up to ten minutes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from diffusers import AceStepPipeline

from config.engine import EngineInfo, EngineOptions, Report
from config.errors import EngineFailed, EngineUnavailable, InvalidRequest
from inference.devices import Placement
from inference.loading import ModelEngine
from inference.pretrained import pipeline
from music.acestep.attention import use_window_attention
from music.acestep.conditions import conditions_of
from music.acestep.hearing import conditions_for
from music.acestep.making import SHORTEST_S, Maker
from music.acestep.memory import LYRIC_TOKENS, PROMPT_TOKENS, TILE_FRAMES, TILE_OVERLAP, beside_weights
from music.acestep.placing import section_of, with_parts
from music.acestep.separating import separated
from music.acestep.tasks import BASE, STEMS, Work, resampled, tasks_of, work_of
from music.changes.places import as_it_is, fitted, in_stereo, song_with
from music.contract import COMPOSERS, Audio, MusicRequest, Samples, Source, unheeded
from music.variations import Variations


class AceStepComposer(ModelEngine):
    """Turbo and base checkpoints in diffusers' layout.

    Calls from several threads that differ only in ``seed`` are one call of the pipeline, which reads the
    words once. The transformer and the decoder take the songs in turn, so that a seed gives the same bytes
    alone and among others. In a real batch it does not: the embedding of a step is a product with a row for
    each song, and one row is added up in another order than four, which moves fp32 samples on a CPU by 1e-6;
    a GPU chooses how to add up by the size of each product. Nor does a batch save a CPU work: two layers of
    the real width took 2.3 s of its time four times and 2.1 s in a batch of four for 10 s of music, 5.1 s and
    5.3 s for 30 s.
    """

    name = "acestep"
    version = "2"
    spec = COMPOSERS.spec("acestep")
    libraries = ("torch", "diffusers", "transformers")
    precisions = ("fp32", "bf16")
    """Not fp16: the lyric encoder's last layer exceeds its range, and every song with lyrics is NaN (ACE-Step
    1.5, issue 1055)."""
    together = 4
    """How many calls of ``compose`` are worth making at the same time."""

    def __init__(self, options: EngineOptions) -> None:
        place = self.placed(options)
        try:
            pipe = pipeline(AceStepPipeline, place)
        except (OSError, ValueError, KeyError) as error:
            raise EngineUnavailable(
                f"{place.model} is not an ACE-Step checkpoint of diffusers",
                f"give one, such as {self.spec.default_model}",
            ) from error
        self._use(pipe, place)

    def _use(self, pipe: AceStepPipeline, place: Placement) -> None:
        """Makes this the engine around ``pipe``, which is on the device and in the precision of ``place``."""
        pipe.set_progress_bar_config(disable=True)
        vae = pipe.vae
        vae.enable_tiling()  # ten minutes in one piece take some 15 GB for each layer
        vae.tile_sample_min_length = TILE_FRAMES * vae.hop_length
        vae.tile_sample_overlap = TILE_OVERLAP * vae.hop_length
        for network in (pipe.transformer, pipe.condition_encoder):
            use_window_attention(network)
        self._pipe = pipe
        self._kind = "turbo" if pipe.is_turbo else "base"
        self._place = place
        self._move(place.device)
        parameters = ("infer_step",) if self._kind == "turbo" else ("infer_step", "guidance_scale")
        self.info = self.facts(place, parameters, f", {self._kind}")

    def _move(self, device: torch.device) -> None:
        self._pipe.to(device)
        self._make = Maker(self._pipe, self._kind, device)
        # The pipeline's guidance adds up the frames of all songs in one go, and only a CPU was seen to do
        # that in the same order for one song and for four.
        apart = self._kind == "turbo" or (device.type == "cpu" and not self._place.gpu_path)
        self._variations = Variations(self._make, self.together if apart else 1)

    @classmethod
    def extra_memory(cls, folder: Path, *, number_bytes: float, gpu_path: bool = False) -> int:
        """The memory that a song of ten minutes takes."""
        return beside_weights(folder, number_bytes=number_bytes)

    @classmethod
    def facts(cls, place: Placement, parameters: tuple[str, ...] = (), detail: str = "") -> EngineInfo:
        """As ``ModelEngine.facts``, with what this checkpoint does to songs."""
        return replace(super().facts(place, parameters, detail), tasks=tasks_of(place.folder))

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        """A song of 10 to 600 s with its peak at -1 dBFS; a shorter one is cut from 10 s. ``key``, ``metre``
        and ``tempo_bpm`` are those that the model was given. Raises ``InvalidRequest`` for a prompt without a
        word, ``EngineFailed`` where the model's numbers overflow, and within 0.1 s what ``report`` raises."""
        return self._composed(request, None, report)

    def change(self, request: MusicRequest, source: Source, report: Report) -> Audio:
        """As ``Changer.change``. What is kept is the source's own sound, at its rate.

        ``extend``, ``repaint`` and, where it is known when the lines are sung, ``resing`` of those that have
        other words are the model's repaint: it hears the whole song, and is given all of its words. Without
        these times ``resing`` is a cover with the new words, and says so. ``remix`` is a cover: with
        ``strength`` 0 of all the song's semantic tokens, with 1 of a fifth of them. ``stems`` are the song's
        own sound, by tracks that the model extracts; ``complete`` and ``reference`` are new. Covers and new
        songs have their peak at -1 dBFS and no ``loudness_lufs``: they are to be mastered. Raises
        ``InvalidRequest`` for a task that the checkpoint lacks, and as ``work_of`` and ``compose`` do."""
        if request.task not in self.info.tasks:
            fix = f"{self.info.model} does not do it: set the model to {BASE}"
            raise InvalidRequest("task", request.task, fix)
        source, rate_hz = in_stereo(source), int(self._pipe.sample_rate)
        if request.task == "stems":
            return self._separated(request, source, report)
        work = work_of(request, source, self.info.tasks, rate_hz)
        if work.task == "text2music":
            return self._composed(request, work, report)
        made = self._samples(request, work, report)
        warnings = self._warnings(request, work)
        report("composing", 1.0)
        if not work.places:
            facts = (source.tempo_bpm, source.key, source.metre)
            made = fitted(made, round(source.duration_s * rate_hz))
            return Audio(made, rate_hz, *facts, sections=source.sections, warnings=warnings)
        samples = with_parts(source, made, rate_hz, work.places)
        kind = section_of(request.lyrics) if request.task == "extend" else ""
        return song_with(source, samples, *work.places, kind=kind, warnings=warnings)

    def _separated(self, request: MusicRequest, source: Source, report: Report) -> Audio:
        tracks, rate_hz = {}, int(self._pipe.sample_rate)
        for number, track in enumerate(STEMS):

            def part(stage: str, fraction: float, number: int = number) -> None:
                report("composing" if number else stage, (number + min(fraction, 1.0)) / (len(STEMS) + 0.1))

            one = request.model_copy(update={"instruments": (track,)})
            work = work_of(one, source, self.info.tasks, rate_hz)
            made = resampled(self._samples(one, work, part), rate_hz, source.rate_hz)
            tracks[track] = fitted(made, source.samples.shape[1])
        stems = separated(source.samples, tracks)
        report("composing", 1.0)
        return replace(as_it_is(source), stems=stems, warnings=self._warnings(request, work))

    def _composed(self, request: MusicRequest, work: Work | None, report: Report) -> Audio:
        samples, rate_hz = self._samples(request, work, report), int(self._pipe.sample_rate)
        # A decoder whose strides are odd loses a few.
        samples = fitted(samples, round(request.duration_s * rate_hz))
        report("composing", 1.0)
        given = conditions_of(request)
        return Audio(
            samples=samples,
            rate_hz=rate_hz,
            tempo_bpm=given.bpm and float(given.bpm),
            key=given.key,
            metre=given.metre,
            warnings=self._warnings(request, work),
        )

    def _samples(self, request: MusicRequest, work: Work | None, report: Report) -> Samples:
        """What the pipeline makes, at its rate. Raises as ``compose``."""
        if not request.prompt.strip() and not (work and work.track):
            raise InvalidRequest("prompt", request.prompt, "say how the music sounds")
        report("waiting", 0.0)
        samples = self._variations.samples(
            request, lambda fraction: report("composing" if fraction else "waiting", fraction), work
        )
        if not np.isfinite(samples).all():
            raise EngineFailed(self.name, "the model's numbers overflowed: set the precision to fp32")
        return samples

    def _warnings(self, request: MusicRequest, work: Work | None) -> tuple[str, ...]:
        """What this checkpoint does not do of the request."""
        given = conditions_for(request, work)
        found = [*(work.warnings if work else ()), *given.warnings]
        if request.duration_s < SHORTEST_S and (work is None or work.task == "text2music"):
            found.append(f"ACE-Step makes {SHORTEST_S:g} s or more: this is the beginning of that")
        if (request.infer_step or 0) > (most := self._make.most_steps):
            found.append(f"ACE-Step {self._kind} takes {most} steps at most: it was made in {most}")
        if request.exclude:
            found.append(unheeded("ACE-Step", request.exclude))
        prompt, lyrics = self._pipe._format_prompt(
            request.prompt, given.lyrics, given.language, bpm=given.bpm, keyscale=given.key, timesignature="4"
        )
        if self._tokens(prompt) > PROMPT_TOKENS:
            found.append(
                "the style is longer than ACE-Step reads: its end, tempo, key and metre are not heeded"
            )
        if self._tokens(lyrics) > LYRIC_TOKENS:
            found.append("the lyrics are longer than ACE-Step reads: their end is not sung")
        return tuple(found)

    def _tokens(self, text: str) -> int:
        return len(self._pipe.tokenizer(text).input_ids)
