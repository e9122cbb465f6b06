"""Recordings over HTTP: what is kept of one, and what is refused, how and how soon."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import soundfile

from orchestrator.pipeline.inputs.decoding import MOST_WAITING
from tests.hostile.hanging import sent
from tests.music.recordings import file_of, m4a, tone
from tests.service.server import Server, serving

PATH = "/audio"
MINE = {"rights": "mine"}
MP3 = file_of(tone(), format_="MP3")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    limits = {"SONGWRIGHT_SOURCE_LIMIT": "6", "SONGWRIGHT_AUDIO_LIMIT_BYTES": "3000000"}
    with serving(tmp_path_factory.mktemp("home"), **limits) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as connected:
        yield connected
        for each in connected.get(PATH).json()["recordings"]:
            assert connected.delete(f"{PATH}/{each['id']}").status_code == 204


def send(client: httpx.Client, data: bytes, fields: dict[str, str] = MINE, **headers: str) -> httpx.Response:
    return client.post(PATH, content=data, params=fields, headers=headers)


def send_form(client: httpx.Client, data: bytes, fields: dict[str, str] = MINE) -> httpx.Response:
    return client.post(PATH, data=fields, files={"audio": ("My tune.exe", data, "text/plain")})


def refused(response: httpx.Response, status: int, field: str | None, says: str) -> None:
    assert response.status_code == status, response.text
    problem: dict[str, Any] = response.json()
    assert problem.get("field") == field
    assert says in problem["detail"]
    assert "\n" not in problem["detail"]


def test_a_recording_is_kept_listed_played_and_deleted(server: Server, client: httpx.Client) -> None:
    response = send(client, MP3, {"rights": "licensed", "name": "A tune\u202e of mine"})
    assert response.status_code == 201, response.text
    recording = response.json()
    where = response.headers["location"]
    assert where == f"{PATH}/{recording['id']}"
    assert recording["name"] == "A tune of mine"
    assert (recording["rights"], recording["kind"], recording["rate_hz"]) == ("licensed", "MP3", 44_100)
    assert recording["size_bytes"] == len(MP3)
    assert recording["duration_s"] == pytest.approx(2.0, abs=0.1)
    assert client.get(where).json() == recording
    assert client.get(PATH).json() == {"recordings": [recording]}

    sound = client.get(f"{where}/content")
    assert sound.headers["content-type"] == "audio/flac"
    assert soundfile.info(io.BytesIO(sound.content)).duration == pytest.approx(recording["duration_s"])
    part = client.get(f"{where}/content", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"fLaC")
    head = client.head(f"{where}/content")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(sound.content)))

    assert client.delete(where).status_code == 204
    refused(client.get(where), 404, None, "see GET /audio")
    refused(client.delete(where), 404, None, "see GET /audio")
    refused(client.get(f"{where}/content"), 404, None, "see GET /audio")
    assert not list((server.home / "sources").rglob("*.*"))


def test_the_same_file_is_the_same_recording_and_the_last_word_on_it_holds(client: httpx.Client) -> None:
    first = send(client, MP3)
    again = send_form(client, MP3, {"rights": "public-domain"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["location"] == again.headers["location"]
    assert again.json() == first.json() | {"rights": "public-domain", "name": "My tune.exe"}
    assert len(client.get(PATH).json()["recordings"]) == 1
    assert send(client, file_of(tone(1.5), format_="MP3")).json()["id"] != first.json()["id"]


def test_a_form_and_the_bare_file_are_kept_alike_whatever_they_are_called(client: httpx.Client) -> None:
    form = send_form(client, m4a(tone()))
    bare = send(client, file_of(tone(1.5)), **{"Content-Type": "application/json"})
    assert (form.status_code, bare.status_code) == (201, 201), (form.text, bare.text)
    assert (form.json()["kind"], bare.json()["kind"]) == ("M4A", "WAV")
    assert form.json()["name"] == "My tune.exe"
    newest = client.get(PATH).json()["recordings"]
    assert [each["id"] for each in newest] == [bare.json()["id"], form.json()["id"]]


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({}, "rights", "say that you may use the recording"),
        ({"rights": "stolen"}, "rights", "'mine'"),
        ({"rights": "mine", "name": "x" * 201}, "name", "200"),
        ({"rights": "mine", "titel": "x"}, "titel", "there is no such"),
    ],
)
def test_fields_that_cannot_be_used_are_named(
    client: httpx.Client, fields: dict[str, str], field: str, says: str
) -> None:
    refused(send_form(client, MP3, fields), 422, field, says)
    if field != "titel":
        refused(send(client, MP3, fields), 422, field, says)


def test_what_is_no_recording_is_refused_by_its_bytes(client: httpx.Client) -> None:
    refused(send(client, b"la la la" * 100), 415, "audio", "send a WAV, FLAC, MP3, Ogg or M4A file")
    refused(send(client, b""), 422, "audio", "the file is empty")
    refused(send(client, file_of(tone(0.5))), 422, "audio", "send 1 s at the least")
    refused(send(client, file_of(0 * tone())), 422, "audio", "of silence")
    form = {"files": {"photo": ("a.mp3", MP3)}, "data": MINE}
    refused(client.post(PATH, **form), 422, "audio", "not as 'photo'")  # type: ignore[arg-type]
    refused(client.post(PATH, data=MINE), 422, "rights", "may use")  # a form of the other kind
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    refused(client.post(PATH, content=b"--y\r\n", headers=headers), 400, None, "send one recording")
    assert client.get(PATH).json() == {"recordings": []}


def test_a_body_that_is_too_large_is_refused_while_it_arrives(client: httpx.Client) -> None:
    refused(send(client, bytes(4_000_000)), 413, None, "3,100,000 bytes")
    refused(send(client, bytes(3_050_000)), 413, None, "The recording may have 3,000,000 bytes")
    refused(send_form(client, bytes(3_050_000)), 413, None, "The recording may have 3,000,000 bytes")
    pieces = 0

    def endless() -> Iterator[bytes]:  # no length is announced
        nonlocal pieces
        while pieces < 1_000:
            pieces += 1
            yield bytes(100_000)

    with suppress(httpx.WriteError):  # the connection is closed while more is sent
        refused(client.post(PATH, content=endless(), params=MINE), 413, None, "3,100,000 bytes")
    assert pieces < 500


def test_more_than_may_be_kept_are_refused_with_a_way_out(client: httpx.Client) -> None:
    made = [send(client, file_of(tone(1.0 + n / 10), format_="FLAC")) for n in range(6)]
    assert [response.status_code for response in made] == [201] * 6
    refused(send(client, MP3), 409, None, "6 recordings are kept, which is the most - delete one")
    assert send(client, file_of(tone(1.0), format_="FLAC")).status_code == 200  # as before
    assert client.delete(made[0].headers["location"]).status_code == 204
    assert send(client, MP3).status_code == 201


def test_uploads_beyond_those_that_may_arrive_at_once_are_told_to_come_again(
    server: Server, client: httpx.Client
) -> None:
    request = client.build_request(
        "POST", PATH, params=MINE, content=MP3, headers={"Content-Length": str(len(MP3) + 1)}
    )
    waiting = [sent(request) for _ in range(MOST_WAITING)]  # each lacks its last byte
    try:
        response = send(client, MP3)
        while response.status_code != 429:  # the last of them is not known yet
            response = send(client, MP3)
        refused(response, 429, None, "recordings")
        assert int(response.headers["retry-after"]) >= 1
        assert client.get("/health").status_code == 200
    finally:
        for connection in waiting:
            connection.close()
    while (response := send(client, MP3)).status_code == 429:
        continue
    assert response.status_code in (200, 201)


def test_nothing_is_taken_or_shown_without_the_token(server: Server, client: httpx.Client) -> None:
    where = send(client, MP3).headers["location"]
    with server.client(token="") as stranger:
        for answer in (
            send(stranger, MP3),
            *(stranger.get(path) for path in (PATH, where, f"{where}/content")),
            stranger.delete(where),
        ):
            assert answer.status_code == 401
    assert client.get(where).status_code == 200


def test_a_damaged_manifest_harms_no_other_recording_and_can_be_deleted(
    server: Server, client: httpx.Client
) -> None:
    good, bad = (send(client, file_of(tone(seconds))).json()["id"] for seconds in (1.5, 1.6))
    path = server.home / "sources" / bad / "source.json"
    for damage in (b"", b"{", json.dumps(json.loads(path.read_text()) | {"id": good}).encode()):
        path.write_bytes(damage)
        assert [each["id"] for each in client.get(PATH).json()["recordings"]] == [good]
        refused(client.get(f"{PATH}/{bad}"), 409, None, "cannot be read")
    assert send(client, file_of(tone(1.6))).status_code == 201  # kept anew


def test_recordings_outlive_the_service(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        with server.client() as client:
            recording = send(client, MP3).json()
        assert server.stop() == 0
        server.start()
        with server.client() as client:
            assert client.get(PATH).json() == {"recordings": [recording]}
            assert send(client, MP3).status_code == 200
