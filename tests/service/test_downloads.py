"""What browsers, players and download programs ask of files: names, lengths, versions, ranges."""

import asyncio
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import httpx
import pytest

from config.settings import load_settings
from orchestrator.server.api import create_app
from orchestrator.server.auth import Tokens
from orchestrator.server.wiring import local_service
from storage.local import LocalStore
from tests.orchestrator.test_cli import HERE
from tests.service.server import TOKEN, Server, serving
from tests.service.test_generation import describe


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as connected:
        yield connected


PLAN = {
    "tags": ["pop"], "lyrics": "[verse]\nla", "categories": ["A", "B", "C"], "genre": "pop", "mood": "calm",
    "energy": 5, "tempo_bpm": 120.0, "key": "C major", "voice": "female", "cover_prompt": "a door",
}  # fmt: skip


def titled(client: httpx.Client, title: str, **fields: Any) -> dict[str, Any]:
    """A song with this title."""
    body = describe(plan=PLAN | {"title": title}, **fields)
    answer = client.post("/generate-from-description", json=body)
    assert answer.status_code == 200, answer.text
    song: dict[str, Any] = answer.json()
    return song


@pytest.fixture(scope="module")
def song(server: Server) -> dict[str, Any]:
    with server.client() as client:
        return titled(client, "Ñandú & Größe", format="flac")


@pytest.fixture(scope="module")
def odd(server: Server) -> str:
    """The id of a song whose title is changed."""
    with server.client() as client:
        return str(titled(client, "odd", cover=False)["id"])


def names_of(answer: httpx.Response) -> tuple[str, str, str]:
    """Kind, plain name and whole name of the ``Content-Disposition``."""
    header = answer.headers["content-disposition"]
    found = re.fullmatch(
        r"(inline|attachment); filename=\"([^\"\\]+)\"; filename\*=UTF-8''([\w!#$&+.^`|~%-]+)", header
    )
    assert found, header
    assert header.isascii()
    return found[1], found[2], unquote(found[3], errors="strict")


@pytest.mark.parametrize(
    ("role", "key", "ending"),
    [
        ("audio", "audio", ".flac"),
        ("cover", "cover", ".png"),
        ("lyrics", "lyrics", ".txt"),
        ("lrc", "lrc", ".lrc"),
        ("waveform", "waveform", " - waveform.json"),
        ("stems/melody", "stem:melody", " - melody.flac"),
    ],
)
def test_every_file_is_named_by_the_title_to_be_shown_or_saved(
    client: httpx.Client, song: dict[str, Any], role: str, key: str, ending: str
) -> None:
    plain, whole = f"Nandu & Grosse{ending}", f"Ñandú & Größe{ending}"
    path = f"/songs/{song['id']}/{role}"
    for method in ("GET", "HEAD"):
        assert names_of(client.request(method, path)) == ("inline", plain, whole)
        assert names_of(client.request(method, f"{path}?download=1")) == ("attachment", plain, whole)
        assert names_of(client.request(method, f"{path}?download=false")) == ("inline", plain, whole)
    with httpx.Client() as nobody:
        assert names_of(nobody.get(song["urls"][key])) == ("inline", plain, whole)
        assert names_of(nobody.get(f"{song['urls'][key]}&download=true")) == ("attachment", plain, whole)
    assert client.get(f"{path}?download=perhaps").status_code == 422


@pytest.mark.parametrize(
    ("title", "plain", "whole"),
    [
        ('say "hi"; or\\not', "say hi; ornot", "say hi; ornot"),
        ("100% %41 %zz", "100% _41 %zz", "100% %41 %zz"),
        ("line\r\nSet-Cookie: a=b", "lineSet-Cookie a=b", "lineSet-Cookie a=b"),
        ("a/b\\c:d*e?f<g>h|i", "abcdefghi", "abcdefghi"),
        ("../../etc/passwd", "etcpasswd", "etcpasswd"),
        (".hidden", "hidden", "hidden"),
        ("🎵🎶", "", "🎵🎶"),
        ("👩\u200d🎤 sings", "sings", "👩\u200d🎤 sings"),
        ("北京之夜", "", "北京之夜"),
        ("שלום שלום", "", "שלום שלום"),
        ("song\u202egpj.exe", "songgpj.exe", "songgpj.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth", "zerowidth"),
        ("...", "", ""),
        ("\u00a0\u3000a\u00a0b", "a b", "a b"),
        ("CON", "CON_", "CON_"),
        ("nul.live", "nul_.live", "nul_.live"),
        ("Con te partirò", "Con te partiro", "Con te partirò"),
        ("It’s — Łódź, Ærø", "It's - Lodz, AEro", "It’s — Łódź, Ærø"),
        ("x" * 80, "x" * 80, "x" * 80),
        ("雨" * 80, "", "雨" * 66),
    ],
)
def test_no_title_makes_a_name_that_a_header_a_zip_or_a_folder_cannot_carry(
    server: Server, client: httpx.Client, odd: str, title: str, plain: str, whole: str
) -> None:
    # As it is stored, since not every one can be asked for.
    manifest = server.home / "songs" / odd / "song.json"
    document = json.loads(manifest.read_text())
    document["plan"]["title"] = title
    manifest.write_text(json.dumps(document))
    for path, ending in ((f"/songs/{odd}/audio", ".wav"), (f"/songs/{odd}/package", ".zip")):
        answer = client.get(path)
        assert names_of(answer)[1:] == ((plain or odd) + ending, (whole or odd) + ending)
        assert "set-cookie" not in answer.headers
    stem = whole or odd
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert f"{stem}/{stem}.wav" in archive.namelist()
        for entry in archive.infolist():
            parts = entry.filename.split("/")
            assert all(part not in ("", ".", "..") and len(part.encode()) <= 255 for part in parts)
            assert entry.filename.isascii() or entry.flag_bits & 0x800  # says that it is UTF-8
        assert len(set(archive.namelist())) == len(archive.namelist())


