"""The Supabase edge function in the real Deno: before a service that refuses on purpose, and before ours.
Who may call it is in test_guard.py."""

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integrations.deno import SUPABASE, deno, environment, ran
from tests.integrations.supabase import Supabase, supabase
from tests.integrations.upstream import Told, Upstream, answering
from tests.service.server import TOKEN, serving

FUNCTION = SUPABASE / "functions" / "generate-music"
STARTED_S = 30.0
ORIGIN = "https://app.example"
ALLOWED = {
    "access-control-allow-origin": ORIGIN,
    "access-control-allow-headers": "authorization, x-client-info, apikey, content-type, idempotency-key",
    "vary": "Origin",
}
# The blueprint's worked example, as a front end sends it.
JOYFUL = {
    "mood": "joyful",
    "energy": 8,
    "genres": ["electronic"],
    "tempo_bpm": 120,
    "style_level": 7,
    "vocal_type": "instrumental",
}
MADE = {
    "success": True,
    "audioUrl": "data:audio/wav;base64,UklGRg==",
    "prompt": "modern electronic, uplifting cheerful",
    "metadata": {"duration": 30, "sample_rate": 32000, "format": "wav"},
}
SOON = {"Retry-After": "0"}


@contextmanager
def function(folder: Path, base: Supabase, **secrets: str) -> Iterator[httpx.Client]:
    """A page of ``ORIGIN`` where a user is signed in, before the running function. That may reach nothing but
    this machine: ``npm:zod`` must be here."""
    secrets = base.secrets | {"ALLOWED_ORIGINS": f"https://other.example, {ORIGIN}/"} | secrets
    headers = {"Origin": ORIGIN, "Authorization": f"Bearer {base.signed_in('somebody')}"}
    log = folder / "deno.log"
    command = [*deno(), "run", "--cached-only", "--no-lock", "--node-modules-dir=manual"]
    command += ["--allow-net=127.0.0.1", "--allow-env", "index.ts"]
    with log.open("w+") as lines:
        process = subprocess.Popen(
            command,
            stdout=lines,
            stderr=lines,
            stdin=subprocess.DEVNULL,
            cwd=FUNCTION,
            env=environment(DENO_SERVE_ADDRESS="tcp:127.0.0.1:0", **secrets),
            start_new_session=True,
        )
        try:
            until = time.monotonic() + STARTED_S
            while "http://127.0.0.1:" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.05)
            address = log.read_text().partition("http://127.0.0.1:")[2].split("/")[0].split()[0]
            with httpx.Client(
                base_url=f"http://127.0.0.1:{address}", timeout=60.0, headers=headers
            ) as client:
                yield client
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # npm's deno is a script of Node's that runs the real one
            process.wait(10)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with answering() as running:
        yield running


@pytest.fixture(scope="module")
def base() -> Iterator[Supabase]:
    with supabase() as running:
        yield running


