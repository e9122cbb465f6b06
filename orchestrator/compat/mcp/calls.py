"""Calls of the service's API: by the app in this process, or over HTTP where the service is elsewhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

import httpx2
from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from config.errors import SongwrightError, shown

Pause = Callable[[str, float], Awaitable[bool]]
"""Waits for the end of a song, by its id, or for so many seconds. False if the service stops meanwhile."""
Links = Callable[[Mapping[str, Any]], dict[str, str]]
"""Returns the addresses of a song's files, by role, for the agent."""

_TIMEOUT_S = 60.0
_MOST_SHOWN = 300


class Refused(Exception):
    """The service has refused a call: ``detail`` is its sentence about ``field``, if it is about one."""

    def __init__(
        self, status: int, detail: str, field: str = "", fix: str = "", retry_s: float = 0.0
    ) -> None:
        super().__init__(status, detail, field, fix, retry_s)
        self.status = status
        self.detail = detail
        self.field = field
        self.fix = fix
        self.retry_s = retry_s

    def __str__(self) -> str:
        return self.detail


def signed_links(song: Mapping[str, Any]) -> dict[str, str]:
    """The signed addresses that the service gave."""
    return dict(song.get("urls", {}))


class Calls:
    """The service, as tools call it."""

    def __init__(
        self, client: httpx2.AsyncClient, links: Links = signed_links, pause: Pause | None = None
    ) -> None:
        self._client = client
        self.links = links
        self.pause = pause or _sleep

    async def json(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        prefer: str = "",
    ) -> dict[str, Any]:
        """The JSON object of the answer. Raises ``Refused``."""
        headers = {"Prefer": prefer} if prefer else {}
        answer = await self._sent(method, path, headers, body, query)
        found: dict[str, Any] = answer.json()
        return found

    async def file(self, key: str) -> tuple[bytes, str]:
        """The bytes and the media type of a song's file, by its key. Raises ``Refused``."""
        answer = await self._sent("GET", f"/files/{quote(key)}", {}, None, None)
        return answer.content, answer.headers.get("content-type", "application/octet-stream")

    async def _sent(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None,
        query: Mapping[str, str] | None,
    ) -> httpx2.Response:
        try:
            answer = await self._client.request(method, path, json=body, params=query, headers=dict(headers))
        except httpx2.HTTPError as error:
            detail = f"{self._client.base_url} does not answer ({error or type(error).__name__})"
            raise Refused(0, f"{detail}: see that the service runs, and that its address is right") from error
        except ValueError as error:  # JSON has no such numbers
            raise Refused(0, "NaN and Infinity are no numbers: send others") from error
        if answer.is_success:
            return answer
        raise _refused(answer)


async def _sleep(_song_id: str, seconds: float) -> bool:
    await asyncio.sleep(seconds)
    return True


def song_path(song_id: str, rest: str = "") -> str:
    """The path of a song, whatever an agent gives for its id."""
    return f"/songs/{quote(song_id, safe='')}{rest}"


def calls_of_app(
    app: FastAPI, base: str, *, authorization: str, holder: str, links: Links = signed_links
) -> Calls:
    """Calls of ``app`` in this process, for the client with that ``Authorization``, which was checked and
    counted when it called. ``base`` is the address that its links begin with."""
    transport = httpx2.ASGITransport(app=_inside(app, holder), raise_app_exceptions=False)
    headers = {"Authorization": authorization}
    client = httpx2.AsyncClient(transport=transport, base_url=base, headers=headers)

    async def pause(song_id: str, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await app.state.service.jobs.wait(song_id)
        except TimeoutError:
            return True
        except SongwrightError:
            return False
        return True

    return Calls(client, links, pause)


def calls_of_service(address: str, token: str) -> Calls:
    """Calls of the service at ``address``, over HTTP."""
    headers = {"Authorization": f"Bearer {token}"}
    return Calls(httpx2.AsyncClient(base_url=address, headers=headers, timeout=_TIMEOUT_S))


def _inside(app: FastAPI, holder: str) -> ASGIApp:
    """The app within its middleware: the routes, and what makes problem documents of errors."""
    routes: ASGIApp = ExceptionMiddleware(
        AsyncExitStackMiddleware(app.router), handlers=dict(app.exception_handlers)
    )

    async def inside(scope: Scope, receive: Receive, send: Send) -> None:
        await routes({**scope, "app": app, "songwright.holder": holder}, receive, send)

    return inside


def _refused(answer: httpx2.Response) -> Refused:
    try:
        problem = json.loads(answer.content)
    except ValueError:
        problem = {}
    if not isinstance(problem, dict) or "detail" not in problem:
        detail = f"the service answered {answer.status_code}: {shown(answer.text[:_MOST_SHOWN])}"
        return Refused(answer.status_code, detail)
    waits = answer.headers.get("retry-after", "")
    return Refused(
        answer.status_code,
        str(problem["detail"]),
        str(problem.get("field") or ""),
        str(problem.get("fix") or ""),
        float(waits) if waits.isdigit() else 0.0,
    )
