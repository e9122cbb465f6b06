"""A song of the library is taken apart by the real service, with a tiny Demucs from disk."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from config.engine import EngineInfo
from config.settings import EngineSettings, Settings
from orchestrator.cli.doctor import examine
from orchestrator.estimates.quotes import Measurements
from orchestrator.pipeline.replay import settings_like
from orchestrator.songs.brief import Brief
from orchestrator.songs.facts.change import SongChange
from orchestrator.songs.stages import Stage, elapsed
from songwright import AsyncClient, Client, Song
from tests.orchestrator.songs import ENGINES, made_song
from tests.separation.checkpoint import FOUR, save_bag
from tests.service.server import ONE_EACH, TOKEN, Server, serving

QUICK = "tests.orchestrator.engines"
ENV = {
    "SONGWRIGHT_LYRICS__ENGINE": f"{QUICK}:PlainWriter",
    "SONGWRIGHT_MUSIC__ENGINE": "tests.separation.engines:MixComposer",
    "SONGWRIGHT_ART__ENGINE": f"{QUICK}:BlankPainter",
    **ONE_EACH,
}


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bag(tmp_path_factory.mktemp("htdemucs"))


@pytest.fixture(scope="module")
def server(bag: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    demucs = {
        "SONGWRIGHT_SEPARATION__ENGINE": "demucs",
        "SONGWRIGHT_SEPARATION__MODEL": str(bag),
        "SONGWRIGHT_SEPARATION__DEVICE": "cpu",
        "OMP_NUM_THREADS": "1",
    }
    with serving(tmp_path_factory.mktemp("home"), **ENV, **demucs) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as connected:
        connected.timeout = httpx.Timeout(60.0)
        yield connected


def made(client: httpx.Client, **body: Any) -> dict[str, Any]:
    asked = {"full_described_song": "A Plain Song", "audio_duration": 5, "seed": 7} | body
    return dict(client.post("/generate-from-description", json=asked).raise_for_status().json())


def changed(client: httpx.Client, song: dict[str, Any], task: str, **body: Any) -> httpx.Response:
    return client.post(f"/songs/{song['id']}/{task}", json=body)


def samples(client: httpx.Client, song: dict[str, Any], role: str = "audio") -> np.ndarray:
    data = client.get(song["urls"][role]).raise_for_status().content
    return np.asarray(soundfile.read(io.BytesIO(data), dtype="int16")[0], np.int64)


def test_a_song_gets_stems_that_add_up_to_it_to_the_sample(client: httpx.Client) -> None:
    parent = made(client)
    assert not any(role.startswith("stem:") for role in parent["assets"])
    song = changed(client, parent, "stems", seed=3).raise_for_status().json()
    assert song["id"] != parent["id"]
    assert (song["status"], song["parent"], song["task"]) == ("done", parent["id"], "stems")
    # The audio, the cover and what is known of them are those of the source, byte for byte.
    for role in ("audio", "cover", "lrc", "midi", "waveform"):
        one, other = (client.get(each["urls"][role]).content for each in (parent, song))
        assert one == other, role
    for field in ("music", "title"):
        assert song[field] == parent[field]
    assert {role for role in song["assets"] if role.startswith("stem:")} == {f"stem:{name}" for name in FOUR}
    assert np.array_equal(sum(samples(client, song, f"stem:{name}") for name in FOUR), samples(client, song))
    made_by = song["engines"]["separation"]
    assert (made_by["name"], made_by["device"]) == ("demucs", "cpu")
    assert "demucs" in made_by["libraries"]
    assert song["engines"]["music"] == parent["engines"]["music"]
    assert "separate" in song["timings_s"]
    assert "music" not in song["timings_s"]
    # Again, it is found; of a song with stems there are no others.
    assert changed(client, parent, "stems", seed=3).json()["id"] == song["id"]
    assert changed(client, song, "stems").status_code == 409
    like = client.post("/generate-like", json={"like": song["id"]}).raise_for_status().json()
    for name in FOUR:
        assert np.array_equal(samples(client, like, f"stem:{name}"), samples(client, song, f"stem:{name}"))


def test_the_client_asks_for_stems(server: Server, tmp_path: Path) -> None:
    async def other(song: Song) -> Song:
        async with AsyncClient(server.url, TOKEN) as connected:
            return await connected.wait(await connected.stems(song, seed=5))

    with Client(server.url, TOKEN) as connected:
        first = connected.wait(connected.generate("A Plain Song", audio_duration=5))
        song = connected.wait(connected.stems(first, seed=4, format="flac"))
        assert (song.status, song.parent, song.task) == ("done", first.id, "stems")
        assert connected.download(song, "stem:vocals", tmp_path / "voice.flac").stat().st_size
        assert asyncio.run(other(first)).task == "stems"


@pytest.mark.parametrize(("before", "after"), [("mp3", "mp3"), ("flac", "wav"), ("mp3", "flac")])
def test_formats(client: httpx.Client, before: str, after: str) -> None:
    parent = made(client, format=before, seed=8)
    song = changed(client, parent, "stems", format=after).raise_for_status().json()
    assert np.array_equal(samples(client, song), samples(client, parent))
    off = sum(samples(client, song, f"stem:{name}") for name in FOUR) - samples(client, song)
    assert np.abs(off).max() <= (1 if "mp3" in (before, after) else 0)


def test_a_recording_is_taken_apart(client: httpx.Client) -> None:
    out = io.BytesIO()
    noise = np.random.default_rng(3).integers(-9000, 9000, (6 * 22_050, 2), np.int16)
    soundfile.write(out, noise, 22_050, format="WAV")
    sent = client.post(
        "/audio?rights=mine", content=out.getvalue(), headers={"Content-Type": "audio/wav"}
    ).raise_for_status()
    recording = {"id": sent.json()["id"]}
    song = changed(client, recording, "stems", format="flac").raise_for_status().json()
    assert song["task"] == "stems"
    assert song["music"]["duration_s"] == pytest.approx(6.0, abs=0.01)
    whole = sum(samples(client, song, f"stem:{name}") for name in FOUR)
    assert np.abs(whole - samples(client, song)).max() <= 1
    assert "music" not in song["engines"]


def test_other_changes_are_still_the_composers(client: httpx.Client) -> None:
    answer = changed(client, made(client), "extend", by_s=4)
    assert answer.status_code == 422
    assert "'mix' does not do it" in answer.text


def test_a_quote_is_by_songs_that_were_taken_apart(client: httpx.Client) -> None:
    parent = made(client, seed=9)
    changed(client, parent, "stems").raise_for_status()
    quote = client.post("/quote", json={"source": parent["id"], "task": "stems"}).raise_for_status().json()
    assert set(quote["stages"]) == {"separate"}
    assert quote["songs"] >= 1


def test_without_such_an_engine_the_answer_says_which_does_it(tmp_path: Path) -> None:
    with serving(tmp_path, **ENV) as running, running.client() as client:
        answer = changed(client, made(client), "stems")
    assert answer.status_code == 422
    assert "SONGWRIGHT_SEPARATION__ENGINE=demucs" in answer.text
    assert "'acestep'" in answer.text


def test_the_doctor_looks_at_the_separator_that_is_set(bag: Path, tmp_path: Path) -> None:
    chosen = Settings(home=tmp_path, separation=EngineSettings(engine="demucs", model=str(bag), device="cpu"))
    assert "separation" not in {each.subject for each in examine(Settings(home=tmp_path))}
    (found,) = [each for each in examine(chosen) if each.subject == "separation"]
    assert found.ok
    assert found.detail.startswith("demucs 1: ")


def test_a_song_that_was_taken_apart_is_no_measure_of_composing() -> None:
    times = {"lyrics": 0.1, "separate": 4.0, "cover": 0.1}
    engines = ENGINES | {"separation": "demucs"}
    used = {stage: (seconds, "T4") for stage, seconds in times.items()}
    measurements = Measurements()
    measurements.learn([made_song(1, times, used, engines=engines)])
    infos = {craft: EngineInfo(name=name, version="1", licence="MIT") for craft, name in engines.items()}
    change = SongChange(task="stems", source="x")
    stems = Brief(description="x", duration_s=60.0, change=change)
    assert set(measurements.quote(stems, infos, 1).stages) == {"separate"}
    assert not measurements.quote(Brief(description="x", duration_s=60.0), infos, 1).stages
    without = {craft: info for craft, info in infos.items() if craft != "separation"}
    assert not measurements.quote(stems, without, 1).stages
    assert elapsed({"separate": 2.0, "listen": 3.0, "cover": 4.0}) == 5.0
    assert stems.audio_stage(separates=True) is Stage.SEPARATE
    assert stems.crafts_by(separates=True)[1] == "separation"
    assert stems.crafts_by(separates=False) == stems.crafts


def test_a_song_that_was_taken_apart_is_repeated_by_what_did_it(tmp_path: Path) -> None:
    song = made_song(1, {"separate": 4.0}, {}, engines=ENGINES | {"separation": "demucs"})
    assert settings_like(Settings(home=tmp_path), song).separation.engine == "demucs"
