"""Slow, silent and greedy clients: what they hold is bounded, and given back in time."""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.hostile.figures import resisted
from tests.hostile.pulse import pulse
from tests.hostile.wire import BEARER, answered, connected, head, is_closed, sockets
from tests.service.server import Server, children, ended, serving
from tests.service.test_generation import ASYNC, describe

__all__ = ["sockets"]

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read from /proc"),
    pytest.mark.usefixtures("sockets"),
]

HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
ENDLESS_BODY = head("/plan", b"Content-Type: application/json", b"Content-Length: 100000", method="POST")


def descriptors(server: Server) -> int:
    assert server.process
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def resident_mb(server: Server) -> float:
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@pytest.mark.alone
def test_five_thousand_silent_connections_hold_up_nobody(tmp_path: Path) -> None:
    with serving(tmp_path, ready=False, timed=True) as server:
        with pulse(server) as health:
            silent = []
            for number in range(5000):
                silent.append(connected(server, (b"", b"G", HEALTH[:-2], b"\x16\x03\x01")[number % 4]))
            time.sleep(0.5)
        oldest, newest = silent[:500], silent[-4:-1]
        assert all(is_closed(connection) for connection in oldest)
        assert not any(is_closed(connection) for connection in newest)
        held = descriptors(server)
        assert held < 4000 + 100
        assert server.slow == []
    assert health.at(0.5) < 100
    resisted(
        "5,000 silent connections",
        limit="4,000 connections (`SONGWRIGHT_CONNECTION_LIMIT`), the oldest idle one goes first",
        figure=f"/health in {health.at(0.5):.0f} ms, 99% in {health.at(0.99):.0f} ms; {held} descriptors",
    )


def test_a_process_with_few_descriptors_keeps_some_for_itself(tmp_path: Path) -> None:
    server = Server(tmp_path, timed=True)
    server._command = ["prlimit", "--nofile=400:400", *server._command]
    server.start()
    try:
        for _ in range(600):
            connected(server)
        assert httpx.get(server.url + "/health").status_code == 200
        with server.client() as client:
            assert client.post("/plan", json=describe()).status_code == 200
        held = descriptors(server)
        assert held < 400
        assert any("400 descriptors" in line for line in server.lines)
        assert server.slow == []
    finally:
        server.kill()
    resisted(
        "600 connections where the system gives 400 descriptors",
        limit="as many connections as leave half of the descriptors",
        figure=f"{held} descriptors in use, all requests answered",
    )


def drip(connection: socket.socket, data: bytes, stop: threading.Event) -> None:
    """Sends a byte every tenth of a second."""
    for byte in data:
        if stop.wait(0.1):
            return
        try:
            connection.sendall(bytes([byte]))
        except OSError:
            return


@pytest.mark.long
def test_a_request_that_drips_is_cut_off_wherever_it_drips(tmp_path: Path) -> None:
    limit_s = 1.0
    stop = threading.Event()
    begun = {
        "nothing at all": (b"", b""),
        "the first head": (b"GET /health HTTP/1.1\r\n", b"X-Slow: " + b"x" * 1000),
        "the second head": (HEALTH, b"GET /health HTTP/1.1\r\nX-Slow: " + b"x" * 1000),
        "the request line": (b"GET /", b"a" * 1000),
        "blank lines before it": (HEALTH, b"\r\n" * 1000),
        "a body": (ENDLESS_BODY, b"{" * 1000),
        "a body in chunks": (
            head("/plan", b"Content-Type: application/json", b"Transfer-Encoding: chunked", method="POST"),
            b"1\r\nx\r\n" * 200,
        ),
        "the name of a chunk": (
            head("/plan", b"Content-Type: application/json", b"Transfer-Encoding: chunked", method="POST"),
            b"1;" + b"x" * 1000,
        ),
        "a body that nobody reads": (head("/health", b"Content-Length: 5000", token=False), b"x" * 1000),
        "a body after a wrong token": (
            head("/plan", b"Content-Length: 5000", method="POST", token=False),
            b"x" * 1000,
        ),
        "a photo": (
            head(
                "/generate-from-image",
                b"Content-Type: multipart/form-data; boundary=b",
                b"Content-Length: 5000",
                method="POST",
            ),
            b"--b\r\n" + b"x" * 1000,
        ),
    }
    variables = {"SONGWRIGHT_BODY_TIMEOUT_S": str(limit_s)}
    with serving(tmp_path, ready=False, timed=True, **variables) as server:
        connections = [connected(server, start) for start, _ in begun.values()]
        began = time.monotonic()
        threads = [
            threading.Thread(target=drip, args=(connection, rest, stop))
            for connection, (_, rest) in zip(connections, begun.values(), strict=True)
        ]
        for thread in threads:
            thread.start()
        seconds: dict[str, float] = {}
        while len(seconds) < len(begun) and time.monotonic() - began < 8.0:
            for what, connection in zip(begun, connections, strict=True):
                if what not in seconds and is_closed(connection):
                    seconds[what] = time.monotonic() - began
            time.sleep(0.02)
        stop.set()
        for thread in threads:
            thread.join()
        assert seconds.keys() == begun.keys()
        assert max(seconds[what] for what in begun if what != "a photo") < 3 * limit_s + 1
        assert server.slow == []
    slowest = max((value, what) for what, value in seconds.items() if what != "a photo")
    resisted(
        "a byte every tenth of a second, in 11 places of a request",
        limit="`SONGWRIGHT_BODY_TIMEOUT_S`, here 1 s, for each head and body; four times that for a photo",
        figure=f"cut off within {slowest[0]:.1f} s ({slowest[1]}), a photo within {seconds['a photo']:.1f} s",
    )


