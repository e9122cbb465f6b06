"""``modal run main.py::prefetch``, by the genuine client: what it would fetch, and what it fetches."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import EngineSettings
from orchestrator.modal.deployment.settings import SECRET_KEYS, Deployment
from orchestrator.modal.deployment.weights import count_weights, fetch_weights
from tests import tiny
from tests.hub import hub
from tests.modal.control import Control
from tests.modal.deployed import ROOT

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)
SECRETS = {"music-gen-secret": dict.fromkeys(SECRET_KEYS, "x") | {"R2_ENDPOINT_URL": "http://127.0.0.1:9"}}


def test_a_dry_run_tells_the_gigabytes_by_engine_and_fetches_nothing() -> None:
    with Control(secrets=SECRETS, container_env={"HF_HUB_OFFLINE": "1"}) as control:
        said = control.run(f"{ROOT / 'main.py'}::prefetch", "--dry-run", cwd=ROOT)
        for line in (
            "lyrics: Qwen/Qwen2-7B-Instruct for 'qwen': 15.2 GB of files (as published; the hub does not",
            "music: ACE-Step/acestep-v15-xl-turbo-diffusers for 'acestep': 11.1 GB of files",
            "art: stabilityai/sdxl-turbo for 'sdxl_turbo': 6.9 GB of files",
            "vision: Qwen/Qwen2-VL-7B-Instruct for 'qwen_vl': 16.6 GB of files",
            "in all: 49.9 GB",
        ):
            assert line in said
        assert not any(control.volume("sdxl-turbo-models").iterdir())


def test_only_what_a_gpu_reads_comes_into_the_volume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With fp16 beside fp32 and a checkpoint beside the folders, as SDXL Turbo is published. In this process:
    it is the container's function, with a folder as its volume."""
    turbo = tiny.sdxl(tmp_path / "turbo")
    tiny.sdxl(tmp_path / "turbo", variant="fp16")
    (turbo / "sd_xl_turbo_1.0.safetensors").write_bytes(b"the same again")
    sketch = EngineSettings(engine="sketch")
    monkeypatch.setenv("SONGWRIGHT_MODAL__WEIGHTS", str(tmp_path / "weights"))
    settings = Deployment(lyrics=sketch, music=sketch, vision=sketch)
    with hub(tmp_path / "cache", monkeypatch) as here:
        here.add("stabilityai/sdxl-turbo", turbo)
        count_weights(settings)
        assert "art: stabilityai/sdxl-turbo for 'sdxl_turbo': 0.0 GB of files (by the hub's listing)" in (
            capsys.readouterr().out
        )
        assert here.fetched == ["model_index.json"]
        assert list(fetch_weights(settings)) == ["sdxl-turbo-models"]
    said = capsys.readouterr().out
    assert "lyrics: engine 'sketch' has no weights" in said
    assert "art: 0.0 GB in volume 'sdxl-turbo-models'" in said
    there = {file.name for file in (tmp_path / "weights").rglob("*.safetensors")}
    assert there == {"model.fp16.safetensors", "diffusion_pytorch_model.fp16.safetensors"}
