"""The Python client before a running service: all that it promises while nothing goes wrong."""

import asyncio
import hashlib
import io
import pickle
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

import songwright
from songwright import (
    ApiError,
    AsyncClient,
    Client,
    ClientError,
    Conflict,
    ConnectionFailed,
    DownloadFailed,
    FileMissing,
    InvalidArgument,
    InvalidCall,
    InvalidRequest,
    MusicRequest,
    NotFound,
    PhotoRequest,
    Progress,
    SongCancelled,
    SongFailed,
    SongRequest,
    Unauthorized,
    WaitTimeout,
)
from tests.music.recordings import file_of as wav
from tests.music.recordings import tone
from tests.service.server import TOKEN, Server, serving
from tests.songwright.conftest import CLIENT, Connect
from tests.vision.photos import file_of, shot

WORDS = {
    "a description": {"description": "a slow waltz about the sea"},
    "own lyrics": {"prompt": "punk, 170 BPM", "lyrics": "[verse]\nMy own words\n"},
    "described lyrics": {"prompt": "rave, funk", "described_lyrics": "summer nights"},
}


@pytest.mark.parametrize("kind", WORDS)
def test_a_song_is_asked_for_waited_for_and_downloaded(
    server: Server, connect: Connect, tmp_path: Path, kind: str
) -> None:
    client = connect(server.url)
    news: list[Progress] = []
    queued = client.generate(**WORDS[kind], audio_duration=5, idempotency_key=uuid.uuid4().hex)
    song = client.wait(queued, on_progress=news.append)
    assert (song.id, song.status, song.seed) == (queued.id, "done", queued.seed)
    assert [item.status for item in news if not item.part] == ["queued", "planning", "composing", "done"]
    assert {item.part for item in news} == {"", "lyrics", "music", "cover"}
    assert all(item.source == "events" for item in news)
    assert 1.0 in {item.fraction for item in news if item.part == "music"}
    path = client.download(song, "audio", tmp_path / "song.wav")
    assert path.read_bytes()[:4] == b"RIFF"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == song.assets["audio"].sha256
    if kind == "own lyrics":
        assert client.download(song.id, "lyrics", tmp_path).read_text() == WORDS[kind]["lyrics"]
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


def test_a_recording_is_sent_listed_and_deleted(server: Server, connect: Connect, tmp_path: Path) -> None:
    client = connect(server.url)
    path = tmp_path / "a tune.wav"
    path.write_bytes(wav(tone()))
    source = client.upload_audio(path, "mine")
    assert (source.name, source.rights, source.kind) == ("a tune.wav", "mine", "WAV")
    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (source.duration_s, source.rate_hz, source.size_bytes) == (2.0, 44_100, path.stat().st_size)
    again = client.upload_audio(path.read_bytes(), "licensed", name="Ours")
    assert (again.id, again.name, again.rights) == (source.id, "Ours", "licensed")
    assert client.sources() == (again,)
    with pytest.raises(InvalidArgument, match="'public-domain'"):
        client.upload_audio(path, "stolen")
    with pytest.raises(FileMissing):
        client.upload_audio(tmp_path / "missing.wav", "mine")
    with pytest.raises(ApiError, match="send a WAV, FLAC, MP3, Ogg or M4A file") as refused:
        client.upload_audio(b"la la la", "mine")
    assert refused.value.status == 415
    client.delete_source(again)
    with pytest.raises(NotFound):
        client.delete_source(again.id)
    assert client.sources() == ()


def test_every_file_of_a_song_can_be_downloaded_and_the_package(
    server: Server, connect: Connect, tmp_path: Path
) -> None:
    client = connect(server.url)
    song = client.wait(client.generate("a song with files", audio_duration=5, format="flac"))
    counted: list[tuple[int, int | None]] = []
    for role, asset in song.assets.items():
        path = client.download(song, role, tmp_path, on_bytes=lambda *count: counted.append(count))
        assert path.name == asset.key.rpartition("/")[2]
        assert path.stat().st_size == asset.size_bytes
        assert counted[-1] == (asset.size_bytes, asset.size_bytes)
    assert {"audio", "cover", "stem:vocals"} <= song.assets.keys()
    package = client.download(song, "package", tmp_path)
    assert package.name == f"{song.id}.zip"
    assert zipfile.ZipFile(io.BytesIO(package.read_bytes())).testzip() is None
    with pytest.raises(DownloadFailed, match="and has: audio, cover"):
        client.download(song, "midi", tmp_path)
    with pytest.raises(FileNotFoundError):
        client.download(song, "audio", tmp_path / "no folder" / "song.flac")


