"""How browsers come in: one-time codes, sessions in cookies, and who may not use them."""

import asyncio
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from config.errors import StoreUnavailable
from orchestrator.server.access.access import SESSIONS_FILE
from orchestrator.server.access.addresses import own_host
from orchestrator.server.access.codes import MOST_CODES, HeldCodes, StoredCodes
from orchestrator.server.access.origin import came_by_https, is_cross_site, is_same_origin
from orchestrator.server.access.sessions import (
    LIFETIME_S,
    MOST_SESSIONS,
    KeptSessions,
    Sessions,
    SignedSessions,
    set_cookie,
)
from storage.local import LocalStore
from tests.hostile.figures import resisted
from tests.service.server import Server, serving

SECRET = b"a secret of the tests, of many bytes"
LIMIT = 10
"""Wrong tokens of an address in a minute, by default."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    variables = {
        "SONGWRIGHT_WRONG_TOKENS_PER_MINUTE": "0",
        "SONGWRIGHT_CORS_ORIGINS": "http://other.example",
    }
    with serving(tmp_path_factory.mktemp("home"), ready=False, **variables) as running:
        yield running


def code_of(server: Server) -> str:
    with server.client() as client:
        answer = client.post("/session/codes")
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        made = answer.json()
        assert made["url"] == f"{server.url}/#code={made['code']}"
        assert made["local"] is True  # the server listens to this machine alone
        assert ET.fromstring(made["qr"]).tag == "{http://www.w3.org/2000/svg}svg"
        return str(made["code"])


@contextmanager
def signed_in(server: Server) -> Iterator[httpx.Client]:
    """A browser with a session and without a token."""
    with server.client(token="") as browser:
        answer = browser.post("/session", json={"code": code_of(server)})
        assert answer.status_code == 204, answer.text
        yield browser


def test_a_code_opens_one_session_and_is_used(server: Server) -> None:
    with server.client(token="") as browser, server.client(token="") as replaying:
        code = code_of(server)
        answer = browser.post("/session", json={"code": code})
        assert answer.status_code == 204
        (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
        assert int(cookie["max-age"]) == LIFETIME_S
        assert not cookie["secure"]  # of plain http: the browser would drop it
        assert browser.get("/songs").status_code == 200
        assert browser.get("/session").json()["signed_in"] is True
        refused = replaying.post("/session", json={"code": code})
        assert (refused.status_code, refused.json()["type"][-12:]) == (401, "unauthorized")
        assert "set-cookie" not in refused.headers
        assert replaying.get("/songs").status_code == 401
        assert replaying.get("/session").json() == {"signed_in": False, "expires_at": None}


def test_of_many_that_use_a_code_at_once_one_comes_in(server: Server) -> None:
    code = code_of(server)

    async def race() -> list[int]:
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
            tries = (client.post("/session", json={"code": code}) for _ in range(12))
            return sorted(answer.status_code for answer in await asyncio.gather(*tries))

    assert asyncio.run(race()) == [204, *[401] * 11]
    resisted(
        "one-time codes replayed, guessed, expired, used by twelve at once",
        limit="one session for a code; guesses count as wrong tokens",
        figure="one 204 and eleven 401; 429 from the eleventh guess",
    )


def test_a_token_becomes_a_cookie_and_a_wrong_one_does_not(server: Server) -> None:
    with server.client() as program, server.client("not-a-token-0123456789") as stranger:
        assert program.post("/session").status_code == 204
        assert stranger.post("/session").status_code == 401
        assert stranger.post("/session", json={"code": code_of(server)}).status_code == 401
    with server.client(token="") as nobody:
        assert nobody.post("/session").status_code == 401
        assert nobody.post("/session", json={"code": 5}).status_code == 422
        assert nobody.post("/session/codes").status_code == 401


def test_forged_and_ended_cookies_are_refused(server: Server) -> None:
    with signed_in(server) as browser:
        ((name, value),) = browser.cookies.items()
        copy = {"Cookie": f"{name}={value}"}
        changed = value[:-1] + ("A" if value[-1] != "A" else "B")
        for forged in (changed, "", "x", value + value, f"session.{value}", "0" * 43, "\u00e9"):
            answer = httpx.get(f"{server.url}/songs", headers={"Cookie": f"{name}={forged}".encode()})
            assert answer.status_code == 401, forged
        assert httpx.get(f"{server.url}/songs", headers=copy).status_code == 200
        # A token that is sent decides alone, also if it is wrong.
        wrong = copy | {"Authorization": "Bearer not-a-token-0123456789"}
        assert httpx.get(f"{server.url}/songs", headers=wrong).status_code == 401
        same = {"Origin": server.url}
        assert browser.delete("/session", headers=same).status_code == 204
        assert not browser.cookies
        assert httpx.get(f"{server.url}/songs", headers=copy).status_code == 401
    resisted(
        "cookies forged, altered, expired, signed out, of a token that is gone",
        limit="only digests are kept, or the cookie is signed",
        figure="401",
    )


CROSS: list[dict[str, str]] = [
    {},  # neither header: what no browser of today sends
    {"Origin": "http://other.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},  # another port of this machine: SameSite lets it through
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://other.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "none"},  # an address that was typed only reads
]


DOORS = (
    "/suno/api/generate", "/suno/v1/chat/completions", "/acestep/release_task", "/mcp",
    "/v1/chat/completions", "/v1/audio/speech", "/v1/music",
)  # fmt: skip


@pytest.mark.parametrize("headers", CROSS, ids=str)
def test_another_page_changes_nothing_by_the_cookie(server: Server, headers: dict[str, str]) -> None:
    with signed_in(server) as browser:
        for method, path in (("POST", "/auth-status"), ("POST", "/session/codes"), ("DELETE", "/session")):
            answer = browser.request(method, path, headers=headers)
            assert answer.status_code == 403, path
            assert answer.json()["type"].endswith("cross-site-request")
            assert "access-control-allow-credentials" not in answer.headers
        if headers and headers != {"Sec-Fetch-Site": "none"}:
            assert browser.get("/songs", headers=headers).status_code == 403
            code = code_of(server)  # nor does it sign the browser in as somebody else
            assert browser.post("/session", json={"code": code}, headers=headers).status_code == 403
        assert browser.post("/auth-status", headers={"Origin": server.url}).status_code == 200


def test_no_route_is_changed_by_the_cookie_from_another_origin(server: Server) -> None:
    """Every route of the document that changes something, and the doors of other services."""
    with signed_in(server) as browser:
        paths = browser.get("/openapi.json").json()["paths"]
        routes = [
            (method.upper(), path)
            for path, methods in paths.items()
            for method in methods.keys() & {"post", "put", "patch", "delete"}
        ]
        assert len(routes) > 25
        routes += [("POST", path) for path in DOORS] + [("DELETE", "/mcp")]
        for method, path in routes:
            for headers in CROSS[1:3]:
                answer = browser.request(method, re.sub(r"{\w+}", "0" * 15, path), headers=headers, json={})
                assert answer.status_code == 403, (method, path)
        assert browser.get("/session").json()["signed_in"]


def test_programs_of_other_origins_send_their_token_as_before(server: Server) -> None:
    other = {"Origin": "http://other.example", "Sec-Fetch-Site": "cross-site"}
    with server.client() as client:
        answer = client.post("/auth-status", headers=other)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "http://other.example"
        assert "access-control-allow-credentials" not in answer.headers


def test_a_cookie_is_secure_where_the_page_came_by_https(server: Server) -> None:
    host = server.url.removeprefix("http://")
    with server.client() as program:
        answer = program.post("/session", headers={"Origin": f"https://{host}"})
    assert answer.headers["set-cookie"].endswith("; Secure")
    # A request that only reads has no Origin, and its proxy may not be trusted to say how it came.
    for host, public, https in (
        ("songs.example", "https://songs.example/music", True),
        ("songs.example:443", "https://Songs.example", True),
        ("localhost:8000", "https://songs.example", False),
        ("songs.example", "http://songs.example", False),
        ("songs.example", "", False),
    ):
        assert came_by_https("http", {"host": host}, public) is https, (host, public)


def test_sessions_outlive_a_restart_and_end_with_their_token(tmp_path: Path) -> None:
    first, second = "first-token-1-0123456789", "second-token-2-0123456789"
    with serving(tmp_path, ready=False, API_BEARER_TOKEN=f"{first},{second}") as server:
        cookies = []
        for token in (first, second):
            with server.client(token) as client:
                assert client.post("/session").status_code == 204
                cookies.append("; ".join(f"{name}={value}" for name, value in client.cookies.items()))
        kept = tmp_path / ".songwright" / SESSIONS_FILE
        assert kept.stat().st_mode & 0o777 == 0o600
        server.stop()
        server._variables["API_BEARER_TOKEN"] = second
        server.start()
        answers = [httpx.get(f"{server.url}/songs", headers={"Cookie": cookie}) for cookie in cookies]
        assert [answer.status_code for answer in answers] == [401, 200]
        with server.client(token="") as client:
            guesses = [client.post("/session", json={"code": f"guess-{n}"}) for n in range(LIMIT + 1)]
        assert [answer.status_code for answer in guesses] == [401] * LIMIT + [429]
        assert guesses[-1].headers["retry-after"]
        written = "\n".join(server.lines) + kept.read_text()
        for secret in ("guess-", *(cookie.partition("=")[2] for cookie in cookies)):
            assert secret not in written


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize("kind", ["kept", "signed"])
def test_a_session_slides_and_ends(kind: str, tmp_path: Path, clock: Clock) -> None:
    sessions: Sessions
    if kind == "kept":
        sessions = KeptSessions(tmp_path / "sessions.json", clock)
    else:
        sessions = SignedSessions(lambda: SECRET, clock)
    value = sessions.open("0123456789ab")
    found = sessions.find(value)
    assert found
    assert (found.holder, found.expires) == ("0123456789ab", clock() + LIFETIME_S)
    assert not found.is_due(clock())
    clock.now_s += LIFETIME_S - 1
    found = sessions.find(value)
    assert found
    assert found.is_due(clock())
    renewed = sessions.renew(value)
    clock.now_s += LIFETIME_S - 1
    later = sessions.find(renewed)
    assert later
    assert later.name == found.name
    clock.now_s += 2
    assert sessions.find(renewed) is None
    assert sessions.find(sessions.renew(renewed)) is None


def test_a_signed_cookie_cannot_be_altered(clock: Clock) -> None:
    sessions = SignedSessions(lambda: SECRET, clock)
    holder, expires, nonce, signature = sessions.open("0123456789ab").split(".")
    for parts in (
        ("ba9876543210", expires, nonce, signature),
        (holder, str(int(expires) + 1), nonce, signature),
        (holder, expires, "A" * 43, signature),
        (holder, expires, nonce, "0" * 64),
    ):
        assert sessions.find(".".join(parts)) is None
    assert (
        SignedSessions(lambda: b"another", clock).find(".".join((holder, expires, nonce, signature))) is None
    )


def test_so_many_sessions_are_kept_and_a_damaged_file_ends_them(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "sessions.json"
    sessions = KeptSessions(path, clock)
    values = []
    for _ in range(MOST_SESSIONS + 1):
        clock.now_s += 1
        values.append(sessions.open("0123456789ab"))
    assert sessions.find(values[0]) is None
    again = KeptSessions(path, clock)
    assert [again.find(value) for value in values[1:]].count(None) == 0
    assert again.cookie == sessions.cookie
    for damage in ("{", "[]", '{"mark": "x", "sessions": {}}', '{"mark": 5, "sessions": 6}'):
        path.write_text(damage)
        assert KeptSessions(path, clock).find(values[-1]) is None


class BusyStore(LocalStore):
    """While it is busy it deletes nothing, as a bucket that takes one write a second to one key."""

    is_busy = False

    def delete(self, key: str) -> None:
        if self.is_busy:
            raise StoreUnavailable("the bucket is busy", "ask again")
        super().delete(key)


@pytest.mark.parametrize("kind", ["held", "stored"])
def test_codes_expire_and_are_used_once(kind: str, tmp_path: Path, clock: Clock) -> None:
    store = BusyStore(tmp_path)
    codes = HeldCodes(clock) if kind == "held" else StoredCodes(store, clock)
    code, expires = codes.make("holder", 60.0)
    assert expires == clock() + 60
    assert codes.use(code + "x") is None
    assert codes.use(code) == "holder"
    assert codes.use(code) is None
    late, _ = codes.make("holder", 60.0)
    clock.now_s += 60
    assert codes.use(late) is None
    many = []
    for _ in range(MOST_CODES + 1):
        clock.now_s += 0.5
        many.append(codes.make("holder", 60.0)[0])
    assert codes.use(many[0]) is None
    assert codes.use(many[1]) == "holder"
    if kind == "stored":
        store.is_busy = True
        assert codes.use(many[2]) == "holder"
        assert codes.use(many[2]) is None
        assert not any(code in json.dumps(list(store.list("session-codes/"))) for code in many)


def test_a_service_that_listens_to_all_is_opened_here_by_this_machine_s_own_address() -> None:
    hosts = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "10.1.2.3": "10.1.2.3", "fe80::1": "[fe80::1]"}
    assert {host: own_host(host) for host in hosts} == hosts


def test_the_host_of_an_origin_is_compared_whole() -> None:
    host = {"host": "songs.example:8000"}
    for origin in ("http://songs.example:8000", "https://Songs.Example:8000"):
        assert is_same_origin("POST", host | {"origin": origin})
    for origin in (
        "http://songs.example", "http://songs.example:80001", "http://songs.example:8000.evil.example",
        "ftp://songs.example:8000", "null", "", "http://evil.example/songs.example:8000", "http://[",
    ):  # fmt: skip
        assert not is_same_origin("GET", host | {"origin": origin}), origin
        assert is_cross_site(host | {"origin": origin})
    assert is_same_origin("POST", {"host": "songs.example", "origin": "https://songs.example"})
    assert not is_same_origin("POST", {"origin": ""})
    assert is_same_origin("GET", {"sec-fetch-site": "none"})
    assert set_cookie("a", "", secure=True).startswith("a=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict")
