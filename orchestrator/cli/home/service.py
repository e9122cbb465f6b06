"""The service that runs on this library, as another command of the same machine speaks to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from config.errors import Conflict, NotFound, StoreUnavailable, Unavailable
from config.settings import Settings
from orchestrator.server.auth import TOKEN_FILE, given_tokens
from orchestrator.server.http.running import running_at
from storage.configured import FOLDER, kept_secret

_TIMEOUT_S = 30.0
_LARGEST_BYTES = 10_000_000


@dataclass(frozen=True)
class RunningService:
    """A service at ``url``, and its token."""

    url: str
    token: str

    def post(self, path: str, body: object = None) -> Any:
        """The JSON of the response, None if it has none. Raises ``NotFound`` (404), ``Conflict`` (409), and
        ``Unavailable`` for any other failure."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: object) -> Any:
        """As ``post``."""
        return self._call("PATCH", path, body)

    def delete(self, path: str) -> Any:
        """As ``post``."""
        return self._call("DELETE", path, None)

    def _call(self, method: str, path: str, body: object) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = Request(self.url.rstrip("/") + path, data, headers, method=method)
        # It is on this machine: no proxy leads there.
        opener = build_opener(ProxyHandler({}))
        try:
            with opener.open(request, timeout=_TIMEOUT_S) as response:
                answer = response.read(_LARGEST_BYTES)
        except HTTPError as error:
            with error:
                raise self._refused(error.code, error.read(_LARGEST_BYTES)) from error
        except (URLError, OSError, HTTPException) as error:
            why = getattr(error, "reason", error)
            raise Unavailable(
                f"the service at {self.url} does not answer: {why}", "see its own terminal or log"
            ) from error
        try:
            return json.loads(answer) if answer else None
        except ValueError as error:
            raise Unavailable(
                f"what answers at {self.url} is no Songwright", "see which program listens there"
            ) from error

    def _refused(self, status: int, answer: bytes) -> NotFound | Conflict | Unavailable:
        try:
            problem = json.loads(answer)
            said = str(problem.get("detail") or problem.get("title") or status)
        except (ValueError, AttributeError):
            said = f"status {status}"
        what, _, fix = said.partition(" - ")
        if status == 404:
            return NotFound("such thing at", self.url, said)
        if status == 409:
            return Conflict(what, fix or "see 'songwright show'")
        if status == 401:
            fix = "it was started with another API_BEARER_TOKEN than is set here"
        return Unavailable(f"the service at {self.url} refused: {what}", fix or "see its own terminal or log")


def running_service(settings: Settings) -> RunningService | None:
    """The service that runs on this library and machine, if one does. Raises ``StoreUnavailable`` if its
    token cannot be read."""
    url = running_at(settings)
    if not url:
        return None
    if tokens := given_tokens(settings):
        return RunningService(url, tokens[0])
    if not (settings.home / FOLDER / TOKEN_FILE).exists():
        raise StoreUnavailable(
            f"the service at {url} takes a token that is not known here",
            "set API_BEARER_TOKEN to the one that it was started with",
        )
    return RunningService(url, kept_secret(settings, TOKEN_FILE)[0])


def why_none(settings: Settings) -> Unavailable:
    """What to say where no service runs on the library."""
    home = settings.home.resolve()
    return Unavailable(
        f"no service runs on the library in {home}", "start it in another terminal: songwright serve"
    )


def page_address(service: RunningService, song_id: str = "") -> str:
    """An address of the page that signs a browser of this machine in, once, and shows the song if one is
    given. Raises as ``RunningService.post``."""
    code = str(service.post("/session/codes")["code"])
    return service.url + (f"?song={song_id}" if song_id else "") + f"#code={code}"