@pytest.fixture(scope="module")
def running(
    upstream: Upstream, base: Supabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    secrets = {"MODAL_API_URL": upstream.url + "/", "API_BEARER_TOKEN": TOKEN, "SONGS_PER_DAY": "1000"}
    with function(tmp_path_factory.mktemp("function"), base, **secrets) as client:
        yield client


@pytest.fixture
def asked(running: httpx.Client, upstream: Upstream) -> Callable[..., httpx.Response]:
    """Sends a body to the function, behind which the service gives these answers, all of which it must."""

    def ask(body: Any, *answers: Told) -> httpx.Response:
        upstream.answers[:] = answers
        upstream.heard.clear()
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = running.post("/", content=content, headers={"Content-Type": "application/json"})
        assert upstream.answers == []
        assert response.headers.items() >= ALLOWED.items()
        return response

    return ask


Ask = Callable[..., httpx.Response]


def test_the_body_goes_to_the_service_with_its_token_and_its_answer_comes_back(
    asked: Ask, upstream: Upstream
) -> None:
    body = JOYFUL | {"instruments": ["synthesizers"], "duration": 12, "seed": 7}
    unknown = {"webhook": "http://10.0.0.1/", "audio_duration": 500, "__proto__": {"seed": 8}, "x": [1]}
    response = asked(body | unknown, Told(200, MADE))
    assert (response.status_code, response.json()) == (200, MADE)
    [heard] = upstream.heard
    assert (heard.path, heard.authorization) == ("/generate-music", f"Bearer {TOKEN}")
    assert heard.body == body


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"mood": "joyful"}, "energy: "),
        (JOYFUL | {"energy": 11}, "energy: "),
        (JOYFUL | {"energy": "8"}, "energy: "),
        (JOYFUL | {"genres": []}, "genres: "),
        (JOYFUL | {"genres": ["pop", 3]}, "genres.1: "),
        (JOYFUL | {"style_level": -1}, "style_level: "),
        (JOYFUL | {"tempo_bpm": 0}, "tempo_bpm: "),
        (JOYFUL | {"duration": 0}, "duration: "),
        (JOYFUL | {"mood": " "}, "mood: "),
        (JOYFUL | {"mood": "m" * 61}, "mood: "),
        (JOYFUL | {"duration": 601}, "duration: "),
        (JOYFUL | {"seed": 1.5}, "seed: "),
        (JOYFUL | {"format": "ogg"}, "format: "),
        (JOYFUL | {"audio_url": "http://10.0.0.1/"}, "audio_url: "),
        ({"prompt": "calm", "seed": 2**53}, "seed: "),
        (None, "body: "),
        ({"prompt": ""}, "prompt: "),
        ({"prompt": "calm", "duration": "30"}, "duration: "),
        ({"prompt": "calm", "temperature": 3}, "temperature: "),
        ([], "body: "),
        (b"{", "cannot be read as JSON"),
        (b"", "cannot be read as JSON"),
    ],
)
def test_an_invalid_body_is_refused_with_its_field_and_the_service_is_not_asked(
    asked: Ask, upstream: Upstream, body: Any, said: str
) -> None:
    response = asked(body)
    assert response.status_code == 400
    assert response.json().keys() == {"success", "error"}
    assert response.json()["success"] is False
    assert said in response.json()["error"]
    assert upstream.heard == []


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([Told(429, {"success": False, "error": "busy"}, SOON), Told(200, MADE)], 200),
        ([Told(503, {"success": False, "error": "loading"}, SOON), Told(200, MADE)], 200),
        ([Told(500, {"success": False, "error": "broke"}, SOON), Told(200, MADE)], 200),
        ([Told(500, {"success": False, "error": "broke"}, SOON)] * 2, 500),
        ([Told(503, {"success": False, "error": "loading"}, SOON)] * 3, 503),
        ([Told(429, {"success": False, "error": "busy"}, SOON)] * 3, 429),
        ([Told(429, {"success": False, "error": "busy"}, {"Retry-After": "600"})], 429),
        ([Told(400, {"success": False, "error": "energy: too high"})], 400),
        ([Told(504, {"success": False, "error": "too long"})], 504),
    ],
    ids=["429", "503", "500", "500 twice", "503 for good", "429 for good", "429 too long", "400", "504"],
)
def test_it_asks_again_where_that_can_help(
    asked: Ask, upstream: Upstream, answers: list[Told], status: int
) -> None:
    response = asked(JOYFUL, *answers)
    assert response.status_code == status
    assert response.json() == answers[-1].body
    assert len(upstream.heard) == len(answers)
    assert len({heard.key for heard in upstream.heard}) == 1
    assert len(upstream.heard[0].key) == 64
    assert response.headers.get("retry-after") == answers[-1].headers.get("Retry-After")


@pytest.mark.parametrize("status", [429, 500])
def test_where_the_service_names_no_time_it_waits_a_second(asked: Ask, status: int) -> None:
    began = time.monotonic()
    assert asked(JOYFUL, Told(status, {}), Told(200, MADE)).status_code == 200
    assert 1.0 <= time.monotonic() - began < 5.0


def test_a_token_that_the_service_does_not_know_is_said_and_not_tried_again(asked: Ask) -> None:
    response = asked(JOYFUL, Told(401, {"detail": "Send 'Authorization: Bearer <token>'"}))
    assert response.status_code == 500  # a 401 tells a page that its user is to sign in
    assert response.json() == {"success": False, "error": "the service does not know this API_BEARER_TOKEN"}


def test_an_answer_that_is_not_the_services_is_still_json(asked: Ask) -> None:
    html = Told(413, b"<h1>Too large</h1>", {"Content-Type": "text/html"})
    response = asked(JOYFUL, html)
    assert (response.status_code, response.json()["success"]) == (413, False)
    assert "413" in response.json()["error"]
    problem = asked(JOYFUL, Told(422, {"title": "x", "detail": "energy: 11 - send 10 or less"}))
    assert problem.json() == {"success": False, "error": "energy: 11 - send 10 or less"}
    assert asked(JOYFUL, Told(200, b"not JSON")).status_code == 502


