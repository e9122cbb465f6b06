"""Files over HTTP, and everything somebody may try to get at others, or to hold the server up."""

import hashlib
import io
import socket
import time
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from storage.signing import Signer
from tests.service.server import TOKEN, Server, serving
from tests.service.test_generation import ASYNC, describe


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    limits = {"SONGWRIGHT_BODY_TIMEOUT_S": "1", "SONGWRIGHT_WRONG_TOKENS_PER_MINUTE": "0"}
    with serving(tmp_path_factory.mktemp("home"), **limits) as running:
        yield running


@pytest.fixture(scope="module")
def song(server: Server) -> dict[str, Any]:
    with server.client() as client:
        made: dict[str, Any] = client.post("/generate-from-description", json=describe("Ein Lied")).json()
        return made


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as connected:
        yield connected


ROLES = {"audio": "audio", "cover": "cover", "lyrics": "lyrics", "lrc": "lrc", "waveform": "waveform"}


@pytest.mark.parametrize("role", [*ROLES, "stems/melody"])
def test_a_file_is_read_by_role_with_the_token_and_by_signature_without(
    client: httpx.Client, song: dict[str, Any], role: str
) -> None:
    name = role.replace("stems/", "stem:")
    asset = song["assets"][name]
    by_role = client.get(f"/songs/{song['id']}/{role}")
    by_signature = httpx.get(song["urls"][name])
    for response in (by_role, by_signature):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith(asset["content_type"].partition(";")[0])
        assert hashlib.sha256(response.content).hexdigest() == asset["sha256"]
    head = client.head(f"/songs/{song['id']}/{role}")
    assert head.content == b""
    assert head.headers["content-length"] == str(asset["size_bytes"])
    assert head.headers["etag"] == by_role.headers["etag"]


def test_a_player_can_seek_and_keep_its_copy(client: httpx.Client, song: dict[str, Any]) -> None:
    url = song["urls"]["audio"]
    whole = httpx.get(url)
    etag = whole.headers["etag"]
    part = httpx.get(url, headers={"Range": "bytes=1000-1999"})
    assert part.status_code == 206
    assert part.content == whole.content[1000:2000]
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(whole.content)}"
    assert httpx.get(url, headers={"Range": "bytes=-5"}).content == whole.content[-5:]
    assert httpx.get(url, headers={"Range": "bytes=5-", "If-Range": etag}).status_code == 206
    assert httpx.get(url, headers={"Range": "bytes=5-", "If-Range": '"old"'}).content == whole.content
    assert httpx.get(url, headers={"If-None-Match": etag}).status_code == 304
    beyond = httpx.get(url, headers={"Range": "bytes=999999999-"})
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{len(whole.content)}"
    assert beyond.json()["type"] == "urn:songwright:problem:range-not-satisfiable"


def test_the_package_holds_everything_for_release(client: httpx.Client, song: dict[str, Any]) -> None:
    for response in (client.get(f"/songs/{song['id']}/package"), httpx.get(song["urls"]["package"])):
        assert response.headers["content-type"] == "application/zip"
        name = "attachment; filename=\"Ein Lied.zip\"; filename*=UTF-8''Ein%20Lied.zip"
        assert response.headers["content-disposition"] == name
        with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
            assert archive.testzip() is None
            assert set(archive.namelist()) == {
                f"Ein Lied/{name}"
                for name in (
                    "Ein Lied.wav",
                    "Ein Lied.png",
                    "Ein Lied.txt",
                    "Ein Lied.lrc",
                    "Ein Lied stems/melody.flac",
                    "song.json",
                )
            }
            audio = archive.read("Ein Lied/Ein Lied.wav")
            assert hashlib.sha256(audio).hexdigest() == song["assets"]["audio"]["sha256"]


def altered(url: str, **query: str) -> str:
    parts = urlsplit(url)
    old = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return parts._replace(query=urlencode(old | query)).geturl()


def test_a_signature_is_good_for_its_file_and_time_alone(server: Server, song: dict[str, Any]) -> None:
    audio, cover = song["urls"]["audio"], song["urls"]["cover"]
    signature = parse_qs(urlsplit(audio).query)["signature"][0]
    expires = int(parse_qs(urlsplit(audio).query)["expires"][0])
    flipped = ("0" if signature[0] != "0" else "1") + signature[1:]
    refused = (
        altered(audio, expires=str(expires + 300)),
        altered(audio, signature=flipped),
        altered(audio, signature=signature[:-1]),
        altered(cover, signature=signature),
        altered(audio, expires="9" * 20),
        altered(audio, expires="٣" * 10),
        altered(audio, signature="é"),
        audio.replace("audio.wav", "song.json"),
        audio.replace("/files/", "/files//"),
        audio.replace("audio.wav", "audio.wav%00"),
        audio.replace("audio.wav", "..%2f..%2f.songwright%2ftoken"),
    )
    for url in refused:
        response = httpx.get(url)
        assert response.status_code == 403, url
        assert response.json()["type"] == "urn:songwright:problem:forbidden"
    assert httpx.get(audio.partition("?")[0]).status_code == 401

    secret = (server.home / ".songwright" / "signing-key").read_text().strip().encode()
    past = Signer(secret).path(song["r2_key"], 60, now_s=time.time() - 3600)
    assert httpx.get(server.url + past).status_code == 403
    fresh = Signer(secret).path(song["r2_key"], 60)
    assert httpx.get(server.url + fresh).status_code == 200


