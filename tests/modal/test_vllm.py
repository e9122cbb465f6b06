"""On Modal, the writer that runs vLLM: its image and GPU, and its start after the memory snapshot."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from config.settings import EngineSettings
from orchestrator.modal.deployment.settings import SECRET_KEYS, Deployment
from orchestrator.modal.engine_host import EngineHost
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import new_songs
from tests.lyrics.test_vllm import ended, model, pids
from tests.modal.control import Control
from tests.modal.deployed import ROOT, SKETCH

__all__ = ["model"]  # a fixture
SECRET = {"music-gen-secret": dict.fromkeys(SECRET_KEYS, "x")}
VLLM = {**SKETCH, "SONGWRIGHT_LYRICS__ENGINE": "vllm"}


def test_it_has_an_image_and_a_gpu_of_its_own_and_the_weights_of_qwen() -> None:
    with Control(secrets=SECRET) as control:
        control.deploy(ROOT / "main.py", env=VLLM, cwd=ROOT)
        writer = control.functions["LyricsEngine.*"]
        assert writer.gpu == "A10"
        assert writer.max_inputs == writer.target_inputs == 32
        assert {each.name for each in writer.volumes.values()} == {"qwen-hf-cache"}
        packages = writer.image.packages
        assert (packages["vllm"], packages["httpx"]) == ("==0.33.0", "==0.28.1")
        assert "diffusers" not in packages
        env = {key: value for secret in writer.secrets for key, value in secret.env.items()}
        assert (env["HF_HOME"], env["HF_HUB_OFFLINE"]) == ("/weights/qwen-hf-cache", "1")
        assert len({function.image.id for function in control.functions.values()}) == 3
        fetching = control.functions["prefetch"]
        assert "vllm" not in fetching.image.packages
        assert "transformers" in fetching.image.packages
        assert {each.name for each in fetching.volumes.values()} == {"qwen-hf-cache"}


def test_a_gpu_without_bf16_is_refused() -> None:
    with Control(secrets=SECRET) as control:
        env = VLLM | {"SONGWRIGHT_LYRICS__GPU": "T4"}
        result = control.cli("deploy", str(ROOT / "main.py"), env=env, cwd=ROOT)
        assert result.returncode != 0
        assert "T4 cannot run Qwen/Qwen2-7B-Instruct: bf16 needs compute capability 8.0" in result.stdout


def test_vllm_starts_after_the_snapshot_and_its_last_words_reach_the_song(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def leave() -> None:
        pass

    monkeypatch.setenv("VLLM_PLAYS", "ends")
    monkeypatch.setattr("lyrics.vllm.gpu.gpu_names", lambda: ["NVIDIA A10"])
    chosen = EngineSettings(engine="vllm", model=str(model), gpu="A10")
    host = EngineHost(Deployment(home=tmp_path, store="local", lyrics=chosen), "lyrics", "vllm", leave)
    host.load()
    assert not (model / "pids").exists()
    host.settle()
    song = new_songs(Brief(description="a song"))[0].model_dump_json()
    _, error = asyncio.run(host.step("draft", song, ""))
    assert "vLLM ended with status 1: ValueError: No available memory for the cache blocks" in str(error)
    assert ended(pids(model))
    host.close()
