"""Qwen2-VL through transformers as a reader: by default Qwen2-VL-7B-Instruct."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor
from transformers import (
    AutoConfig,
    AutoImageProcessor,
    AutoTokenizer,
    Qwen2VLForConditionalGeneration,
)

from config.engine import EngineOptions, Report
from config.errors import EngineUnavailable
from inference.loading import chat_model, first_line
from inference.text.chat import ChatEngine
from inference.text.constrained import Text
from inference.text.grammars import Grammars
from inference.text.slots import TextSlots
from vision.contract import READERS, ImageRequest, Scene
from vision.pixels import Pixels, check_pixels
from vision.qwen_vl.grammar import grammar, limits, scene_of
from vision.qwen_vl.prompts import messages
from vision.qwen_vl.slots import PictureSlots

_PICTURE = "<|image_pad|>"
_SMALLEST_PIXELS, _LARGEST_PIXELS = 56 * 56, 28 * 28 * 1280
"""Limits of the picture for the model: 4 to 1280 tokens. The model's own settings allow 16,384."""
_EXPECTED_TOKENS = 120  # an estimate for a scene


class QwenVlReader(ChatEngine):
    """One generation makes the whole scene. Scenes for several threads are written in one batch; each is the
    same as when written alone.

    We combine the image processor and the tokenizer ourselves: ``AutoProcessor`` needs torchvision, for
    videos."""

    name = "qwen_vl"
    version = "3"
    spec = READERS.spec("qwen_vl")
    on_cpu = "bf16"
    libraries = ("torch", "transformers", "xgrammar", "pillow")
    batch_size: ClassVar[int] = 4
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

    def _slots(self) -> TextSlots:
        return PictureSlots(self._model, self.batch_size)

    def read(self, request: ImageRequest, report: Report) -> Scene:
        """The scene in ``request.pixels``."""
        pixels = check_pixels(request.pixels)
        report("looking", 0.0)
        prompt, extra_inputs = self._inputs(pixels)
        text = Text(prompt, self._rules, request.seed, _EXPECTED_TOKENS, extra_inputs)
        self._batch.write(text, lambda: report("naming", text.fraction))
        scene = scene_of(text.decoded(self._tokenizer))
        report("naming", 1.0)
        return scene

    def _inputs(self, pixels: Pixels) -> tuple[Tensor, dict[str, Tensor]]:
        """The model's input ``(tokens)``, with a token for each 28 x 28 pixels of the photo, and the extra
        inputs for all tokens but the last."""
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
