"""Songs from photos over HTTP: what comes of one, and what is refused, how and how soon."""

import io
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.orchestrator.test_cli import HERE
from tests.service.server import TOKEN, Server, ended, serving
from tests.service.test_generation import ASYNC, SLOW
from tests.vision.photos import file_of, shot
from tests.vision.test_photo import bomb
from vision.contract import GENRES, MOODS

PATH = "/generate-from-image"
SHORT = {"audio_duration": "5"}
SECRET = b"Somewhere, 52.5200 N"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as connected:
        yield connected


def send(
    client: httpx.Client, data: bytes, fields: dict[str, Any] | None = None, **options: Any
) -> httpx.Response:
    files = {"image": ("holiday.jpg", data, "image/jpeg")}
    return client.post(PATH, data=SHORT | (fields or {}), files=files, **options)


def jpeg(kind: str = "day") -> bytes:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    return file_of(shot(kind), "JPEG", exif=exif.tobytes())


def test_a_photo_becomes_a_song_with_its_scene(client: httpx.Client) -> None:
    response = send(client, jpeg())
    assert response.status_code == 200, response.text
    song = response.json()
    assert song["status"] == "done"
    scene = song["scene"]
    assert scene["mood"] in MOODS
    assert set(scene["genres"]) <= set(GENRES)
    assert 0 <= scene["energy"] <= 10
    assert 40 <= scene["tempo_bpm"] <= 220
    assert "a blue sky" in scene["elements"]
    # The writer of these tests has the description as its title.
    for word in (scene["mood"], scene["genres"][0], f"{scene['tempo_bpm']:g} BPM"):
        assert word in song["plan"]["title"]
    assert song["engines"]["vision"]["name"] == "sketch"
    assert song["engines"]["art"]["name"] == "blank"
    assert "photo" in song["timings_s"]
    assert song["brief"]["photo"] == song["assets"]["photo"]["sha256"]
    assert song["cover_image_r2_key"].endswith("cover.png")


def test_the_photo_is_kept_without_what_else_was_in_the_file(server: Server, client: httpx.Client) -> None:
    song = send(client, jpeg("sea")).json()
    kept = client.get(song["urls"]["photo"]).content
    assert song["assets"]["photo"]["key"] == f"songs/{song['id']}/photo.png"
    assert kept.startswith(b"\x89PNG")
    for path in (server.home / "songs" / song["id"]).rglob("*"):
        assert not path.is_file() or SECRET not in path.read_bytes()
    with Image.open(io.BytesIO(kept)) as image:
        assert image.size == shot("sea").shape[1::-1]
    package = client.get(f"/songs/{song['id']}/package").content
    assert b" photo.png" in package
    assert client.delete(f"/songs/{song['id']}").status_code == 204
    assert not (server.home / "songs" / song["id"]).exists()


def test_the_photo_can_be_the_cover_with_the_title_on_it_or_without(client: httpx.Client) -> None:
    fields = {"photo_as_cover": "true", "seed": "3"}
    plain = send(client, jpeg("sunset"), fields | {"cover_title": "false"}).json()
    titled = send(client, jpeg("sunset"), fields).json()
    covers = []
    for song in (plain, titled):
        assert song["engines"]["art"]["name"] == "photo"
        data = client.get(f"/songs/{song['id']}/cover").content
        assert SECRET not in data
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == (1024, 1024)
            covers.append(np.asarray(image.convert("RGB")).astype(int))
    photo = Image.fromarray(shot("sunset")).resize((1365, 1024)).crop((170, 0, 1194, 1024))
    assert np.abs(covers[0] - np.asarray(photo)).mean() < 12
    assert np.abs(covers[0] - covers[1])[700:].mean() > 1


def test_words_add_to_the_photo_and_come_first(client: httpx.Client) -> None:
    song = send(client, jpeg(), {"prompt": "punk, 170 BPM", "instrumental": "true"}).json()
    assert song["plan"]["title"].startswith("punk, 170 BPM; a ")
    assert song["brief"]["description"] == "punk, 170 BPM"
    assert song["brief"]["instrumental"] is True
    assert song["music"]["duration_s"] == 5.0


