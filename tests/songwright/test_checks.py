"""What the client finds out before it sends anything: each mistake is its own error, with the fix."""

import asyncio
import math
from pathlib import Path
from typing import Any

import pytest

import songwright
from songwright import (
    AsyncClient,
    Client,
    ClientClosed,
    ClientError,
    FileFailed,
    FileMissing,
    InvalidArgument,
    InvalidCall,
)
from tests.service.server import TOKEN, Server
from tests.songwright.conftest import Connect
from tests.vision.photos import file_of, shot

NOWHERE = "http://127.0.0.1:9"
TOKENS = {
    "": "empty",
    "  ": "empty",
    TOKEN + "\n": "strip",
    " " + TOKEN: "strip",
    "Bearer " + TOKEN: "Bearer",
    "bearer " + TOKEN: "Bearer",
    f'"{TOKEN}"': "quotes",
    f"'{TOKEN}'": "quotes",
    f"\u201c{TOKEN}\u201d": "quotes",
    f"API_BEARER_TOKEN={TOKEN}": "its name",
    "$TOKEN": "the token itself",
    "<your token>": "the token itself",
    f"{TOKEN},another-token-0123456789": "list",
    "two words": "neither spaces",
    "schl\u00fcssel-0123456789": "beyond ASCII",
    "tok\u200ben-0123456789": "beyond ASCII",
    "tok\x00en": "neither",
    "x" * 5000: "too long",
}
URLS = {
    "": "begins with http",
    "localhost:8000": "begins with http",
    "127.0.0.1:8000": "begins with http",
    "ftp://example.com": "begins with http",
    "http:/example.com": "begins with http",
    " http://127.0.0.1:8000": "spaces",
    "http://127.0.0.1:8000\n": "spaces",
    "http://exam ple.com": "spaces",
    "http://": "no host",
    "http:///songs": "no host",
    "http://.": "no host",
    "http://http://example.com": "once",
    "http://user:secret@example.com": "name and password",
    "http://example.com:port": "no address",
    "http://example.com:99999": "no address",
    "http://example.com:0": "a port is",
    "http://example.com:": "a port is",
    "http://example.com?x=1": "what follows",
    "http://example.com/#top": "what follows",
    "http://127.0.0.1:8000/docs": "leave out /docs",
    "http://127.0.0.1:8000/health": "leave out /health",
    "http://exa\u200bmple.com": "cannot be seen",
    "http://[::1": "no address",
    "http:\\\\example.com": "begins with http",
    "http://example.com\\songs": "instead of",
}
SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"timeout_s": 0}, "more than 0"),
    ({"timeout_s": -1}, "0 or more"),
    ({"timeout_s": math.nan}, "0 or more"),
    ({"timeout_s": math.inf}, "0 or more"),
    ({"timeout_s": "60"}, "0 or more"),
    ({"timeout_s": None}, "0 or more"),
    ({"retries": -1}, "whole number"),
    ({"retries": 1.5}, "whole number"),
    ({"retries": True}, "whole number"),
    ({"poll_s": 0}, "more than 0"),
    ({"first_pause_s": -0.1}, "0 or more"),
    ({"timeout": 5}, "did you mean timeout_s"),
    ({"retry": 5}, "did you mean retries"),
    ({"verify": False}, "there are "),
]
IDS = [
    "",
    " ",
    "a/b",
    "..",
    "../songs",
    "x?y=1",
    "x#y",
    "x%2f",
    "a b",
    "\u00e9",
    "x\n",
    "x" * 65,
    None,
    7,
    b"x",
]
FIELDS: list[tuple[dict[str, Any], type[ClientError], str]] = [
    ({"audio_duration": math.nan}, InvalidArgument, "audio_duration"),
    ({"audio_duration": math.inf}, InvalidArgument, "infinite"),
    ({"audio_duration": -math.inf}, InvalidArgument, "infinite"),
    ({"plan": {"tempo_bpm": math.nan}}, InvalidArgument, "plan.tempo_bpm"),
    ({"plan": {"line_times_s": [0.0, math.nan]}}, InvalidArgument, r"plan.line_times_s.1"),
    ({"seed": -2}, InvalidArgument, "from 0 to 9007199254740991"),
    ({"seed": 2**53}, InvalidArgument, "seed"),
    ({"seed": True}, InvalidArgument, "seed"),
    ({"seed": "7"}, InvalidArgument, "seed"),
    ({"seed": 1.5}, InvalidArgument, "seed"),
    ({"seed": math.nan}, InvalidArgument, "seed"),
    ({"variations": 10**400}, InvalidArgument, "too large"),
    ({"webhook": b"https://x"}, InvalidArgument, "give text"),
    ({"format": Path("wav")}, InvalidArgument, "format"),
    ({"webhook": "\ud800"}, InvalidArgument, "Unicode"),
    ({"plan": {1: 2}}, InvalidArgument, "plan"),
    ({"plan": object()}, InvalidArgument, "plan"),
    ({"audio_durtion": 5}, InvalidCall, "did you mean audio_duration"),
    ({"Seed": 5}, InvalidCall, "did you mean seed"),
    ({"idempotency": "k"}, InvalidCall, "did you mean idempotency_key"),
    ({"colour": "blue"}, InvalidCall, "there is no argument 'colour'"),
    ({"idempotency_key": ""}, InvalidArgument, "empty"),
    ({"idempotency_key": "  "}, InvalidArgument, "empty"),
    ({"idempotency_key": "x" * 256}, InvalidArgument, "256 characters"),
    ({"idempotency_key": "x\n"}, InvalidArgument, "strip"),
    ({"idempotency_key": "a\tb"}, InvalidArgument, "printable"),
    ({"idempotency_key": "sch\u00f6n"}, InvalidArgument, "printable"),
    ({"idempotency_key": 7}, InvalidArgument, "as text"),
    ({"description": 7}, InvalidArgument, "description"),
    ({"description": "\udfff"}, InvalidArgument, "Unicode"),
]


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("token", TOKENS)
def test_a_token_that_is_none_is_refused_and_not_shown(kind: Any, token: str) -> None:
    with pytest.raises(InvalidArgument, match=TOKENS[token]) as raised:
        kind(NOWHERE, token)
    assert raised.value.name == "token"
    assert not token.strip() or token not in str(raised.value)


