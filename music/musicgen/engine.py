"""MusicGen as a composer: text in, tokens by our own decoder, sound by EnCodec."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import AutoTokenizer, EncodecModel

from config.engine import EngineInfo, EngineOptions, Report
from config.errors import EngineUnavailable, InvalidRequest
from inference.loading import ModelEngine, Placement
from inference.tensors import Tensors
from music.changes.places import song_with
from music.contract import COMPOSERS, Audio, MusicRequest, Samples, Source, unheeded
from music.musicgen.batch import MOST, Batch
from music.musicgen.checkpoint import codec_of, config_of, projection_of, shape_of, text_encoder_of
from music.musicgen.continuing import Continuation
from music.musicgen.decoder import Decoder, Track
from music.musicgen.encodec.chunked import decoding_bytes
from music.musicgen.encodec.codec import decoding
from music.musicgen.encodec.encoder import Encoder
from music.musicgen.gpu.slots import TEXT, columns_for, slot_bytes
from music.musicgen.sampling import PARAMETERS, Sampling, gumbel

WINDOW_S = 30.0
"""What the models were trained on; a longer song is made window by window."""
STRIDE_S = 18.0
"""How far each further window moves on: the last 12 s are what it continues (AudioCraft's default)."""
_LONGEST_S = 600.0  # of a request
_SHARE = {"reading": 0.02, "composing": 0.93}  # of the time; the rest is EnCodec's


class MusicgenComposer(ModelEngine):
    """``facebook/musicgen-small``, ``-medium``, ``-large``, their ``stereo-`` siblings, and others like them.

    Instrumental: MusicGen sings no words. Calls from several threads are decoded together.
    """

    name = "musicgen"
    spec = COMPOSERS.spec("musicgen")
    version = "2"
    precisions = ("fp32", "bf16", "fp16", "int8")
    on_gpu = "fp16"
    narrowed = "decoder."

    def __init__(self, options: EngineOptions) -> None:
        place = self.placed(options)
        folder, device = place.folder, place.device
        for_gpu = place.gpu_path or device.type != "cpu"
        if place.precision == "int8" and for_gpu:
            raise InvalidRequest("precision", "int8", "on a GPU use fp16, bf16 or fp32")
        if place.precision == "fp16" and not for_gpu:
            raise InvalidRequest("precision", "fp16", "on a processor use bf16, int8 or fp32")
        config = config_of(folder)
        self._shape = shape_of(config)
        self._place = place
        self._instructions = options.instructions
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._rate_hz: int = config.audio_encoder.sampling_rate
        self._frames_per_s: int = config.audio_encoder.frame_rate
        with Tensors(folder, place.precision) as tensors:
            self._text = text_encoder_of(config, tensors)
            codec = codec_of(config, tensors)
            self._projection = projection_of(tensors)
            if place.staged:
                self._codec = codec
                self._staged = {
                    name: _narrowed(tensors, name, place.dtype)
                    for name in tensors
                    if name.startswith("decoder.")
                }
            else:
                self._start(lambda name: tensors[name], codec, device)
        self.info = self.facts(place, PARAMETERS)

    def _move(self, device: torch.device) -> None:
        codec = self._codec
        del self._codec
        self._start(self._staged.pop, codec, device)  # each is let go as it is taken

    def _start(self, read: Callable[[str], Tensor], codec: EncodecModel, device: torch.device) -> None:
        self._device = device
        self._text.to(device)
        if self._projection:
            weight, bias = self._projection
            self._projection = weight.to(device), bias.to(device)
        precision, gpu_path = self._place.precision, self._place.gpu_path
        self._decoder = Decoder(
            lambda name: read(f"decoder.{name}"),
            self._shape,
            precision,
            device,
            gpu_path=gpu_path,
            instructions=self._instructions,
        )
        self._encode = Encoder(codec, device)
        decode = decoding(codec, precision, device, gpu_path=gpu_path or device.type != "cpu")
        columns = columns_for(self._shape, round(WINDOW_S * self._frames_per_s))
        self._batch = Batch(self._decoder, decode, self._together(columns), columns)

    def _together(self, columns: int) -> int:
        """How many songs at a time there is memory for. On a GPU's path there are slots for all. Otherwise
        each has a cache of its own, of which the first is counted in what the model needs."""
        if self._place.gpu_path:
            return MOST
        spare = self._place.free - self._place.needed
        song = math.prod(self._shape.cache(columns)) * self._decoder.layers.kept.itemsize
        return max(1, min(MOST, 1 + spare // song))

    @classmethod
    def extra_memory(cls, folder: Path, *, number_bytes: float, gpu_path: bool = False) -> int:
        """On a GPU's path the slots, and the memory of decoding the longest song; otherwise one song's
        cache."""
        try:
            config = config_of(folder)
        except EngineUnavailable:
            return 0  # another model, which loading will say
        shape, codec = shape_of(config), config.audio_encoder
        columns = columns_for(shape, round(WINDOW_S * codec.frame_rate))
        if gpu_path:
            return slot_bytes(shape, MOST, number_bytes, columns) + decoding_bytes(codec, _LONGEST_S)
        return int(math.prod(shape.cache(columns)) * max(number_bytes, 2))

    @classmethod
    def facts(cls, place: Placement, parameters: tuple[str, ...] = (), detail: str = "") -> EngineInfo:
        """As ``ModelEngine.facts``, with what every checkpoint does to songs."""
        return replace(super().facts(place, parameters, detail), tasks=cls.spec.tasks)

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        """Raises ``InvalidRequest`` for a prompt without a word."""
        # The codes do not depend on those that follow, so a draft is the song's own beginning.
        seconds = min(request.first_s or request.duration_s, request.duration_s)
        samples = self._made(request, seconds, None, report)
        length = round(seconds * self._rate_hz)
        return Audio(samples=samples[:, :length], rate_hz=self._rate_hz, warnings=_warnings(request))

    def change(self, request: MusicRequest, source: Source, report: Report) -> Audio:
        """``source`` up to a second, by default its end, and ``by_s`` seconds more, for which the model goes
        on with the tokens of what is before them, its last 12 s. Raises ``InvalidRequest`` for another task,
        and for an extension before the beginning: a token depends on those before it only."""
        frame = self._rate_hz // self._frames_per_s
        most = round((WINDOW_S - STRIDE_S) * self._frames_per_s)
        goes_on = Continuation.of(request, source, rate_hz=self._rate_hz, frame=frame, most=most)
        place = goes_on.place
        samples = self._made(request, place.end_s - place.start_s, goes_on, report)
        return song_with(
            source, goes_on.placed(samples), place, kind="instrumental", warnings=_warnings(request)
        )

    def _made(
        self, request: MusicRequest, seconds: float, goes_on: Continuation | None, report: Report
    ) -> Samples:
        """``(2, samples)``: so many seconds, after those that they go on from."""
        if not request.prompt.strip():
            raise InvalidRequest("prompt", request.prompt, "say how the music sounds")
        report("reading", 0.0)
        text = self._batch.do(lambda: self._read(request.prompt), lambda: report("reading", 0.0))
        prompt = None
        if goes_on:
            sound = torch.from_numpy(np.ascontiguousarray(goes_on.sound(self._shape.channels)))
            prompt = self._batch.do(lambda: self._encode(sound), lambda: report("reading", 0.0))
        codes = self._tokens(text, request, Sampling.of(request), report, seconds=seconds, prompt=prompt)
        made = _SHARE["reading"] + _SHARE["composing"]
        samples = self._sound(codes, lambda: report("decoding", made))
        report("decoding", 1.0)
        return samples

    def _read(self, prompt: str) -> Tensor:
        """The prompt as the decoder attends to it, ``(tokens, width)``."""
        tokens = self._tokenizer(prompt, return_tensors="pt", truncation=True, max_length=TEXT).to(
            self._device
        )
        with torch.inference_mode():
            hidden = self._text(input_ids=tokens["input_ids"]).last_hidden_state[0]
            return torch.nn.functional.linear(hidden, *self._projection) if self._projection else hidden

    def _tokens(
        self,
        text: Tensor,
        request: MusicRequest,
        sampling: Sampling,
        report: Report,
        *,
        seconds: float | None = None,
        prompt: Tensor | None = None,
    ) -> Tensor:
        """``(codebooks, frames)``: ``seconds``, by default the request's, after ``prompt (codebooks, its
        frames)``, which is part of them. A song longer than the model was trained on is made window by
        window, as by AudioCraft's ``MusicGen.generate``."""
        seconds = request.duration_s if seconds is None else seconds
        frames = int(np.ceil(seconds * self._frames_per_s)) + (0 if prompt is None else prompt.shape[1])
        window, stride = (round(seconds * self._frames_per_s) for seconds in (WINDOW_S, STRIDE_S))
        noise = gumbel(request.seed, self._shape.drawn, self._device, gpu_path=self._place.gpu_path)
        made, start = [] if prompt is None else [prompt], 0
        first = 0 if prompt is None else prompt.shape[1]

        def share(known: float) -> float:
            """Of the time, when so many frames are known."""
            done = min(max(known - first, 0.0) / (frames - first), 1.0)
            return _SHARE["reading"] + _SHARE["composing"] * done

        while not made or start + (0 if prompt is None else prompt.shape[1]) < frames:
            length = min(window, frames - start)
            begin = partial(Track, self._decoder, text, length, sampling, noise, prompt)
            known = start + (0 if prompt is None else prompt.shape[1])
            track = self._batch.do(begin, partial(report, "composing", share(known)))
            done = start + track.known

            def on_progress(
                fraction: float, done: int = done, track: Track = track, start: int = start
            ) -> None:
                report("composing", share(max(done, start + fraction * track.frames)))

            self._batch.run(track, on_progress)
            codes = track.codes(self._shape)
            made.append(codes if prompt is None else codes[:, prompt.shape[1] :])
            prompt = codes[:, stride:]
            start += stride
        return torch.cat(made, dim=1)[:, :frames]

    def _sound(self, codes: Tensor, report: Callable[[], None] = lambda: None) -> Samples:
        """``(2, samples)`` float32 from ``codes (codebooks, frames)``."""
        sides = [codes[side :: self._shape.channels] for side in range(self._shape.channels)]
        waves = self._batch.decode(sides, report)
        samples = torch.stack(waves if len(waves) == 2 else waves * 2).clamp(-1.0, 1.0)
        sound: Samples = samples.cpu().numpy()
        return sound


def _warnings(request: MusicRequest) -> tuple[str, ...]:
    """What MusicGen does not do of the request."""
    warnings = ["MusicGen sings no words: the lyrics are not in the music"] if request.lyrics else []
    if request.exclude:
        warnings.append(unheeded("MusicGen", request.exclude))
    return tuple(warnings)


def _narrowed(tensors: Tensors, name: str, dtype: torch.dtype) -> Tensor:
    """A tensor as a GPU's decoder takes it: only the embeddings are in fp32."""
    tensor = tensors[name]
    return tensor if "embed_tokens" in name else tensor.to(dtype)
