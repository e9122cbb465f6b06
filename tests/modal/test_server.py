"""On Modal, the writer that asks a server: without a GPU and torch, with the key of the secret."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.engine import ServerOptions
from config.settings import EngineSettings
from orchestrator.modal.deployment.settings import SECRET_KEYS, Deployment
from orchestrator.modal.engine_host import EngineHost
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import new_songs
from tests.lyrics.openai_servers import MODEL, PLAN, Reply, Server, playing, streamed
from tests.modal.control import Control
from tests.modal.deployed import ROOT, SKETCH, deployed, secret_of
from tests.modal.test_doctor import examined
from tests.storage.s3 import s3_server

SECRET = {"music-gen-secret": dict.fromkeys(SECRET_KEYS, "x")}
KEY = "sk-of-the-secret-0123456789"
OPENAI = {
    **SKETCH,
    "SONGWRIGHT_LYRICS__ENGINE": "openai",
    "SONGWRIGHT_LYRICS__MODEL": MODEL,
    "SONGWRIGHT_OPENAI__BASE_URL": "https://llm.example.com/v1",
}


@pytest.fixture
def server() -> Iterator[Server]:
    with playing(Reply(200, streamed(json.dumps(PLAN)))) as server:
        yield server


def test_it_takes_the_small_image_and_the_key_of_this_machine_stays_here() -> None:
    with Control(secrets=SECRET) as control:
        control.deploy(ROOT / "main.py", env=OPENAI | {"SONGWRIGHT_OPENAI__API_KEY": KEY}, cwd=ROOT)
        writer = control.functions["LyricsEngine.*"]
        assert writer.gpu is None
        assert not writer.volumes
        assert writer.max_inputs == 32
        assert "httpx" in writer.image.packages
        assert not {"torch", "transformers", "xgrammar"} & writer.image.packages.keys()
        assert len({function.image.id for function in control.functions.values()}) == 1
        (given,) = [secret.env for secret in writer.secrets if "SONGWRIGHT_LYRICS__ENGINE" in secret.env]
        assert given["SONGWRIGHT_OPENAI__BASE_URL"] == OPENAI["SONGWRIGHT_OPENAI__BASE_URL"]
        assert not any(KEY in secret.env.values() for secret in writer.secrets)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"SONGWRIGHT_OPENAI__BASE_URL": "http://localhost:11434"},
            "SONGWRIGHT_OPENAI__BASE_URL: 'http://localhost:11434/v1' - a container on Modal cannot reach "
            "localhost, which is in a network of its own: give the server's address on the internet",
        ),
        ({"SONGWRIGHT_OPENAI__BASE_URL": "http://192.168.1.7:8000/v1"}, "cannot reach 192.168.1.7, which"),
        ({"SONGWRIGHT_OPENAI__BASE_URL": ""}, "SONGWRIGHT_OPENAI__BASE_URL: '' - give the server's address"),
        ({"SONGWRIGHT_LYRICS__MODEL": ""}, "SONGWRIGHT_LYRICS__MODEL: '' - name the model as the server"),
        ({"SONGWRIGHT_COMMERCIAL": "true"}, f"the licence of {MODEL} (unknown: see the model's own page)"),
    ],
)
def test_what_its_containers_could_not_ask_is_refused_before_anything_is_deployed(
    changed: dict[str, str], said: str
) -> None:
    with Control(secrets=SECRET) as control:
        result = control.cli("deploy", str(ROOT / "main.py"), env=OPENAI | changed, cwd=ROOT)
        assert result.returncode != 0
        assert said in result.stdout
        assert len(result.stdout.strip().splitlines()) == 1, result.stdout
        assert not control.functions


def test_doctor_says_which_server_is_asked() -> None:
    with Control(secrets=SECRET) as control:
        _, said = examined(control, **OPENAI)
        assert "engine 'openai' asks https://llm.example.com/v1, and needs no weights and no GPU" in said
        _, said = examined(control, **OPENAI | {"SONGWRIGHT_OPENAI__BASE_URL": "http://127.0.0.1:8080"})
        assert "a container on Modal cannot reach 127.0.0.1" in said


def test_a_key_that_was_changed_since_the_snapshot_is_used(tmp_path: Path, server: Server) -> None:
    def settings(key: str) -> Deployment:
        return Deployment(
            home=tmp_path,
            store="local",
            lyrics=EngineSettings(engine="openai", model=MODEL),
            openai=ServerOptions.model_validate({"base_url": server.url, "api_key": key}),
        )

    host = EngineHost(settings("sk-old"), "lyrics", "openai")
    host.load()
    host.settle(lambda: settings(KEY))
    song = new_songs(Brief(description="a song"))[0].model_dump_json()
    _, error = asyncio.run(host.step("draft", song, ""))
    assert error is None
    assert [headers["authorization"] for _, headers, _ in server.asked] == [f"Bearer {KEY}"]
    host.close()


@pytest.mark.alone
def test_a_song_is_planned_by_the_server_with_the_key_of_the_secret(server: Server) -> None:
    """Its address is one that containers of the stand-in reach, which run on this machine."""
    here = {"SONGWRIGHT_OPENAI__BASE_URL": server.url}
    with s3_server() as s3, deployed(s3, OPENAI, container_env=here) as app:
        name, bucket = "music-gen-secret", app.bucket
        app.control.add_secret(name, secret_of(s3, bucket) | {"SONGWRIGHT_OPENAI__API_KEY": KEY})
        with app.client as client:
            body = {"full_described_song": "a slow waltz about the sea", "audio_duration": 5.0}
            song = client.post("/generate-from-description", json=body).raise_for_status().json()
        assert song["plan"]["title"] == PLAN["title"]
        assert song["engines"]["lyrics"]["name"] == "openai"
        kept = b"".join(app.read(key) for key in app.keys() if key.endswith(".json"))  # noqa: SIM118 - a method
    assert KEY.encode() not in kept
    assert {headers["authorization"] for _, headers, _ in server.asked} == {f"Bearer {KEY}"}