@pytest.mark.parametrize("token", [None, 7, b"token-0123456789-0123456789"])
def test_a_token_is_text(token: Any) -> None:
    with pytest.raises(InvalidArgument, match="as text"):
        Client(NOWHERE, token)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("url", URLS)
def test_an_address_that_is_none_is_refused_with_the_fix(kind: Any, url: str) -> None:
    with pytest.raises(InvalidArgument, match=URLS[url]) as raised:
        kind(url, TOKEN)
    assert raised.value.name == "url"
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("end", ["", "/"])
def test_an_address_may_end_in_a_slash(server: Server, connect: Connect, end: str) -> None:
    assert isinstance(list(connect(server.url + end).songs()), list)


@pytest.mark.parametrize(
    "url", ["HTTPS://Example.COM", "http://[::1]:8000", "https://b\u00fccher.example/api/"]
)
def test_addresses_of_other_forms_are_taken(url: str) -> None:
    Client(url, TOKEN).close()


@pytest.mark.parametrize(("settings", "says"), SETTINGS, ids=str)
def test_settings_are_checked(settings: dict[str, Any], says: str) -> None:
    kind = InvalidCall if says.startswith(("did", "there")) else InvalidArgument
    with pytest.raises(kind, match=says):
        Client(NOWHERE, TOKEN, **settings)


@pytest.mark.parametrize("song_id", IDS, ids=repr)
def test_an_id_that_is_none_goes_nowhere(connect: Connect, song_id: Any, tmp_path: Path) -> None:
    client = connect(NOWHERE)
    for call in (client.song, client.wait, client.cancel, client.delete, client.generate_like):
        with pytest.raises(InvalidArgument, match="15 letters and digits"):
            call(song_id)
    with pytest.raises(InvalidArgument, match="15 letters and digits"):
        client.download(song_id, "audio", tmp_path)


@pytest.mark.parametrize(
    "role", ["", "..", "a/b", "stem:", "stem:../x", "audio?x", "\u00e9", None, 3], ids=repr
)
def test_a_role_that_is_none_goes_nowhere(connect: Connect, role: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match='such as "audio"'):
        connect(NOWHERE, retries=0).download("0" * 15, role, tmp_path)


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    FIELDS,
    ids=[f"{n}-{'-'.join(map(str, case[0]))}" for n, case in enumerate(FIELDS)],
)
def test_what_cannot_be_sent_is_named(
    connect: Connect, fields: dict[str, Any], kind: type[ClientError], says: str
) -> None:
    client = connect(NOWHERE)
    with pytest.raises(kind, match=says):
        client.generate(**{"description": "a song"} | fields)


