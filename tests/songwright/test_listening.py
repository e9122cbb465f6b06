"""The client listens to a song while it is made."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from songwright import Client, ClientClosed, NotFound, SongCancelled, SongFailed
from tests.orchestrator.early import BUG, EARLY, HOLD
from tests.orchestrator.engines import RATE_HZ
from tests.service.server import TOKEN, Server, holding, serving
from tests.songwright.conftest import Connect
from tests.vision.photos import file_of, shot

SECONDS = 12


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home"), **EARLY) as running:
        yield running


@pytest.fixture
def held(early: Server) -> Iterator[Callable[[], None]]:
    """Holds every song after its beginning; call it to let them go."""
    with holding(early.home / HOLD) as let_go:
        yield let_go


def asked(client: Any, **more: Any) -> Any:
    return client.generate("a song to hear", audio_duration=SECONDS, **({"listen": True} | more))


def length_s(data: bytes) -> float:
    samples, rate_hz = soundfile.read(io.BytesIO(data))
    assert rate_hz == RATE_HZ
    return len(samples) / rate_hz


def test_its_beginning_comes_before_it_is_done(early: Server, held: Callable[[], None]) -> None:
    with Client(early.url, TOKEN) as client:
        song = asked(client)
        data = b""
        for piece in client.listen(song):
            data += piece
            if len(data) > 100_000 and (early.home / HOLD).exists():
                assert client.song(song.id).status == "composing"
                held()
        assert length_s(data) == SECONDS
        assert client.wait(song).status == "done"


@pytest.mark.parametrize("way", ["generate_like", "generate_from_image", "without asking", "when it is done"])
def test_every_song_can_be_listened_to(early: Server, connect: Connect, way: str, tmp_path: Path) -> None:
    client = connect(early.url)
    if way == "generate_from_image":
        song = client.generate_from_image(file_of(shot("sea"), "JPEG"), audio_duration=SECONDS, listen=True)
    else:
        song = asked(client, listen=way == "generate")
    if way == "generate_like":
        song = client.generate_like(client.wait(song), seed=5, listen=True)
    if way == "when it is done":
        client.wait(song)
    assert length_s(b"".join(client.listen(song.id))) == SECONDS


def test_a_song_that_fails_or_is_cancelled_ends_in_its_error(
    early: Server, connect: Connect, held: Callable[[], None]
) -> None:
    client = connect(early.url)
    song = asked(client, seed=BUG)
    threading.Timer(1.0, held).start()
    with pytest.raises(SongFailed, match="a bug in the engine"):
        list(client.listen(song))
    (early.home / HOLD).touch()
    song = asked(client, seed=2)

    def cancel() -> None:
        with Client(early.url, TOKEN) as other:
            other.cancel(song)

    threading.Timer(1.0, cancel).start()
    with pytest.raises(SongCancelled):
        list(client.listen(song))


def test_what_there_is_not_and_what_is_closed(early: Server, connect: Connect) -> None:
    client = connect(early.url)
    with pytest.raises(NotFound):
        list(client.listen("zzzzzzzzzzzzzzz"))
    with Client(early.url, TOKEN) as closed:
        pass
    with pytest.raises(ClientClosed):
        list(closed.listen("zzzzzzzzzzzzzzz"))