@pytest.mark.parametrize("given", ["bytes", "a path", "its name"])
def test_a_photo_becomes_a_song(server: Server, connect: Connect, tmp_path: Path, given: str) -> None:
    client, path = connect(server.url), tmp_path / "photo.jpg"
    path.write_bytes(file_of(shot("sunset"), "JPEG"))
    photo = {"bytes": path.read_bytes(), "a path": path, "its name": str(path)}[given]
    key = uuid.uuid4().hex
    wish = {"prompt": "a waltz", "photo_as_cover": True, "audio_duration": 5, "idempotency_key": key}
    song = client.wait(client.generate_from_image(photo, **wish))
    assert song.manifest["scene"]["elements"]
    assert song.manifest["brief"]["description"] == "a waltz"
    assert client.download(song, "cover", tmp_path).stat().st_size
    assert client.generate_from_image(photo, **wish).id == song.id


def test_a_photo_that_cannot_be_used_is_told(server: Server, connect: Connect, tmp_path: Path) -> None:
    client = connect(server.url)
    with pytest.raises(FileNotFoundError):
        client.generate_from_image(tmp_path / "none.png")
    with pytest.raises(InvalidArgument, match="PNG, JPEG, WebP"):
        client.generate_from_image(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    with pytest.raises(InvalidRequest) as raised:
        client.generate_from_image(b"\x89PNG\r\n\x1a\n and no picture")
    assert raised.value.field == "image"


@pytest.mark.parametrize(
    "wish",
    [
        {"prompt": "jazzy piano solo"},
        {"mood": "joyful", "energy": 8, "genres": ["electronic"], "instruments": ["piano"], "tempo_bpm": 120},
    ],
    ids=["by a prompt", "by its properties"],
)
def test_music_alone_is_asked_for_waited_for_and_downloaded(
    server: Server, connect: Connect, tmp_path: Path, wish: dict[str, object]
) -> None:
    client = connect(server.url)
    wish = wish | {"duration": 2, "seed": 1138, "format": "flac"}
    song = client.wait(client.generate_music(**wish))
    assert song.assets.keys() >= {"audio"}
    assert "cover" not in song.assets
    assert soundfile.info(client.download(song, "audio", tmp_path)).duration == pytest.approx(2.0, abs=0.2)
    assert client.generate_music(**wish).id == song.id


@pytest.mark.parametrize(
    "wish",
    [{}, {"mood": "sad", "energy": 1}, {"prompt": "jazz", "energy": 3}, {"duration": 5}],
    ids=["nothing", "half", "both", "neither"],
)
def test_music_is_described_in_one_way(connect: Connect, wish: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="give prompt, or mood, energy and genres"):
        connect("http://127.0.0.1:1").generate_music(**wish)


def test_music_that_cannot_be_made_is_refused_by_its_field(server: Server, connect: Connect) -> None:
    with pytest.raises(InvalidRequest) as raised:
        connect(server.url).generate_music(mood="sad", energy=11, genres=["jazz"])
    assert (raised.value.status, raised.value.field) == (400, "energy")


def test_a_plan_is_edited_and_followed(server: Server, connect: Connect) -> None:
    client = connect(server.url)
    plan = client.plan("a song to edit")
    plan["title"] = "Another Title"
    song = client.wait(client.generate("a song to edit", plan=plan, audio_duration=5))
    assert song.title == "Another Title"


def test_what_a_song_would_take_is_told_before_it_is_made(server: Server, connect: Connect) -> None:
    quote = connect(server.url).quote("a song to think over", audio_duration=30, variations=2)
    assert (quote["audio_duration"], quote["variations"]) == (30.0, 2)
    assert quote.keys() >= {"seconds", "usd", "stages"}


def test_a_song_is_made_again_and_with_a_change(server: Server, connect: Connect) -> None:
    client = connect(server.url)
    first = client.wait(client.generate("a song to repeat", audio_duration=5))
    again = client.wait(client.generate_like(first))
    other = client.wait(client.generate_like(first.id, seed=first.seed + 1))
    assert again.id != first.id
    assert again.assets["audio"].sha256 == first.assets["audio"].sha256
    assert other.assets["audio"].sha256 != first.assets["audio"].sha256


def test_a_song_is_changed(tmp_path: Path, connect: Connect) -> None:
    engines = {f"SONGWRIGHT_{craft}__ENGINE": "sketch" for craft in ("LYRICS", "MUSIC", "ART")}
    with serving(tmp_path, **engines) as running:
        client = connect(running.url)
        first = client.wait(
            client.generate(prompt="pop, 120 BPM", lyrics="Out on the water", audio_duration=12)
        )
        assert (first.parent, first.task) == ("", "compose")
        made = {
            "extend": client.extend(first, 8, lyrics="[verse]\nOn we go", seed=4),
            "repaint": client.repaint(first.id, 4, 8.5, seed=4, format="flac"),
            "remix": client.remix(first, "reggae", strength=0.2, seed=4),
            "resing": client.resing(first, "In from the mountain", idempotency_key=uuid.uuid4().hex),
            "cover": client.cover(first, prompt="a lighthouse", seed=4),
        }
        for task, queued in made.items():
            song = client.wait(queued)
            assert (song.status, song.parent, song.task) == ("done", first.id, task)
        draft = client.wait(client.generate("a waltz", draft=True, audio_duration=40))
        assert client.wait(client.finish(draft)).manifest["music"]["duration_s"] == 40
        with pytest.raises(Conflict, match="is no draft"):
            client.finish(first)
        with pytest.raises(InvalidRequest, match="a bar at the least"):
            client.repaint(first, 4, 4.2)
        with pytest.raises(Conflict, match="has its stems already"):
            client.stems(first)
        with pytest.raises(InvalidCall, match="lyrics"):
            client.remix(first, "reggae", lyrics="No words here")  # type: ignore[call-arg]

        async def asynchronously() -> list[str]:
            async with AsyncClient(running.url, TOKEN) as other:
                songs = (
                    await other.extend(first, 8, before=True),
                    await other.repaint(first, 4, 8.5),
                    await other.remix(first, "punk"),
                    await other.resing(first, "Up in the valley"),
                    await other.cover(first),
                )
                return [(await other.wait(song)).task for song in songs]

        assert asyncio.run(asynchronously()) == list(made)


def test_variations_are_songs_of_their_own(server: Server, connect: Connect) -> None:
    client = connect(server.url)
    first = client.generate("a song in takes", variations=2, audio_duration=5)
    seeds = [client.wait(song_id).seed for song_id in first.sibling_ids]
    assert seeds == [first.seed, first.seed + 1]


def test_the_library_is_walked_page_by_page_and_a_song_deleted(server: Server, connect: Connect) -> None:
    client = connect(server.url)
    made = [client.wait(client.generate(f"song {number}", audio_duration=5)).id for number in range(3)]
    listed = [song.id for song in client.songs(page_size=2)]
    assert listed[:3] == made[::-1]
    assert [song.id for song in client.songs(after=made[1], page_size=2)] == listed[2:]
    client.delete(made[1])
    assert made[1] not in [song.id for song in client.songs()]
    with pytest.raises(NotFound):
        client.song(made[1])


def test_a_song_is_cancelled(server: Server, connect: Connect, held: Callable[[], None]) -> None:
    client = connect(server.url)
    song = client.generate("a song to cancel", audio_duration=5)
    assert client.cancel(song).status in ("cancelled", "queued", "planning", "composing")
    with pytest.raises(SongCancelled) as raised:
        client.wait(song)
    assert raised.value.song.id == song.id


def test_a_song_that_fails_says_why(server: Server, connect: Connect) -> None:
    client = connect(server.url)
    song = client.generate("a song that fails", audio_duration=5, seed=13)
    with pytest.raises(SongFailed, match="a bug in the engine") as raised:
        client.wait(song)
    assert raised.value.song.error["type"] == "EngineFailed"
    with pytest.raises(Conflict):
        client.cancel(song)


def test_a_wait_ends_in_time_and_the_song_goes_on(
    server: Server, connect: Connect, held: Callable[[], None]
) -> None:
    client = connect(server.url)
    song = client.generate("a song that takes its time", audio_duration=5)
    with pytest.raises(WaitTimeout, match=r"is not done after 0\.3 s"):
        client.wait(song, timeout_s=0.3)
    held()
    assert client.wait(song, timeout_s=90).status == "done"


def test_a_key_of_ones_own_finds_the_song_again(server: Server, connect: Connect) -> None:
    client = connect(server.url)
    key = uuid.uuid4().hex
    first = client.generate("a song by key", audio_duration=5, idempotency_key=key)
    assert client.generate("a song by key", audio_duration=5, idempotency_key=key).id == first.id
    assert client.generate("a song by key", audio_duration=5).id != first.id
    with pytest.raises(Conflict, match="send a new key"):
        client.generate("another song", audio_duration=5, idempotency_key=key)


def test_a_refusal_names_the_field_and_the_fix(server: Server, connect: Connect) -> None:
    client = connect(server.url)
    with pytest.raises(InvalidRequest, match="audio_duration") as raised:
        client.generate("a song", audio_duration=3)
    error = raised.value
    assert (error.status, error.field, error.value, error.retry) == (422, "audio_duration", "3", False)
    assert error.fix == "send 5 or more"
    assert error.type == "urn:songwright:problem:invalid-request"
    with pytest.raises(InvalidRequest) as several:
        client.generate("", audio_duration=3)
    assert [problem.field for problem in several.value.errors] == ["audio_duration", "full_described_song"]
    with pytest.raises(Unauthorized, match="401"):
        connect(server.url, "another-token").song("0" * 15)
    with pytest.raises(NotFound):
        client.wait("0" * 15)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({}, "not nothing"),
        ({"prompt": "punk"}, "not prompt"),
        ({"description": "a song", "lyrics": "la"}, "not a description and lyrics"),
        ({"prompt": "punk", "lyrics": "la", "described_lyrics": "sea"}, "not described_lyrics and lyrics"),
    ],
)
def test_words_of_two_kinds_are_a_mistake_in_the_program(words: dict[str, str], said: str) -> None:
    with Client("http://127.0.0.1:9", TOKEN) as client, pytest.raises(TypeError, match=said):
        client.generate(**words)


