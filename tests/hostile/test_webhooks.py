"""Receivers of webhooks that never answer, or that never end."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from orchestrator.server.webhooks import post as posting
from orchestrator.server.webhooks.delivery import Webhooks
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status, new_songs
from storage.local import LocalStore
from tests.hostile.figures import resisted
from tests.hostile.receivers import attacking, for_ever, hung_up, once, unread
from tests.service.receiver import Receiver, receiving
from tests.service.server import Server, serving

ASYNC = {"Prefer": "respond-async"}
PRIVATE = {"SONGWRIGHT_WEBHOOKS__ALLOW_PRIVATE": "true"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIMPLE = {"full_described_song": "a song about rain", "audio_duration": 5.0}

ENDLESS = {
    "interim answers": for_ever(b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    "early hints": for_ever(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "processing, one at a time": for_ever(b"HTTP/1.1 102 Processing\r\n\r\n", pause_s=0.05),
    "headers": for_ever(b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n" * 100),
    "one header": for_ever(b"HTTP/1.1 200 OK\r\nx: ", b"a" * 65536),
    "a reason": for_ever(b"HTTP/1.1 500 ", b"because " * 1000),
    "lines": for_ever(b"\r\n" * 1000),
    "blanks": for_ever(b"HTTP/1.1 200 OK\r\na:", b" \t" * 7_500 + b"\x00\r\n\r\n"),
    "folded lines": for_ever(b"HTTP/1.1 200 OK\r\na: b\r\n", b" \r\n" * 1000),
    "noise": for_ever(bytes(range(256)) * 16),
}
ODD = {
    "another protocol": once(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
    "a greeting of mail": once(b"220 mail.example ESMTP\r\n"),
    "TLS": once(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + bytes(200)),
    "HTTP/2": once(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18)),
    "two lengths": once(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    "a status of four digits": once(b"HTTP/1.1 2000 OK\r\n\r\n"),
    "a long line with colours": once(b"HTTP/1.1 \x1b[31m" + b"red " * 3000 + b"\r\n\r\n"),
    "nothing": hung_up,
}


def pending(home: Path, url: str, count: int) -> list[Song]:
    """Songs of the library that have ended, and whose webhooks are still to be called: at the next start."""
    library = Library(LocalStore(home))
    songs = []
    for _ in range(count):
        song = new_songs(Brief(description="an earlier song"), webhook=url)[0].changed(status=Status.DONE)
        library.save(song)
        songs.append(song)
    return songs


def hook_of(server: Server, song: Song) -> dict[str, object]:
    with server.client() as client:
        found: dict[str, object] = client.get(f"/songs/{song.id}").raise_for_status().json()["webhook"]
    return found


def memory_mib(server: Server) -> float:
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def called_in_s(server: Server, receiver: Receiver) -> float:
    """How long after its end a new song's call is there."""
    before = len(receiver.got)
    with server.client() as client:
        made = client.post("/generate-from-description", json=SIMPLE | {"webhook": receiver.url})
        assert made.status_code == 200, made.text
    began = time.monotonic()
    while len(receiver.got) == before:
        assert time.monotonic() - began < 8, "not called"
        time.sleep(0.01)
    return time.monotonic() - began


def test_receivers_that_never_answer_hold_up_nobody_else(tmp_path: Path) -> None:
    with ExitStack() as stack:
        silent = [stack.enter_context(attacking(None)) for _ in range(2)]
        deaf = stack.enter_context(attacking(unread))
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            dead = closed.getsockname()[1]
        for port, count in ((silent[0], 150), (silent[1], 20), (deaf, 20), (dead, 20)):
            pending(tmp_path, f"http://127.0.0.1:{port}/hook", count)
        server = stack.enter_context(serving(tmp_path, timed=True, **PRIVATE))
        good = stack.enter_context(receiving())
        at_start = len(server.slow)
        waits_s = [called_in_s(server, good) for _ in range(3)]
        assert max(waits_s) < 2.0
        assert server.slow[at_start:] == []
    resisted(
        "210 songs' webhooks to receivers that never answer",
        limit="4 calls to a receiver, 24 to a site or an address, of 128; 20 s each",
        figure=f"another receiver is called within {max(waits_s):.2f} s",
    )


@pytest.mark.long
def test_a_dead_receiver_is_not_called_for_each_song(tmp_path: Path) -> None:
    calls = 0

    def refuse(client: socket.socket) -> None:
        nonlocal calls
        calls += 1

    with attacking(refuse) as port:
        songs = pending(tmp_path, f"http://127.0.0.1:{port}/hook", 300)
        with serving(tmp_path, timed=True, **PRIVATE) as server:
            until = time.monotonic() + 8
            while not hook_of(server, songs[-1])["attempts"]:
                assert time.monotonic() < until
                time.sleep(0.1)
            assert "not called, for the call before" in str(hook_of(server, songs[-1])["error"])
            assert server.slow == []
        assert 5 <= calls <= 12
    resisted(
        "300 songs' webhooks to a receiver that hangs up",
        limit="after 5 calls without an answer, one call in 5 to 60 s for all",
        figure=f"{calls} calls",
    )


