"""A server on loopback that gives the answers of other people's: what they refuse with, word for word, where
they were measured or published. It checks nothing of a request."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.loopback import in_a_thread

MODEL = "qwen3:4b"
_TYPES = {"{": "application/json", "<": "text/html", "d": "text/event-stream"}


@dataclass
class Reply:
    """One answer. An iterable of pieces is sent piece by piece; what it waits for, the client waits for."""

    status: int = 200
    body: str | Iterator[str] = ""
    headers: dict[str, str] = field(default_factory=dict)


REFUSALS: Sequence[tuple[str, int, str, str]] = (
    # As vllm/entrypoints/openai writes them, not measured here; older versions have no "error" around them.
    (
        "vLLM",
        404,
        '{"error":{"message":"The model `qwen3:4b` does not exist.","type":"NotFoundError","param":"model",'
        '"code":404}}',
        "has no model 'qwen3:4b' (404, The model `qwen3:4b` does not exist.)",
    ),
    ("vLLM", 401, '{"error":"Unauthorized"}', "does not take the key (401, Unauthorized)"),
    # github.com/ogx-ai/ogx/issues/4534
    (
        "vLLM",
        400,
        '{"object":"error","message":"This model\'s maximum context length is 6048 tokens. However, '
        "you requested 6616 tokens (568 in the messages, 6048 in the completion). Please reduce the length "
        'of the messages or completion.","type":"BadRequestError","param":null,"code":400}',
        "has too short a context for this plan (400, This model's maximum context length is 6048 tokens.",
    ),
    # github.com/QwenLM/Qwen3/issues/1321
    (
        "SGLang",
        400,
        '{"object":"error","message":"The input (61709 tokens) is longer than the model\'s context length '
        '(40960 tokens).","type":"BadRequestError","param":null,"code":400}',
        "has too short a context for this plan (400, The input (61709 tokens)",
    ),
    # github.com/netease-youdao/QAnything/issues/555
    (
        "Ollama",
        404,
        '{"error":{"message":"model \\"qwen3:4b\\" not found, try pulling it first","type":"api_error",'
        '"param":null,"code":null}}',
        "has no model 'qwen3:4b' (404, model \"qwen3:4b\" not found, try pulling it first)",
    ),
    ("Ollama", 404, "404 page not found", "has no chat completions (404, 404 page not found)"),
    # github.com/gitbutlerapp/gitbutler/issues/8706
    (
        "LM Studio",
        404,
        '{"error":{"message":"Model \\"qwen3:4b\\" not found. Please specify a valid model.\\n\\nYour '
        'models:\\n\\ngemma-3-27b-it-qat","type":"invalid_request_error","param":"model","code":"model_not_found"}}',
        "has no model 'qwen3:4b' (404, Model \"qwen3:4b\" not found. Please specify a valid model. Your",
    ),
    # github.com/lmstudio-ai/lmstudio-bug-tracker/issues/1730
    (
        "LM Studio",
        400,
        '{"error":{"message":"No models loaded. Please load a model in the developer page or use the \'lms '
        'load\' command.","type":"invalid_request_error","param":"model","code":null}}',
        "has no model 'qwen3:4b' (400, No models loaded. Please load a model",
    ),
    # github.com/lmstudio-ai/lmstudio-bug-tracker/issues/189
    (
        "LM Studio",
        400,
        "{\"error\":\"'response_format.type' must be 'json_schema' or 'text'\"}",
        "does not take json_schema (400, 'response_format.type' must be 'json_schema' or 'text')",
    ),
    # llama.cpp b11549, measured.
    (
        "llama.cpp",
        401,
        '{"error":{"message":"Invalid API Key","type":"authentication_error","code":401}}',
        "does not take the key (401, Invalid API Key)",
    ),
    (
        "llama.cpp",
        400,
        '{"error":{"code":400,"message":"request (9031 tokens) exceeds the available context size (2048 '
        'tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":9031,'
        '"n_ctx":2048}}',
        "has too short a context for this plan (400, request (9031 tokens) exceeds",
    ),
    (
        "llama.cpp",
        404,
        '{"error":{"message":"File Not Found","type":"not_found_error","code":404}}',
        "has no chat completions (404, File Not Found)",
    ),
    # What stands before servers.
    ("FastAPI", 404, '{"detail":"Not Found"}', "has no chat completions (404, Not Found)"),
    ("a proxy", 301, "<html>Moved</html>", "refuses the request (301)"),
)
"""Server, status, body, and what is to be said of it."""
BUSY: Sequence[tuple[str, int, str, str]] = (
    # github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md, GET /health
    (
        "llama.cpp",
        503,
        '{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}',
        "is busy (503, Loading model)",
    ),
    # platform.openai.com/docs/guides/error-codes
    (
        "OpenAI",
        429,
        '{"error":{"message":"Rate limit reached for gpt-4o","type":"requests","param":null,'
        '"code":"rate_limit_exceeded"}}',
        "is busy (429, Rate limit reached for gpt-4o)",
    ),
    ("nginx", 502, "<html><h1>502 Bad Gateway</h1></html>", "fails (502)"),
)
"""Likewise, of what may pass."""

PLAN: dict[str, Any] = {
    "title": "Neon Rain",
    "genre": "synthwave",
    "mood": "dreamy",
    "tags": ["synthwave", "analog synths", "female vocal"],
    "categories": ["Electronic", "Synthwave", "Dreamy"],
    "energy": 6,
    "tempo_bpm": 104,
    "key": "A minor",
    "metre": "4/4",
    "language": "en",
    "cover_prompt": "A wet street at night under pink neon signs",
    "voice": "female",
    "lyrics": [
        {"section": "verse", "lines": ["The street is a mirror tonight", "Every sign has a twin of light"]},
        {"section": "chorus", "lines": ["Neon rain, wash over me", "Neon rain, let it be"]},
    ],
}


def chunk(content: str | None = None, finish: str | None = None, **delta: str) -> str:
    """An event of a stream, as the servers send it."""
    choice = {"index": 0, "delta": {"content": content, **delta}, "finish_reason": finish}
    data = {"id": "1", "object": "chat.completion.chunk", "model": MODEL, "choices": [choice]}
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def streamed(text: str, finish: str = "stop", size: int = 20) -> str:
    """The whole stream of an answer ``text``."""
    pieces = [chunk(text[place : place + size]) for place in range(0, len(text), size)]
    return "".join([chunk("", role="assistant"), *pieces, chunk(finish=finish), "data: [DONE]\n\n"])


class Server(ThreadingHTTPServer):
    """Gives ``replies``, each once and the last for ever; keeps what it was asked."""

    daemon_threads = True

    def __init__(self, *replies: Reply) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies = list(replies)
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        """Path, headers and body of each request."""
        self.models = [MODEL]
        self.broken_off = 0
        """How many answers the client did not take whole."""
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        listed = {"object": "list", "data": [{"id": name, "object": "model"} for name in self.server.models]}
        kept = self.server.replies[0]
        self._asked({})
        self._answer(Reply(200, json.dumps(listed)) if kept.status == 200 else kept)

    def do_POST(self) -> None:
        self._asked(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        replies = self.server.replies
        self._answer(replies.pop(0) if len(replies) > 1 else replies[0])

    def _asked(self, body: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.path, headers, body))

    def _answer(self, reply: Reply) -> None:
        kind = _TYPES.get(reply.body[:1], "text/plain") if isinstance(reply.body, str) else _TYPES["d"]
        self.send_response(reply.status)
        for name, value in ({"Content-Type": kind} | reply.headers).items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for piece in [reply.body] if isinstance(reply.body, str) else reply.body:
                self.wfile.write(piece.encode())
                self.wfile.flush()
        except OSError:
            self.server.broken_off += 1

    def log_message(self, *_: Any) -> None:
        """Nothing: a test's output is not the place."""


@contextmanager
def playing(*replies: Reply) -> Iterator[Server]:
    server = Server(*replies)
    with in_a_thread(server):
        yield server