def test_all_the_fields_of_a_request_are_heeded(client: httpx.Client) -> None:
    fields = {"format": "flac", "variations": "2", "seed": "41", "temprature": "1", "guidance_scale": "3"}
    song = send(client, jpeg(), fields).json()
    assert song["r2_key"].endswith(".flac")
    assert song["seed"] == 41
    assert len(song["sibling_ids"]) == 2
    said = " ".join(song["warnings"])
    assert "temprature" in said
    assert "did you mean temperature?" in said
    other = client.get(f"/songs/{song['sibling_ids'][1]}").json()
    assert other["scene"] == song["scene"]
    assert other["assets"]["photo"]["sha256"] == song["assets"]["photo"]["sha256"]


def test_a_retry_and_a_repeated_seed_are_answered_with_the_first_song(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "photo-1"}
    first = send(client, jpeg(), headers=headers).json()
    assert send(client, jpeg(), headers=headers).json()["id"] == first["id"]
    assert send(client, jpeg("fog"), headers=headers).status_code == 409
    until = time.monotonic() + 10
    made = [send(client, jpeg(), {"seed": "7"}).json()]
    again = send(client, jpeg(), {"seed": "7"}).json()
    while not again["cached"] and time.monotonic() < until:  # it is remembered just after it is answered
        made.append(again)
        again = send(client, jpeg(), {"seed": "7"}).json()
    assert again["cached"] is True
    assert again["id"] in {song["id"] for song in made}
    other = send(client, jpeg("fog"), {"seed": "7"}).json()
    assert other["cached"] is False


def test_a_song_like_one_from_a_photo_has_its_photo_scene_and_cover(client: httpx.Client) -> None:
    first = send(client, jpeg("woods"), {"photo_as_cover": "true"}).json()
    again = client.post("/generate-like", json={"like": first["id"]}).json()
    assert again["status"] == "done"
    assert again["scene"] == first["scene"]
    for role in ("photo", "cover", "audio"):
        assert again["assets"][role]["sha256"] == first["assets"][role]["sha256"]


def test_a_killed_server_makes_the_song_of_a_photo_that_waited(tmp_path: Path) -> None:
    with serving(tmp_path, **SLOW) as server:
        with server.client() as client:
            blocking = send(client, jpeg("fog"), headers=ASYNC).json()
            waiting = [send(client, jpeg(), headers=ASYNC).json() for _ in range(4)][-1]
            client.post(f"/songs/{blocking['id']}/cancel")
            assert client.get(f"/songs/{waiting['id']}").json()["status"] == "queued"
        server.kill()
        assert (tmp_path / "songs" / waiting["id"] / "photo.png").is_file()
        server._variables["SONGWRIGHT_MUSIC__ENGINE"] = f"{HERE}:HumComposer"
        server.start(ready=True)
        with server.client() as client:
            song = ended(client, waiting["id"])
    assert song["status"] == "done"
    assert song["scene"]["elements"]


def refused(response: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["type"] == f"urn:songwright:problem:{slug}"
    assert document["retry"] is False
    return document


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("data", "status", "slug", "says"),
    [
        (bomb(30_000, 30_000), 422, "invalid-request", "30000 x 30000 pixels"),
        (file_of(shot("noise"), "JPEG")[:2000], 422, "invalid-request", "cut short"),
        (file_of(shot("noise"), "PNG")[:-20_000], 422, "invalid-request", "cut short"),
        (file_of(shot("noise")[:8]), 422, "invalid-request", "16 pixels"),
        (SVG, 415, "unsupported-format", "SVG"),
        (file_of(shot("day"), "GIF"), 415, "unsupported-format", "PNG, JPEG, WebP"),
        (b"", 415, "unsupported-format", "empty"),
        (b"x" * 10_000_001, 413, "body-too-large", "10,000,000 bytes"),
    ],
    ids=["bomb", "cut jpeg", "cut png", "tiny", "svg", "gif", "empty", "a byte too many"],
)
def test_what_is_no_photo_is_refused(
    client: httpx.Client, data: bytes, status: int, slug: str, says: str
) -> None:
    before = client.get("/songs").json()["songs"][:1]
    document = refused(send(client, data), status, slug)
    assert says in document["detail"]
    assert client.get("/songs").json()["songs"][:1] == before


def test_a_hundred_megabytes_are_refused_before_they_are_sent(server: Server) -> None:
    """The answer comes to the headers alone."""
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000000\r\n\r\n"
    )
    host, _, port = server.url.removeprefix("http://").partition(":")
    began = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert answer.startswith("HTTP/1.1 413")
    assert "body-too-large" in answer
    assert "connection: close" in answer.lower()
    assert time.monotonic() - began < 15.0