def test_an_answer_that_nobody_reads_is_given_up(tmp_path: Path) -> None:
    with serving(tmp_path, timed=True, SONGWRIGHT_WRITE_TIMEOUT_S="1") as server, server.client() as client:
        body = describe(audio_duration=600)
        song = ended(client, client.post("/generate-from-description", json=body, headers=ASYNC).json()["id"])
        size = song["assets"]["audio"]["size_bytes"]
        assert size > 15_000_000
        before, memory = descriptors(server), resident_mb(server)
        audio = head(f"/songs/{song['id']}/audio")
        greedy = [connected(server, audio, window=4096) for _ in range(30)]
        greedy += [connected(server, head("/openapi.json", token=False) * 15, window=4096) for _ in range(10)]
        greedy += [connected(server, (audio + HEALTH) * 5, window=4096) for _ in range(10)]
        greedy.append(connected(server, head("/openapi.json", token=False), window=4096))  # fits its buffers
        time.sleep(0.5)
        used = resident_mb(server) - memory
        most = descriptors(server)
        began = time.monotonic()
        while descriptors(server) > before + 2 and time.monotonic() < began + 8:
            time.sleep(0.05)
        took_s = time.monotonic() - began + 0.5
        assert descriptors(server) <= before + 2  # though the clients have closed nothing
        assert most >= before + 40
        assert used < 200
        assert not any("socket.send() raised" in line for line in server.lines)
        patient = connected(server, head(f"/songs/{song['id']}/audio", b"Connection: close"))
        got = 0
        while piece := patient.recv(65536):  # with a break now and then, but it reads
            got += len(piece)
            if got % 40 == 0:
                time.sleep(0.01)
        assert got > size
        assert server.slow == []
    resisted(
        "50 clients that ask for files of 19 MB and read nothing",
        limit="`SONGWRIGHT_WRITE_TIMEOUT_S`, here 1 s; 256 KB of the system's buffers for each",
        figure=f"closed after {took_s:.1f} s, {used:.0f} MB held until then",
    )


@pytest.mark.long
def test_a_full_house_gives_the_place_of_the_oldest_idle_and_keeps_who_is_served(tmp_path: Path) -> None:
    engines = {"SONGWRIGHT_MUSIC__ENGINE": "tests.orchestrator.engines:PatientComposer"}
    with serving(tmp_path, timed=True, SONGWRIGHT_CONNECTION_LIMIT="60", **engines) as server:
        body = json.dumps(describe(audio_duration=5)).encode()
        lines = (b"Content-Type: application/json", f"Content-Length: {len(body)}".encode())
        waiting = connected(server, head("/generate-from-description", *lines, method="POST") + body)
        waiting.settimeout(30)
        idle = [connected(server, HEALTH) for _ in range(40)]
        for connection in idle:
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        silent = [connected(server) for _ in range(100)]
        time.sleep(0.3)
        assert all(is_closed(connection) for connection in idle)
        open_now = [not is_closed(connection) for connection in silent]
        assert open_now == sorted(open_now)  # the oldest have gone
        assert 40 <= sum(open_now) <= 59
        with server.client() as client:
            assert client.get("/songs").status_code == 200
        answer = waiting.recv(100)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        assert server.slow == []
    resisted(
        "140 idle connections where 60 may be, and one that waits for its song",
        limit="connections with a request under way are kept",
        figure=f"the song came; {sum(open_now)} of the newest idle ones stay",
    )


