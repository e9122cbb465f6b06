"""What doctor says of the embedded voice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from config.settings import Settings
from music.sketch.voice import network
from orchestrator.cli.doctor import examine


def test_doctor_names_what_the_embedded_composer_sings_with_and_where_nothing_can_listen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SONGWRIGHT_ADDRESS", "0.0.0.0")  # of compose.yaml
    monkeypatch.setenv("SONGWRIGHT_ADRESS", "0.0.0.0")
    # An address that documents alone have.
    found = {each.subject: each for each in examine(Settings(home=tmp_path, host="203.0.113.7"))}
    assert found["voice"].ok
    assert "hibari-tts 0.2.1 on onnxruntime 1." in found["voice"].detail
    assert "cannot listen there: host: '203.0.113.7'" in found["service"].fix
    assert "SONGWRIGHT_ADRESS is no setting" in found["settings"].fix
    assert "SONGWRIGHT_ADDRESS is" not in found["settings"].fix


def test_doctor_says_that_there_is_no_voice_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "_loaded", [])
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    (voice,) = [each for each in examine(Settings(home=tmp_path)) if each.subject == "voice"]
    assert not voice.ok
    assert voice.wanted
    assert "pip install" in voice.fix
    assert "instrumental" in voice.fix
