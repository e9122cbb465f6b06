"""The MusicGen services that Songwright replaces: what their documents show is sent to a running server, and
answered as they say."""

import argparse
import base64
import io
import json
import shlex
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from tests.orchestrator.test_cli import HERE
from tests.service.server import TOKEN, Server, ended, serving
from tests.service.test_generation import ASYNC, SLOW

RATE_HZ = 8000  # of the quick test engine
DOORS = ("/generate-music", "/", "/generate_endpoint")
JOYFUL = {
    "mood": "joyful",
    "energy": 8,
    "genres": ["electronic"],
    "tempo_bpm": 120,
    "styleLevel": 7,
    "vocalType": "instrumental",
}
BODIES: dict[str, dict[str, Any]] = {
    "/generate-music": JOYFUL | {"duration": 1},
    "/": {"prompt": "a hum", "duration": 1},
    "/generate_endpoint": {"prompt": "a hum", "duration": 1},
}
SKETCH = {f"SONGWRIGHT_{craft}__ENGINE": "sketch" for craft in ("LYRICS", "MUSIC", "ART")}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as connected:
        yield connected


def samples_of(data: bytes, seconds: float, rate_hz: int = RATE_HZ) -> np.ndarray:  # type: ignore[type-arg]
    samples, rate = soundfile.read(io.BytesIO(data), always_2d=True)
    assert rate == rate_hz
    assert len(samples) == round(seconds * rate_hz)
    assert np.abs(samples).max() > 0.001
    return samples


def typed(answer: dict[str, Any], **types: type | tuple[type, ...]) -> None:
    """Every documented field is there, and of the documented type."""
    for name, kind in types.items():
        assert isinstance(answer[name], kind), name
        assert not isinstance(answer[name], bool) or kind is bool, name


NUMBER = (int, float)
RAW_FIELDS: dict[str, Any] = {
    "success": bool,
    "audio_base64": str,
    "prompt": str,
    "duration": NUMBER,
    "sample_rate": int,
    "size_bytes": int,
    "generation_time_seconds": NUMBER,
    "format": str,
}

# The documents' own commands, word for word; where they were to be sent is what a client changes.
CURL = {
    "/generate_endpoint": """
curl -X POST "https://<your-modal-app>.modal.run/generate_endpoint" \\
    -H "Content-Type: application/json" \\
    -d '{"prompt": "epic orchestral music", "duration": 8}' \\
    | jq -r '.audio_base64' | base64 -d > output.wav
""",
    "/": """
curl -X POST https://your-username--your-app-name-fastapi-app.modal.run \\
  -H "Content-Type: application/json" \\
  -d '{"prompt": "calm ambient music with piano", "duration": 10}'
""",
    "/generate-music": """
curl -X POST https://your-project.supabase.co/functions/v1/generate-music \\
  -H "Authorization: Bearer YOUR_ANON_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"prompt": "upbeat electronic music", "duration": 30}'
""",
}
PYTHON = """
import requests
import base64

response = requests.post(
    "https://<your-modal-app>.modal.run/generate_endpoint",
    json={
        "prompt": "calm acoustic guitar melody",
        "duration": 10.0
    }
)

data = response.json()
audio_bytes = base64.b64decode(data["audio_base64"])

with open("output.wav", "wb") as f:
    f.write(audio_bytes)
"""
# What the edge function's TypeScript sends: ``body: JSON.stringify({ prompt, duration, temperature })``, once
# from its own schema's defaults and once from ``buildMusicGenPrompt``.
TYPESCRIPT = [
    '{"prompt": "upbeat electronic music", "duration": 30, "temperature": 1}',
    '{"prompt": "modern electronic, uplifting cheerful, moderate upbeat tempo, with synthesizers, electronic '
    "drums, bass, pristine clarity with professional mastering, instrumental, no vocals, powerful driving "
    'dynamics, high quality production", "duration": 30, "temperature": 1.0}',
]
FORMATS = [
    '{"prompt": "upbeat electronic music with synthesizers", "duration": 30, "temperature": 1.0}',
    '{"prompt": "upbeat electronic dance music with heavy bass", "duration": 8.0, "temperature": 1.0, '
    '"top_k": 250, "top_p": 0.0, "cfg_coef": 3.0}',
]


