"""The writer whose model a server runs: vLLM, SGLang, Ollama, llama.cpp, LM Studio or another."""

from __future__ import annotations

import math
from typing import Any, Self

from config.engine import EngineInfo, EngineOptions, Report
from config.errors import EngineUnavailable, InvalidRequest
from config.models import Licence, licence_of, refuse_unless_sellable
from lyrics.contract import PlanRequest, SongPlan
from lyrics.facts import facts_of
from lyrics.openai.answer import NoPlan, plan_of
from lyrics.openai.client import ChatClient
from lyrics.openai.prompts import messages
from lyrics.openai.refusals import Refusals
from lyrics.openai.schema import Answer, SungAnswer, WrittenAnswer, grammar, json_schema, sections_for
from lyrics.qwen.prompts import hints
from lyrics.qwen.tags import tags_of, title_of
from lyrics.wishes.lengths import length_notes
from lyrics.wishes.reading import read

_TOP_P = 0.95
_SEEDS = 2**31 - 1
"""llama.cpp keeps 32 bits of a seed, and takes the last of those numbers for "by chance"."""
_CHARACTERS, _SECTION_CHARACTERS = 700, 220  # estimates for a plan without lyrics, and for each section


class OpenAIWriter:
    """One chat completion makes the whole plan. The server binds it to a schema, and it is checked here.

    As with every writer, facts that the description names itself override what the model writes. The same
    seed gives the same plan where the server keeps to it: most do for a request that they work on alone."""

    def __init__(self, options: EngineOptions, *, direct: bool = False) -> None:
        """Asks nothing of the server, which may start later. ``direct`` as in ``ChatClient``. Raises
        ``InvalidRequest`` where a setting is missing, and ``EngineUnavailable`` where songs are sold and the
        licence of the model forbids it."""
        self._server, self._model = options.server, options.model
        self.info = _info(options)
        self._client = ChatClient(options.server, options.model, direct=direct)
        self._refusals = Refusals(options.server, options.model)

    @classmethod
    def from_options(cls, options: EngineOptions) -> Self:
        return cls(options)

    @classmethod
    def check(cls, options: EngineOptions) -> EngineInfo:
        """The engine's facts, if the server answers, takes the key and lists the model. Nothing is
        written."""
        writer = cls(options)
        known = writer._client.models()
        model = options.model
        if model not in known and f"{model}:latest" not in known:  # Ollama's tag for a name without one
            names = ", ".join(known[:10]) + (f" and {len(known) - 10} more" if len(known) > 10 else "")
            raise EngineUnavailable(
                f"the server at {options.server.base_url} has no model {model!r}",
                f"set SONGWRIGHT_LYRICS__MODEL to one that it has: {names or 'it has none'}",
            )
        return writer.info

    def plan(self, request: PlanRequest, report: Report) -> SongPlan:
        """Raises ``InvalidRequest`` for an empty request, ``EngineTimeout`` where the server takes too long,
        and ``EngineUnavailable`` where it does not answer, refuses, or answers no plan."""
        if not f"{request.description}{request.lyrics}{request.lyrics_about}".strip():
            raise InvalidRequest("description", request.description, "say something about the song")
        report("reading", 0.0)
        named = read(request.description)
        own = request.lyrics if request.lyrics.strip() else ""
        if request.instrumental or (named.voice == "none" and not own):
            request, own = request.model_copy(update={"instrumental": True, "lyrics": ""}), ""
        kind = Answer if request.instrumental else SungAnswer if own else WrittenAnswer
        sections = sections_for(request.duration_s)
        expected = _CHARACTERS + (_SECTION_CHARACTERS * sections if kind is WrittenAnswer else 0)
        text = self._client.write(
            self._body(request, kind, sections, hints(named)),
            lambda count: report("writing", 0.98 * (1.0 - math.exp(-count / expected))),
        )
        try:
            plan = plan_of(text, kind, lyrics=own, sections=sections)
        except NoPlan as error:
            raise self._refusals.no_plan(str(error)) from error
        report("writing", 1.0)
        plan = plan.model_copy(update=facts_of(named, sung=not request.instrumental))
        found = {"title": title_of(plan.title, named), "tags": tags_of(plan, named)}
        return plan.model_copy(update=found | {"warnings": (*plan.warnings, *length_notes(named, request))})

    def _body(
        self, request: PlanRequest, kind: type[Answer], sections: int, hints: tuple[str, ...]
    ) -> dict[str, Any]:
        """The body of the chat completion."""
        schema = json_schema(kind, sections)
        bound: dict[str, Any]
        if self._server.response_format == "json_schema":
            named = {"name": "song_plan", "strict": True, "schema": schema}
            bound = {"response_format": {"type": "json_schema", "json_schema": named}}
        elif self._server.response_format == "json_object":
            bound = {"response_format": {"type": "json_object"}}
        else:
            bound = {"grammar": grammar(schema)}
        told = schema if self._server.response_format == "json_object" else None
        return {
            "model": self._model,
            "messages": messages(request, hints, sections, told),
            "temperature": self._server.temperature,
            "top_p": _TOP_P,
            "seed": request.seed % _SEEDS,
            "max_tokens": self._server.max_tokens,
            "stream": True,
            **bound,
        }


def _info(options: EngineOptions) -> EngineInfo:
    server, model = options.server, options.model
    if not server.base_url:
        fix = "set it to the server's address, such as http://127.0.0.1:11434/v1 for Ollama"
        raise InvalidRequest("SONGWRIGHT_OPENAI__BASE_URL", "", fix)
    if not model:
        fix = "set it to the name that the server has the model by, such as qwen3:4b"
        raise InvalidRequest("SONGWRIGHT_LYRICS__MODEL", "", fix)
    licence = Licence(server.licence, commercial=True) if server.licence else licence_of(model)
    if options.commercial:
        instead = (
            "a model that allows it, served by its hub id, such as Qwen/Qwen3-4B-Instruct-2507; or, where "
            "you know that its licence does, name that in SONGWRIGHT_OPENAI__LICENCE"
        )
        refuse_unless_sellable(model, licence, instead)
    return EngineInfo(
        name="openai",
        version="1",
        licence=licence.name,
        commercial=licence.commercial,
        summary=f"{model} at {server.base_url}, bound by {server.response_format}",
        model=model,
        device="server",
    )
