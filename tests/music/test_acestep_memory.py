"""The memory that ACE-Step says it needs beside its weights, against what is alive in its real sizes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from config.engine import EngineOptions
from config.errors import EngineUnavailable
from music.acestep.engine import AceStepComposer
from music.acestep.memory import TILE_FRAMES, beside_weights
from tests.live_bytes import LiveBytes
from tests.music.acestep_calls import pipeline, step
from tests.tiny import acestep as tiny

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


def configured(folder: Path, size: str, *, turbo: bool) -> Path:
    """A folder with the configurations of ``size`` and nothing else."""
    pipe = pipeline(size, torch.bfloat16)
    for name in ("transformer", "vae"):
        (folder / name).mkdir()
        settings = dict(getattr(pipe, name).config)
        if name == "transformer":
            settings["is_turbo"] = turbo
        (folder / name / "config.json").write_text(json.dumps(settings))
    return folder


@pytest.mark.parametrize(("size", "rows"), [("XL", 1), ("XL", 2), ("2B", 1), ("2B", 2)])
def test_what_it_says_is_what_is_alive_at_ten_minutes(size: str, rows: int, tmp_path: Path) -> None:
    pipe = pipeline(size, torch.bfloat16)
    with torch.inference_mode():
        with LiveBytes() as stepping:
            step(pipe, 600.0, rows=rows)
        latents = torch.empty(1, 64, TILE_FRAMES, dtype=torch.bfloat16, device="meta")
        with LiveBytes() as decoding:
            pipe.vae.decoder(latents)
        with LiveBytes() as encoding:
            pipe.vae.encoder(torch.empty(1, 2, TILE_FRAMES * 1920, dtype=torch.bfloat16, device="meta"))
    song = 600 * 48_000 * 2 * 2
    alive = max(stepping.peak, decoding.peak + song, encoding.peak + song)
    said = beside_weights(configured(tmp_path, size, turbo=rows == 1), number_bytes=2)
    print(
        f"{size}, {rows} rows: step {stepping.peak / 1e9:.2f} GB, tile {decoding.peak / 1e9:.2f} GB, "
        f"encoded {encoding.peak / 1e9:.2f} GB, "
        f"said {said / 1e9:.2f} GB"
    )
    assert alive <= said <= 1.4 * alive


def test_a_step_of_ten_minutes_takes_no_more_than_its_share_of_three(tmp_path: Path) -> None:
    """Ten minutes are 3.3 times three: with dense masks they took 8 times as much."""
    pipe = pipeline("2B", torch.bfloat16)
    peaks = []
    for duration_s in (180.0, 600.0):
        with torch.inference_mode(), LiveBytes() as alive:
            step(pipe, duration_s)
        peaks.append(alive.peak)
    assert peaks[1] <= 3.5 * peaks[0]


def test_it_is_counted_where_room_is_looked_for(tmp_path: Path) -> None:
    options = EngineOptions(model=str(tiny(tmp_path)))
    place = AceStepComposer.placed(options)
    beside = beside_weights(tmp_path, number_bytes=4)
    assert beside > 0
    assert place.needed == place.weights + beside


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_damaged_configuration_is_named(text: str, tmp_path: Path) -> None:
    folder = tiny(tmp_path)
    (folder / "transformer" / "config.json").write_text(text)
    with pytest.raises(EngineUnavailable, match=r"transformer/config\.json is"):
        AceStepComposer.check(EngineOptions(model=str(folder)))
