"""The client before servers that are none of ours, or half of one: it raises its own errors, and soon."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from songwright import (
    ConnectionFailed,
    DownloadFailed,
    NotFound,
    ServerError,
    Song,
    SongCancelled,
    SongFailed,
    WaitTimeout,
)
from tests.service.server import Server
from tests.songwright.conftest import Connect
from tests.songwright.proxy import Proxy, Refused, proxying

ID = "0" * 15
PROBLEM = {"Content-Type": "application/problem+json"}
HTML = {"Content-Type": "text/html"}
SSE = {"Content-Type": "text/event-stream"}
SOON = {"retries": 1, "first_pause_s": 0.01, "timeout_s": 2, "poll_s": 0.05}
LOGIN = b"<!doctype html><title>Sign in</title>"


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with proxying(server.url) as running:
        yield running


@contextmanager
def answering(data: bytes, *, hold_s: float = 0.0) -> Iterator[str]:
    """A server that sends ``data`` to everybody, whatever they say."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(2)
                    try:
                        connection.recv(65_536)
                        connection.sendall(data)
                        ended.wait(hold_s)
                    except OSError:
                        continue  # the client has gone

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=5)


def http(status: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {size}", *headers, "", "")).encode() + body


ODD: dict[str, bytes] = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "a status that is none": b"HTTP/1.1 abc OK\r\n\r\n",
    "a page": http("200 OK", LOGIN, "Content-Type: text/html"),
    "a page as JSON": http("200 OK", LOGIN, "Content-Type: application/json"),
    "a body that breaks off": http("200 OK", b'{"id": "x"', "Content-Type: application/json", length=5000),
    "deep JSON": http("200 OK", b"[" * 100_000, "Content-Type: application/json"),
    "a number": http("200 OK", b"7", "Content-Type: application/json"),
    "null": http("200 OK", b"null", "Content-Type: application/json"),
    "no UTF-8": http("200 OK", b'{"id": "\xff"}', "Content-Type: application/json"),
    "a false compression": http("200 OK", b"no gzip", "Content-Encoding: gzip"),
    "a loop": http("307 Temporary Redirect", b"", "Location: /songs/x"),
    "a way to nowhere": http("307 Temporary Redirect", b"", "Location: ftp://example.com/"),
    "no way": http("302 Found", b""),
    "304": http("304 Not Modified", b""),
    "204": http("204 No Content", b""),
}


@pytest.mark.parametrize("what", ODD)
def test_what_answers_and_is_not_songwright_is_said(connect: Connect, what: str, tmp_path: Path) -> None:
    with answering(ODD[what]) as url:
        client = connect(url, **SOON | {"retries": 0})
        for call in (
            lambda: client.song(ID),
            lambda: client.generate("a song"),
            lambda: list(client.songs()),
            lambda: client.plan("a song"),
            lambda: client.cancel(ID),
            lambda: client.wait(ID, timeout_s=5),
            lambda: client.download(ID, "audio", tmp_path),
        ):
            with pytest.raises(ConnectionFailed):
                call()
        if what != "204":
            with pytest.raises(ConnectionFailed):
                client.delete(ID)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("document", "detail"),
    [
        (b"", "the answer is empty"),
        (LOGIN, "Sign in"),
        (b"[" * 100_000, r"\[\["),
        (b'{"detail": 7, "type": null, "fix": 3, "retry": "yes", "errors": 5, "field": []}', "500"),
        (b'{"detail": "no", "errors": [{"field": "x"}, 7, null]}', "no"),
        (b'{"errors": null}', "500"),
        (b'"text"', "text"),
    ],
    ids=["empty", "html", "deep", "wrong types", "half errors", "null errors", "text"],
)
def test_a_refusal_of_any_form_is_an_error_of_the_client(
    proxy: Proxy, connect: Connect, document: bytes, detail: str
) -> None:
    proxy.expect("GET", f"/songs/{ID}$", Refused(500, PROBLEM, document))
    with pytest.raises(ServerError, match=detail) as raised:
        connect(proxy.url, retries=0).song(ID)
    assert raised.value.status == 500
    assert all(isinstance(problem.value, str) for problem in raised.value.errors)


@pytest.mark.parametrize("status", [502, 504, 521])
def test_a_page_of_a_proxy_is_an_error_with_its_text(proxy: Proxy, connect: Connect, status: int) -> None:
    page = b"<html><h1>Bad Gateway</h1></html>"
    proxy.expect("POST", "/plan", Refused(status, HTML, page))
    with pytest.raises(ServerError, match="Bad Gateway") as raised:
        connect(proxy.url, **SOON).plan("a song")
    assert raised.value.status == status


def test_a_request_that_would_become_another_is_not_sent_on(proxy: Proxy, connect: Connect) -> None:
    where = f"{proxy.url}/songs"
    proxy.expect("POST", "/generate-from-description", Refused(301, {"Location": where}))
    with pytest.raises(ConnectionFailed, match=r"leads on to http://127\.0\.0\.1.*use that one"):
        connect(proxy.url, **SOON).generate("a song")
    assert len(proxy.of("POST", "/generate")) == 1


def test_what_no_retry_can_help_is_tried_once(connect: Connect, server: Server) -> None:
    """A service without TLS, which is asked by https."""
    client = connect(server.url.replace("http://", "https://"), retries=5, first_pause_s=5)
    began = time.monotonic()
    with pytest.raises(ConnectionFailed, match="SSL"):
        client.song(ID)
    assert time.monotonic() - began < 4


