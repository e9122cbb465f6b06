"""Any chat model of transformers as a writer: by default Qwen2-7B-Instruct."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from config.engine import EngineOptions, Report
from config.errors import EngineUnavailable, InvalidRequest
from inference.constrained import Batch, Text
from inference.grammars import Grammars
from inference.loading import ModelEngine, chat_model, first_line
from inference.slots import cache_bytes, slots_for
from lyrics.contract import WRITERS, PlanRequest, SongPlan
from lyrics.qwen.grammar import INSTRUMENTAL, OWN, WRITTEN, grammars, limits, plan_of, sections_for
from lyrics.qwen.prompts import messages
from lyrics.sketch.reading import Reading, read

_PLAN_TOKENS = 4096
"""Room that is left for the plan itself: three times what one of twelve sections takes in English."""
_TOKENS, _SECTION_TOKENS = 250, 60  # of a plan without lyrics, and of each section of them: a guess


class QwenWriter(ModelEngine):
    """One generation makes the whole plan; those that several threads ask for are written together.

    What the description names outright (tempo, key, metre, energy, voice, instruments) holds, whatever the
    model writes.
    """

    name = "qwen"
    version = "2"
    spec = WRITERS.spec("qwen")
    on_cpu = "bf16"
    libraries = ("torch", "transformers", "xgrammar")
    together: ClassVar[int] = 8
    """Plans written at a time. Part of how the numbers are rounded: another one gives other plans."""

    def __init__(self, options: EngineOptions) -> None:
        place = self.placed(options)
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(place.folder, trust_remote_code=False)
            if not self._tokenizer.chat_template:
                raise ValueError("it has no chat template")
            model = chat_model(AutoModelForCausalLM, place)
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise EngineUnavailable(
                f"{place.model} is not a chat model of transformers ({first_line(error)})",
                f"give one, such as {self.spec.default_model}",
            ) from error
        config = model.config.get_text_config()
        vocabulary: int = config.vocab_size
        self._grammars = Grammars(self._tokenizer, vocabulary, grammars())
        self._longest = int(getattr(config, "max_position_embeddings", 0) or _PLAN_TOKENS * 4)
        self._model, self._vocabulary = model, vocabulary
        self._place = place
        self._move(place.device)
        self.info = self.facts(place)

    def _move(self, device: torch.device) -> None:
        self._model.to(device)
        slots = slots_for(self._model, self.together, graphed=self._place.gpu_path)
        model = f"{self._place.model} in {self._place.precision} on {device}"
        self._batch = Batch(slots, self._vocabulary, self.together, self.name, model)

    @classmethod
    def beside(cls, folder: Path, *, number_bytes: float, gpu_path: bool = False) -> int:
        """The cache's, as long as no text is longer than ``ROOM`` tokens; it grows if one is."""
        try:
            return cache_bytes(AutoConfig.from_pretrained(folder), cls.together, number_bytes)
        except (OSError, ValueError, KeyError, AttributeError):
            return 0  # not a chat model, which loading will say

    def plan(self, request: PlanRequest, report: Report) -> SongPlan:
        """Raises ``InvalidRequest`` where nothing is said about the song, or more than the model can read."""
        if not f"{request.description}{request.lyrics}{request.lyrics_about}".strip():
            raise InvalidRequest("description", request.description, "say something about the song")
        report("reading", 0.0)
        named = read(request.description)
        own = request.lyrics if request.lyrics.strip() else ""
        instrumental = request.instrumental or (named.voice == "none" and not own)
        if instrumental:
            request, own = request.model_copy(update={"instrumental": True}), ""
        kind = INSTRUMENTAL if instrumental else OWN if own else WRITTEN
        expected = _TOKENS
        if kind == WRITTEN:
            expected += _SECTION_TOKENS * sections_for(request.duration_s)
        rules = self._grammars.rules(kind, limits(request.duration_s))
        text = Text(self._prompt(request), rules, request.seed, expected)
        self._batch.write(
            text, lambda: report("writing", 0.98 * (1.0 - math.exp(-len(text.written) / expected)))
        )
        said: str = self._tokenizer.decode(
            text.written, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        plan = plan_of(said, lyrics=own, instrumental=instrumental)
        report("writing", 1.0)
        return plan.model_copy(update=_facts(named, sung=not instrumental))

    def _prompt(self, request: PlanRequest) -> Tensor:
        """What the model reads ``(tokens)``."""
        ids: Tensor = self._tokenizer.apply_chat_template(
            messages(request), add_generation_prompt=True, return_tensors="pt", return_dict=True
        )["input_ids"][0]
        if len(ids) > self._longest - _PLAN_TOKENS:
            field = "lyrics" if request.lyrics else "description"
            raise InvalidRequest(
                field,
                f"{len(ids)} tokens with the instructions",
                f"shorten it: this model reads {self._longest - _PLAN_TOKENS}",
            )
        return ids


def _facts(named: Reading, *, sung: bool) -> dict[str, Any]:
    """What the user named, as it goes into a plan."""
    found: dict[str, Any] = {
        "instruments": named.instruments,
        "exclude": named.exclude,
        "warnings": named.warnings,
    }
    for name in ("tempo_bpm", "key", "metre", "energy"):
        value = getattr(named, name)
        if value is not None:
            found[name] = value
    if sung and named.voice not in (None, "none"):
        found["voice"] = named.voice
    return found | {"tempo_fixed": named.tempo_bpm is not None}
