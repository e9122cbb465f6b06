"""What a server's refusals mean, each as one line that says what to do.

The answers are those of vLLM, SGLang, Ollama, llama.cpp and LM Studio; ``tests/lyrics/openai_servers.py`` has
them with their sources.
"""

from __future__ import annotations

import json
import re
from typing import Any

from config.engine import ServerOptions
from config.errors import EngineUnavailable

_SAID_CHARACTERS = 160
_MODEL = re.compile(r"model", re.IGNORECASE)
_CONTEXT = re.compile(r"context (?:size|length|window)|maximum.{0,20}length|max_tokens|n_ctx", re.IGNORECASE)
_BINDING = re.compile(r"response_format|json_?\s?schema|grammar|structured|guided|constrain", re.IGNORECASE)


class Refusals:
    """The errors of one server and model. None of them has the key in it, even if the server repeats it."""

    def __init__(self, options: ServerOptions, model: str) -> None:
        self._options, self._model = options, model
        self.where = f"model {model!r} at {options.base_url}"

    def of(self, status: int, text: str) -> EngineUnavailable:
        """For an answer with this HTTP status and body."""
        said = self._said(text)
        server = f"the server at {self._options.base_url}"
        if status in (401, 403):
            key = "takes no request without a key" if not self._options.key else "does not take the key"
            return _error(
                server, f"{key} ({status}{said})", "set SONGWRIGHT_OPENAI__API_KEY to one that it takes"
            )
        if status == 429 or status >= 500:
            state = "is busy" if status in (429, 503) else "fails"
            return _error(server, f"{state} ({status}{said})", "try again later, or see its log")
        if status == 404 and not _MODEL.search(text):
            fix = "set SONGWRIGHT_OPENAI__BASE_URL to its address before /chat/completions, mostly with /v1"
            return _error(server, f"has no chat completions ({status}{said})", fix)
        if status == 404 or "model_not_found" in text or "No models loaded" in text:
            fix = "set SONGWRIGHT_LYRICS__MODEL to one that it lists, as songwright doctor shows"
            return _error(server, f"has no model {self._model!r} ({status}{said})", fix)
        if _CONTEXT.search(text):
            fix = (
                "serve it with a longer context, lower SONGWRIGHT_OPENAI__MAX_TOKENS, or shorten the request"
            )
            return _error(self.where, f"has too short a context for this plan ({status}{said})", fix)
        if _BINDING.search(text):
            form = self._options.response_format
            fix = (
                "set SONGWRIGHT_OPENAI__RESPONSE_FORMAT to what it takes: json_schema, json_object or grammar"
            )
            return _error(self.where, f"does not take {form} ({status}{said})", fix)
        return _error(server, f"refuses the request ({status}{said})", "see its log, and docs/models.md")

    def unreachable(self, reason: str) -> EngineUnavailable:
        """Where no answer comes, or only a part of it."""
        fix = "start it, or set SONGWRIGHT_OPENAI__BASE_URL to where it is"
        return _error(
            "the server", f"at {self._options.base_url} does not answer: {self._clean(reason)}", fix
        )

    def no_api(self, text: str) -> EngineUnavailable:
        """For an answer that is none of this API's."""
        fix = "set SONGWRIGHT_OPENAI__BASE_URL to a server of OpenAI's API; its address mostly ends in /v1"
        said = self._clean(text)[:60]
        return _error("what answers", f"at {self._options.base_url} is no such server: {said!r}", fix)

    def cut(self) -> EngineUnavailable:
        """For an answer that ended at its limit."""
        most = self._options.max_tokens
        fix = (
            "set SONGWRIGHT_OPENAI__MAX_TOKENS higher, serve it with a longer context, or use a larger model"
        )
        return _error(self.where, f"was cut off in the middle of its plan, within {most} tokens", fix)

    def filtered(self) -> EngineUnavailable:
        """For an answer that the server's filter of contents ended."""
        return _error(
            self.where, "was stopped by the server's filter of contents", "word the request otherwise"
        )

    def no_plan(self, reason: str) -> EngineUnavailable:
        """For a whole answer that is no plan."""
        fix = "use a larger model, or one that is bound: SONGWRIGHT_OPENAI__RESPONSE_FORMAT=json_schema"
        if self._options.response_format == "json_schema":
            fix = "use a larger model, or a server that binds it to the schema, as docs/models.md says"
        return _error(self.where, f"answered no plan: {self._clean(reason)[:200]}", fix)

    def _said(self, text: str) -> str:
        """The server's own words, with a comma before them."""
        said = self._clean(_message(text))
        return f", {said[:_SAID_CHARACTERS]}" if said else ""

    def _clean(self, text: str) -> str:
        line = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
        return line.replace(self._options.key, "***") if self._options.key else line


def _error(who: str, what: str, fix: str) -> EngineUnavailable:
    return EngineUnavailable(f"{who} {what}", fix)


def _message(text: str) -> str:
    """The message in an error's body, in any of the forms that servers have."""
    try:
        body: Any = json.loads(text)
    except ValueError:
        return "" if text.lstrip().startswith("<") else text  # a proxy's page says nothing
    for name in ("error", "message", "detail"):
        while isinstance(body, dict) and name in body:
            body = body[name]
    return body if isinstance(body, str) else json.dumps(body)