def test_who_has_no_token_is_shown_out_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, ready=False, timed=True) as server:
        for lines, extra in (
            ((), b""),
            ((b"Content-Length: 900000",), b""),
            ((b"Content-Length: 900000",), b"x" * 300_000),
            ((b"Transfer-Encoding: chunked",), b"5\r\nhello\r\n"),
        ):
            began = time.monotonic()
            with connected(server, head("/plan", *lines, method="POST", token=False)) as connection:
                connection.sendall(extra)
                answer = answered(connection)
            assert answer.startswith(b"HTTP/1.1 401 "), answer
            assert b"connection: close" in answer.lower()
            assert answer.endswith(b"}"), "the answer is whole"
            assert time.monotonic() - began < 1.0
        assert server.slow == []
    resisted(
        "requests without a token that go on sending",
        limit="401, and the connection is closed",
        figure="at once, whatever is still to come",
    )


def endless(server: Server, start: bytes, piece: Callable[[int], bytes]) -> tuple[bytes, int]:
    """Sends pieces for as long as somebody takes them; what was answered, and the bytes sent."""
    sent = 0
    with connected(server, start) as connection:
        try:
            while sent < 20_000_000:
                data = piece(sent)
                connection.sendall(data)
                sent += len(data)
        except OSError:
            pass
        return answered(connection), sent


def test_requests_without_an_end_are_cut_off(tmp_path: Path) -> None:
    chunked = head("/plan", b"Content-Type: application/json", b"Transfer-Encoding: chunked", method="POST")
    attacks: dict[str, tuple[bytes, Callable[[int], bytes]]] = {
        "a path": (b"GET /", lambda _: b"a" * 65536),
        "a query": (b"GET /songs?", lambda _: b"a=1&" * 16384),
        "a header": (b"GET / HTTP/1.1\r\nA: ", lambda _: b"a" * 65536),
        "a header's name": (b"GET / HTTP/1.1\r\n", lambda _: b"a" * 65536),
        "headers": (b"GET / HTTP/1.1\r\n", lambda at: b"".join(b"A%d: b\r\n" % n for n in range(5000))),
        "headers folded": (b"GET / HTTP/1.1\r\nA: b\r\n", lambda _: b" c\r\n" * 16384),
        "a chunk's name": (chunked + b"1;", lambda _: b"a" * 65536),
        "empty chunks' names": (chunked, lambda _: b"1;" + b"a" * 60000 + b"\r\nx\r\n"),
        "trailers": (chunked + b"1\r\nx\r\n0\r\n", lambda _: b"A: b\r\n" * 10000),
        "a trailer": (chunked + b"1\r\nx\r\n0\r\nA: ", lambda _: b"a" * 65536),
        "small chunks": (chunked, lambda _: b"1\r\nx\r\n" * 10000),
        "requests at once": (b"", lambda _: HEALTH * 1500),
        "blank lines": (b"", lambda _: b"\r\n" * 32768),
        "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", lambda _: b"\x00" * 65536),
        "noise": (b"", lambda at: bytes((at + n * 7) % 256 for n in range(4096))),
        "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", lambda _: b"\x00\x00\x00\x04\x00" * 10000),
    }
    with serving(tmp_path, ready=False, timed=True) as server:
        memory = resident_mb(server)
        most = 0
        for what, (start, piece) in attacks.items():
            answer, sent = endless(server, start, piece)
            assert sent < 20_000_000, f"{what}: it was read on and on"
            status = answer[9:12]
            if what != "requests at once":
                assert status in (b"", b"400", b"408", b"413", b"414", b"431"), (what, answer[:300])
            most = max(most, sent)
        used = resident_mb(server) - memory
        assert used < 100
        assert httpx.get(server.url + "/health").status_code == 200
        assert server.slow == []
    resisted(
        "requests without an end, of 16 sorts",
        limit="32 KB and 100 headers a request, 1 MB around the chunks, 20 requests at once",
        figure=f"cut off after {most / 1e6:.1f} MB at most; {max(used, 0):.0f} MB of memory",
    )


def test_an_answer_under_way_is_not_mixed_with_a_refusal(tmp_path: Path) -> None:
    with serving(tmp_path, timed=True) as server, server.client() as client:
        body = describe(audio_duration=600)
        song = ended(client, client.post("/generate-from-description", json=body, headers=ASYNC).json()["id"])
        connection = connected(server, head(f"/songs/{song['id']}/audio"))
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")
        connection.sendall(b"\x00garbage\r\n\r\n")
        assert b"HTTP/1.1 4" not in answered(connection)
        assert server.slow == []


def test_children_are_none_the_more(tmp_path: Path) -> None:
    """Connections cost descriptors, and neither processes nor threads."""
    with serving(tmp_path, timed=True) as server:
        assert server.process
        threads = len(list(Path(f"/proc/{server.process.pid}/task").iterdir()))
        processes = len(children(server.process.pid))
        for _ in range(500):
            connected(server, BEARER)
        assert httpx.get(server.url + "/health").status_code == 200
        assert len(list(Path(f"/proc/{server.process.pid}/task").iterdir())) <= threads + 1
        assert len(children(server.process.pid)) == processes