def by_curl(path: str, server: Server) -> httpx.Response:
    """The answer to the documents' command, sent here: not every machine has curl."""
    command = CURL[path].partition("|")[0].replace("\\\n", "").replace("YOUR_ANON_KEY", TOKEN)
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append")
    parser.add_argument("-d", dest="data")
    given = parser.parse_args(shlex.split(command)[1:])
    headers = dict(header.split(": ", 1) for header in given.headers)
    if "Authorization" not in headers:  # as curl makes it of https://:TOKEN@host/
        headers["Authorization"] = f"Basic {base64.b64encode(f':{TOKEN}'.encode()).decode()}"
    return httpx.request(
        given.method, server.url + path, headers=headers, content=given.data.encode(), timeout=60.0
    )


def test_the_documents_curl_for_the_endpoint_is_answered_as_documented(server: Server) -> None:
    response = by_curl("/generate_endpoint", server)
    assert response.status_code == 200, response.text
    typed(response.json(), audio_base64=str, sample_rate=int, duration=float)
    assert response.json()["duration"] == 8.0
    samples_of(base64.b64decode(response.json()["audio_base64"], validate=True), 8.0)


def test_the_documents_curl_for_a_prompt_is_answered_as_documented(server: Server) -> None:
    response = by_curl("/", server)
    assert response.status_code == 200, response.text
    answer = response.json()
    typed(answer, **RAW_FIELDS)
    assert (answer["success"], answer["duration"], answer["format"]) == (True, 10, "wav")
    assert answer["prompt"] == "calm ambient music with piano"
    data = base64.b64decode(answer["audio_base64"], validate=True)
    assert len(data) == answer["size_bytes"]
    samples_of(data, 10)


def test_the_documents_curl_for_the_edge_function_is_answered_as_documented(server: Server) -> None:
    response = by_curl("/generate-music", server)
    assert response.status_code == 200, response.text
    answer = response.json()
    typed(answer, success=bool, audioUrl=str, prompt=str, metadata=dict)
    typed(answer["metadata"], duration=NUMBER, sample_rate=int, format=str, generation_time_seconds=NUMBER)
    assert answer["success"] is True
    assert answer["prompt"] == "upbeat electronic music"
    head, _, encoded = answer["audioUrl"].partition(",")
    assert head == "data:audio/wav;base64"
    samples_of(base64.b64decode(encoded, validate=True), 30)


def test_the_documents_python_runs_with_no_change_but_the_url(server: Server, tmp_path: Path) -> None:
    ours = server.url.replace("http://", f"http://:{TOKEN}@")
    code = PYTHON.replace("https://<your-modal-app>.modal.run", ours)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    samples_of((tmp_path / "output.wav").read_bytes(), 10)


@pytest.mark.parametrize("body", [*TYPESCRIPT, FORMATS[0]])
def test_the_edge_functions_own_request_is_answered_as_it_reads_it(client: httpx.Client, body: str) -> None:
    answer = client.post("/", content=body, headers={"Content-Type": "application/json"}).json()
    typed(answer, **RAW_FIELDS)
    assert answer["duration"] == 30
    samples_of(base64.b64decode(answer["audio_base64"]), 30)


def test_the_endpoints_own_parameters_reach_the_engine_or_are_said_to_have_none(client: httpx.Client) -> None:
    response = client.post(
        "/generate_endpoint", content=FORMATS[1], headers={"Content-Type": "application/json"}
    )
    typed(response.json(), audio_base64=str, sample_rate=int, duration=float)
    song = client.get(response.headers["Location"]).json()
    names = ("temperature", "top_k", "top_p", "guidance_scale")
    assert [song["brief"][name] for name in names] == [1.0, 250, 0.0, 3.0]
    assert "top_k 250 was not used" in " ".join(song["warnings"])


@pytest.mark.parametrize(
    ("path", "duration"), [("/", 30.0), ("/generate_endpoint", 8.0), ("/generate-music", 30.0)]
)
def test_what_is_left_out_has_the_documented_default(
    client: httpx.Client, path: str, duration: float
) -> None:
    response = client.post(path, json={"prompt": "a hum"}, headers=ASYNC)
    assert response.status_code == 202
    brief = response.json()["brief"]
    assert brief["duration_s"] == duration
    # MusicGen's own defaults are those of the documents; another engine's are its own.
    assert [brief[name] for name in ("temperature", "top_k", "top_p", "guidance_scale")] == [None] * 4
    assert brief["cover"] is False