def test_answers_that_never_end_are_ended(tmp_path: Path) -> None:
    with ExitStack() as stack:
        ports = {kind: stack.enter_context(attacking(how)) for kind, how in (ENDLESS | ODD).items()}
        server = stack.enter_context(serving(tmp_path, timed=True, **PRIVATE))
        client = stack.enter_context(server.client())
        before_mib = memory_mib(server)
        songs = {}
        for kind, port in ports.items():
            asked = SIMPLE | {"webhook": f"http://127.0.0.1:{port}/hook"}
            songs[kind] = client.post("/generate-from-description", json=asked, headers=ASYNC).json()["id"]
        began = time.monotonic()
        for kind, song_id in songs.items():
            while not (hook := client.get(f"/songs/{song_id}").json()["webhook"])["attempts"]:
                assert time.monotonic() - began < 8, kind
                time.sleep(0.05)
            error = hook["error"]
            assert error, kind
            assert len(error) < 300, kind
            assert error.isprintable(), kind
        took_s = time.monotonic() - began
        grown_mib = memory_mib(server) - before_mib
        assert grown_mib < 40
        assert server.slow == []
    resisted(
        "webhook receivers whose answers never end, or are none",
        limit="10 interim answers, 16 KiB of headers, the body unread",
        figure=f"{len(songs)} kinds, each refused within {took_s:.1f} s, {max(0.0, grown_mib):.0f} MiB more",
    )


@contextmanager
def quick(monkeypatch: pytest.MonkeyPatch, seconds: float) -> Iterator[None]:
    """Time limits that a test can wait for."""
    monkeypatch.setattr(posting, "CALL_S", seconds)
    monkeypatch.setattr("orchestrator.server.webhooks.delivery.RESOLVE_S", seconds)
    yield


async def attempted(
    folder: Path, urls: list[str], meanwhile: Callable[[], None] = lambda: None
) -> list[Song]:
    """The songs after one attempt each."""
    library = Library(LocalStore(folder))
    songs = [song for url in urls for song in pending(folder, url, 1)]

    async def save(song: Song) -> Song:
        return library.save(song)

    hooks = Webhooks(
        SECRET, allow_private=True, body=lambda _: asyncio.sleep(0, b"{}"), save=save, retry_after_s=()
    )
    for song in songs:
        hooks.send(song)
    await asyncio.sleep(0.05)
    meanwhile()
    await hooks.flush(9)
    await hooks.close()
    return [library.load(song.id) for song in songs]


@pytest.mark.parametrize(
    "behaviour",
    [
        for_ever(b"HTTP/1.1 200 OK\r\nx: ", b"a", pause_s=0.1),
        for_ever(b"H", b"", pause_s=0.2),
        once(b"HTTP/1.1 200 OK\r\nx: y\r\n"),
        once(b"HTTP/1.1 100 Continue\r\n\r\n"),
        unread,
    ],
    ids=["a byte at a time", "a letter", "no end of the head", "one interim answer", "unread"],
)
def test_an_answer_has_its_time_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behaviour
) -> None:  # type: ignore[no-untyped-def]
    with quick(monkeypatch, 0.5), attacking(behaviour) as port:
        began = time.monotonic()
        (song,) = asyncio.run(attempted(tmp_path, [f"http://127.0.0.1:{port}/"]))
        assert time.monotonic() - began < 3
    assert song.webhook
    assert song.webhook.error == "no answer in time"


def test_a_call_that_waits_for_its_turn_does_not_use_up_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(client: socket.socket) -> None:
        time.sleep(0.3)
        once(b"HTTP/1.1 200 OK\r\n\r\n")(client)

    with quick(monkeypatch, 1.0), attacking(slow) as port:
        songs = asyncio.run(attempted(tmp_path, [f"http://127.0.0.1:{port}/"] * 24))
    assert all(song.webhook and song.webhook.delivered_at for song in songs)


def test_a_name_server_that_hangs_holds_none_of_the_loops_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, ends, usual = [], threading.Event(), posting._looked_up

    def hanging(host: str) -> list[str]:
        if host != "localhost":
            asked.append(host)
            ends.wait(20)
        return usual("localhost")

    monkeypatch.setattr(posting, "_looked_up", hanging)
    most = 0

    def count() -> None:
        nonlocal most
        most = sum(thread.name == "webhook-names" for thread in threading.enumerate())

    with quick(monkeypatch, 0.5), receiving() as good:
        urls = [f"http://n{number}.hung{number}.example/" for number in range(30)]
        urls += [f"http://n{number}.wild.example/" for number in range(100)]
        urls.append(good.url.replace("127.0.0.1", "localhost"))
        try:
            songs = asyncio.run(attempted(tmp_path, urls, count))
        finally:
            ends.set()
        assert len(good.got) == 1
    assert songs[-1].webhook
    assert songs[-1].webhook.delivered_at
    assert most <= 128
    resisted(
        "130 webhooks to names whose servers never answer",
        limit="128 threads of their own, 24 lookups for a site, 10 s",
        figure=f"{most} threads; a name that has an address is called",
    )


def test_a_name_with_thousands_of_addresses_is_tried_at_four(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [f"127.{number // 250}.{number % 250}.1" for number in range(300, 5300)]
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", (address, 0)) for address in many]
    )
    assert len(posting._looked_up("many.example")) == 64


def test_a_server_killed_in_mid_call_calls_again_under_the_same_id(tmp_path: Path) -> None:
    ids: list[str] = []
    got = threading.Event()

    def silent(client: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.recv(65536)
        ids.append(data.lower().partition(b"webhook-id: ")[2].split()[0].decode())
        got.set()
        while client.recv(65536):
            pass

    with attacking(silent) as port:
        (song,) = pending(tmp_path, f"http://127.0.0.1:{port}/hook", 1)
        for _ in range(2):
            got.clear()
            with serving(tmp_path, ready=False, **PRIVATE) as server:
                assert got.wait(8)
                server.kill()
    assert ids == [f"msg_{song.id}"] * 2
    resisted(
        "kill -9 while a webhook is being answered",
        limit="called again at the next start, under the same webhook-id",
        figure=f"{len(ids)} calls, 1 id",
    )
