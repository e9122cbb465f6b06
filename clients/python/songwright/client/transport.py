"""Between the client's requests and responses and those of httpx."""

from __future__ import annotations

import random
import ssl
from collections.abc import Iterator
from typing import Any, TypeVar

import httpx

from songwright.checks import checked_token, checked_url
from songwright.effects import Lost, Request, Response
from songwright.errors import InvalidArgument

H = TypeVar("H", httpx.Client, httpx.AsyncClient)

_CONNECT_S = 10.0
_FOR_GOOD = (
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.TooManyRedirects,
    httpx.DecodingError,
)
_JITTER = 0.25  # of a pause: clients that are refused together do not all come back together


def opened(kind: type[H], url: object, token: object) -> H:
    """A client of httpx for this service. Raises ``InvalidArgument``."""
    bearer = checked_token(token)
    try:
        address = httpx.URL(checked_url(url))
    except httpx.InvalidURL as error:
        raise InvalidArgument("url", url, f"it is no address: {error}") from error
    try:
        return kind(
            base_url=address,
            headers={"Authorization": f"Bearer {bearer}", "User-Agent": "songwright-client"},
            follow_redirects=True,  # to the files of a bucket; httpx does not send the token to another host
            limits=httpx.Limits(max_connections=None),  # one for each song that is waited for
        )
    except (httpx.InvalidURL, ImportError, OSError, ValueError) as error:
        fix = f"its settings for proxies or certificates cannot be used: {error}"
        raise InvalidArgument("the environment", "", fix) from error


def request_arguments(request: Request, timeout_s: float) -> dict[str, Any]:
    """Arguments for ``request`` and ``stream`` of an httpx client. ``timeout_s`` holds where the request
    names no time of its own."""
    content: dict[str, Any] = {"json": request.body}
    if request.photo is not None:
        content = {"data": request.body, "files": {"image": request.photo}}
    elif request.data is not None:
        content = {"content": request.data}
    silence_s = timeout_s if request.silence_s is None else request.silence_s
    return {
        "method": request.method,
        "url": request.path,
        **content,
        "headers": request.headers,
        "params": request.params,
        "timeout": httpx.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s), read=silence_s),
    }


def response_of(response: httpx.Response, body: bytes) -> Response:
    """Raises ``Lost`` where a redirect has made another request of it."""
    if response.history and response.request.method != response.history[0].request.method:
        where = response.url.copy_with(path="/", query=None, fragment=None)
        raise Lost(f"the address leads on to {where}, use that one", reached=True, again=False)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(response.status_code, headers, body)


def lost(error: httpx.RequestError) -> Lost:
    reached = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
    again = not isinstance(error, _FOR_GOOD) and not any(_of_tls(each) for each in _causes(error))
    return Lost(str(error) or type(error).__name__, reached=reached, again=again)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _of_tls(error: BaseException) -> bool:
    """Whether TLS has failed, as it will again: not by a connection that ended."""
    return isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)


def with_jitter(seconds: float) -> float:
    """A little longer than ``seconds``, by chance."""
    return seconds * random.uniform(1.0, 1.0 + _JITTER)