def test_a_structured_request_is_told_to_the_engine_in_the_documented_words(client: httpx.Client) -> None:
    response = client.post("/generate-music", json=JOYFUL | {"duration": 2, "seed": 5})
    answer = response.json()
    assert answer["prompt"].startswith("modern electronic, uplifting cheerful, moderate upbeat tempo, with ")
    assert 10 <= len(answer["prompt"].split()) <= 25
    song = client.get(response.headers["Location"]).json()
    assert song["id"] == answer["metadata"]["song_id"]
    assert answer["metadata"]["seed"] == song["seed"] == 5
    assert ", ".join(song["plan"]["tags"]) == answer["prompt"]
    assert (song["plan"]["tempo_bpm"], song["plan"]["energy"]) == (120.0, 8)
    assert song["engines"]["lyrics"]["name"] == "given"


def test_no_cover_is_painted_and_no_words_are_written_for_music_alone(client: httpx.Client) -> None:
    for path, body in BODIES.items():
        song = client.get(client.post(path, json=body).headers["Location"]).json()
        assert song["status"] == "done"
        assert song["cover_image_r2_key"] is None
        assert "lyrics" not in song["assets"]
        assert set(song["timings_s"]) == {"lyrics", "music"}
        assert set(song["engines"]) == {"lyrics", "music"}
        assert client.get(f"/songs/{song['id']}/package").status_code == 200
        again = client.post("/generate-like", json={"like": song["id"]}).json()
        assert again["assets"]["audio"]["sha256"] == song["assets"]["audio"]["sha256"]


def test_neither_writer_nor_painter_need_be_there_for_music_alone(tmp_path: Path) -> None:
    absent = {
        f"SONGWRIGHT_{craft}__ENGINE": f"{HERE}:{name}"
        for craft, name in (("LYRICS", "AbsentWriter"), ("ART", "AbsentPainter"))
    }
    with serving(tmp_path, ready=False, **absent) as server, server.client() as client:
        for path, body in BODIES.items():
            assert client.post(path, json=body).status_code == 200, path
        assert client.post("/generate-from-description", json={"full_described_song": "x"}).status_code == 503


def test_a_signed_address_is_given_where_asked_and_needs_no_token(client: httpx.Client) -> None:
    answer = client.post("/generate-music", json=JOYFUL | {"duration": 3, "audio_url": "signed"}).json()
    assert answer["audioUrl"].startswith("http")
    samples_of(httpx.get(answer["audioUrl"]).raise_for_status().content, 3)
    flac = client.post("/generate-music", json=JOYFUL | {"duration": 1, "format": "flac"}).json()
    assert flac["audioUrl"].startswith("data:audio/flac;base64,")
    assert flac["metadata"]["format"] == "flac"
    samples_of(base64.b64decode(flac["audioUrl"].partition(",")[2]), 1)


@pytest.mark.parametrize(("duration", "start"), [(45, "data:"), (120, "data:"), (121, "http")])
def test_longer_music_is_made_and_what_is_too_long_for_a_data_url_has_an_address(
    client: httpx.Client, duration: int, start: str
) -> None:
    answer = client.post("/generate-music", json=JOYFUL | {"duration": duration}).json()
    assert answer["metadata"]["duration"] == duration
    assert answer["audioUrl"].startswith(start)


def test_a_second_is_made_by_the_embedded_engines_too(tmp_path: Path) -> None:
    with serving(tmp_path, SONGWRIGHT_MUSIC__PROCESSES="1", **SKETCH) as server, server.client() as client:
        answer = client.post("/generate-music", json=JOYFUL | {"duration": 1}).json()
        samples_of(base64.b64decode(answer["audioUrl"].partition(",")[2]), 1, 44_100)
        response = client.post("/", json={"prompt": "slow jazz, piano, 70 BPM", "duration": 1.5})
        samples_of(base64.b64decode(response.json()["audio_base64"]), 1.5, 44_100)
        plan = client.get(response.headers["Location"]).json()["plan"]
        assert (plan["genre"], plan["voice"]) == ("jazz", "none")


PROMPT_ERRORS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "prompt", "missing"),
    ({"prompt": ""}, "prompt", "at least 1 character"),
    ({"prompt": "  "}, "prompt", "blank"),
    ({"prompt": 5}, "prompt", "text"),
    ({"prompt": "x", "duration": 0.9}, "duration", "1 or more"),
    ({"prompt": "x", "duration": 30.1}, "duration", "30 or less"),
    ({"prompt": "x", "duration": "10"}, "duration", "number"),
    ({"prompt": "x", "temperature": 0.09}, "temperature", "0.1"),
    ({"prompt": "x", "temperature": 2.1}, "temperature", "2"),
]