def test_every_call_names_the_argument_that_there_is_not(connect: Connect) -> None:
    client = connect(NOWHERE)
    photo = file_of(shot("sea"), "PNG")
    for call, near in (
        (lambda: client.plan("a song", audioduration=3), "audio_duration"),
        (lambda: client.quote("a song", variation=3), "variations"),
        (lambda: client.generate_like("0" * 15, sed=3), "seed"),
        (lambda: client.generate_music(prompt="jazz", durations=3), "duration"),
        (lambda: client.generate_from_image(photo, promt="x"), "prompt"),
    ):
        with pytest.raises(InvalidCall, match=f"did you mean {near}"):
            call()
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("timeout_s", [-1, -0.001, math.nan, "5", True], ids=repr)
def test_a_wait_of_no_time_is_refused(connect: Connect, timeout_s: Any) -> None:
    with pytest.raises(InvalidArgument, match="timeout_s"):
        connect(NOWHERE).wait("0" * 15, timeout_s=timeout_s)


@pytest.mark.parametrize("page_size", [0, -1, 101, 1.5, True, "5"], ids=repr)
def test_a_page_of_no_size_is_refused(connect: Connect, page_size: Any) -> None:
    with pytest.raises(InvalidArgument, match="from 1 to 100"):
        list(connect(NOWHERE).songs(page_size=page_size))


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (b"", "PNG, JPEG, WebP"),
        (b"GIF89a", "PNG, JPEG, WebP"),
        (b"%PDF-1.7", "PNG, JPEG, WebP"),
        (bytearray(b"\0" * 100), "PNG, JPEG, WebP"),
        (None, "the path of a file"),
        (7, "the path of a file"),
        ("a\0b", "the path of a file"),
    ],
    ids=repr,
)
def test_what_is_no_picture_is_refused(connect: Connect, image: Any, says: str) -> None:
    with pytest.raises(InvalidArgument, match=says):
        connect(NOWHERE).generate_from_image(image)


def test_files_that_cannot_be_read_or_written_are_the_clients_own_errors(
    server: Server, connect: Connect, tmp_path: Path
) -> None:
    client = connect(server.url)
    with pytest.raises(FileMissing, match=r"none\.png"):
        client.generate_from_image(tmp_path / "none.png")
    with pytest.raises(FileFailed, match="directory"):
        client.generate_from_image(tmp_path)
    text = tmp_path / "song.txt"
    text.write_text("no picture")
    with pytest.raises(InvalidArgument, match=r"song\.txt"):
        client.generate_from_image(str(text))
    song = client.wait(client.generate("a song to save", audio_duration=5))
    with pytest.raises(FileMissing):
        client.download(song, "audio", tmp_path / "no folder" / "song.wav")
    with pytest.raises(FileFailed):
        client.download(song, "audio", text / "song.wav")
    for path in ("", "a\0b", None, 7):
        with pytest.raises(InvalidArgument, match="path"):
            client.download(song, "audio", path)


def test_a_closed_client_says_so() -> None:
    client = Client(NOWHERE, TOKEN)
    client.close()
    with pytest.raises(ClientClosed, match="make a new one"):
        client.song("0" * 15)

    async def journey() -> None:
        client = AsyncClient(NOWHERE, TOKEN)
        await client.aclose()
        with pytest.raises(ClientClosed):
            await client.song("0" * 15)

    asyncio.run(journey())


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://[::1", "nonsense://x"])
def test_a_proxy_setting_that_cannot_be_used_is_said(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(InvalidArgument, match="environment"):
        Client(NOWHERE, TOKEN)


def test_all_errors_are_one_tree_and_are_exported() -> None:
    errors = vars(songwright.errors)
    kinds = [kind for kind in errors.values() if isinstance(kind, type) and issubclass(kind, Exception)]
    own = {kind for kind in kinds if kind.__module__ == "songwright.errors"}
    assert len(own) >= 18
    for kind in own:
        assert issubclass(kind, ClientError), kind
        assert kind.__name__ in songwright.__all__, kind
        assert getattr(songwright, kind.__name__) is kind
