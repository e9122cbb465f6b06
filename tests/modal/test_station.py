"""The container's end, without a container."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from config.deployment import Deployment
from config.errors import EngineUnavailable, InvalidRequest
from config.settings import EngineSettings
from orchestrator.manifest import new_songs
from orchestrator.remote.station import Station, recorded_engine
from orchestrator.requests import Brief
from orchestrator.stores import open_store
from tests import tiny

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)


def settings_of(home: Path, **art: str) -> Deployment:
    return Deployment(home=home, store="local", art=EngineSettings(engine="sdxl_turbo", **art))


def test_what_kept_a_model_from_loading_is_told_until_it_is_mended(tmp_path: Path) -> None:
    """As where a snapshot was taken before the weights had come."""
    folder = tmp_path / "weights"
    settings = settings_of(tmp_path, model=str(folder), device="cpu")
    station = Station(settings, "art", "sdxl_turbo")
    station.load()
    station.settle()
    song = new_songs(Brief(description="a song"))[0].model_dump_json()
    result, error = asyncio.run(station.step("cover", song))
    assert (result, type(error)) == ("", InvalidRequest)
    with pytest.raises(InvalidRequest):
        station.summary()
    tiny.sdxl(folder)
    station.settle()
    assert station.summary().startswith("sdxl_turbo")
    recorded = recorded_engine(open_store(settings), "art")
    assert recorded
    assert recorded.model == str(folder)
    station.close()


def test_weights_that_are_not_in_the_volume_name_the_command_that_fetches_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    station = Station(settings_of(tmp_path, model="nobody/nothing", device="cpu"), "art", "sdxl_turbo")
    station.load()
    station.settle()
    with pytest.raises(EngineUnavailable, match="run: modal run main"):
        station.summary()
