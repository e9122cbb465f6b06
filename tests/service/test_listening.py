"""``GET /songs/{id}/audio`` of a song at work, over loopback: what each kind of client gets, and when."""

from __future__ import annotations

import io
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import soundfile

from storage.local import LocalStore
from tests.orchestrator.early import BEGUN_S, BUG, EARLY, HOLD, SHORT
from tests.orchestrator.engines import RATE_HZ
from tests.orchestrator.test_cli import QUICK
from tests.service.server import TOKEN, Server, ended, holding, serving

LISTEN = {"Prefer": "respond-async, listen"}
SECONDS = 12.0
HEAD = 44
BEGUN = HEAD + round((BEGUN_S - 0.05) * RATE_HZ) * 4
"""Bytes until the crossfade."""
WHOLE = HEAD + round(SECONDS * RATE_HZ) * 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home"), **EARLY) as running:
        yield running


@pytest.fixture
def held(server: Server) -> Iterator[Callable[[], None]]:
    """Holds every song after its beginning; call it to let them go."""
    with holding(server.home / HOLD) as let_go:
        yield let_go


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as opened:
        yield opened


def ask(client: httpx.Client, headers: dict[str, str] = LISTEN, **body: Any) -> httpx.Response:
    asked = {"full_described_song": "a song to hear", "audio_duration": SECONDS, "seed": 1} | body
    response = client.post(
        "/generate-from-description", json=asked, headers=headers | {"Cache-Control": "no-cache"}
    )
    assert response.status_code == 202, response.text
    return response


def asked_for(client: httpx.Client, **body: Any) -> str:
    return str(ask(client, **body).json()["id"])


def at_work(client: httpx.Client, song_id: str) -> dict[str, Any]:
    """The song once it is composed."""
    until = time.monotonic() + 20.0
    while (song := client.get(f"/songs/{song_id}").json())["status"] in ("queued", "planning"):
        assert time.monotonic() < until
        time.sleep(0.02)
    return dict(song)


@contextmanager
def begun(
    client: httpx.Client, address: str, **options: Any
) -> Iterator[tuple[httpx.Response, Iterator[bytes]]]:
    """The stream at its first byte."""
    with client.stream("GET", address, **options) as response:
        assert response.status_code == 200, response.read()
        yield response, response.iter_raw(1024)


