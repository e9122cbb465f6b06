"""The edge function before strangers, pages of other sites, and users who want more than their share."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from tests.hostile.figures import resisted
from tests.integrations.supabase import PUBLIC_KEY, SECRET_KEY, Supabase, supabase, token_of
from tests.integrations.test_supabase import JOYFUL, MADE, ORIGIN, function
from tests.loopback import in_a_thread
from tests.service.server import TOKEN

PER_DAY = 5


class Songs(ThreadingHTTPServer):
    """A service that makes every song at once, or answers ``status``."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys: list[str] = []
        self.status = 200


class _Handler(BaseHTTPRequestHandler):
    server: Songs

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.keys.append(self.headers["Idempotency-Key"])
        # A field of the body says how the request is to end, so that calls under way do not disturb others.
        status = 422 if body.get("mood") == "refused" else self.server.status
        data = json.dumps(MADE if status == 200 else {"success": False, "error": "no"}).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Retry-After", "600")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def base() -> Iterator[Supabase]:
    with supabase() as running:
        yield running


@pytest.fixture(scope="module")
def songs() -> Iterator[Songs]:
    server = Songs()
    with in_a_thread(server):
        yield server


@pytest.fixture(scope="module")
def running(songs: Songs, base: Supabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    secrets = {
        "MODAL_API_URL": f"http://127.0.0.1:{songs.server_port}",
        "API_BEARER_TOKEN": TOKEN,
        "SONGS_PER_DAY": str(PER_DAY),
    }
    with function(tmp_path_factory.mktemp("edge"), base, **secrets) as client:
        yield client


@pytest.fixture
def page(running: httpx.Client, songs: Songs, base: Supabase) -> httpx.Client:
    songs.keys.clear()
    songs.status = 200
    base.taken.clear()
    base.failing.clear()
    base.calls.clear()
    return running


def user(base: Supabase, **facts: Any) -> dict[str, str]:
    """The header of a user who is new."""
    return {"Authorization": f"Bearer {base.signed_in(uuid.uuid4().hex, **facts)}"}


STRANGERS: dict[str, Callable[[Supabase], str]] = {
    "nothing": lambda _: "",
    "the public key": lambda _: f"Bearer {PUBLIC_KEY}",
    "the secret key": lambda _: f"Bearer {SECRET_KEY}",
    "the former anon key, a token without a user": lambda _: f"Bearer {token_of('anon')}",
    "an ended session": lambda _: f"Bearer {token_of('ended')}",
    "another scheme": lambda base: f"Basic {base.signed_in('basic')}",
    "two tokens": lambda base: f"Bearer {base.signed_in('two')} {base.signed_in('two')}",
    "no scheme": lambda base: base.signed_in("bare"),
    "the service's own token": lambda _: f"Bearer {TOKEN}",
    "a token of 100 KB": lambda _: f"Bearer {token_of('a' * 12_000)}",
    "an anonymous user": lambda base: user(base, is_anonymous=True)["Authorization"],
    "another role": lambda base: user(base, role="service_role")["Authorization"],
    "no role": lambda base: user(base, role=None)["Authorization"],
    "no id": lambda base: user(base, id=None)["Authorization"],
    "an id that is none": lambda base: user(base, id="../rpc/x")["Authorization"],
}


@pytest.mark.parametrize("who", STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_gets_nothing_and_costs_nothing(
    page: httpx.Client, songs: Songs, base: Supabase, who: Callable[[Supabase], str]
) -> None:
    response = page.post("/", json=JOYFUL, headers={"Authorization": who(base)})
    assert response.status_code in (401, 403)
    assert response.json()["success"] is False
    assert "sign in" in response.json()["error"]
    assert songs.keys == []
    assert base.taken == {}


def test_where_supabase_does_not_say_who_it_is_nobody_gets_in(
    page: httpx.Client, songs: Songs, base: Supabase
) -> None:
    for path in ("/auth/v1/user", "/rest/v1/rpc/songwright_take"):
        for status in (429, 500, 503, 302):
            base.failing = {path: status}
            assert page.post("/", json=JOYFUL, headers=user(base)).status_code == 503
    base.failing = {"/rest/v1/rpc/songwright_take": 404}
    response = page.post("/", json=JOYFUL, headers=user(base))
    assert (response.status_code, response.json()["error"]) == (
        500,
        "the quota is not set up: supabase db push",
    )
    assert songs.keys == []
    resisted(
        "strangers, ended sessions, anonymous users and keys before the edge function",
        limit="a signed-in user, whom Supabase Auth knows now",
        figure=f"{len(STRANGERS)} kinds: 401 or 403, the service not asked; 503 where Supabase fails",
    )


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example",
        "http://app.example",
        "https://app.example.evil.example",
        "https://app.example:8443",
        "https://APP.example",
        f"{ORIGIN},https://evil.example",
        f"{ORIGIN}/",
        "*",
        "",
    ],
)
def test_a_page_of_another_origin_is_refused(
    page: httpx.Client, songs: Songs, base: Supabase, origin: str
) -> None:
    for method in ("OPTIONS", "POST"):
        response = page.request(method, "/", json=JOYFUL, headers={"Origin": origin} | user(base))
        assert response.status_code == 403
        assert "access-control-allow-origin" not in response.headers
    assert songs.keys == []
    assert base.calls == []


