"""Answers in the shapes of OpenAI's API, and of its two forms for music."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse, Response

from orchestrator.server.api.problems import Problem
from orchestrator.songs.manifest import Song

_KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {401: "invalid_api_key"}
_EXPIRES_S = 3600
_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def refusal(problem: Problem, headers: Mapping[str, str]) -> Response:
    """A problem as OpenAI's clients read it. They send a request again by themselves after 409, 429 and 5xx:
    only what may help is sent again, since a song that failed would be made anew each time."""
    status = 400 if problem.status == 422 else problem.status
    again = problem.retry and status in (408, 429, 503)
    return JSONResponse(
        {"error": error_of(problem.detail, status, problem.field, problem.type.rpartition(":")[2])},
        status,
        {**headers, "x-should-retry": "true" if again else "false"},
    )


def error_of(message: str, status: int, field: str | None = None, code: str = "") -> dict[str, Any]:
    """The object of an error."""
    kind = _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"message": message, "type": kind, "param": field, "code": _CODES.get(status, code) or None}


def text_of(song: Song, urls: Mapping[str, str], form: str) -> str:
    """The song in words: for a plain chat with its addresses."""
    assert song.plan
    plan, links = song.plan, [f"[{role}]({urls[role]})" for role in ("audio", "package") if role in urls]
    facts = f"{plan.genre}, {plan.mood}, {plan.tempo_bpm:g} BPM, {plan.key}"
    if form == "acestep":
        rows = {"Caption": ", ".join(plan.tags), "BPM": f"{plan.tempo_bpm:g}", "Key": plan.key}
        rows |= {"Duration": f"{song.brief.duration_s:g}s", "Language": plan.language}
        table = "\n".join(f"**{name}:** {value}" for name, value in rows.items())
        return f"## Metadata\n{table}" + (f"\n\n## Lyrics\n{plan.lyrics}" if plan.lyrics else "")
    cover = f"\n\n![cover]({urls['cover']})" if "cover" in urls else ""
    lyrics = f"\n\n{plan.lyrics}" if plan.lyrics else ""
    return f"**{song.title}** ({facts})\n\n{' · '.join(links)}{cover}{lyrics}"


def audio_object(song: Song, content: bytes) -> dict[str, Any]:
    """OpenAI's ``message.audio``."""
    return {
        "id": song.id,
        "data": b64encode(content).decode(),
        "expires_at": expires_at(),
        "transcript": song.plan.lyrics if song.plan else "",
    }


def audio_list(url: str) -> list[dict[str, Any]]:
    """ACE-Step's ``message.audio``."""
    return [{"type": "audio_url", "audio_url": {"url": url}}]


def expires_at() -> int:
    """The second until which the addresses of a song work."""
    return int(time.time()) + _EXPIRES_S


def completion(song_id: str, model: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """A whole answer."""
    return {
        "id": f"chatcmpl-{song_id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": None, "refusal": None, **message},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": _USAGE,
    }


def chunk(
    song_id: str, model: str, delta: Mapping[str, Any], finish: str | None = None, **more: object
) -> bytes:
    """An event of a stream, with ``more`` beside its choice."""
    choice = {"index": 0, "delta": dict(delta), "finish_reason": finish, "logprobs": None}
    return event({**_chunk(song_id, model), "choices": [choice], **more})


def failed_chunk(song_id: str, model: str, message: str) -> bytes:
    """The event of a song that has failed: an error for OpenAI's clients, and for OpenRouter's and ACE-Step's
    a choice that ends so."""
    return chunk(song_id, model, {"content": message}, "error", error=error_of(message, 500))


def usage_chunk(song_id: str, model: str) -> bytes:
    """The last event of a stream, of which the client wants to know what it took."""
    return event({**_chunk(song_id, model), "choices": [], "usage": _USAGE})


def _chunk(song_id: str, model: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{song_id}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }


def event(content: Mapping[str, Any]) -> bytes:
    """A server-sent event."""
    return b"data: " + json.dumps(content).encode() + b"\n\n"
