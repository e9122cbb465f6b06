"""The Python client through a proxy that loses, breaks and refuses: no song made twice, no file torn."""

import asyncio
import hashlib
import logging
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from songwright import (
    AsyncClient,
    Client,
    ConnectionFailed,
    DownloadFailed,
    Progress,
    ServerError,
    Song,
    TooManyRequests,
    Unavailable,
)
from tests.page.engines import HOLD
from tests.service.server import TOKEN, Server, serving
from tests.songwright.conftest import HELD, Connect
from tests.songwright.proxy import (
    Altered,
    AnswerLost,
    BrokenAfter,
    Fault,
    Proxy,
    Refused,
    RequestLost,
    proxying,
)

SOON = {"Retry-After": "0"}
HTML = {"Content-Type": "text/html"}


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with proxying(server.url) as running:
        yield running


def made(server: Server, about: str) -> int:
    """How many songs there are of this description."""
    with server.client() as client:
        songs: list[dict[str, Any]] = client.get("/songs", params={"limit": 100}).json()["songs"]
    return sum(song["description"] == about for song in songs)


PROBLEM = {"Content-Type": "application/problem+json", **SOON}
LOADING = Refused(503, PROBLEM, b'{"type": "urn:x", "detail": "the weights are loaded", "retry": true}')
FOR_GOOD = Refused(503, PROBLEM, b'{"type": "urn:x", "detail": "the weights are missing", "retry": false}')


@pytest.mark.parametrize(
    "faults",
    [
        [RequestLost()],
        [AnswerLost(), AnswerLost()],
        [Refused(429, SOON), Refused(503, SOON), Refused(429, SOON)],
        [Refused(500)],
        [Refused(500), AnswerLost(), Refused(503, SOON)],
        [BrokenAfter(100)],
    ],
    ids=str,
)
def test_a_request_that_is_sent_again_makes_one_song(
    server: Server, proxy: Proxy, connect: Connect, faults: list[Fault]
) -> None:
    about = f"one song {uuid.uuid4()}"
    proxy.expect("POST", "/generate-from-description", *faults)
    song = connect(proxy.url, first_pause_s=0.01).generate(about, audio_duration=5)
    assert connect(server.url).wait(song).status == "done"
    assert made(server, about) == 1
    sent = proxy.of("POST", "/generate-from-description")
    assert len(sent) == len(faults) + 1
    assert len({seen.headers["idempotency-key"] for seen in sent}) == 1


@pytest.mark.parametrize(
    ("faults", "raised", "sent"),
    [
        ([Refused(500), Refused(500)], ServerError, 2),
        ([Refused(504)], ServerError, 1),
        ([FOR_GOOD], Unavailable, 1),
        ([Refused(429, {"Retry-After": "3600"})], TooManyRequests, 1),
        ([Refused(503, SOON)] * 4, Unavailable, 4),
        ([RequestLost()] * 4, ConnectionFailed, 4),
    ],
    ids=["500 twice", "504", "503 for good", "429 for an hour", "503 again and again", "always lost"],
)
def test_what_no_retry_can_help_is_raised(
    proxy: Proxy, connect: Connect, faults: list[Fault], raised: type[Exception], sent: int
) -> None:
    proxy.expect("POST", "/generate-from-description", *faults)
    with pytest.raises(raised) as error:
        connect(proxy.url, retries=3, first_pause_s=0.01).generate("no song", audio_duration=5)
    assert len(proxy.of("POST", "")) == sent
    if raised is TooManyRequests:
        assert error.value.retry_after_s == 3600.0  # type: ignore[attr-defined]


@pytest.mark.parametrize("body", [b"<p>log in", b"[]", b"{}", b'"song"', b'{"id": "x"}'])
def test_what_is_not_the_service_is_said(proxy: Proxy, connect: Connect, body: bytes) -> None:
    client = connect(proxy.url)
    proxy.expect("POST", "/generate-from-description", Refused(200, HTML, body))
    proxy.expect("GET", "/songs", Refused(200, HTML, body))
    with pytest.raises(ConnectionFailed, match=r"no answer of Songwright's \(text/html\)"):
        client.generate("no song")
    with pytest.raises(ConnectionFailed, match="is its address right"):
        list(client.songs())