def test_a_caller_that_is_no_page_needs_no_origin(page: httpx.Client, base: Supabase) -> None:
    headers = user(base)
    request = page.build_request("POST", "/", json=JOYFUL, headers=headers)
    del request.headers["Origin"]
    response = page.send(request)
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


BODIES: dict[str, tuple[bytes | Iterator[bytes], int]] = {
    "17 KB": (json.dumps(JOYFUL | {"x": "y" * 17_000}).encode(), 413),
    "100 MB, as it comes": ((b"x" * 65536 for _ in range(1600)), 413),
    "brackets": (b"[" * 16_000, 400),
    "an object in an object": (b'{"a":' * 2_000 + b"1" + b"}" * 2_000, 400),
    "no text": (bytes(range(256)), 400),
    "10,000 wrong genres": (json.dumps(JOYFUL | {"genres": [1] * 5_000}).encode(), 400),
    "a number": (b"1e999", 400),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_body_is_bounded_before_it_is_read(
    page: httpx.Client, songs: Songs, base: Supabase, kind: str
) -> None:
    content, status = BODIES[kind]
    try:
        response = page.post("/", content=content, headers=user(base))
        assert response.status_code == status
        assert len(response.content) < 2_000
    except httpx.TransportError:
        assert kind == "100 MB, as it comes"  # hung up in the middle of it
    assert page.post("/", json=JOYFUL, headers=user(base)).status_code == 200
    assert len(songs.keys) == 1


def test_of_many_calls_at_once_a_user_gets_the_quota_and_another_theirs(
    page: httpx.Client, songs: Songs, base: Supabase
) -> None:
    headers = user(base)
    with ThreadPoolExecutor(50) as calls:
        answers = list(calls.map(lambda _: page.post("/", json=JOYFUL, headers=headers), range(50)))
    made = [answer for answer in answers if answer.status_code == 200]
    spent = [answer for answer in answers if answer.status_code == 429]
    assert len(made) == PER_DAY
    assert len(spent) == 50 - PER_DAY
    assert {answer.headers["Retry-After"] for answer in spent} == {"4321"}
    assert "quota of 5 songs" in spent[0].json()["error"]
    assert len(set(songs.keys)) == PER_DAY
    assert page.post("/", json=JOYFUL, headers=user(base)).status_code == 200
    resisted(
        "50 calls of one user at once at the edge function",
        limit="the user's quota, SONGS_PER_DAY",
        figure=f"{len(made)} songs of {PER_DAY}; another user has their own",
    )


def test_a_call_that_is_sent_again_costs_nothing_and_a_key_is_its_users_own(
    page: httpx.Client, songs: Songs, base: Supabase
) -> None:
    headers, key = user(base), {"Idempotency-Key": "1"}
    for _ in range(PER_DAY + 3):
        assert page.post("/", json=JOYFUL, headers=headers | key).status_code == 200
    assert len(base.taken) == len(set(songs.keys)) == 1
    assert page.post("/", json=JOYFUL, headers=user(base) | key).status_code == 200
    assert len(set(songs.keys)) == 2
    assert "1" not in songs.keys
    for wrong in ("", "k" * 256):
        response = page.post("/", json=JOYFUL, headers=headers | {"Idempotency-Key": wrong})
        assert (response.status_code, "Idempotency-Key" in response.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    ("status", "kept"), [(400, 0), (409, 0), (422, 0), (429, 0), (503, 0), (500, 1), (504, 1), (200, 1)]
)
def test_what_was_refused_is_given_back_and_what_was_begun_is_not(
    page: httpx.Client, songs: Songs, base: Supabase, status: int, kept: int
) -> None:
    songs.status = status
    assert page.post("/", json=JOYFUL, headers=user(base)).status_code == status
    assert len(base.taken) == kept


def test_a_refused_call_beside_one_that_is_made_gives_no_song_for_nothing(
    page: httpx.Client, songs: Songs, base: Supabase
) -> None:
    headers = user(base)
    made = 0
    with ThreadPoolExecutor(8) as calls:
        for number in range(12):
            key = headers | {"Idempotency-Key": f"race-{number}"}
            bodies = [JOYFUL | {"mood": "refused"}, JOYFUL] * 4
            answers = calls.map(lambda body, key=key: page.post("/", json=body, headers=key), bodies)
            made += any(answer.status_code == 200 for answer in answers)
    assert made == PER_DAY
    resisted(
        "refused calls beside good ones under one key",
        limit="a song is given back with the last call that has it",
        figure=f"{made} songs of {PER_DAY} in 12 races",
    )