# Even with a good signature, or the token, only a song's own assets can be read.
@pytest.mark.parametrize(
    "key",
    [
        ".songwright/token",
        "songs/../.songwright/token",
        "songs/{id}/../../.songwright/token",
        "songs/{id}/song.json",
        "songs/{id}/",
        "songs/{id}",
        "songs/",
        "",
        "songs/{id}/audio.wav/",
        "songs/{id}/./audio.wav",
        "songs/{id}/AUDIO.WAV",
        "songs/{id}/audio.wav\0",
        "songs/000000000000000/audio.wav",
        "open/{id}",
        "/etc/passwd",
        "songs/{id}/stems/../audio.wav",
    ],
)
def test_no_key_leads_out_of_a_songs_own_files(
    server: Server, client: httpx.Client, song: dict[str, Any], key: str
) -> None:
    secret = (server.home / ".songwright" / "signing-key").read_text().strip().encode()
    path = Signer(secret).path(key.format(id=song["id"]), 60)
    for status in (raw(server, path), raw(server, path.partition("?")[0], token=TOKEN)):
        assert status in (404, 422), status
    assert client.get("/health").status_code == 200


TRICKS = (
    "/songs/..",
    "/songs/%2e%2e",
    "/songs/..%2f..%2fetc%2fpasswd",
    "/songs/%00",
    "/songs/{id}%00",
    "/songs/{id}%2f..%2f{id}",
    "/songs/{id}/stems/..%2faudio",
    "/songs/{id}/stems/%2e%2e",
    "/songs/{id}/../../.songwright/token",
    "/songs/" + "a" * 5000,
    "/page/..%2f..%2fconfig%2fsettings.py",
    "/page/%2e%2e/%2e%2e/pyproject.toml",
    "/page/../service.py",
    "/page/%00",
    "//etc/passwd",
    "/songs/é",
    "/songs/{id}/audio/extra",
)


@pytest.mark.parametrize("path", TRICKS)
def test_no_path_leads_out_of_the_library(server: Server, song: dict[str, Any], path: str) -> None:
    assert raw(server, path.format(id=song["id"]), token=TOKEN) in (400, 404, 405, 422)


def raw(server: Server, path: str, token: str = "") -> int:
    """The status for a path that is sent as it is: HTTP libraries tidy such paths up."""
    host, port = urlsplit(server.url).hostname, urlsplit(server.url).port
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    with socket.create_connection((host or "", port or 0), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = connection.makefile("rb").readline()
    return int(answer.split()[1])


def test_every_path_but_the_public_ones_wants_the_token(server: Server) -> None:
    document = httpx.get(f"{server.url}/openapi.json").json()
    public = {"/health", "/health/ready"}
    requests_made = 0
    for path, operations in document["paths"].items():
        if path == "/session":
            continue  # it lets a browser in: see test_sessions
        for method in operations:
            url = server.url + path.replace("{id}", "0" * 15).replace("{name}", "x").replace("{key}", "x")
            for headers in ({}, {"Authorization": "Bearer wrong-token"}, {"Authorization": f"Basic {TOKEN}"}):
                response = httpx.request(method, url, headers=headers)
                expected = 200 if path in public else 401
                assert response.status_code == expected, (method, path)
                requests_made += 1
    assert requests_made > 60
    for path in ("/nothing", "/songs/", "/docs/", "/metrics/", "/Health", "/health/"):
        assert httpx.get(server.url + path).status_code == 401


def test_a_slow_body_is_refused_and_its_connection_closed(server: Server) -> None:
    with socket.create_connection(
        (urlsplit(server.url).hostname or "", urlsplit(server.url).port or 0)
    ) as slow:
        slow.settimeout(10)
        head = f"POST /plan HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        slow.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{".encode())
        answer = slow.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"urn:songwright:problem:request-timeout" in answer


def test_slow_headers_cost_a_connection_and_no_more(server: Server, client: httpx.Client) -> None:
    address = (urlsplit(server.url).hostname or "", urlsplit(server.url).port or 0)
    slow = [socket.create_connection(address, timeout=10) for _ in range(50)]
    for connection in slow:
        connection.sendall(b"GET /health HTTP/1.1\r\nX-Slow: ")
    assert client.get("/health").status_code == 200
    for connection in slow:
        try:
            assert connection.recv(1) == b""
        except ConnectionResetError:
            pass
        finally:
            connection.close()


def test_a_huge_body_is_refused_before_it_is_read_whether_its_length_is_told_or_not(server: Server) -> None:
    address = (urlsplit(server.url).hostname or "", urlsplit(server.url).port or 0)
    head = f"POST /plan HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
    head += "Content-Type: application/json\r\n"
    head_of_body = f"{head}Content-Length: 100000000000\r\n\r\n".encode()
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    for start, piece in (
        (head_of_body, b"x" * 65536),
        (f"{head}Transfer-Encoding: chunked\r\n\r\n".encode(), chunk),
    ):
        with socket.create_connection(address, timeout=10) as connection:
            connection.sendall(start)
            sent = 0
            try:
                while sent < 20_000_000:
                    connection.sendall(piece)
                    sent += len(piece)
            except (BrokenPipeError, ConnectionResetError):
                pass
            assert sent < 20_000_000, "the server went on reading"
    for length in ("-1", "1e3", "9" * 30):
        with socket.create_connection(address, timeout=10) as connection:
            connection.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode())
            assert connection.makefile("rb").readline().split()[1] in (b"400", b"413")
    assert httpx.get(f"{server.url}/health").status_code == 200


def test_an_asset_that_is_not_there_yet_is_said_to_be(client: httpx.Client) -> None:
    song_id = client.post("/generate-from-description", json=describe(variations=4), headers=ASYNC).json()[
        "sibling_ids"
    ][-1]
    response = client.get(f"/songs/{song_id}/midi")
    assert response.status_code == 404
    assert "and has: nothing yet" in response.json()["detail"]
