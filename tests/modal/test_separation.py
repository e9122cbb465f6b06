"""The class that takes songs apart: declared where it is wanted, and a tiny Demucs in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.modal.deployment.settings import SECRET_KEYS
from orchestrator.songs.manifest import Song
from tests.modal.control import Control
from tests.modal.deployed import ROOT, SKETCH, deployed, until
from tests.separation.checkpoint import FOUR, needs_demucs, save_bag
from tests.storage.s3 import s3_server

pytestmark = [
    pytest.mark.alone,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"),
]


def test_with_demucs_there_is_a_class_for_it_on_a_small_gpu_in_an_image_of_its_own() -> None:
    with Control(secrets={"music-gen-secret": dict.fromkeys(SECRET_KEYS, "x")}) as control:
        control.deploy(ROOT / "main.py", env={**SKETCH, "SONGWRIGHT_SEPARATION__ENGINE": "demucs"}, cwd=ROOT)
        declared = control.functions["SeparationEngine.*"]
        assert declared.gpu == "T4"
        assert [mounted.name for mounted in declared.volumes.values()] == ["demucs-models"]
        assert declared.snapshot
        assert declared.definition.resources.memory_mb == 8 * 1024
        assert declared.image
        assert {"demucs", "torch", "safetensors", "boto3"} <= declared.image.packages.keys()
        assert not {"transformers", "diffusers"} & declared.image.packages.keys()


def test_a_song_of_the_deployment_is_taken_apart(tmp_path: Path) -> None:
    needs_demucs()
    seen = str(tmp_path / "weights")
    env = SKETCH | {
        "SONGWRIGHT_MODAL__WEIGHTS": seen,
        "SONGWRIGHT_MUSIC__ENGINE": "tests.separation.engines:MixComposer",
        "SONGWRIGHT_MODAL__PACKAGES": "tests",
        "SONGWRIGHT_SEPARATION__ENGINE": "demucs",
        "SONGWRIGHT_SEPARATION__MODEL": f"{seen}/demucs-models/htdemucs",
        "SONGWRIGHT_SEPARATION__DEVICE": "cpu",
    }

    def weights(control: Control) -> None:
        save_bag(control.volume("demucs-models") / "htdemucs")

    with s3_server() as s3, deployed(s3, env, weights=weights, container_env={"OMP_NUM_THREADS": "1"}) as app:
        with app.client as client:
            asked = {"full_described_song": "a plain song", "audio_duration": 5.0}
            parent = client.post("/generate-from-description", json=asked)
            assert parent.status_code == 200, parent.text + app.control.logs()[-3000:]
            before = len(app.control.calls)
            answer = client.post(f"/songs/{parent.json()['id']}/stems", json={})
            assert answer.status_code == 200, answer.text + app.control.logs()[-3000:]
        song = Song.model_validate_json(app.read(f"songs/{answer.json()['id']}/song.json"))
        names = {entry.function.name for entry in app.control.calls[before:]}
        until(lambda: not app.keys("open/") | app.keys("calls/"), what="the marks to go")
    assert {f"stem:{name}" for name in FOUR} <= song.assets.keys()
    assert song.engines["separation"].name == "demucs"
    assert song.engines["music"].name == "mix"
    assert "SeparationEngine.*" in names
    assert "MusicEngine.*" not in names  # nor is it woken: its GPU has nothing to do