def test_the_time_that_the_service_names_is_waited_for(proxy: Proxy, connect: Connect) -> None:
    client = connect(proxy.url)
    proxy.expect("GET", "/songs", Refused(503, {"Retry-After": "1"}))
    began = time.monotonic()
    list(client.songs())
    assert 1.0 <= time.monotonic() - began < 3.0


@pytest.fixture
def song(server: Server) -> Song:
    with Client(server.url, TOKEN) as client:
        return client.wait(client.generate("a song to download", audio_duration=5, seed=5))


def test_a_download_that_breaks_goes_on_where_it_broke_off(
    proxy: Proxy, connect: Connect, song: Song, tmp_path: Path
) -> None:
    faults = [BrokenAfter(60_000), RequestLost(), Refused(503, SOON), BrokenAfter(50_001), Refused(500)]
    proxy.expect("GET", "/audio$", *faults)
    path = connect(proxy.url, first_pause_s=0.01).download(song, "audio", tmp_path / "song.wav")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == song.assets["audio"].sha256
    assert list(tmp_path.iterdir()) == [path]
    starts = [int(seen.headers.get("range", "bytes=0-")[6:-1]) for seen in proxy.of("GET", "/audio$")]
    assert len(starts) == 6
    assert starts[0] == 0
    assert 0 < starts[1] == starts[2] == starts[3] <= 60_000  # what was on its way when it broke is lost
    assert starts[3] < starts[4] == starts[5] <= 110_001


def test_a_download_of_another_version_begins_anew(
    proxy: Proxy, connect: Connect, song: Song, tmp_path: Path
) -> None:
    """A service that does not know the part we have answers the whole file."""
    whole = connect(proxy.url).download(song, "audio", tmp_path / "whole.wav").read_bytes()
    old = Refused(200, {"ETag": '"old"', "Content-Length": str(len(whole))}, b"x" * 1000)
    proxy.expect("GET", "/audio$", old)
    path = connect(proxy.url, first_pause_s=0.01).download(song, "audio", tmp_path / "song.wav")
    assert path.read_bytes() == whole
    assert proxy.seen[-1].headers["if-range"] == '"old"'


def test_a_package_that_breaks_is_taken_again_whole(
    proxy: Proxy, connect: Connect, song: Song, tmp_path: Path
) -> None:
    proxy.expect("GET", "/package$", BrokenAfter(10_000))
    path = connect(proxy.url, first_pause_s=0.01).download(song, "package", tmp_path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None


def test_bytes_that_are_not_the_songs_are_taken_again_and_never_kept(
    proxy: Proxy, connect: Connect, song: Song, tmp_path: Path
) -> None:
    target = tmp_path / "song.wav"
    proxy.expect("GET", "/audio$", Altered())
    connect(proxy.url).download(song, "audio", target)
    kept = target.read_bytes()
    assert hashlib.sha256(kept).hexdigest() == song.assets["audio"].sha256
    proxy.expect("GET", "/audio$", Altered(), Altered())
    with pytest.raises(DownloadFailed, match="SHA-256"):
        connect(proxy.url).download(song, "audio", target)
    assert target.read_bytes() == kept
    assert list(tmp_path.iterdir()) == [target]


def test_a_download_that_cannot_be_had_leaves_nothing(
    proxy: Proxy, connect: Connect, song: Song, tmp_path: Path
) -> None:
    proxy.expect("GET", "/audio$", BrokenAfter(1000), RequestLost())
    with pytest.raises(ConnectionFailed):
        connect(proxy.url, retries=1, first_pause_s=0.01).download(song, "audio", tmp_path / "song.wav")
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_is_given_up_leaves_nothing(server: Server, song: Song, tmp_path: Path) -> None:
    async def journey(url: str) -> None:
        async with AsyncClient(url, TOKEN) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.5):
                    await client.download(song, "audio", tmp_path / "song.wav")

    with proxying(server.url) as proxy:
        proxy.expect("GET", "/audio$", BrokenAfter(1000), Refused(503, {"Retry-After": "30"}))
        asyncio.run(journey(proxy.url))
    assert list(tmp_path.iterdir()) == []


