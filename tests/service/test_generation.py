"""Songs over HTTP: every body of the API that Songwright replaces, and what was added to it."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.orchestrator.test_cli import HERE
from tests.service.server import Server, ended, serving

SHORT = {"audio_duration": 5}
ASYNC = {"Prefer": "respond-async"}
SLOW = {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:SlowComposer", "SONGWRIGHT_SHUTDOWN_GRACE_S": "0"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as connected:
        yield connected


def describe(text: str = "a song", **fields: Any) -> dict[str, Any]:
    return {"full_described_song": text, **SHORT, **fields}


# The bodies of the replaced API's own document, word for word.
DOCUMENTED = {
    "/generate-from-description": {
        "full_described_song": "A upbeat electronic dance track with energetic beats",
        "audio_duration": 180.0,
        "seed": -1,
        "guidance_scale": 15.0,
        "infer_step": 60,
        "instrumental": False,
    },
    "/generate-with-lyrics": {
        "prompt": "electronic rap, 140BPM",
        "lyrics": "Your custom lyrics here...",
        "audio_duration": 180.0,
        "seed": -1,
        "guidance_scale": 15.0,
        "infer_step": 60,
        "instrumental": False,
    },
    "/generate-with-described-lyrics": {
        "prompt": "rave, funk, 140BPM, disco",
        "described_lyrics": "lyrics about summer nights and dancing",
        "audio_duration": 180.0,
        "seed": -1,
        "guidance_scale": 15.0,
        "infer_step": 60,
        "instrumental": False,
    },
}


@pytest.mark.parametrize("path", DOCUMENTED)
def test_a_documented_body_is_answered_as_documented(client: httpx.Client, path: str) -> None:
    response = client.post(path, json=DOCUMENTED[path])
    assert response.status_code == 200
    answer = response.json()
    assert answer["r2_key"].endswith(".wav")
    assert answer["cover_image_r2_key"].endswith(".png")
    assert 3 <= len(answer["categories"]) <= 5
    assert all(isinstance(category, str) for category in answer["categories"])
    assert answer["music"]["duration_s"] == 180.0
    assert answer["brief"]["guidance_scale"] == 15.0
    assert answer["brief"]["infer_step"] == 60


@pytest.mark.parametrize("path", DOCUMENTED)
def test_the_documented_defaults_are_ours(client: httpx.Client, path: str) -> None:
    options = ("audio_duration", "seed", "guidance_scale", "infer_step", "instrumental")
    body = {name: value for name, value in DOCUMENTED[path].items() if name not in options}
    brief = client.post(path, json=body).json()["brief"]
    assert brief["duration_s"] == 180.0
    assert brief["instrumental"] is False
    assert brief["seed"] >= 0


def test_health_and_auth_status_are_as_documented(server: Server, client: httpx.Client) -> None:
    with server.client(token="") as nobody:
        assert nobody.get("/health").json()["status"] == "healthy"
        assert nobody.post("/auth-status").status_code == 401
    status = client.post("/auth-status").json()
    assert status == {"authenticated": True, "message": status["message"]}


def test_own_lyrics_are_kept_to_the_letter(client: httpx.Client) -> None:
    words = "[verse]\n  Ñandú, 雨 …\n"
    song = client.post("/generate-with-lyrics", json={"prompt": "folk", "lyrics": words, **SHORT}).json()
    assert client.get(f"/songs/{song['id']}/lyrics").content == words.encode()


def test_what_an_engine_does_not_heed_and_what_nobody_knows_is_said(client: httpx.Client) -> None:
    body = describe(guidance_scale=15.0, infer_step=60, audio_durtion=9)
    warnings = " ".join(client.post("/generate-from-description", json=body).json()["warnings"])
    assert "guidance_scale 15" in warnings
    assert "infer_step 60" in warnings
    assert "did you mean audio_duration?" in warnings


def test_an_asynchronous_request_is_answered_at_once_and_the_song_made_meanwhile(
    client: httpx.Client,
) -> None:
    response = client.post("/generate-from-description", json=describe(), headers=ASYNC)
    assert response.status_code == 202
    assert response.headers["Preference-Applied"] == "respond-async"
    assert response.headers["Location"] == f"/songs/{response.json()['id']}"
    song = ended(client, response.json()["id"])
    assert song["status"] == "done"
    assert [moment["status"] for moment in song["history"]] == ["queued", "planning", "composing", "done"]
    assert song["started_at"] == song["history"][1]["at"]


def test_a_preference_to_wait_a_while_answers_the_song_if_it_is_done_by_then(client: httpx.Client) -> None:
    headers = {"Prefer": "respond-async, wait=30"}
    response = client.post("/generate-from-description", json=describe(), headers=headers)
    assert (response.status_code, response.json()["status"]) == (200, "done")


def test_a_retry_with_the_same_key_is_answered_with_the_first_song(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first = client.post("/generate-from-description", json=describe(), headers=headers).json()
    again = client.post("/generate-from-description", json=describe(), headers=headers)
    assert again.json()["id"] == first["id"]
    other = client.post("/generate-from-description", json=describe("another"), headers=headers)
    assert other.status_code == 409
    assert other.json()["type"] == "urn:songwright:problem:conflict"


def test_many_retries_at_once_make_one_song(server: Server) -> None:
    headers = ASYNC | {"Idempotency-Key": str(uuid.uuid4())}
    ids: list[str] = []

    def ask() -> None:
        with server.client() as client:
            response = client.post("/generate-from-description", json=describe(), headers=headers)
            ids.append(response.json()["id"])

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 12
    assert len(set(ids)) == 1


def test_a_key_whose_song_was_deleted_is_a_new_key(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first = client.post("/generate-from-description", json=describe(), headers=headers).json()
    assert client.delete(f"/songs/{first['id']}").status_code == 204
    again = client.post("/generate-from-description", json=describe(), headers=headers).json()
    assert again["id"] != first["id"]


def test_the_same_request_and_seed_are_answered_from_the_library(client: httpx.Client) -> None:
    body = describe("a cached song", seed=11)
    first = client.post("/generate-from-description", json=body).json()
    until = time.monotonic() + 5
    again = client.post("/generate-from-description", json=body).json()
    while not again["cached"] and time.monotonic() < until:  # it is remembered just after it is answered
        again = client.post("/generate-from-description", json=body).json()
    assert again["cached"]
    assert not first["cached"]
    assert again["r2_key"]
    anew = client.post("/generate-from-description", json=body, headers={"Cache-Control": "no-cache"}).json()
    assert not anew["cached"]
    other = client.post("/generate-from-description", json=body | {"instrumental": True}).json()
    assert not other["cached"]
    drawn = [client.post("/generate-from-description", json=describe()).json() for _ in range(2)]
    assert drawn[0]["seed"] != drawn[1]["seed"]


def test_variations_are_songs_of_their_own_that_know_each_other(client: httpx.Client) -> None:
    song = client.post("/generate-from-description", json=describe(variations=3, seed=5)).json()
    assert len(song["sibling_ids"]) == 3
    takes = [client.get(f"/songs/{song_id}").json() for song_id in song["sibling_ids"]]
    assert [take["status"] for take in takes] == ["done"] * 3
    assert [take["seed"] for take in takes] == [5, 6, 7]
    assert len({take["assets"]["audio"]["sha256"] for take in takes}) == 3
    assert len({take["plan"]["lyrics"] for take in takes}) == 1


def test_a_plan_can_be_asked_for_edited_and_sung(client: httpx.Client) -> None:
    before = len(client.get("/songs?limit=100").json()["songs"])
    plan = client.post("/plan", json=describe("plan me")).json()
    assert plan["title"] == "plan me"
    assert len(client.get("/songs?limit=100").json()["songs"]) == before
    edited = plan | {"title": "Edited", "lyrics": "[verse]\nmine now\n", "tempo_bpm": 99.0, "key": "A minor"}
    song = client.post("/generate-from-description", json=describe("plan me", plan=edited)).json()
    assert song["title"] == "Edited"
    assert song["plan"]["lyrics"] == "[verse]\nmine now\n"
    assert song["music"]["tempo_bpm"] == 99.0


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({}, "full_described_song", "missing"),
        (describe(audio_duration=3), "audio_duration", "5"),
        (describe(audio_duration="180"), "audio_duration", "number"),
        (describe(audio_duration=float("1e400")), "audio_duration", "600"),
        (describe(seed=-2), "seed", "-1"),
        (describe(seed=2**53), "seed", "9007199254740991"),
        (describe(instrumental="yes"), "instrumental", "true or false"),
        (describe(format="ogg"), "format", "'wav', 'flac' or 'mp3'"),
        (describe(variations=5), "variations", "4"),
        (describe("   "), "full_described_song", "blank"),
        (describe("x" * 2001), "full_described_song", "2000"),
        (describe(webhook="ftp://example.com/"), "webhook", "https://"),
        (describe(plan={"title": "x"}), "plan.tags", "missing"),
        ({"prompt": "x", **SHORT}, "full_described_song", "missing"),
    ],
)
def test_a_field_that_cannot_be_used_is_named_with_its_fix(
    client: httpx.Client, body: dict[str, Any], field: str, says: str
) -> None:
    response = client.post(
        "/generate-from-description", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["field"] == field
    assert says in problem["fix"]
    assert problem["retry"] is False
    assert problem["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("content", "kind", "status", "slug"),
    [
        (b"{", "application/json", 400, "malformed-body"),
        (b"\xff\xfe", "application/json", 400, "malformed-body"),
        (b"[" * 10_000 + b"]" * 10_000, "application/json", 400, "malformed-body"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "application/json", 400, "malformed-body"),
        (b'{"full_described_song":"x"}', "text/plain", 415, "unsupported-media-type"),
        (b'{"full_described_song":"x"}', "", 415, "unsupported-media-type"),
        (b"full_described_song=x", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        (b'"x"', "application/json", 422, "invalid-request"),
        (b'{"full_described_song":"\\ud800"}', "application/json", 422, "invalid-request"),
        (b'{"full_described_song":"x","audio_duration":NaN}', "application/json", 422, "invalid-request"),
        (
            b'{"full_described_song":"x","seed":' + b"9" * 5000 + b"}",
            "application/json",
            400,
            "malformed-body",
        ),
        (b" " * 1_100_000, "application/json", 413, "body-too-large"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused_plainly(
    client: httpx.Client, content: bytes, kind: str, status: int, slug: str
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    response = client.post("/generate-from-description", content=content, headers=headers)
    assert (response.status_code, response.json()["type"]) == (status, f"urn:songwright:problem:{slug}")
    assert client.get("/health").status_code == 200


def test_a_song_that_fails_says_why_and_whether_to_ask_again(tmp_path: Path) -> None:
    broken = {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:BrokenComposer"}
    with serving(tmp_path, **broken) as server, server.client() as client:
        response = client.post("/generate-from-description", json=describe())
        assert response.status_code == 500
        problem = response.json()
        assert problem["type"] == "urn:songwright:problem:engine-failed"
        assert "a bug in the engine" in problem["detail"]
        song = client.get(response.headers["Location"]).json()
        assert song["id"] == problem["song_id"]
        assert song["error"]["type"] == "EngineFailed"
        assert song["cover_image_r2_key"], "what was made is kept"


def test_an_engine_that_cannot_load_is_said_before_anything_is_queued(tmp_path: Path) -> None:
    absent = {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:AbsentComposer"}
    with serving(tmp_path, ready=False, **absent) as server, server.client() as client:
        until = time.monotonic() + 20
        while client.get("/health/ready").json()["engines"]["music"]["state"] == "starting":
            assert time.monotonic() < until
        readiness = client.get("/health/ready")
        assert readiness.status_code == 503
        assert "the weights are missing" in readiness.json()["engines"]["music"]["detail"]
        response = client.post("/generate-from-description", json=describe())
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) >= 1
        assert response.json()["retry"] is True
        assert response.json()["fix"] == "download them"
        assert client.get("/songs").json()["songs"] == []


def test_past_its_bound_the_queue_refuses_and_what_it_took_it_keeps(tmp_path: Path) -> None:
    bounds = SLOW | {"SONGWRIGHT_QUEUE_LIMIT": "3", "SONGWRIGHT_MUSIC__PROCESSES": "1"}
    with serving(tmp_path, **bounds) as server, server.client() as client:
        taken, refused = [], []
        for _ in range(10):
            response = client.post("/generate-from-description", json=describe(), headers=ASYNC)
            (taken if response.status_code == 202 else refused).append(response)
        assert {response.status_code for response in refused} == {429}
        assert all(int(response.headers["Retry-After"]) >= 1 for response in refused)
        assert refused[0].json()["type"] == "urn:songwright:problem:queue-full"
        assert 3 <= len(taken) <= 5
        listed = {song["id"] for song in client.get("/songs").json()["songs"]}
        assert listed == {response.json()["id"] for response in taken}
        four = client.post("/generate-from-description", json=describe(variations=4), headers=ASYNC)
        assert four.status_code == 429
        places = [client.get(f"/songs/{song_id}").json()["queue_position"] for song_id in sorted(listed)]
        assert [place for place in places if place is not None] == [3, 2, 1], "newest first"


def test_a_song_that_takes_too_long_fails_by_its_own_clock(tmp_path: Path) -> None:
    limits = SLOW | {"SONGWRIGHT_JOB_TIMEOUT_S": "1", "SONGWRIGHT_MUSIC__PROCESSES": "1"}
    with serving(tmp_path, **limits) as server, server.client() as client:
        first, second = (
            client.post("/generate-from-description", json=describe(instrumental=True), headers=ASYNC).json()[
                "id"
            ]
            for _ in range(2)
        )
        for song_id in (first, second):
            song = ended(client, song_id)
            assert (song["status"], song["error"]["type"]) == ("failed", "EngineTimeout")
        response = client.post("/generate-from-description", json=describe())
        assert response.status_code == 504
        assert response.json()["retry"] is False


def test_like_makes_a_song_again(client: httpx.Client) -> None:
    first = client.post("/generate-from-description", json=describe("like this", seed=41)).json()
    again = client.post("/generate-like", json={"like": first["id"]})
    assert again.status_code == 200
    answer = again.json()
    assert (answer["like"], answer["seed"], answer["plan"]) == (first["id"], 41, first["plan"])
    assert answer["id"] != first["id"]
    assert answer["cached"] is False
    for role in ("audio", "cover"):
        assert answer["assets"][role]["sha256"] == first["assets"][role]["sha256"]
    other = client.post("/generate-like", json={"like": first["id"], "seed": 42, "format": "flac"}).json()
    assert (other["seed"], other["plan"]) == (42, first["plan"])
    assert other["r2_key"].endswith(".flac")


def test_like_refuses_a_song_that_is_not_there_and_fields_it_does_not_know(client: httpx.Client) -> None:
    assert client.post("/generate-like", json={"like": "0000nosuchsong0"}).status_code == 404
    wrong = client.post("/generate-like", json={"like": "0000nosuchsong0", "tempo": 3})
    assert wrong.status_code == 422
    assert "tempo" in wrong.text