def test_a_head_has_the_headers_of_the_get_and_its_length_on_every_path(
    server: Server, client: httpx.Client, song: dict[str, Any]
) -> None:
    document = httpx.get(f"{server.url}/openapi.json").json()
    paths = [path for path, operations in document["paths"].items() if "get" in operations]
    assert all("head" in document["paths"][path] for path in paths)
    signed = [song["urls"][role].removeprefix(server.url) for role in ("audio", "package")]
    given = {"{id}": song["id"], "{name}": "melody"}
    for path in [*paths, "/", "/docs", "/openapi.json", "/page/app.js", *signed, "/songs/nothing"]:
        if path in ("/files/{key}", "/songs/{id}/events", "/events"):
            continue  # the last two never end, or not before the song does
        for name, value in given.items():
            path = path.replace(name, value)
        head = client.head(path)
        get = client.get(path)
        assert head.status_code == get.status_code, path
        assert head.content == b"", path
        changing = {"x-request-id", "date"} | ({"content-length"} if path == "/metrics" else set())
        headers = [{k: v for k, v in answer.headers.items() if k not in changing} for answer in (head, get)]
        assert headers[0] == headers[1], path
        assert int(get.headers["content-length"]) == len(get.content), path
    assert httpx.head(f"{server.url}/health").headers["content-length"] != "0"
    with httpx.Client(timeout=5) as nobody:
        assert nobody.head(f"{server.url}/songs").status_code == 401
    events = client.head(f"/songs/{song['id']}/events")
    assert (events.status_code, events.content) == (200, b"")
    assert events.headers["content-type"].startswith("text/event-stream")
    assert "content-length" not in events.headers


def test_what_a_path_does_not_have_is_refused_with_what_it_has(client: httpx.Client) -> None:
    for method, path, allowed in (
        ("POST", "/health", "GET, HEAD"),
        ("PUT", "/songs", "GET, HEAD"),
        ("PUT", f"/songs/{'0' * 15}", "DELETE, GET, HEAD, PATCH"),
        ("GET", "/plan", "POST"),
        ("HEAD", "/plan", "POST"),
        ("PATCH", f"/songs/{'0' * 15}/audio", "GET, HEAD"),
        ("DELETE", "/docs", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("POST", "/page/app.js", "GET, HEAD"),
        ("PUT", "/", "GET, HEAD, POST"),
        ("OPTIONS", "/health", "GET, HEAD"),
    ):
        answer = client.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed), (method, path)