def test_an_address_that_is_none_is_refused_at_once_and_one_that_is_silent_by_name() -> None:
    with pytest.raises(ValueError, match="begins with http"):
        Client("localhost:8000", TOKEN)
    with (
        Client("http://127.0.0.1:9", TOKEN, retries=0) as client,
        pytest.raises(ConnectionFailed, match=r"GET /songs/x: .* is the service running"),
    ):
        client.song("x")


def test_many_songs_are_waited_for_at_once(server: Server) -> None:
    async def journey() -> set[str]:
        async with AsyncClient(server.url, TOKEN) as client:
            songs = await asyncio.gather(
                *(client.generate(f"one of many {number}", audio_duration=5) for number in range(5))
            )
            done = await asyncio.gather(*(client.wait(song) for song in songs))
            return {song.status for song in done}

    assert asyncio.run(journey()) == {"done"}


def test_a_wait_that_is_given_up_lets_its_connection_go(server: Server, held: Callable[[], None]) -> None:
    async def journey() -> None:
        async with AsyncClient(server.url, TOKEN) as client:
            song = await client.generate("a song given up", audio_duration=5)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await client.wait(song)
            held()
            assert (await client.wait(song)).status == "done"

    asyncio.run(journey())  # an open socket would be a warning, and warnings are errors here