def test_the_blueprints_plain_prompt_is_taken_too(asked: Ask, upstream: Upstream) -> None:
    body = {"prompt": "upbeat electronic music", "duration": 30}
    assert asked(body, Told(200, MADE)).json() == MADE
    [heard] = upstream.heard
    assert (heard.path, heard.body) == ("/generate-music", body)


def test_a_browser_is_let_in(running: httpx.Client) -> None:
    response = running.options(
        "/",
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        },
    )
    assert response.status_code == 204
    assert response.content == b""
    assert response.headers.items() >= ALLOWED.items()
    assert "POST" in response.headers["access-control-allow-methods"]
    other = running.get("/")
    assert (other.status_code, other.json()["success"]) == (405, False)


@pytest.mark.parametrize("missing", ["MODAL_API_URL", "API_BEARER_TOKEN"])
def test_a_secret_that_is_missing_is_named(tmp_path: Path, base: Supabase, missing: str) -> None:
    secrets = {"MODAL_API_URL": "http://127.0.0.1:9", "API_BEARER_TOKEN": TOKEN}
    with function(
        tmp_path, base, **{name: value for name, value in secrets.items() if name != missing}
    ) as client:
        response = client.post("/", json=JOYFUL)
        assert response.status_code == 500
        assert response.json() == {"success": False, "error": f"{missing} not configured"}
        assert response.headers.items() >= ALLOWED.items()


def test_a_service_that_cannot_be_reached_is_said(tmp_path: Path, base: Supabase) -> None:
    with function(tmp_path, base, MODAL_API_URL="http://127.0.0.1:9", API_BEARER_TOKEN=TOKEN) as client:
        response = client.post("/", json=JOYFUL)
    assert (response.status_code, response.json()["success"]) == (502, False)


def test_before_the_real_service_it_answers_music(tmp_path: Path, base: Supabase) -> None:
    with serving(tmp_path) as server:
        secrets = {"MODAL_API_URL": server.url, "API_BEARER_TOKEN": TOKEN}
        with function(tmp_path, base, **secrets) as client:
            key = {"Idempotency-Key": "mine"}
            made = client.post("/", json=JOYFUL | {"duration": 2}, headers=key)
            again = client.post("/", json=JOYFUL | {"duration": 2}, headers=key)
            others = client.post("/", json=JOYFUL | {"duration": 3}, headers=key)
            prompted = client.post("/", json={"prompt": "upbeat electronic music", "duration": 2})
            refused = client.post("/", json=JOYFUL | {"vocal_type": "yodel"})
        with function(tmp_path, base, **secrets | {"API_BEARER_TOKEN": "another"}) as client:
            assert client.post("/", json=JOYFUL).status_code == 500
    assert again.json()["metadata"]["song_id"] == made.json()["metadata"]["song_id"]
    assert others.status_code == 409
    for response in (made, prompted):
        assert response.status_code == 200, response.text
        answer = response.json()
        assert answer["success"] is True
        scheme, _, data = answer["audioUrl"].partition(",")
        assert scheme == "data:audio/wav;base64"
        assert base64.b64decode(data, validate=True)[:4] == b"RIFF"
        assert answer["metadata"]["duration"] == 2
    assert 10 <= len(made.json()["prompt"].replace(",", "").split()) <= 25
    assert prompted.json()["prompt"] == "upbeat electronic music"
    assert refused.status_code == 400
    assert refused.json().keys() == {"success", "error"}


@pytest.mark.parametrize("command", [["check"], ["lint"], ["fmt", "--check"]], ids=lambda command: command[0])
def test_it_is_well_typed_and_well_formed(command: list[str]) -> None:
    options = ["--cached-only", "--no-lock", "--node-modules-dir=manual"] if command == ["check"] else []
    result = ran(*command, *options, "index.ts", "guard.ts", cwd=FUNCTION)
    assert result.returncode == 0, result.stderr + result.stdout


def test_zod_is_the_version_that_is_deployed() -> None:
    deployed = json.loads((FUNCTION / "deno.json").read_text())["imports"]["zod"]
    tested = json.loads((SUPABASE / "package.json").read_text())["devDependencies"]["zod"]
    assert deployed == f"npm:zod@{tested}"
