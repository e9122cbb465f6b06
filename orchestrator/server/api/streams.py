"""What the OpenAPI document says of event streams and webhooks, which no type of a route tells."""

from __future__ import annotations

from typing import Any

from orchestrator.server.answers import (
    ProgressEvent,
    QueueEvent,
    SongAnswer,
    SongSummary,
    StatusEvent,
    UnreadableSong,
)
from orchestrator.server.library.answering import DeletedSong

_EVENTS = (StatusEvent, QueueEvent, ProgressEvent, SongAnswer)
_LIBRARY_MODELS = (SongSummary, UnreadableSong, DeletedSong)
_EVENT_EXAMPLES = (
    (
        "status",
        "The song has entered a status. Sent for each that it has been in, from `queued` on.",
        'event: status\ndata: {"status":"composing","at":"2026-11-29T18:21:23.966635Z","queue_position":null,'
        '"seconds_left":21.4}\nid: 3.0\n\n',
    ),
    (
        "queue",
        "The song waits, and its position in the queue has changed. It has no id: the next one replaces it.",
        'event: queue\ndata: {"queue_position":2,"seconds_left":48.0}\n\n',
    ),
    (
        "progress",
        "A part of the song has made progress.",
        'event: progress\ndata: {"part":"music","stage":"mixing","fraction":0.71,"seconds_left":3.2}\n'
        "id: 3.17\n\n",
    ),
    (
        "end",
        "The song is done, failed or was cancelled. The payload is the whole SongAnswer, shortened here. The "
        "stream ends, and one who comes back with this id is answered 204.",
        'event: end\ndata: {"id":"ybqbqbb2h7d9kp4","status":"done"}\nid: 4.0\n\n',
    ),
    ("keep-alive", "A comment, after 15 s of silence, so that no proxy cuts the line.", ": keep-alive\n\n"),
    ("retry", "The first block: after how many milliseconds to come back.", "retry: 2000\n\n"),
)
_EVENT = {
    "type": "object",
    "description": "One event of the stream.",
    "properties": {
        "id": {"type": "string", "description": "To come back with, as `Last-Event-ID`."},
        "event": {"enum": ["status", "queue", "progress", "end"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "anyOf": [{"$ref": f"#/components/schemas/{model.__name__}"} for model in _EVENTS]
            },
        },
        "retry": {"type": "string", "description": "Milliseconds to wait before coming back."},
    },
}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The events, until the song has ended.",
        "content": {
            "text/event-stream": {
                "schema": _EVENT,
                "examples": {name: {"summary": said, "value": text} for name, said, text in _EVENT_EXAMPLES},
            }
        },
    },
    204: {"description": "It has ended, and you have seen its end."},
}

_LIBRARY_EVENT_EXAMPLES = (
    (
        "song",
        "A song is new, has changed or has ended. The payload is its SongSummary, shortened here.",
        'id: 5f0c2f6e-16\nevent: song\ndata: {"id":"yb0ad2k3w1h7q5m","status":"composing"}\n\n',
    ),
    (
        "deleted",
        "A song is gone.",
        'id: 5f0c2f6e-17\nevent: deleted\ndata: {"id":"yb0ad2k3w1h7q5m"}\n\n',
    ),
    (
        "reset",
        "Read the list anew: the stream has just begun, or could not go on where you were.",
        "id: 5f0c2f6e-18\nevent: reset\ndata: {}\n\n",
    ),
)
_LIBRARY_EVENT = {
    "type": "object",
    "description": "One event of the stream.",
    "properties": {
        "id": {"type": "string", "description": "To come back with, as `Last-Event-ID`."},
        "event": {"enum": ["song", "deleted", "reset"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "anyOf": [{"$ref": f"#/components/schemas/{model.__name__}"} for model in _LIBRARY_MODELS]
            },
        },
        "retry": {"type": "string", "description": "Milliseconds to wait before coming back."},
    },
}
LIBRARY_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The events, for ten minutes at the most.",
        "content": {
            "text/event-stream": {
                "schema": _LIBRARY_EVENT,
                "examples": {
                    name: {"summary": said, "value": text} for name, said, text in _LIBRARY_EVENT_EXAMPLES
                },
            }
        },
    },
}

_SUMMARY = {
    "id": "yb0ad2k3w1h7q5m",
    "status": "composing",
    "title": "Neon Rain",
    "description": "a slow synthwave song about rain in the city",
    "categories": ["Synthwave", "Night", "Melancholic"],
    "created_at": "2026-11-29T01:02:03.456Z",
    "duration_s": 180.0,
    "seed": 1438568369,
    "variation": 0,
    "instrumental": False,
    "genre": "synthwave",
    "task": "compose",
    "parent": "",
    "updated_at": "2026-11-29T01:02:09.012Z",
    "favourite": True,
    "tags": ["demo"],
    "metadata": {"order": "1138"},
    "queue_position": None,
    "seconds_left": 12.5,
    "progress": {"music": {"stage": "mixing", "fraction": 0.71}},
    "urls": {
        "cover": "http://127.0.0.1:8000/files/songs/yb0ad2k3w1h7q5m/cover.png?expires=1795980900&signature=5f0c"
    },
}
ANSWER_EXAMPLES = {
    "SongSummary": _SUMMARY,
    "SongPage": {"songs": [_SUMMARY], "next_cursor": "yb0ad2k3w1h7q5m", "total": 137},
    "DeletedSong": {"id": "yb0ad2k3w1h7q5m"},
}

_WEBHOOK_HEADERS = (
    (
        "webhook-id",
        "The same each time that this ending is sent: keep it, and ignore a second call.",
        "msg_ybqbqbb2h7d9kp4",
    ),
    (
        "webhook-timestamp",
        "When it was signed, in seconds since 1970: refuse what is older than five minutes.",
        "1795976486",
    ),
    (
        "webhook-signature",
        "`v1,` and the HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}` in base64. There may be "
        "several, with spaces between them: one that is right is enough.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
)
_ENDING = {
    "type": "object",
    "title": "SongEnded",
    "required": ["type", "song"],
    "properties": {
        "type": {"enum": ["song.done", "song.failed", "song.cancelled"]},
        "song": {"$ref": "#/components/schemas/SongAnswer"},
    },
}
WEBHOOKS = {
    "song-ended": {
        "post": {
            "operationId": "song_ended",
            "tags": ["webhooks"],
            "summary": "A song is done, failed or was cancelled",
            "description": "Sent to the `webhook` of the request once each of its songs has ended, signed as "
            "standardwebhooks.com says with the secret in `.songwright/webhook-secret`. An answer of 200 to "
            "299 within 20 s ends it; otherwise it is sent again after 2 s, 10 s, 1 and 5 minutes, half an "
            "hour and two hours. Read `webhook` in the song for how it went.",
            "parameters": [
                {
                    "name": name,
                    "in": "header",
                    "required": True,
                    "description": text,
                    "schema": {"type": "string"},
                    "example": example,
                }
                for name, text, example in _WEBHOOK_HEADERS
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _ENDING}},
            },
            "responses": {"2XX": {"description": "It was received: it is not sent again."}},
        }
    }
}
