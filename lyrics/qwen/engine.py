"""Any chat model of transformers as a writer: by default Qwen2-7B-Instruct."""

from __future__ import annotations

import math
import threading
from functools import lru_cache
from typing import Any

import torch
import xgrammar
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, DynamicCache

from config.engine import EngineOptions, Report
from config.errors import EngineUnavailable, InvalidRequest
from lyrics.contract import PlanRequest, SongPlan
from lyrics.qwen.grammar import grammar, plan_of
from lyrics.qwen.prompts import messages
from models.loading import ModelEngine

_TEMPERATURE = 0.8
_TOP_P = 0.95
_EXPECTED_TOKENS = 400  # of a plan with lyrics: only for the progress that is told
_TEMPO_WORDS = ("bpm",)


class QwenWriter(ModelEngine):
    """One generation makes the whole plan, held to a grammar token by token (xgrammar; Dong et al., 2024).

    Calls from several threads take turns.
    """

    name = "qwen"
    default = "Qwen/Qwen2-7B-Instruct"
    instead = "a Qwen model under Apache-2.0, such as Qwen/Qwen2-7B-Instruct"
    on_cpu = "bf16"
    libraries = ("torch", "transformers", "xgrammar")

    def __init__(self, options: EngineOptions) -> None:
        place = self.placed(options)
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(place.folder)
            if not self._tokenizer.chat_template:
                raise ValueError("it has no chat template")
            vocabulary = AutoConfig.from_pretrained(place.folder).vocab_size
            self._model = AutoModelForCausalLM.from_pretrained(
                place.folder, dtype=place.dtype, use_safetensors=True, trust_remote_code=False
            )
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise EngineUnavailable(
                f"{place.model} is not a chat model of transformers ({_first_line(error)})",
                f"give one, such as {self.default}",
            ) from error
        self._model = self._model.to(place.device).eval()
        self._device = place.device
        tokens = xgrammar.TokenizerInfo.from_huggingface(self._tokenizer, vocab_size=vocabulary)
        # The compiler's own cache breaks on bounded repetitions; ours keeps whole grammars.
        self._compile = lru_cache(maxsize=64)(
            xgrammar.GrammarCompiler(tokens, max_threads=1, cache_enabled=False).compile_grammar
        )
        self._vocabulary = vocabulary
        self._free = threading.Lock()
        self.info = self.facts(place)

    def plan(self, request: PlanRequest, report: Report) -> SongPlan:
        """Raises ``InvalidRequest`` where nothing is said about the song."""
        if not f"{request.description}{request.lyrics}{request.lyrics_about}".strip():
            raise InvalidRequest("description", request.description, "say something about the song")
        own = bool(request.lyrics.strip()) and not request.instrumental
        rules = grammar(
            lyrics=not own and not request.instrumental,
            voice=not request.instrumental,
            duration_s=request.duration_s,
        )
        report("reading", 0.0)
        with self._free, torch.inference_mode():
            text = self._written(rules, messages(request), request.seed, report)
        plan = plan_of(text, lyrics=request.lyrics if own else "", instrumental=request.instrumental)
        named = any(word in request.description.lower() for word in _TEMPO_WORDS)
        report("writing", 1.0)
        return plan.model_copy(update={"tempo_fixed": named})

    def _written(self, rules: str, talk: list[dict[str, str]], seed: int, report: Report) -> str:
        """What the model writes, ended by the grammar."""
        matcher = xgrammar.GrammarMatcher(self._compile(rules), terminate_without_stop_token=True)
        mask = xgrammar.allocate_token_bitmask(1, self._vocabulary)
        generator = torch.Generator(self._device).manual_seed(seed)
        ids: Tensor = self._tokenizer.apply_chat_template(
            talk, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )["input_ids"].to(self._device)
        cache = DynamicCache()
        written: list[int] = []
        while not matcher.is_terminated():
            report("writing", 0.98 * (1.0 - math.exp(-len(written) / _EXPECTED_TOKENS)))
            out: Any = self._model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
            logits = out.logits[:, -1].float()
            matcher.fill_next_token_bitmask(mask)
            xgrammar.apply_token_bitmask_inplace(logits, mask.to(self._device))
            token = _drawn(logits[0], generator)
            if not matcher.accept_token(token):
                raise RuntimeError("the grammar refused a token that it had let in")
            written.append(token)
            ids = torch.tensor([[token]], device=self._device)
        text: str = self._tokenizer.decode(written, skip_special_tokens=True)
        return text


def _drawn(logits: Tensor, generator: torch.Generator) -> int:
    """A token from the softmax of ``logits (vocabulary)``, within the likeliest that make up ``_TOP_P``."""
    chances, places = (logits / _TEMPERATURE).softmax(0).sort(descending=True)
    chances = chances.masked_fill(chances.cumsum(0) - chances > _TOP_P, 0.0)
    return int(places[torch.multinomial(chances, 1, generator=generator)])


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:100]