@pytest.mark.parametrize(
    ("path", "body", "field", "says"),
    [
        *(("/", *case) for case in PROMPT_ERRORS),
        ("/", {"prompt": "x" * 501}, "prompt", "500"),
        *(("/generate_endpoint", *case) for case in PROMPT_ERRORS),
        ("/generate_endpoint", {"prompt": "x", "top_k": -1}, "top_k", "0 or more"),
        ("/generate_endpoint", {"prompt": "x", "top_p": 1.1}, "top_p", "1 or less"),
        ("/generate_endpoint", {"prompt": "x", "cfg_coef": "3"}, "cfg_coef", "number"),
        ("/generate-music", {"prompt": "x" * 501}, "prompt", "500"),
        ("/generate-music", {"prompt": 5}, "prompt", "text"),
        ("/generate-music", JOYFUL | {"mood": 3}, "mood", "text"),
        ("/generate-music", JOYFUL | {"mood": " "}, "mood", ""),
        ("/generate-music", JOYFUL | {"energy": -0.1}, "energy", "0 or more"),
        ("/generate-music", JOYFUL | {"energy": 10.1}, "energy", "10 or less"),
        ("/generate-music", JOYFUL | {"energy": "8"}, "energy", "number"),
        ("/generate-music", JOYFUL | {"genres": []}, "genres", "at least 1"),
        ("/generate-music", JOYFUL | {"genres": "electronic"}, "genres", "list"),
        ("/generate-music", {"mood": "joyful", "energy": 8}, "genres", "missing"),
        ("/generate-music", JOYFUL | {"tempo_bpm": 39}, "tempo_bpm", "40"),
        ("/generate-music", JOYFUL | {"tempo_bpm": 221}, "tempo_bpm", "220"),
        ("/generate-music", JOYFUL | {"styleLevel": 11}, "styleLevel", "10 or less"),
        ("/generate-music", JOYFUL | {"vocalType": "yodel"}, "vocalType", "'choir'"),
        ("/generate-music", JOYFUL | {"duration": 0.5}, "duration", "1 or more"),
        ("/generate-music", JOYFUL | {"duration": 601}, "duration", "600"),
    ],
)
def test_a_body_that_cannot_be_used_is_400_with_the_field_and_its_fix(
    client: httpx.Client, path: str, body: dict[str, Any], field: str, says: str
) -> None:
    response = client.post(path, json=body)
    assert response.status_code == 400, response.text
    answer = response.json()
    assert answer["success"] is False
    assert answer["error"].startswith(f"{field}: ")
    assert says in answer["error"]
    assert (answer["status"], answer["field"], answer["retry"]) == (400, field, False)


@pytest.mark.parametrize("path", DOORS)
def test_every_refusal_has_success_and_error(server: Server, client: httpx.Client, path: str) -> None:
    json_type = {"Content-Type": "application/json"}
    big = b'{"prompt":"' + b"x" * 1_100_000 + b'"}'
    with server.client(token="") as nobody, server.client(token="wrong-token-123") as wrong:
        basic = {"Authorization": "Basic " + base64.b64encode(b":wrong-token-123").decode()}
        answers = [
            (401, nobody.post(path, json=BODIES[path])),
            (401, wrong.post(path, json=BODIES[path])),
            (401, nobody.post(path, json=BODIES[path], headers=basic)),
            (400, client.post(path, content=b"{", headers=json_type)),
            (400, client.post(path, content=b'"x"', headers=json_type)),
            (413, client.post(path, content=big, headers=json_type)),
            (415, client.post(path, content=b"prompt=x", headers={"Content-Type": "text/plain"})),
        ]
    for status, response in answers:
        assert response.status_code == status, response.text
        assert ("WWW-Authenticate" in response.headers) == (status == 401)
        answer = response.json()
        assert (answer["success"], type(answer["error"])) == (False, str)
        assert answer["error"]
        assert answer["retry"] is False
        assert answer["type"].startswith("urn:songwright:problem:")


