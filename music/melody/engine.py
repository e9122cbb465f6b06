"""MusicGen's melody checkpoints as a composer: songs from text, and remixes that keep a song's melody."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import AutoTokenizer, LogitsProcessorList

from config.engine import EngineInfo, EngineOptions, Report
from config.errors import EngineUnavailable, InvalidRequest
from inference.loading import ModelEngine, Placement
from inference.tensors import Tensors
from music.contract import COMPOSERS, Audio, MusicRequest, Samples, Source, unheeded
from music.melody.checkpoint import config_of, model_of
from music.melody.chroma import chroma, melody_of
from music.melody.drawing import Drawing
from music.musicgen.encodec.chunked import decoding_bytes
from music.musicgen.encodec.codec import decoding
from music.musicgen.sampling import PARAMETERS, Sampling, gumbel

WINDOW_S = 30.0
"""What the models were trained on; a longer song is made window by window, as by AudioCraft."""
STRIDE_S = 18.0
"""How far each further window moves on: the last 12 s are what it continues (AudioCraft's default)."""
TEXT = 256
"""Tokens of a prompt, at which the tokenizer cuts it."""
_LONGEST_S = 600.0  # of a request
_SHARE = {"reading": 0.02, "composing": 0.93}  # of the time; the rest is EnCodec's
_LOOK_S = 0.2
_GUIDED = 3.0
"""Any number above 1: transformers computes the logits without conditions too. ``Drawing`` guides."""


class MelodyComposer(ModelEngine):
    """``facebook/musicgen-melody``, ``-melody-large`` and their ``stereo-`` siblings, one song at a time.

    Instrumental: MusicGen sings no words.
    """

    name = "musicgen_melody"
    spec = COMPOSERS.spec("musicgen_melody")
    precisions = ("fp32", "bf16", "fp16")
    on_gpu = "fp16"
    narrowed = "decoder."

    def __init__(self, options: EngineOptions) -> None:
        place = self.placed(options)
        if place.precision == "fp16" and not place.gpu_path and place.device.type == "cpu":
            raise InvalidRequest("precision", "fp16", "on a processor use bf16 or fp32")
        config = config_of(place.folder)
        self._place = place
        self._tokenizer = AutoTokenizer.from_pretrained(place.folder)
        self._rate_hz: int = config.audio_encoder.sampling_rate
        self._frames_per_s: int = config.audio_encoder.frame_rate
        self._channels: int = config.decoder.audio_channels
        self._codebooks: int = config.decoder.num_codebooks
        self._vocabulary: int = config.decoder.vocab_size
        with Tensors(place.folder, place.precision) as tensors:
            self._model, self._codec = model_of(config, tensors, place.dtype)
        self._free = threading.Lock()
        self._move(place.device)
        self.info = self.facts(place, PARAMETERS)

    def _move(self, device: torch.device) -> None:
        self._device = device
        self._model.to(device)
        gpu_path = self._place.gpu_path or device.type != "cpu"
        self._decode = decoding(self._codec, self._place.precision, device, gpu_path=gpu_path)

    @classmethod
    def extra_memory(cls, folder: Path, *, number_bytes: float, gpu_path: bool = False) -> int:
        """The caches of a window, with and without its conditions; on a GPU's path the memory of decoding the
        longest song too."""
        try:
            config = config_of(folder)
        except EngineUnavailable:
            return 0  # another model, which loading will say
        decoder, codec = config.decoder, config.audio_encoder
        columns = config.chroma_length + TEXT + round(WINDOW_S * codec.frame_rate) + decoder.num_codebooks
        cached = 2 * 2 * decoder.num_hidden_layers * decoder.hidden_size * columns
        caches = int(cached * max(number_bytes, 2))
        return caches + (decoding_bytes(codec, _LONGEST_S) if gpu_path else 0)

    @classmethod
    def facts(cls, place: Placement, parameters: tuple[str, ...] = (), detail: str = "") -> EngineInfo:
        """As ``ModelEngine.facts``, with what every melody checkpoint does to songs."""
        return replace(super().facts(place, parameters, detail), tasks=cls.spec.tasks)

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        """A song from the text alone. Raises ``InvalidRequest`` for a prompt without a word."""
        length = round(request.duration_s * self._rate_hz)
        return self._made(request, length, None, report)

    def change(self, request: MusicRequest, source: Source, report: Report) -> Audio:
        """A remix: a new song in the style of the prompt, as long as ``source`` and with its melody. Of the
        source the model is given which pitch class is the loudest, eight times a second, and nothing else.
        That is ``strength`` 1; a smaller one changes nothing, and a warning says so. ``guidance_scale`` is
        how closely prompt and melody are followed, both together. Raises ``InvalidRequest`` for another
        task, and as ``compose``."""
        if request.task != "remix":
            fix = f"MusicGen's melody checkpoints make remixes alone: {_who(request.task)}"
            raise InvalidRequest("task", request.task, fix)
        report("reading", 0.0)
        length = round(source.duration_s * self._rate_hz)
        return self._made(request, length, melody_of(source, self._rate_hz), report)

    def _made(self, request: MusicRequest, length: int, melody: Tensor | None, report: Report) -> Audio:
        """So many samples a channel."""
        if not request.prompt.strip():
            raise InvalidRequest("prompt", request.prompt, "say how the music sounds")
        report("reading", 0.0)
        with self._alone(report):
            frames = max(math.ceil(length / self._rate_hz * self._frames_per_s), self._frames_per_s)
            sides = self._tokens(request, frames, melody, report)
            samples = self._sound(sides, report)[:, :length]
        report("decoding", 1.0)
        return Audio(samples=samples, rate_hz=self._rate_hz, warnings=_warnings(request))

    @contextmanager
    def _alone(self, report: Report) -> Iterator[None]:
        while not self._free.acquire(timeout=_LOOK_S):
            report("reading", 0.0)  # raises when cancelled
        try:
            yield
        finally:
            self._free.release()

    def _tokens(
        self, request: MusicRequest, frames: int, melody: Tensor | None, report: Report
    ) -> list[Tensor]:
        """``(codebooks of a side, frames)`` of each side."""
        text = self._tokenizer(request.prompt, return_tensors="pt", truncation=True, max_length=TEXT)
        windows = [_Window(start, self._frames_per_s, frames) for start in self._starts(frames)]
        steps = sum(window.new for window in windows) + len(windows) * self._delay
        done = 0

        def step() -> None:
            nonlocal done
            report("composing", _SHARE["reading"] + _SHARE["composing"] * done / steps)
            done += 1

        size = (self._codebooks, self._vocabulary)
        noise = gumbel(request.seed, size, self._device, gpu_path=self._place.gpu_path)
        drawing = Drawing(Sampling.of(request), noise, self._device, step)
        made = torch.empty(self._codebooks, 0, dtype=torch.long, device=self._device)
        for window in windows:
            part = self._model.generate(
                input_ids=text["input_ids"].to(self._device),
                attention_mask=text["attention_mask"].to(self._device),
                input_features=self._heard(melody, window),
                decoder_input_ids=self._interleaved(made[:, window.start :]) if window.start else None,
                do_sample=False,
                guidance_scale=_GUIDED,
                max_new_tokens=window.new + self._delay,
                logits_processor=LogitsProcessorList([drawing]),
            )
            made = torch.cat((made[:, : window.start], part[0]), dim=1)
        return list(made.chunk(self._channels))

    @property
    def _delay(self) -> int:
        """Steps by which a side's last codebook is behind its first."""
        return self._codebooks // self._channels - 1

    def _starts(self, frames: int) -> range:
        """The first frames of the windows of a song."""
        window, stride = (round(seconds * self._frames_per_s) for seconds in (WINDOW_S, STRIDE_S))
        return range(0, max(frames - (window - stride), 1), stride)

    def _interleaved(self, codes: Tensor) -> Tensor:
        """A side after the other as the decoder takes them: the first codebook of each, then the second."""
        return torch.stack(codes.chunk(self._channels), dim=1).flatten(0, 1)

    def _heard(self, melody: Tensor | None, window: _Window) -> Tensor | None:
        """``(1, frames, 12)``: the melody under the window, from its beginning again where it ends, as by
        AudioCraft. One that is no longer than a window is heard as a whole, and the model repeats it."""
        if melody is None:
            return None
        first, length = (round(s * self._rate_hz) for s in (window.start / self._frames_per_s, WINDOW_S))
        if len(melody) > length:
            melody = melody[(torch.arange(length) + first) % len(melody)]
        return chroma(melody, self._rate_hz)[None].to(self._device)

    def _sound(self, sides: list[Tensor], report: Report) -> Samples:
        """``(2, samples)`` float32. It is decoded in another thread, so that this one can report."""
        made = _SHARE["reading"] + _SHARE["composing"]
        report("decoding", made)
        thread = ThreadPoolExecutor(1, f"{self.name}-decode")
        try:
            decoded = thread.submit(self._decode, sides)
            while not wait([decoded], timeout=_LOOK_S).done:
                report("decoding", made)
            waves = decoded.result()
        finally:
            thread.shutdown(wait=False)
        sound: Samples = torch.stack(waves if len(waves) == 2 else waves * 2).clamp(-1.0, 1.0).cpu().numpy()
        return np.ascontiguousarray(sound, np.float32)


@dataclass(frozen=True)
class _Window:
    """What is generated at once, in frames of the song."""

    start: int
    frames_per_s: int
    frames: int
    """Of the song."""

    @property
    def end(self) -> int:
        return min(self.start + round(WINDOW_S * self.frames_per_s), self.frames)

    @property
    def new(self) -> int:
        """Frames that the windows before it do not have."""
        known = round((WINDOW_S - STRIDE_S) * self.frames_per_s) if self.start else 0
        return self.end - self.start - known


def _warnings(request: MusicRequest) -> tuple[str, ...]:
    """What the melody checkpoints do not do of the request."""
    warnings = ["MusicGen sings no words: the lyrics are not in the music"] if request.lyrics else []
    if request.exclude:
        warnings.append(unheeded("MusicGen", request.exclude))
    strength = request.change.strength if request.change else None
    if strength is not None and strength < 1.0:
        warnings.append(
            "MusicGen hears nothing of the song but its melody, as with strength 1: "
            f"{strength:g} is not heeded"
        )
    return tuple(warnings)


def _who(task: str) -> str:
    able = [name for name in COMPOSERS.built_in if task in COMPOSERS.spec(name).tasks]
    return f"use {' or '.join(map(repr, able))}" if able else "no engine here does it"