def test_the_client_loads_nothing_of_the_service_and_says_what_it_needs() -> None:
    others = ("orchestrator", "config", "lyrics", "music", "pydantic", "fastapi", "numpy")
    code = f"import sys, songwright; print([name for name in {others!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=CLIENT)
    assert result.stdout.strip() == "[]", result.stderr
    code = "import sys; sys.modules['httpx'] = None; import songwright"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=CLIENT)
    assert "the client needs httpx: pip install 'songwright[client]'" in result.stderr


def test_names_of_before_are_the_names_of_today() -> None:
    from songwright.calls import Asked, Music, Pictured
    from songwright.client import AsyncClient as Awaited
    from songwright.client import Client as Blocking
    from songwright.client import Photo

    assert (Asked, Pictured, Music) == (SongRequest, PhotoRequest, MusicRequest)
    assert (songwright.Asked, songwright.Pictured, songwright.Music) == (Asked, Pictured, Music)
    assert (Awaited, Blocking) == (AsyncClient, Client)
    assert Photo == bytes | str | Path


def test_errors_survive_pickling() -> None:
    document = {"type": "urn:x", "detail": "no", "errors": [{"field": "a", "value": "1", "detail": "b"}]}
    error = pickle.loads(pickle.dumps(InvalidRequest(422, document, 3.0)))
    assert (type(error), error.detail, error.errors[0].field, error.retry_after_s) == (
        InvalidRequest, "no", "a", 3.0,
    )  # fmt: skip
    for other in (
        WaitTimeout("x", 1.0),
        DownloadFailed("x", "audio", "why"),
        ConnectionFailed("GET /", "no"),
        ConnectionFailed("GET /", "no", retry=False),
        InvalidArgument("seed", -2, "give more"),
        InvalidCall("no"),
        FileMissing(2, "No such file", "x"),
    ):
        assert str(pickle.loads(pickle.dumps(other))) == str(other)
    assert issubclass(ApiError, ClientError)