def test_a_hundred_megabytes_without_a_length_are_cut_off(server: Server) -> None:
    """Sent in chunks: the service stops reading at its bound, and holds none of it."""
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status")

    def resident_kb() -> int:
        return int(next(line.split()[1] for line in status.read_text().splitlines() if "VmHWM" in line))

    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="image"; filename="x.png"\r\n\r\n'
        for _ in range(100):
            sent += 1
            yield b"\x89PNG\r\n\x1a\n" + b"x" * 1_000_000

    before = resident_kb()
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Authorization": f"Bearer {TOKEN}"}
    try:
        answer = httpx.post(server.url + PATH, content=endless(), headers=headers, timeout=30)
        refused(answer, 413, "body-too-large")
    except httpx.TransportError:
        pass  # the connection was closed while the rest was being sent
    assert sent < 100
    assert resident_kb() - before < 30_000
    assert httpx.get(f"{server.url}/health").status_code == 200


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"audio_duration": "3"}, "audio_duration"),
        ({"audio_duration": "long"}, "audio_duration"),
        ({"seed": "-2"}, "seed"),
        ({"seed": "1.5"}, "seed"),
        ({"format": "ogg"}, "format"),
        ({"variations": "9"}, "variations"),
        ({"instrumental": "perhaps"}, "instrumental"),
        ({"photo_as_cover": "2"}, "photo_as_cover"),
        ({"prompt": "x" * 2001}, "prompt"),
        ({"webhook": "ftp://x"}, "webhook"),
    ],
)
def test_a_field_that_does_not_do_is_named(client: httpx.Client, fields: dict[str, str], field: str) -> None:
    document = refused(send(client, jpeg(), fields), 422, "invalid-request")
    assert document["field"] == field
    assert document["fix"]


def test_an_empty_field_is_as_none(client: httpx.Client) -> None:
    song = send(client, jpeg(), {"prompt": "", "seed": "", "format": "", "variations": ""}).json()
    assert song["status"] == "done"
    assert song["brief"]["format"] == "wav"


def test_a_body_that_is_no_form_with_a_photo_is_refused(client: httpx.Client) -> None:
    document = refused(client.post(PATH, json={"image": "x"}), 415, "not-a-form")
    assert "multipart/form-data" in document["detail"]
    assert refused(client.post(PATH, files={"other": b"x"}), 422, "invalid-request")["field"] == "image"
    as_text = client.post(PATH, files={"image": (None, "not a file")})
    assert refused(as_text, 422, "invalid-request")["field"] == "image"
    two = [("image", ("a.png", b"x")), ("image", ("b.png", b"x"))]
    assert "Too many files" in refused(client.post(PATH, files=two), 400, "malformed-form")["detail"]
    headers = {"Content-Type": "multipart/form-data"}
    assert refused(client.post(PATH, content=b"--", headers=headers), 400, "malformed-form")["detail"]
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    refused(client.post(PATH, content=b"nonsense", headers=headers), 400, "malformed-form")


def test_other_requests_may_still_be_no_larger_than_before(client: httpx.Client) -> None:
    body = {"full_described_song": "a song", "padding": "x" * 1_100_000}
    refused(client.post("/generate-from-description", json=body), 413, "body-too-large")


def test_a_photo_needs_the_token(server: Server) -> None:
    with server.client(token="") as nobody:
        assert send(nobody, jpeg()).status_code == 401


def test_the_limit_is_a_setting_and_a_reader_that_is_not_there_is_said(tmp_path: Path) -> None:
    variables = {"SONGWRIGHT_IMAGE_LIMIT_BYTES": "5000", "SONGWRIGHT_VISION__ENGINE": "no:Such"}
    with serving(tmp_path, ready=False, **variables) as server, server.client() as client:
        refused(send(client, file_of(shot("noise"))), 413, "body-too-large")
        until = time.monotonic() + 20
        while "vision" not in str(client.get("/health/ready").json()["engines"]) or (
            client.get("/health/ready").json()["engines"]["vision"]["state"] == "starting"
        ):
            assert time.monotonic() < until
            time.sleep(0.05)
        response = send(client, file_of(shot("night")[:32, :32]))
        assert response.status_code == 503
        assert response.json()["type"] == "urn:songwright:problem:engine-unavailable"
        # A song that needs no reader is made all the same.
        body = {"full_described_song": "a song", "audio_duration": 5}
        assert client.post("/generate-from-description", json=body).status_code == 200
