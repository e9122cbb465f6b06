"""Chat completions over HTTP, as vLLM, SGLang, Ollama, llama.cpp and LM Studio serve them.

The answer is streamed, so that progress shows, and a server stops writing when the song is cancelled: it sees
the connection close. Busy and broken servers are asked again, a few times and within the time of one plan.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

import httpx

from config.engine import ServerOptions
from config.errors import EngineTimeout, EngineUnavailable
from lyrics.openai.refusals import Refusals

T = TypeVar("T")

TRIES = 4
_FIRST_DELAY_S = 0.5  # before the second try; it doubles with each
_LONGEST_DELAY_S = 30.0  # of what a server asks for with Retry-After
_CONNECT_S = 10.0
_LIST_S = 10.0  # for the list of models
_REPORT_S = 0.2
_MOST_BYTES = 16_000_000  # of one answer
_BUSY = frozenset((408, 425, 429))


class _Again(Exception):
    """This try failed, and another may not. ``error`` is raised if there is none."""

    def __init__(self, error: EngineUnavailable, after_s: float = 0.0) -> None:
        super().__init__(error, after_s)
        self.error = error
        self.after_s = after_s


class ChatClient:
    """One server and one of its models. Safe in threads: each call has connections of its own."""

    def __init__(self, options: ServerOptions, model: str, *, direct: bool = False) -> None:
        """``direct``: by no proxy of the environment. Raises ``EngineUnavailable`` for a key that no header
        can carry, and for a proxy in the environment that httpx cannot use."""
        self._direct = direct
        self._options = options
        self._model = model
        self._refusals = Refusals(options, model)
        key = options.key
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise EngineUnavailable(
                "SONGWRIGHT_OPENAI__API_KEY has blanks or characters that no key has", "copy the key anew"
            )
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._tls = httpx.create_ssl_context()  # takes longer than the rest of a connection
        try:
            self._client()
        except (ImportError, ValueError) as error:
            fix = "unset HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, or set NO_PROXY for the server"
            raise EngineUnavailable(f"the proxy of the environment cannot be used: {error}", fix) from error

    def write(self, body: dict[str, Any], report: Callable[[int], None]) -> str:
        """The answer to the chat completion ``body``. ``report`` is called every 0.2 s with the characters
        that have come; what it raises ends the request.

        Raises ``EngineTimeout`` after ``timeout_s``, and ``EngineUnavailable`` for every other failure."""
        asking = _Asking(self._options, self._client, self._refusals, body)
        return asyncio.run(self._in_time(asking, report))

    def models(self) -> list[str]:
        """The ids of the models that the server lists. Raises ``EngineUnavailable``."""

        async def listed() -> list[str]:
            try:
                async with self._client() as client, asyncio.timeout(_LIST_S):
                    response = await client.get("/models")
            except TimeoutError as error:
                raise self._refusals.unreachable(f"no answer within {_LIST_S:g} s") from error
            except httpx.HTTPError as error:
                raise self._refusals.unreachable(_reason(error)) from error
            if response.status_code != httpx.codes.OK:
                raise self._refusals.of(response.status_code, response.text)
            try:
                return [str(entry["id"]) for entry in response.json()["data"] or ()]
            except (ValueError, KeyError, TypeError) as error:
                raise self._refusals.no_api(response.text) from error

        return asyncio.run(listed())

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self._options.base_url,
            headers=self._headers,
            verify=self._tls,
            trust_env=not self._direct,
            timeout=httpx.Timeout(None, connect=_CONNECT_S),  # the whole has a limit, not each read
        )

    async def _in_time(self, asking: _Asking, report: Callable[[int], None]) -> str:
        limit_s = self._options.timeout_s
        try:
            async with asyncio.timeout(limit_s):
                return await _reporting(asking.answer(), lambda: report(asking.characters))
        except TimeoutError as error:
            raise EngineTimeout(
                f"{self._refusals.where} wrote no whole plan within {limit_s:g} s",
                "set SONGWRIGHT_OPENAI__TIMEOUT_S higher, or use a faster model",
            ) from error


async def _reporting(work: Coroutine[Any, Any, T], report: Callable[[], None]) -> T:
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait([task], timeout=_REPORT_S)
            report()
        return task.result()
    finally:
        task.cancel()  # asyncio.run waits until it has closed its connection


class _Asking:
    """One answer, in as many tries as it takes."""

    def __init__(
        self,
        options: ServerOptions,
        client: Callable[[], httpx.AsyncClient],
        refusals: Refusals,
        body: dict[str, Any],
    ) -> None:
        self._options, self._client, self._refusals, self._body = options, client, refusals, body
        self.characters = 0
        """Of the longest try, with the model's thoughts."""

    async def answer(self) -> str:
        delay_s = _FIRST_DELAY_S
        async with self._client() as client:
            for left in reversed(range(TRIES)):
                try:
                    return await self._try(client)
                except _Again as failed:
                    if not left:
                        raise failed.error from failed
                    # Spread, so that the songs that a busy server refused do not all come back at once.
                    pause_s = max(delay_s * random.uniform(0.75, 1.25), failed.after_s)
                    await asyncio.sleep(pause_s)
                    delay_s *= 2
        raise AssertionError  # the last try has returned or raised

    async def _try(self, client: httpx.AsyncClient) -> str:
        try:
            async with client.stream("POST", "/chat/completions", json=self._body) as response:
                if response.status_code != httpx.codes.OK:
                    raise self._failure(response, await _start_of(response))
                if response.headers.get("content-type", "").startswith("application/json"):
                    return self._whole(await _start_of(response, _MOST_BYTES))
                return await self._streamed(response)
        except httpx.HTTPError as error:
            raise _Again(self._refusals.unreachable(_reason(error))) from error

    def _failure(self, response: httpx.Response, text: str) -> Exception:
        error = self._refusals.of(response.status_code, text)
        if not _passes(response.status_code):
            return error
        asked = response.headers.get("retry-after", "")
        after_s = float(asked) if asked.isascii() and asked.isdigit() else 0.0
        error.retry_after_s = after_s or None
        return _Again(error, min(after_s, _LONGEST_DELAY_S))

    async def _streamed(self, response: httpx.Response) -> str:
        """The text of a stream of server-sent events."""
        pieces: list[str] = []
        thoughts = 0
        ended = ""
        async for data in _events(response):
            if data == "[DONE]":
                break
            chunk = self._parsed(data)
            for choice in chunk.get("choices") or ():
                delta = choice.get("delta") or {}
                pieces.append(delta.get("content") or "")
                thoughts += len(delta.get("reasoning_content") or delta.get("reasoning") or "")
                ended = choice.get("finish_reason") or ended
            self.characters = max(self.characters, thoughts + sum(map(len, pieces)))
        if not ended:
            raise _Again(self._refusals.unreachable("the answer broke off"))
        return self._ended("".join(pieces), ended)

    def _whole(self, text: str) -> str:
        """The text of an answer in one piece, from a server that does not stream."""
        for choice in self._parsed(text).get("choices") or ():
            message = choice.get("message") or {}
            return self._ended(message.get("content") or "", choice.get("finish_reason") or "stop")
        raise self._refusals.no_api(text)

    def _parsed(self, data: str) -> dict[str, Any]:
        try:
            chunk: dict[str, Any] = json.loads(data)
            error = chunk.get("error")
        except (ValueError, AttributeError) as broken:
            raise self._refusals.no_api(data) from broken
        if error:  # in the middle of a stream there is no status, but in some servers' words
            code = error.get("code") if isinstance(error, dict) else None
            status = code if isinstance(code, int) else 500
            refusal = self._refusals.of(status, data)
            raise _Again(refusal) if _passes(status) else refusal
        return chunk

    def _ended(self, text: str, reason: str) -> str:
        if reason == "length":
            raise self._refusals.cut()
        if reason == "content_filter":
            raise self._refusals.filtered()
        return text


def _passes(status: int) -> bool:
    """Whether a failure of this kind may not last."""
    return status >= 500 or status in _BUSY


async def _events(response: httpx.Response) -> AsyncIterator[str]:
    """The data of each event. Not by httpx's lines: it also ends them at characters that words may have."""
    rest = b""
    size = 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > _MOST_BYTES:
            raise httpx.ReadError(f"the answer has more than {_MOST_BYTES:,} bytes")
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            name, _, value = line.decode("utf-8", "replace").strip().partition(":")
            if name in ("data", "error") and value:
                yield value.strip()


async def _start_of(response: httpx.Response, most: int = 100_000) -> str:
    """The body's first bytes as text."""
    found = b""
    async for piece in response.aiter_bytes():
        found += piece
        if len(found) > most:
            break
    return found[:most].decode("utf-8", "replace")


def _reason(error: httpx.HTTPError) -> str:
    return str(error).strip().partition("\n")[0][:120] or type(error).__name__