def test_a_token_in_the_url_is_for_these_paths_alone(server: Server) -> None:
    basic = {"Authorization": "Basic " + base64.b64encode(f":{TOKEN}".encode()).decode()}
    assert httpx.post(f"{server.url}/", json=BODIES["/"], headers=basic).status_code == 200
    assert httpx.get(f"{server.url}/songs", headers=basic).status_code == 401
    assert httpx.get(f"{server.url}/").status_code == 200, "the page is still there"
    assert httpx.delete(f"{server.url}/", headers=basic).status_code == 401
    refused = httpx.put(f"{server.url}/", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, POST")


def test_another_paths_refusals_are_as_they_were(client: httpx.Client) -> None:
    response = client.post("/generate-from-description", json={})
    assert response.status_code == 422
    assert not {"success", "error"} & response.json().keys()


def test_what_the_engine_breaks_on_is_500_and_a_queue_that_is_full_429(tmp_path: Path) -> None:
    broken = {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:BrokenComposer"}
    with serving(tmp_path / "broken", **broken) as server, server.client() as client:
        for path, body in BODIES.items():
            response = client.post(path, json=body)
            answer = response.json()
            assert response.status_code == 500
            assert (answer["success"], answer["retry"]) == (False, True)
            assert "a bug in the engine" in answer["error"]
    full = SLOW | {"SONGWRIGHT_QUEUE_LIMIT": "1", "SONGWRIGHT_MUSIC__PROCESSES": "1"}
    with serving(tmp_path / "full", **full) as server, server.client() as client:
        refused = []
        for path in DOORS * 3:
            response = client.post(path, json=BODIES[path], headers=ASYNC)
            if response.status_code != 202:
                refused.append(response)
        assert {response.status_code for response in refused} == {429}
        assert all(int(response.headers["Retry-After"]) >= 1 for response in refused)
        assert all(response.json()["success"] is False for response in refused)
        assert len({response.request.url.path for response in refused}) == 3


def test_an_engine_that_cannot_load_is_503_with_when_to_ask_again(tmp_path: Path) -> None:
    absent = {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:AbsentComposer"}
    with serving(tmp_path, ready=False, **absent) as server, server.client() as client:
        for path, body in BODIES.items():
            response = client.post(path, json=body)
            assert response.status_code == 503
            assert int(response.headers["Retry-After"]) >= 1
            answer = response.json()
            assert (answer["success"], answer["retry"]) == (False, True)
            assert "the weights are missing" in answer["error"]


def test_it_is_the_same_durable_job_as_any_song(client: httpx.Client) -> None:
    headers = ASYNC | {"Idempotency-Key": str(uuid.uuid4())}
    for path, body in BODIES.items():
        headers |= {"Idempotency-Key": str(uuid.uuid4())}
        first = client.post(path, json=body, headers=headers)
        assert (first.status_code, first.headers["Preference-Applied"]) == (202, "respond-async")
        song = ended(client, first.json()["id"])
        samples_of(client.get(f"/songs/{song['id']}/audio").content, 1)
        del headers["Prefer"]
        again = client.post(path, json=body, headers=headers)
        assert again.headers["Location"] == f"/songs/{song['id']}"
        assert again.status_code == 200
        assert {"audioUrl", "audio_base64"} & again.json().keys()
        headers |= ASYNC


def test_a_field_that_nobody_knows_is_named_and_a_seed_repeats(client: httpx.Client) -> None:
    body = JOYFUL | {"duration": 1, "seed": 9, "instrumnts": ["piano"]}
    first, again = (
        client.post("/generate-music", json=body, headers={"Cache-Control": "no-cache"}).json()
        for _ in range(2)
    )
    assert first["audioUrl"] == again["audioUrl"]
    assert "did you mean instruments?" in " ".join(first["metadata"]["warnings"])


def test_health_names_the_model_that_makes_the_music(client: httpx.Client) -> None:
    typed(client.get("/health").json(), status=str, model=str)


def test_the_examples_of_the_document_are_answered(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    for path in DOORS:
        schema = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        for reference in [schema] if "$ref" in schema else schema["anyOf"]:
            model = document["components"]["schemas"][reference["$ref"].rpartition("/")[2]]
            for example in model["examples"]:
                response = client.post(
                    path,
                    content=json.dumps(example | {"duration": 1}),
                    headers={"Content-Type": "application/json"},
                )
                assert response.status_code == 200, response.text
        assert "422" not in document["paths"][path]["post"]["responses"]
