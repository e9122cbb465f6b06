"""AudioCraft as a composer: its language model, sampling and extension, with the checkpoints that our own
MusicGen takes. They are converted as they are read: AudioCraft's own are pickles, which we do not read."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from audiocraft.models import MusicGen
from audiocraft.models.encodec import HFEncodecCompressionModel, InterleaveStereoCompressionModel
from audiocraft.models.lm import LMModel
from audiocraft.modules.codebooks_patterns import DelayedPatternProvider
from audiocraft.modules.conditioners import (
    ConditionFuser,
    ConditioningProvider,
    T5Conditioner,
    TextConditioner,
)
from audiocraft.utils.autocast import TorchAutocast
from transformers import T5TokenizerFast

from config.engine import EngineOptions, Report
from config.errors import InvalidRequest
from inference.loading import ModelEngine
from inference.tensors import Tensors
from music.audiocraft.weights import lm_state
from music.contract import COMPOSERS, Audio, MusicRequest
from music.musicgen.checkpoint import codec_of, config_of, projection_of, shape_of, text_encoder_of
from music.musicgen.sampling import PARAMETERS, Sampling

_WINDOW_S = 30.0  # what the models were trained on
_STRIDE_S = 18.0  # AudioCraft's default
_SHARE = {"reading": 0.02, "composing": 0.93}  # of the time; the rest is EnCodec's
_LOOK_S = 0.2


class AudiocraftComposer(ModelEngine):
    """``facebook/musicgen-small``, ``-medium``, ``-large`` and their ``stereo-`` siblings. One song at a
    time: AudioCraft's model has a state, and draws from torch's own source of chance.

    Instrumental: MusicGen sings no words.
    """

    name = "audiocraft"
    spec = COMPOSERS.spec("audiocraft")
    precisions = ("fp32", "fp16")
    on_gpu = "fp16"
    narrowed = "decoder."

    def __init__(self, options: EngineOptions) -> None:
        place = self.placed(options)
        folder, device = place.folder, place.device
        if place.precision == "fp16" and device.type == "cpu" and not place.staged:
            raise InvalidRequest("precision", "fp16", "on a processor use fp32")
        config = config_of(folder)
        shape = shape_of(config)
        with Tensors(folder, place.precision) as tensors:
            text_encoder = text_encoder_of(config, tensors).to(device)
            codec: Any = HFEncodecCompressionModel(codec_of(config, tensors).to(device))
            state = lm_state(lambda name: tensors[f"decoder.{name}"], shape, projection_of(tensors))
        with torch.device("meta"):  # no memory, and no time for weights that are replaced
            text = _Text(T5TokenizerFast.from_pretrained(folder), text_encoder, shape.width, device)
            model = LMModel(
                DelayedPatternProvider(shape.codebooks, list(shape.delays)),
                ConditioningProvider({"description": text}, device),
                ConditionFuser({"cross": ["description"], "prepend": [], "sum": [], "input_interpolate": []}),
                n_q=shape.codebooks,
                card=shape.vocabulary,
                dim=shape.width,
                num_layers=shape.layers,
                num_heads=shape.heads,
                hidden_scale=config.decoder.ffn_dim / shape.width,
                activation=config.decoder.activation_function,
                causal=True,
                cross_attention=True,
                memory_efficient=True,
                norm_first=True,
                bias_attn=False,
                bias_ff=False,
                bias_proj=False,
            )
        model.load_state_dict(state, strict=True, assign=True)
        model = model.to(device, place.dtype).eval()
        if shape.channels == 2:
            codec = InterleaveStereoCompressionModel(codec)
        self._delay = max(shape.delays)
        self._place = place
        self._conditioner = text
        self._model = MusicGen(place.model, codec, model, max_duration=_WINDOW_S)
        self._move(device)
        self._free = threading.Lock()
        self.info = self.facts(place, PARAMETERS)

    def _move(self, device: torch.device) -> None:
        model = self._model
        model.lm.to(device)
        model.lm.condition_provider.device = device
        model.compression_model.to(device)
        self._conditioner.move(device)
        model.device = self._device = device
        half = device.type != "cpu" and self._place.precision != "fp32"
        model.autocast = TorchAutocast(enabled=half, device_type=device.type, dtype=torch.float16)

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        """Raises ``InvalidRequest`` for a prompt without a word."""
        if not request.prompt.strip():
            raise InvalidRequest("prompt", request.prompt, "say how the music sounds")
        report("reading", 0.0)
        while not self._free.acquire(timeout=_LOOK_S):
            report("reading", 0.0)  # raises when cancelled
        try:
            samples = self._made(request, report)
        finally:
            self._free.release()
        report("decoding", 1.0)
        warnings = ("MusicGen sings no words: the lyrics are not in the music",) if request.lyrics else ()
        return Audio(samples=samples, rate_hz=int(self._model.sample_rate), warnings=warnings)

    def _made(
        self, request: MusicRequest, report: Report
    ) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        """``(2, samples)`` float32, as long as the request says."""
        frames = math.ceil(request.duration_s * self._model.frame_rate)
        sampling = Sampling.of(request)
        self._model.set_generation_params(
            duration=(frames + 0.5) / self._model.frame_rate,  # which AudioCraft rounds down
            cfg_coef=sampling.guidance,
            temperature=sampling.temperature,
            top_k=min(sampling.top_k, self._model.lm.card),
            top_p=sampling.top_p,
            extend_stride=_STRIDE_S,
        )
        self._model.set_custom_progress_callback(self._on_step(frames, report))
        with torch.random.fork_rng([self._device] if self._device.type == "cuda" else []):
            torch.manual_seed(request.seed)
            attributes, _ = self._model._prepare_tokens_and_attributes([request.prompt], None)
            codes = self._model._generate_tokens(attributes, None, progress=True)
        report("decoding", _SHARE["reading"] + _SHARE["composing"])
        sound = self._model.generate_audio(codes)[0, :, : round(request.duration_s * self._model.sample_rate)]
        samples: np.ndarray[tuple[int, int], np.dtype[np.float32]] = (
            sound.clamp(-1.0, 1.0).expand(2, -1).contiguous().float().cpu().numpy()
        )
        return samples

    def _on_step(self, frames: int, report: Report) -> Callable[[int, int], None]:
        """AudioCraft's progress callback. Its own count starts anew with each window: this one counts the
        steps of all windows."""
        window, stride = (round(seconds * self._model.frame_rate) for seconds in (_WINDOW_S, _STRIDE_S))
        windows = 1 + max(0, math.ceil((frames - window) / stride))
        steps, done = frames + windows * self._delay, 0

        def step(_made: int, _of: int) -> None:
            nonlocal done
            done += 1
            report("composing", _SHARE["reading"] + _SHARE["composing"] * min(done / steps, 1.0))

        return step


class _Text(T5Conditioner):  # type: ignore[misc]  # AudioCraft has no types
    """AudioCraft's own with our text encoder: AudioCraft would fetch one by its name."""

    def __init__(
        self, tokenizer: T5TokenizerFast, encoder: Any, output_dim: int, device: torch.device
    ) -> None:
        TextConditioner.__init__(self, encoder.config.d_model, output_dim)
        self.t5_tokenizer = tokenizer
        self.__dict__["t5"] = encoder  # as AudioCraft keeps it: no part of the language model's state
        self.finetune = self.normalize_text = False
        self.word_dropout = 0.0
        self.move(device)

    def move(self, device: torch.device) -> None:
        self.device = str(device)
        self.__dict__["t5"].to(device)
        on_gpu = device.type != "cpu"
        self.autocast = TorchAutocast(enabled=on_gpu, device_type=device.type, dtype=torch.float32)