def test_a_service_that_is_not_there_is_said_after_the_retries(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionFailed, match="is the service running"):
        connect(f"http://127.0.0.1:{port}", **SOON).song(ID)
    with pytest.raises(ConnectionFailed, match="is its address right"):
        connect("http://no-such-host.invalid", **SOON).song(ID)


def test_a_service_that_is_silent_is_said_after_its_time(connect: Connect) -> None:
    with answering(b"", hold_s=30) as url:
        began = time.monotonic()
        with pytest.raises(ConnectionFailed):
            connect(url, retries=0, timeout_s=0.3).song(ID)
        assert time.monotonic() - began < 3


def test_a_wait_for_a_done_song_answers_at_once(server: Server, connect: Connect) -> None:
    client = connect(server.url)
    song = client.wait(client.generate("a song that is done", audio_duration=5))
    for given in (song, song.id):
        for timeout_s in (None, 0, 0.001, 60):
            assert client.wait(given, timeout_s=timeout_s).status == "done"


def test_a_wait_for_a_failed_song_raises_its_error(server: Server, connect: Connect) -> None:
    client = connect(server.url)
    song = client.generate("a song that fails soon", audio_duration=5, seed=13)
    for timeout_s in (30, 0):
        with pytest.raises(SongFailed, match=r"\(EngineFailed\): .*a bug in the engine") as raised:
            client.wait(song, timeout_s=timeout_s)
        assert raised.value.type == "EngineFailed"
        assert "a bug in the engine" in raised.value.message


def test_a_wait_for_a_song_that_is_deleted_says_so(
    server: Server, connect: Connect, held: Callable[[], None]
) -> None:
    client = connect(server.url, **SOON)
    song = client.generate("a song to delete meanwhile", audio_duration=5)

    def delete() -> None:
        with server.client() as other:
            other.delete(f"/songs/{song.id}").raise_for_status()

    deleting = threading.Timer(0.3, delete)
    deleting.start()
    with pytest.raises((NotFound, SongCancelled)):  # it is cancelled first
        client.wait(song, timeout_s=20)
    deleting.join()
    with pytest.raises(NotFound):
        client.wait(song, timeout_s=0)


def test_a_wait_that_ends_names_the_song(server: Server, connect: Connect, held: Callable[[], None]) -> None:
    client = connect(server.url)
    song = client.generate("a song not done in time", audio_duration=5)
    for timeout_s in (0, 0.2):
        with pytest.raises(WaitTimeout, match=song.id) as raised:
            client.wait(song, timeout_s=timeout_s)
        assert (raised.value.song_id, raised.value.timeout_s) == (song.id, timeout_s)


def test_a_wait_before_a_dead_service_ends_in_time(connect: Connect) -> None:
    client = connect("http://127.0.0.1:9", retries=50, first_pause_s=0.05)
    began = time.monotonic()
    with pytest.raises(WaitTimeout):
        client.wait(ID, timeout_s=0.5)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "event",
    [
        b"event: end\ndata: {\n\n",
        b"event: end\ndata: {}\n\n",
        b"event: status\ndata: 7\n\n",
        b"event: end\ndata: null\n\n",
    ],
    ids=["half", "empty", "number", "null"],
)
def test_events_that_are_none_are_given_up_for_asking(
    server: Server, proxy: Proxy, connect: Connect, held: Callable[[], None], event: bytes
) -> None:
    client = connect(proxy.url, **SOON)
    song = client.generate("a song with odd events", audio_duration=5)
    proxy.expect("GET", "/events$", Refused(200, SSE, event))
    threading.Timer(0.3, held).start()
    assert client.wait(song, timeout_s=90).status == "done"


def test_an_error_of_the_callback_is_the_callers_own(
    server: Server, connect: Connect, held: Callable[[], None]
) -> None:
    client = connect(server.url)
    song = client.generate("a song with a faulty callback", audio_duration=5)

    def on_progress(_: object) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        client.wait(song, on_progress=on_progress)


@pytest.fixture
def song(server: Server, connect: Connect) -> Song:
    client = connect(server.url)
    made: Song = client.wait(client.generate("a song to fetch", audio_duration=5, seed=6))
    return made


@pytest.mark.parametrize(
    "body", [LOGIN, b"", b"PK\x03\x04 and no end"], ids=["a page", "nothing", "half a ZIP"]
)
def test_a_package_that_is_none_is_not_saved(
    proxy: Proxy, connect: Connect, song: Song, tmp_path: Path, body: bytes
) -> None:
    proxy.expect("GET", "/package$", *[Refused(200, HTML, body)] * 2)
    with pytest.raises(DownloadFailed, match="no whole ZIP"):
        connect(proxy.url, **SOON).download(song, "package", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_odd_headers_of_a_download_do_no_harm(
    proxy: Proxy, connect: Connect, song: Song, tmp_path: Path
) -> None:
    for etag in ("caf\u00e9", 'W/"x"', '"a"b"', "x" * 3000):
        proxy.expect("GET", "/audio$", Refused(200, {"ETag": etag, "Content-Length": "9"}, b"x"))
        path = connect(proxy.url, **SOON).download(song, "audio", tmp_path / "song.wav")
        assert path.stat().st_size == song.assets["audio"].size_bytes
