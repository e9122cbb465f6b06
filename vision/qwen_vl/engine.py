"""Qwen2-VL through transformers as a reader: by default Qwen2-VL-7B-Instruct."""

from __future__ import annotations

import math
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoImageProcessor,
    AutoTokenizer,
    Qwen2VLForConditionalGeneration,
)

from config.engine import EngineOptions, Report
from config.errors import EngineUnavailable
from inference.constrained import Batch, Text
from inference.grammars import Grammars
from inference.loading import ModelEngine, chat_model, first_line
from inference.slots import cache_bytes
from vision.contract import READERS, ImageRequest, Scene
from vision.pixels import Pixels, checked
from vision.qwen_vl.grammar import grammar, limits, scene_of
from vision.qwen_vl.prompts import messages
from vision.qwen_vl.slots import PictureSlots

_PICTURE = "<|image_pad|>"
_SMALLEST_PIXELS, _LARGEST_PIXELS = 56 * 56, 28 * 28 * 1280
"""Of the picture that the model sees: 4 to 1280 tokens. Its own settings would let in 16,384."""
_EXPECTED_TOKENS = 120  # of a scene: a guess


class QwenVlReader(ModelEngine):
    """One generation makes the whole scene; those that several threads ask for are written together, each
    the same as alone.

    The image processor and the tokenizer are put together here: ``AutoProcessor`` would want torchvision, for
    videos.
    """

    name = "qwen_vl"
    version = "2"
    spec = READERS.spec("qwen_vl")
    on_cpu = "bf16"
    libraries = ("torch", "transformers", "xgrammar", "pillow")
    together: ClassVar[int] = 4
    """Scenes written at a time."""

    def __init__(self, options: EngineOptions) -> None:
        place = self.placed(options)
        try:
            config = AutoConfig.from_pretrained(place.folder, trust_remote_code=False)
            if config.model_type != "qwen2_vl":
                raise ValueError(f"it is a {config.model_type}")
            self._tokenizer = AutoTokenizer.from_pretrained(place.folder, trust_remote_code=False)
            if not self._tokenizer.chat_template:
                raise ValueError("it has no chat template")
            self._words: str = self._tokenizer.apply_chat_template(
                messages(), add_generation_prompt=True, tokenize=False
            )
            if self._words.count(_PICTURE) != 1:
                raise ValueError("its chat template has no place for a picture")
            self._image_processor = AutoImageProcessor.from_pretrained(
                place.folder, backend="pil", trust_remote_code=False
            )
            model = chat_model(Qwen2VLForConditionalGeneration, place)
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise EngineUnavailable(
                f"{place.model} is not a Qwen2-VL of transformers ({first_line(error)})",
                f"give one, such as {self.spec.default_model}",
            ) from error
        vocabulary: int = config.get_text_config().vocab_size
        self._rules = Grammars(self._tokenizer, vocabulary, {"scene": grammar()}).rules("scene", limits())
        self._picture_id: int = config.image_token_id
        self._model, self._vocabulary = model, vocabulary
        self._place = place
        self._move(place.device)
        self.info = self.facts(place)

    def _move(self, device: torch.device) -> None:
        self._model.to(device)
        slots = PictureSlots(self._model, self.together)
        model = f"{self._place.model} in {self._place.precision} on {device}"
        self._batch = Batch(slots, self._vocabulary, self.together, self.name, model)

    @classmethod
    def beside(cls, folder: Path, *, number_bytes: float, gpu_path: bool = False) -> int:
        """The caches', of scenes no longer than ``inference.slots.ROOM`` tokens, photo and all."""
        try:
            return cache_bytes(AutoConfig.from_pretrained(folder), cls.together, number_bytes)
        except (OSError, ValueError, KeyError, AttributeError):
            return 0  # not a model of this kind, which loading will say

    def read(self, request: ImageRequest, report: Report) -> Scene:
        """The scene in ``request.pixels``, as the model sees it."""
        pixels = checked(request.pixels)
        report("looking", 0.0)
        prompt, beside = self._inputs(pixels)
        text = Text(prompt, self._rules, request.seed, _EXPECTED_TOKENS, beside)
        self._batch.write(
            text, lambda: report("naming", 0.98 * (1.0 - math.exp(-len(text.written) / _EXPECTED_TOKENS)))
        )
        said: str = self._tokenizer.decode(
            text.written, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        scene = scene_of(said)
        report("naming", 1.0)
        return scene

    def _inputs(self, pixels: Pixels) -> tuple[Tensor, dict[str, Tensor]]:
        """What the model reads ``(tokens)``, with a token for each 28 x 28 pixels of the photo, and what it
        sees beside all of them but the last."""
        seen = self._image_processor(
            images=pixels,
            size={"shortest_edge": _SMALLEST_PIXELS, "longest_edge": _LARGEST_PIXELS},
            return_tensors="pt",
        )
        grid: Tensor = seen["image_grid_thw"]
        count = int(grid[0].prod()) // self._image_processor.merge_size**2
        words = self._words.replace(_PICTURE, _PICTURE * count)
        ids: Tensor = self._tokenizer(words, add_special_tokens=False, return_tensors="pt")["input_ids"][0]
        kinds = (ids[:-1] == self._picture_id).int()[None]
        return ids, {
            "pixel_values": seen["pixel_values"],
            "image_grid_thw": grid,
            "mm_token_type_ids": kinds,
        }