def test_a_file_is_sent_whole_in_part_or_not_at_all_by_its_conditions(
    client: httpx.Client, song: dict[str, Any]
) -> None:
    path = f"/songs/{song['id']}/audio"
    whole = client.get(path)
    size, etag, modified = len(whole.content), whole.headers["etag"], whole.headers["last-modified"]
    old = "Thu, 01 Jan 2015 00:00:00 GMT"
    for headers, status in (
        ({"Range": "Bytes=0-10"}, 206),
        ({"Range": "BYTES=0-10", "If-Range": etag}, 206),
        ({"Range": "bytes=0-10", "If-Range": modified}, 206),
        ({"Range": "bytes=0-10", "If-Range": old}, 200),
        ({"Range": "bytes=0-10", "If-Range": f"W/{etag}"}, 200),
        ({"Range": "bytes=0-10, 20-30"}, 200),
        ({"Range": "items=0-10"}, 200),
        ({"Range": "bytes=nonsense"}, 200),
        ({"Range": f"bytes={size}-"}, 416),
        ({"Range": f"bytes={size}-", "If-None-Match": etag}, 304),
        ({"Range": "bytes=0-10", "If-Match": '"other"'}, 412),
        ({"If-Match": etag}, 200),
        ({"If-Match": f'"other", {etag}'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": f"W/{etag}"}, 412),
        ({"If-None-Match": f"W/{etag}"}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"', "If-Modified-Since": modified}, 200),
        ({"If-Modified-Since": modified}, 304),
        ({"If-Modified-Since": old}, 200),
        ({"If-Unmodified-Since": old}, 412),
        ({"If-Unmodified-Since": modified}, 200),
    ):
        answer = client.get(path, headers=headers)
        assert answer.status_code == status, headers
        if status == 206:
            assert answer.content == whole.content[:11]
            assert answer.headers["content-range"] == f"bytes 0-10/{size}"
        elif status == 200:
            assert answer.content == whole.content
        elif status == 412:
            assert answer.json()["type"] == "urn:songwright:problem:precondition-failed"
            assert answer.headers["etag"] == etag
        elif status == 416:
            assert answer.headers["content-range"] == f"bytes */{size}"
        head = client.head(path, headers=headers)
        # A HEAD has no ranges (RFC 9110, 14.2).
        assert head.status_code == (200 if status in (206, 416) else status), headers
        if head.status_code == 200:
            assert int(head.headers["content-length"]) == size
            assert "content-range" not in head.headers


@pytest.mark.parametrize("engine", [":BrokenComposer", ":BrokenPainter"])
def test_a_song_that_failed_has_no_address_of_its_sound(tmp_path: Path, engine: str) -> None:
    craft = "MUSIC" if "Composer" in engine else "ART"
    with (
        serving(tmp_path, **{f"SONGWRIGHT_{craft}__ENGINE": HERE + engine}) as server,
        server.client() as client,
    ):
        answer = client.post("/generate-from-description", json=describe())
        assert answer.status_code == 500
        song_id = answer.json()["song_id"]
        song = client.get(f"/songs/{song_id}").json()
        assert (song["status"], song["r2_key"]) == ("failed", None)
        # What a broken painter leaves is a whole sound, stored and yet no song.
        assert ("audio" in song["assets"]) == (craft == "ART")
        kept = {"lyrics"} | ({"cover"} if craft == "MUSIC" else {"lrc"})
        assert set(song["urls"]) == kept
        listed = client.get("/songs").json()["songs"][0]
        assert set(listed["urls"]) == kept & {"cover"}
        folder = f"/songs/{song_id}"
        paths = [f"{folder}/audio", f"{folder}/waveform", f"{folder}/stems/melody"]
        if craft == "ART":
            paths.append(f"/files/{song['assets']['audio']['key']}")
        for path in paths:
            for method in ("GET", "HEAD"):
                assert client.request(method, path).status_code == 404, path
        detail = client.get(f"/songs/{song_id}/audio").json()["detail"]
        assert f"song {song_id} is failed and has: " in detail
        assert f'POST /generate-like with {{"like": "{song_id}"}}' in detail
        assert client.get(f"/songs/{song_id}/package").status_code == 409


class Elsewhere(LocalStore):
    """A store that serves its objects itself, as a bucket does."""

    def url(self, key: str, expires_s: int, disposition: str = "") -> str:
        query = urlencode({"expires": expires_s, "response-content-disposition": disposition})
        return f"https://bucket.example/{key}?{query}"


def test_a_store_that_serves_files_itself_is_given_their_names_and_a_head_is_answered_here(
    server: Server, song: dict[str, Any]
) -> None:
    async def ask(*requests: tuple[str, str]) -> list[httpx.Response]:
        settings = load_settings(home=server.home)
        service = local_service(settings, Tokens((TOKEN,)))
        service.library.store = Elsewhere(server.home)
        transport = httpx.ASGITransport(create_app(settings, service=service))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers
        ) as app:
            answers = [await app.request(method, path) for method, path in requests]
        service.threads.close()
        return answers

    folder = f"/songs/{song['id']}"
    shown, saved, head, whole = asyncio.run(
        ask(
            ("GET", f"{folder}/audio"),
            ("GET", f"{folder}/audio?download=1"),
            ("HEAD", f"{folder}/audio"),
            ("GET", folder),
        )
    )
    names = "; filename=\"Nandu & Grosse.flac\"; filename*=UTF-8''%C3%91and%C3%BA%20&%20Gr%C3%B6%C3%9Fe.flac"
    for answer, kind in ((shown, "inline"), (saved, "attachment")):
        assert answer.status_code == 307
        asked = parse_qs(urlsplit(answer.headers["location"]).query)
        assert asked["response-content-disposition"] == [kind + names]
    assert head.status_code == 200
    assert int(head.headers["content-length"]) == song["assets"]["audio"]["size_bytes"]
    told = parse_qs(urlsplit(whole.json()["urls"]["audio"]).query)
    assert told["response-content-disposition"] == [f"inline{names}"]