def test_a_broken_stream_is_taken_up_after_the_last_event(
    proxy: Proxy, connect: Connect, held: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(proxy.url, first_pause_s=0.01)
    song = client.generate("a song whose events break", audio_duration=5)
    proxy.expect("GET", "/events$", RequestLost(), BrokenAfter(400), Refused(503), LOADING)
    news: list[Progress] = []

    def on_progress(item: Progress) -> None:
        news.append(item)
        if len(proxy.of("GET", "/events$")) == 5:
            held()

    assert client.wait(song, on_progress=on_progress).status == "done"
    statuses = [item.status for item in news if not item.part]
    assert statuses == ["queued", "planning", "composing", "done"]
    ids = [seen.headers.get("last-event-id", "") for seen in proxy.of("GET", "/events$")]
    assert ids[:2] == ["", ""]
    assert ids[2] == ids[3] == ids[4] != ""
    assert len(ids) == 5
    assert caplog.records == []


def test_where_there_are_no_events_the_song_is_asked_for_and_that_is_said(
    proxy: Proxy, connect: Connect, held: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(proxy.url, poll_s=0.05, first_pause_s=0.01)
    song = client.generate("a song without events", audio_duration=5)
    proxy.expect("GET", "/events$", Refused(200, HTML, b"<p>welcome"))
    news: list[Progress] = []

    def on_progress(item: Progress) -> None:
        news.append(item)
        if item.part == "music":
            held()

    with caplog.at_level(logging.WARNING):
        assert client.wait(song, on_progress=on_progress).status == "done"
    assert {item.source for item in news} == {"polling"}
    assert "text/html, not text/event-stream" in caplog.text
    assert "asking for its state every 0.05 s instead" in caplog.text


def test_a_stream_that_always_breaks_is_given_up_for_asking(
    proxy: Proxy, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(proxy.url, poll_s=0.05, first_pause_s=0.01)
    song = client.generate("a song whose events are lost", audio_duration=5)
    proxy.expect("GET", "/events$", RequestLost(), BrokenAfter(5), RequestLost())
    with caplog.at_level(logging.WARNING):
        assert client.wait(song).status == "done"
    assert "cannot be had" in caplog.text


def test_a_song_that_was_deleted_on_a_lost_answer_is_deleted(
    server: Server, proxy: Proxy, connect: Connect
) -> None:
    client = connect(proxy.url)
    about = f"a song to delete {uuid.uuid4()}"
    song = client.generate(about, audio_duration=5)
    proxy.expect("DELETE", song.id, AnswerLost())
    client.delete(song)
    assert made(server, about) == 0


def test_a_wait_outlives_the_service(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (
        serving(tmp_path, **HELD) as server,
        Client(server.url, TOKEN, retries=100, longest_pause_s=0.2) as client,
    ):
        server.port = server.url.rpartition(":")[2]
        hold = tmp_path / HOLD
        hold.touch()
        song = client.generate("a song that outlives its service", audio_duration=5)
        restarts: list[threading.Thread] = []

        def on_progress(item: Progress) -> None:
            if item.part == "music" and not restarts:
                restarts.append(threading.Thread(target=again))
                restarts[0].start()

        def again() -> None:
            server.kill()
            hold.unlink()
            server.start()

        assert client.wait(song, on_progress=on_progress).status == "done"
        restarts[0].join()
        assert made(server, "a song that outlives its service") == 1
    assert caplog.records == []
