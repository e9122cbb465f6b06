"""Any chat model of transformers as a writer: by default Qwen2-7B-Instruct."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from config.engine import EngineOptions, Report
from config.errors import EngineUnavailable, InvalidRequest
from inference.loading import chat_model, first_line
from inference.text.chat import ChatEngine
from inference.text.constrained import Text
from inference.text.grammars import Grammars
from lyrics.contract import WRITERS, CoverWords, OnCover, PlanRequest, SongPlan
from lyrics.facts import facts_of
from lyrics.qwen.grammar import (
    COVER,
    INSTRUMENTAL,
    OWN,
    WRITTEN,
    fields_of,
    grammars,
    limits,
    plan_of,
    sections_for,
)
from lyrics.qwen.phrases import phrases
from lyrics.qwen.prompts import hints, messages
from lyrics.qwen.tags import tags_of, title_of
from lyrics.wishes.lengths import length_notes
from lyrics.wishes.reading import Reading, read

_PLAN_TOKENS = 4096
"""Tokens reserved for the plan: five times the length of a plan with twelve sections in English."""
_TOKENS, _SECTION_TOKENS = 130, 40  # estimates for a plan without lyrics, and for each section of lyrics


class QwenWriter(ChatEngine):
    """One generation makes the whole plan. Plans for several threads are written in one batch.

    Facts that the description names itself (a number of BPM, a key, a metre, a voice, a title)
    override what the model writes. What was only concluded from it, such as a pace or "not jazz", is a hint
    in the prompt: the model may have understood the sentence better. What is not wanted is taken out of its
    tags, since a music model that reads "no drums" hears drums."""

    name = "qwen"
    version = "3"
    spec = WRITERS.spec("qwen")
    on_cpu = "bf16"
    libraries = ("torch", "transformers", "xgrammar")
    batch_size: ClassVar[int] = 8
    """Plans written at a time. It influences rounding, so another size gives other plans."""

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
        self._grammars = Grammars(self._tokenizer, vocabulary, grammars(), phrases())
        self._instructions = self._shared_beginning()
        self._longest = int(getattr(config, "max_position_embeddings", 0) or _PLAN_TOKENS * 4)
        self._model, self._vocabulary = model, vocabulary
        self._place = place
        self._move(place.device)
        self.info = self.facts(place)

    def plan(self, request: PlanRequest, report: Report, on_cover: OnCover | None = None) -> SongPlan:
        """Raises ``InvalidRequest`` for an empty request, and for one that is longer than the model's
        context. ``on_cover`` as in ``EarlyWriter``."""
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
        text = self._text(request, named, kind, expected)
        early = _Early(text, self._tokenizer, named, on_cover)

        def progress() -> None:
            report("writing", text.fraction)
            early.look()

        self._batch.write(text, progress)
        early.look()
        plan = plan_of(text.decoded(self._tokenizer), lyrics=own, instrumental=instrumental)
        report("writing", 1.0)
        plan = plan.model_copy(update=facts_of(named, sung=not instrumental))
        found = {"title": title_of(plan.title, named), "tags": tags_of(plan, named)}
        return plan.model_copy(update=found | {"warnings": (*plan.warnings, *length_notes(named, request))})

    def _text(self, request: PlanRequest, named: Reading, kind: str, expected: int) -> Text:
        prompt = self._prompt(request, named)
        count = len(self._instructions)
        shared = count if torch.equal(prompt[:count], self._instructions) else 0
        rules = self._grammars.rules(kind, limits(request.duration_s))
        return Text(prompt, rules, request.seed, expected, shared=shared)

    def _prompt(self, request: PlanRequest, named: Reading) -> Tensor:
        """The model's input ``(tokens)``."""
        ids = self._read(messages(request, hints(named)))
        if len(ids) > self._longest - _PLAN_TOKENS:
            field = "lyrics" if request.lyrics else "description"
            raise InvalidRequest(
                field,
                f"{len(ids)} tokens with the instructions",
                f"shorten it: this model reads {self._longest - _PLAN_TOKENS}",
            )
        return ids

    def _read(self, conversation: list[dict[str, str]]) -> Tensor:
        ids: Tensor = self._tokenizer.apply_chat_template(
            conversation, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )["input_ids"][0]
        return ids

    def _shared_beginning(self) -> Tensor:
        """The tokens ``(tokens)`` with which all prompts begin, up to the user's words."""
        one, other = (
            self._read(messages(PlanRequest(description=words, duration_s=duration_s, seed=0)))
            for words, duration_s in (("A", 60.0), ("b", 90.0))
        )
        length = min(len(one), len(other))
        same = int((one[:length] == other[:length]).long().cumprod(0).sum())
        return one[:same]


class _Early:
    """Tells somebody what a cover needs, once, as soon as it is written."""

    def __init__(self, text: Text, tokenizer: Any, named: Reading, on_cover: OnCover | None) -> None:
        self._text, self._tokenizer, self._named = text, tokenizer, named
        self._on_cover = on_cover

    def look(self) -> None:
        if self._on_cover is None:
            return
        written = self._text.decoded(self._tokenizer)
        _, here, after = written.partition(f"\n{COVER}: ")
        if here and "\n" in after:
            fields = fields_of(written)
            words = {name: fields[name] for name in ("genre", "mood", "cover_prompt")}
            on_cover, self._on_cover = self._on_cover, None
            on_cover(CoverWords(title=title_of(fields["title"], self._named), **words))
