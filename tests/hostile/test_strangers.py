"""Who has no business here: guessers of tokens, pages of other sites, forgers of addresses and of logs."""

import json
import time
from pathlib import Path

import httpx
import pytest

from config.errors import InvalidRequest
from config.settings import load_settings
from orchestrator.server.api.middleware.hosts import answered_hosts
from orchestrator.server.http.callers import WrongTokens, caller
from tests.hostile.figures import resisted
from tests.hostile.wire import answered, connected, head
from tests.service.server import TOKEN, Server, serving


def status(server: Server, data: bytes) -> int:
    with connected(server, data) as connection:
        return int(answered(connection).split(b" ", 2)[1])


def asked(server: Server, host: str, *lines: bytes, path: str = "/health") -> int:
    text = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n".encode("latin-1")
    return status(server, text + b"".join(line + b"\r\n" for line in lines) + b"\r\n")


def guess(server: Server, token: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{server.url}/songs", headers={"Authorization": f"Bearer {token}"} | headers)


def test_guesses_are_counted_and_slowed_and_good_tokens_are_not(tmp_path: Path) -> None:
    with serving(tmp_path, ready=False, timed=True) as server:
        answers = [guess(server, f"guess-number-{number:010}") for number in range(15)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 5
        slowed = answers[-1]
        assert slowed.json()["type"] == "urn:songwright:problem:too-many-wrong-tokens"
        assert 0 < int(slowed.headers["retry-after"]) <= 60
        assert all(answer.headers["connection"] == "close" for answer in answers)
        assert guess(server, TOKEN).status_code == 200
        # Nobody gets a new address by saying so.
        assert guess(server, "x" * 30, **{"X-Forwarded-For": "203.0.113.7"}).status_code == 429
        assert guess(server, "x" * 30, Forwarded="for=203.0.113.7").status_code == 429
        assert httpx.get(f"{server.url}/songs").status_code == 401  # no token is no guess
        assert TOKEN not in "\n".join(server.lines)
        assert "guess-number" not in "\n".join(server.lines)
        assert server.slow == []
    resisted(
        "guesses of tokens",
        limit="10 a minute for each address (`SONGWRIGHT_WRONG_TOKENS_PER_MINUTE`), a connection for each",
        figure="from the eleventh on 429; the good token from the same address works",
    )


def test_a_million_addresses_are_counted_in_little_memory() -> None:
    assert caller("2001:db8:1:2::5") == caller("2001:db8:1:2:ffff::1") != caller("2001:db8:1:3::5")
    assert caller("::ffff:192.0.2.1") == caller("192.0.2.1") == "192.0.2.1"
    assert caller("fe80::1%eth0") == caller("fe80::2")
    assert caller("no address\n") == caller("") == ""
    wrong = WrongTokens(10)
    for number in range(30_000):
        wrong.add(f"2001:db8:{number:x}::/64", float(number) / 10_000)
    assert wrong.callers == 10_000
    waits = [wrong.add("198.51.100.1", 100.0 + number) for number in range(12)]
    assert waits == [0.0] * 10 + [50.0, 49.0]
    assert wrong.add("198.51.100.1", 161.0) == 0.0  # a minute later
    resisted(
        "guesses from 30,000 networks",
        limit="an IPv6 network of 64 bits counts as one address; of 10,000 the newest are kept",
        figure="10,000 entries",
    )


HERE = ("localhost", "127.0.0.1", "127.0.0.1:1", "[::1]:8000", "LOCALHOST:80", "app.localhost", "localhost.")
ELSEWHERE = (
    "evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "192.168.0.1",
    "evil.example#localhost", "localhost@evil.example", "0.0.0.0", "[::2]", "", "a b", "é.localhost.evil",
    "xlocalhost", "127.0.0.1:80:80", "evil.example\\.localhost", "2130706433", "\x7f.localhost",
)  # fmt: skip


def test_a_page_of_another_site_does_not_reach_a_service_of_this_machine(tmp_path: Path) -> None:
    variables = {
        "SONGWRIGHT_PUBLIC_URL": "https://songs.example.com/x",
        "SONGWRIGHT_ALLOWED_HOSTS": "*.my.lan",
    }
    with serving(tmp_path, ready=False, timed=True, **variables) as server:
        for host in (*HERE, "songs.example.com", "songs.example.com:443", "a.my.lan"):
            assert asked(server, host) == 200, host
        for host in (*ELSEWHERE, "my.lan", "b.songs.example.com"):
            assert asked(server, host) in (400, 421), host
            assert asked(server, host, b"Origin: http://evil.example", path="/docs") in (400, 421), host
        assert asked(server, "localhost", b"Host: evil.example") == 400
        assert asked(server, "evil.example", b"Host: localhost") == 400
        assert asked(server, "evil.example", b"X-Forwarded-Host: localhost") == 421
        document = httpx.get(f"{server.url}/health", headers={"Host": "evil.example"}).json()
        assert document["type"] == "urn:songwright:problem:unknown-host"
        assert "SONGWRIGHT_ALLOWED_HOSTS" in document["detail"]
        assert status(server, b"GET /health HTTP/1.0\r\n\r\n") == 200  # no browser
        assert server.slow == []
    resisted(
        "19 foreign names of hosts (DNS rebinding)",
        limit="on loopback the names of this machine, of `SONGWRIGHT_PUBLIC_URL`, `SONGWRIGHT_ALLOWED_HOSTS`",
        figure="421, or 400 for what is no name",
    )


@pytest.mark.parametrize(
    ("settings", "some"),
    [
        ({"host": "0.0.0.0"}, False),
        ({"host": "::"}, False),
        ({"host": "0.0.0.0", "allowed_hosts": "a.example"}, True),
        ({"host": "::1"}, True),
        ({"host": "127.3.2.1"}, True),
        ({"host": "localhost"}, True),
    ],
)
def test_a_service_for_others_answers_by_any_name_unless_some_are_given(
    settings: dict[str, str], *, some: bool
) -> None:
    assert bool(answered_hosts(load_settings(**settings))) == some


@pytest.mark.parametrize(
    "settings",
    [{"trusted_proxies": "10.0.0.1/8"}, {"trusted_proxies": "proxy"}, {"allowed_hosts": "http://a"}],
)
def test_what_is_no_address_or_name_is_refused_at_the_start(settings: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest, match="SONGWRIGHT_"):
        load_settings(**settings)


def clients_in_log(server: Server) -> list[str]:
    lines = [json.loads(line) for line in server.lines if line.startswith("{")]
    return [line["client"] for line in lines if line["message"] == "answered"]


def forge(folder: Path, trusted: str, seen: str) -> None:
    with serving(folder, ready=False, timed=True, SONGWRIGHT_TRUSTED_PROXIES=trusted) as server:
        forged = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto": "https"}
        for number in range(11):
            last = guess(server, f"guess-number-{number:010}", **forged)
        assert last.status_code == 429
        # Another client of the proxy is not slowed with it, where the proxy says who it is.
        other = guess(server, "g" * 30, **{"X-Forwarded-For": "198.51.100.9"})
        assert other.status_code == (401 if trusted else 429)
        until = time.monotonic() + 5
        while len(clients_in_log(server)) < 12 and time.monotonic() < until:
            time.sleep(0.02)
        assert set(clients_in_log(server)[:11]) == {seen}
        assert server.slow == []


def test_an_address_that_a_client_makes_up_is_not_believed(tmp_path: Path) -> None:
    forge(tmp_path, "", "127.0.0.1")
    resisted(
        "addresses that a client makes up",
        limit="`X-Forwarded-For` is believed of `SONGWRIGHT_TRUSTED_PROXIES` alone",
        figure="counted by the address of the connection",
    )


def test_an_address_that_a_named_proxy_tells_is_believed(tmp_path: Path) -> None:
    forge(tmp_path, "127.0.0.0/8,::1", "203.0.113.7")


def test_nobody_writes_lines_or_orders_into_the_log(tmp_path: Path) -> None:
    evil = "%0A12:00:00%20info%20all%20is%20well%1B%5B2J%E2%80%AE%C2%9B%E2%80%A8%0D"
    with serving(tmp_path, ready=False, timed=True, SONGWRIGHT_LOG_FORMAT="text") as server:
        with server.client() as client:
            assert client.get(f"/songs/{evil}").status_code in (404, 422)
            assert client.get(f"/{evil}", headers={"X-Request-ID": "a\tb status=200"}).status_code == 404
        assert asked(server, "\x9b2Jevil\x85x") in (400, 421)
        status(server, b"\x16\x03\x01\x1b[2J\nforged\r\n\r\n")
        status(server, head("/health", b"X-A: \x1b[31m", token=False).replace(b"GET", b"SPY\x1b"))
        time.sleep(0.3)
        lines = [line for line in server.lines if "Songwright" not in line]
        assert len(lines) >= 4
        assert all(line.isprintable() for line in lines)
        assert not any(line.startswith("12:00:00 info") for line in lines)
        assert server.slow == []
    resisted(
        "line ends, terminal orders and reversed writing in paths, hosts, ids",
        limit="what does not print is escaped, in text and in JSON",
        figure="one line for each record",
    )


def test_made_up_methods_and_paths_make_no_figures_of_their_own(tmp_path: Path) -> None:
    with serving(tmp_path, ready=False, timed=True) as server, server.client() as client:
        before = len(client.get("/metrics").text.splitlines())
        for method in ("PROPFIND", "MKCOL", "LOCK", "REPORT", "SEARCH", "PURGE", "LINK", "NOTIFY", "MERGE"):
            client.request(method, "/songs")
        for number in range(200):
            client.get(f"/no/such/path/{number}")
            client.get(f"/songs/{number:015}")
        text = client.get("/metrics").text
        assert "PROPFIND" not in text
        assert 'method="other"' in text
        added = len(text.splitlines()) - before
        assert added < 120  # of some routes, the first request
        assert server.slow == []
    resisted(
        "400 paths and 9 methods that nobody has heard of",
        limit="figures by route, and by the methods of HTTP",
        figure=f"{added} lines more in /metrics",
    )
