"""``prefetch``, without a container."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import EngineSettings
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.modal.deployment.weights import fetch_weights
from tests import tiny


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
def test_audiocrafts_checkpoints_are_fetched_where_audiocraft_is_not_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in the image that ``prefetch`` runs in."""
    sketch = EngineSettings(engine="sketch")
    music = EngineSettings(engine="audiocraft", model=str(tiny.musicgen(tmp_path / "musicgen")))
    settings = Deployment(lyrics=sketch, art=sketch, vision=sketch, music=music)
    assert list(fetch_weights(settings)) == ["musicgen-models"]
    assert "GB in volume 'musicgen-models'" in capsys.readouterr().out
