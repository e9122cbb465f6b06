"""An example of every answer in the OpenAPI document, so that nobody has to make a request to see one.

Answers of songs, plans and quotes were recorded from the service (``examples.json``). What the recording
lacks, such as a newer field, is made from its schema: the example that the field has, its default, or the
first value that its limits allow. Refusals come from the kinds of problems (``problems``). Each example is
kept once, in ``components/examples``, and referred to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from orchestrator.server.api import problems
from orchestrator.server.api.problems import MEDIA_TYPE, Kind, Problem

_RECORDED = Path(__file__).with_name("examples.json")
_DATE_TIME = "2026-11-29T18:21:26.155687Z"
_REPLACED = "music"
"""The tag of the paths whose refusals have ``success`` and ``error`` too."""
_MOST_DEEP = 8  # schemas within schemas; a schema that holds itself ends there

_TRAIT_OF = {
    "malformed-body": "json",
    "unsupported-media-type": "json",
    "unsupported-charset": "json",
    "malformed-form": "form",
    "not-a-form": "form",
    "unsupported-format": "form",
    "queue-full": "makes",
    "cancelled": "makes",
    "engine-failed": "makes",
    "engine-timeout": "makes",
    "engine-unavailable": "makes",
    "too-many-listeners": "stream",
}
"""The kinds of problems that only some operations answer with: those that read JSON or a form, make songs, or
send a stream."""

_DETAILS: Mapping[str, dict[str, Any]] = {
    "malformed-body": {"detail": "The body is no JSON: a comma is missing at character 31."},
    "unauthorized": {"detail": "Send Authorization: Bearer <token>."},
    "not-found": {
        "detail": "no song 'y0000000000000a' - GET /songs lists them",
        "fix": "GET /songs lists them",
    },
    "conflict": {
        "detail": "the song is not done - wait until its status is done",
        "fix": "wait until its status is done",
    },
    "cancelled": {
        "detail": "The song was cancelled while this request waited.",
        "song_id": "ybqbqbb2h7d9kp4",
    },
    "queue-full": {
        "detail": "the queue is full (32 songs) - try again in 40 s",
        "fix": "ask again in 40 s",
    },
    "engine-failed": {
        "detail": "engine 'sketch' failed: ZeroDivisionError - this is a bug in Songwright, please report it",
        "song_id": "ybqbqbb2h7d9kp4",
    },
    "engine-unavailable": {
        "detail": "the weights of the music engine are not on this machine - songwright doctor says more",
        "fix": "songwright doctor says more",
    },
    "store-unavailable": {
        "detail": "the store cannot be written: no space left on device - free some space",
        "fix": "free some space",
    },
    "engine-timeout": {"detail": "The song took longer than it may.", "song_id": "ybqbqbb2h7d9kp4"},
    "invalid-request": {
        "detail": "audio_duration: 3 - ask for 5 to 600 seconds",
        "field": "audio_duration",
        "value": "3",
        "fix": "ask for 5 to 600 seconds",
    },
}


def add_examples(document: dict[str, Any]) -> None:
    """Puts an example beside the schema of every answer in JSON and of every text that was recorded. One that
    an operation has of its own stays."""
    made = _Examples(document["components"]["schemas"])
    document["components"]["examples"] = made.kept
    texts = _recorded()["texts"]
    for methods in document["paths"].values():
        for operation in methods.values():
            traits = _traits(operation)
            for status, response in operation["responses"].items():
                for media, content in response.get("content", {}).items():
                    if "example" in content or "examples" in content:
                        continue
                    if media == MEDIA_TYPE:
                        content["examples"] = made.refusals(int(status), traits)
                    elif "json" in media:
                        content["examples"] = made.answer(content.get("schema", {}), status)
                    elif text := texts.get(
                        operation["operationId"].removeprefix("head_").removeprefix("get_")
                    ):
                        content["example"] = text
    for hook in document.get("webhooks", {}).values():
        for content in hook["post"]["requestBody"]["content"].values():
            content["examples"] = made.endings()


class _Examples:
    def __init__(self, schemas: dict[str, Any]) -> None:
        self._schemas = schemas
        self.kept: dict[str, Any] = {}

    def answer(self, schema: dict[str, Any], status: str) -> dict[str, Any]:
        """The examples of an answer with this schema, by name."""
        name = _name(schema)
        if name == "SongAnswer" and status == "202":
            queued = self._overlaid(name, _recorded()["queued"])
            return self._refer("SongAnswer.queued", "A song that waits", queued)
        if name:
            return self._refer(name, name, self.of_model(name))
        return {"answer": {"value": self.of_schema(schema)}}

    def refusals(self, status: int, traits: frozenset[str]) -> dict[str, Any]:
        """The problem documents that an operation with these traits answers with this status."""
        kinds = [kind for kind in _kinds() if kind.status == status]
        fitting = [kind for kind in kinds if _TRAIT_OF.get(kind.slug, "") in traits | {""}]
        found: dict[str, Any] = {}
        for kind in fitting or kinds or [Kind(status, f"http-{status}", "It was refused")]:
            facts = {"detail": f"{kind.title}."} | _DETAILS.get(kind.slug, {})
            prefix = "problem"
            if _REPLACED in traits:
                prefix, facts = "music-problem", facts | {"success": False, "error": facts["detail"]}
            document = Problem(
                **{
                    "type": f"urn:songwright:problem:{kind.slug}",
                    "title": kind.title,
                    "status": kind.status,
                    "retry": kind.retry,
                    "request_id": "5f0c2f6e9d1b4c7a",
                    **facts,
                }
            )
            value = document.model_dump(mode="json", exclude_defaults=True)
            found |= self._refer(f"{prefix}.{kind.slug}", kind.title, value)
        return found

    def endings(self) -> dict[str, Any]:
        """The three ways in which a song ends, as a webhook tells them."""
        queued = _recorded()["queued"]
        error = {"type": "EngineTimeout", "message": "The song took longer than it may.", "step": "music"}
        endings = {
            "done": self.of_model("SongAnswer"),
            "failed": self._overlaid("SongAnswer", queued | {"status": "failed", "error": error}),
            "cancelled": self._overlaid("SongAnswer", queued | {"status": "cancelled"}),
        }
        found: dict[str, Any] = {}
        for status, song in endings.items():
            found |= self._refer(f"song.{status}", f"song.{status}", {"type": f"song.{status}", "song": song})
        return found

    def of_model(self, name: str, depth: int = 0) -> Any:
        """A value of the schema with this name: the recorded one, if there is one."""
        recorded = _recorded()["models"].get(name)
        if recorded is not None:
            return self._overlaid(name, recorded)
        return self.of_schema(self._schemas[name], depth + 1)

    def of_schema(self, schema: dict[str, Any], depth: int = 0) -> Any:
        """A value that the schema allows."""
        if name := _name(schema):
            return self.of_model(name, depth)
        if found := [schema[key] for key in ("example", "const", "default") if key in schema]:
            return found[0]
        if some := schema.get("examples") or schema.get("enum"):
            return some[0]
        if kinds := schema.get("anyOf") or schema.get("oneOf"):
            some = [kind for kind in kinds if kind.get("type") != "null"]
            return self.of_schema(some[0], depth) if some and depth < _MOST_DEEP else None
        return self._of_type(schema, depth)

    def _of_type(self, schema: dict[str, Any], depth: int) -> Any:
        kind = schema.get("type", "object")
        if kind == "object":
            required = set(schema.get("required", ()))
            fields = {
                name: self.of_schema(field, depth + 1)
                for name, field in schema.get("properties", {}).items()
                if depth < _MOST_DEEP or name in required
            }
            return fields or {}
        if kind == "array":
            return [self.of_schema(schema.get("items", {}), depth + 1)] if depth < _MOST_DEEP else []
        if kind == "string":
            return _DATE_TIME if schema.get("format") == "date-time" else "text"
        least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        return {"boolean": False, "integer": int(least), "number": float(least), "null": None}[kind]

    def _overlaid(self, name: str, recorded: Any) -> Any:
        """The recording, without fields that the schema has no more, and with those that it must have."""
        schema = self._schemas[name]
        fields = schema.get("properties", {})
        missing = {
            field: self.of_schema(fields[field])
            for field in fields
            if field not in recorded and (field in schema.get("required", ()) or "default" in fields[field])
        }
        return {field: value for field, value in recorded.items() if field in fields} | missing

    def _refer(self, name: str, summary: str, value: Any) -> dict[str, Any]:
        self.kept[name] = {"summary": summary, "value": value}
        return {name: {"$ref": f"#/components/examples/{name}"}}


def _traits(operation: dict[str, Any]) -> frozenset[str]:
    body = operation.get("requestBody", {}).get("content", {})
    sent = operation["responses"].get("200", {}).get("content", {})
    traits = {
        "json": "application/json" in body,
        "form": "multipart/form-data" in body,
        "makes": "504" in operation["responses"],
        "stream": any(media.startswith(("text/event-stream", "audio/")) for media in sent),
        _REPLACED: _REPLACED in operation.get("tags", ()),
    }
    return frozenset(trait for trait, has in traits.items() if has)


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


@cache
def _kinds() -> tuple[Kind, ...]:
    return tuple(value for value in vars(problems).values() if isinstance(value, Kind))


@cache
def _recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_RECORDED.read_text(encoding="utf-8"))
    return found