def read_until(pieces: Iterator[bytes], size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += next(pieces)
    return data


def sound_of(data: bytes) -> Any:
    samples, rate_hz = soundfile.read(io.BytesIO(data), dtype="int16")
    assert rate_hz == RATE_HZ
    return samples


def test_the_beginning_comes_before_the_song_and_the_song_after_it(
    client: httpx.Client, held: Callable[[], None]
) -> None:
    response = ask(client)
    assert response.headers["Preference-Applied"] == "respond-async, listen"
    song_id = response.json()["id"]
    at_work(client, song_id)
    with begun(client, f"/songs/{song_id}/audio") as (answer, pieces):
        headers = answer.headers
        assert headers["Content-Type"] == "audio/wav"
        assert (headers["Cache-Control"], headers["Accept-Ranges"]) == ("no-store", "none")
        assert headers["Transfer-Encoding"] == "chunked"
        assert "ETag" not in headers
        data = read_until(pieces, BEGUN // 1024 * 1024)
        assert client.get(f"/songs/{song_id}").json()["status"] == "composing"
        held()
        data += b"".join(pieces)
    assert len(data) == WHOLE
    assert ended(client, song_id)["status"] == "done"
    file = client.get(f"/songs/{song_id}/audio")
    assert file.headers["ETag"]
    late = round(10.0 * RATE_HZ)
    assert (sound_of(data)[late:] == sound_of(file.content)[late:]).all()


@pytest.mark.parametrize("kind", ["flac", "mp3"])
def test_the_stored_song_is_the_same_whether_or_not_somebody_listened(
    client: httpx.Client, kind: str
) -> None:
    files = []
    for headers in (LISTEN, {"Prefer": "respond-async"}):
        song_id = ask(client, headers, format=kind).json()["id"]
        song = ended(client, song_id)
        files.append({role: asset["sha256"] for role, asset in song["assets"].items()})
        assert client.get(f"/songs/{song_id}/audio").headers["Content-Type"].startswith("audio/")
    assert files[0] == files[1]


def test_several_listen_to_one_song_from_its_begin_whenever_they_come(
    client: httpx.Client, server: Server, held: Callable[[], None]
) -> None:
    song_id = asked_for(client, format="mp3")
    address = at_work(client, song_id)["urls"]["live"]
    heard: list[bytes] = []

    def listen() -> None:
        with server.client(token="") as other:  # a player: it has the signed address alone
            heard.append(other.get(address).content)

    listeners = [threading.Thread(target=listen) for _ in range(5)]
    for number, listener in enumerate(listeners):
        if number == 3:
            held()
        listener.start()
    for listener in listeners:
        listener.join(30.0)
    assert [len(data) for data in heard] == [WHOLE] * 5
    assert len(set(heard)) == 1
    ended(client, song_id)
    after = httpx.get(address)  # the address leads to the song's file then
    assert after.headers["Content-Type"] == "audio/mpeg"
    altered = httpx.get(address.replace("live.wav", "live.wave"))
    assert altered.status_code == 403


def test_ranges_conditions_and_heads_of_a_song_at_work(
    client: httpx.Client, held: Callable[[], None]
) -> None:
    song_id = asked_for(client)
    path = f"/songs/{song_id}/audio"
    at_work(client, song_id)
    for headers in (
        {"Range": "bytes=0-"},
        {"Range": "bytes=100-200"},
        {"If-None-Match": '"old"'},
        {"If-Match": "*"},
    ):
        with begun(client, path, headers=headers) as (answer, pieces):
            assert "Content-Range" not in answer.headers
            assert next(pieces)[:4] == b"RIFF"
    refused = client.get(path, headers={"If-Match": '"some"'})
    assert (refused.status_code, refused.json()["type"]) == (
        412,
        "urn:songwright:problem:precondition-failed",
    )
    head = client.head(path)
    assert (head.status_code, head.headers["Content-Type"]) == (200, "audio/wav")
    held()
    ended(client, song_id)
    assert client.get(path, headers={"Range": "bytes=0-99"}).status_code == 206


def test_who_did_not_ask_to_listen_gets_the_answer_of_before(
    client: httpx.Client, held: Callable[[], None]
) -> None:
    response = ask(client, {"Prefer": "respond-async"})
    assert response.headers["Preference-Applied"] == "respond-async"
    song_id = response.json()["id"]
    song = at_work(client, song_id)
    assert "live" not in song["urls"]
    until = time.monotonic() + 10.0
    while client.get(f"/songs/{song_id}").json()["progress"].get("music", {}).get("fraction") != 0.5:
        assert time.monotonic() < until
        time.sleep(0.02)
    answer = client.get(f"/songs/{song_id}/audio")
    assert answer.status_code == 404
    assert "'Prefer: listen'" in answer.json()["detail"]
    held()
    assert ended(client, song_id)["status"] == "done"


def test_a_song_in_the_queue_cannot_be_heard_yet(client: httpx.Client, held: Callable[[], None]) -> None:
    first = [asked_for(client) for _ in range(2)]  # one is composed, one planned and waits for its engine
    last = asked_for(client)
    song = client.get(f"/songs/{last}").json()
    assert (song["status"], "live" in song["urls"]) == ("queued", False)
    assert client.get(f"/songs/{last}/audio").status_code == 404
    held()
    for song_id in (*first, last):
        ended(client, song_id)


def test_a_song_that_does_not_begin_early_is_heard_when_its_music_is_made(
    client: httpx.Client, held: Callable[[], None]
) -> None:
    song_id = asked_for(client, seed=SHORT)
    at_work(client, song_id)
    threading.Timer(0.5, held).start()
    assert len(client.get(f"/songs/{song_id}/audio").content) == WHOLE


def test_an_engine_that_cannot_begin_early_answers_as_before(tmp_path: Path) -> None:
    with serving(tmp_path) as running, running.client() as client:
        response = ask(client)
        assert response.headers["Preference-Applied"] == "respond-async"
        assert "live" not in response.json()["urls"]
        assert client.get(f"/songs/{response.json()['id']}/audio").status_code in (200, 404)
        ended(client, response.json()["id"])


def test_a_song_that_fails_breaks_its_listeners_off_and_says_why(
    client: httpx.Client, held: Callable[[], None]
) -> None:
    song_id = asked_for(client, seed=BUG)
    at_work(client, song_id)
    with begun(client, f"/songs/{song_id}/audio") as (_, pieces):
        read_until(pieces, BEGUN // 1024 * 1024)
        held()
        with pytest.raises(httpx.RemoteProtocolError):
            list(pieces)
    song = ended(client, song_id)
    assert song["status"] == "failed"
    assert "a bug in the engine" in song["error"]["message"]
    answer = client.get(f"/songs/{song_id}/audio")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_a_cancelled_song_breaks_its_listeners_off_and_is_a_song_no_more(
    client: httpx.Client, held: Callable[[], None]
) -> None:
    song_id = asked_for(client)
    at_work(client, song_id)
    with begun(client, f"/songs/{song_id}/audio") as (_, pieces):
        read_until(pieces, BEGUN // 1024 * 1024)
        assert client.post(f"/songs/{song_id}/cancel").json()["status"] == "cancelled"
        with pytest.raises(httpx.RemoteProtocolError):
            list(pieces)
    assert client.get(f"/songs/{song_id}/audio").status_code == 404
    assert client.delete(f"/songs/{song_id}").status_code == 204


def test_who_waits_for_a_song_that_is_cancelled_before_its_first_second_gets_an_answer(
    tmp_path: Path,
) -> None:
    slow = {"SONGWRIGHT_LYRICS__ENGINE": "tests.orchestrator.early:PonderingWriter"}
    with serving(tmp_path, **EARLY, **slow) as running, running.client() as client:
        song_id = asked_for(client)
        until = time.monotonic() + 10.0
        while client.get(f"/songs/{song_id}").json()["status"] != "planning":
            assert time.monotonic() < until
            time.sleep(0.02)
        threading.Timer(0.3, lambda: client.post(f"/songs/{song_id}/cancel")).start()
        answer = client.get(f"/songs/{song_id}/audio")
        assert answer.status_code == 404
        assert "is cancelled" in answer.json()["detail"]


def test_a_listener_who_reads_nothing_costs_little_and_holds_nobody_up(
    client: httpx.Client, server: Server, held: Callable[[], None]
) -> None:
    song_id = asked_for(client, audio_duration=600.0, seed=SHORT)
    at_work(client, song_id)
    before = resident_bytes(server)
    stalled = []
    for _ in range(20):
        mine = socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0))
        head = f"GET /songs/{song_id}/audio HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}"
        mine.sendall(f"{head}\r\n\r\n".encode())
        stalled.append(mine)
    held()
    data = client.get(f"/songs/{song_id}/audio").content
    assert len(data) == HEAD + 600 * RATE_HZ * 4
    assert ended(client, song_id)["status"] == "done"
    grown = resident_bytes(server) - before
    for mine in stalled:
        mine.close()
    assert grown < 20e6, f"20 listeners of 19 MB each cost {grown / 1e6:.0f} MB"


def resident_bytes(server: Server) -> int:
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder for temporary files with a short name: the fork server's socket lies there, and a socket's
    address has some hundred characters at most."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_a_killed_service_leaves_nothing_of_what_was_heard_and_makes_the_song(
    tmp_path: Path, scratch: Path
) -> None:
    home = tmp_path
    (home / HOLD).touch()
    with serving(home, TMPDIR=str(scratch), **EARLY) as running:
        with running.client() as client:
            song_id = asked_for(client)
            at_work(client, song_id)
            with begun(client, f"/songs/{song_id}/audio") as (_, pieces):
                read_until(pieces, BEGUN // 1024 * 1024)
                running.kill()
                with pytest.raises(httpx.TransportError):
                    list(pieces)
        assert [path for path in scratch.rglob("*") if path.is_file()] == []
        (home / HOLD).unlink()
        running.start()
        with running.client() as client:
            assert ended(client, song_id)["status"] == "done"
            assert len(sound_of(client.get(f"/songs/{song_id}/audio").content)) == SECONDS * RATE_HZ
            # What an engine was writing when it died is the sweep's: of the start, unless it died later.
            LocalStore(home).sweep(f"songs/{song_id}/")
            names = {path.name for path in (home / "songs" / song_id).iterdir()}
            assert not [name for name in names if "live" in name or name.startswith(".part")], names


def test_a_service_that_stops_lets_its_listeners_go(tmp_path: Path) -> None:
    (tmp_path / HOLD).touch()
    grace = {"SONGWRIGHT_SHUTDOWN_GRACE_S": "0"}
    with serving(tmp_path, **EARLY, **grace) as running, running.client() as client:
        song_id = asked_for(client)
        at_work(client, song_id)
        with begun(client, f"/songs/{song_id}/audio") as (_, pieces):
            read_until(pieces, BEGUN // 1024 * 1024)
            began = time.monotonic()
            stopping = threading.Thread(target=running.stop)
            stopping.start()
            with pytest.raises(httpx.TransportError):
                list(pieces)
            stopping.join(20.0)
            assert time.monotonic() - began < 15.0


def test_the_listener_too_many_is_told_when_to_come_back(tmp_path: Path) -> None:
    (tmp_path / HOLD).touch()
    with serving(tmp_path, **EARLY, SONGWRIGHT_LISTENER_LIMIT="1") as running, running.client() as client:
        song_id = asked_for(client)
        at_work(client, song_id)
        path = f"/songs/{song_id}/audio"
        with begun(client, path) as (_, pieces):
            next(pieces)
            answer = client.get(path)
            assert (answer.status_code, answer.json()["type"]) == (
                503,
                "urn:songwright:problem:too-many-listeners",
            )
            assert int(answer.headers["Retry-After"]) > 0
        (tmp_path / HOLD).unlink()
        until = time.monotonic() + 10.0
        while client.get(path).status_code == 503:
            assert time.monotonic() < until, "the place was not given back"
            time.sleep(0.05)


def test_the_embedded_composer_is_heard_before_its_song_is_done(tmp_path: Path) -> None:
    sketch = dict.fromkeys(QUICK, "")
    with serving(tmp_path, **sketch) as running, running.client() as client:
        song_id = asked_for(client, audio_duration=60.0)
        at_work(client, song_id)
        with begun(client, f"/songs/{song_id}/audio") as (_, pieces):
            data = read_until(pieces, HEAD + 10 * 44_100 * 4)
            assert client.get(f"/songs/{song_id}").json()["status"] == "composing"
            data += b"".join(pieces)
        assert len(data) == HEAD + 60 * 44_100 * 4
        assert ended(client, song_id, timeout_s=60.0)["status"] == "done"
