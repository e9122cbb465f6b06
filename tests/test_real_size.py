"""The default models in their own size are what their cards say, and an engine runs around such a one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import AceStepPipeline

from config.engine import EngineOptions
from music.contract import COMPOSERS
from music.musicgen.batch import MOST
from music.musicgen.decoder import Shape
from music.musicgen.gpu.slots import slot_bytes
from tests import real_size, tiny
from tests.inference.engines import used
from tests.specs import spec_of

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.mark.parametrize(
    ("size", "transformer", "whole"),
    [("XL", 4.17e9, 5.56e9), ("2B", 1.59e9, 2.95e9)],  # their cards: 4B and 2B with the encoders
)
def test_acestep_is_as_large_as_its_card_says(size: str, transformer: float, whole: float) -> None:
    pipe = real_size.acestep("meta", torch.bfloat16, size=size)
    networks = [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]
    counts = [sum(weight.numel() for weight in network.parameters()) for network in networks]
    print(f"{size}: {sum(counts) / 1e9:.2f} milliards of numbers")
    assert sum(weight.numel() for weight in pipe.transformer.parameters()) == pytest.approx(
        transformer, rel=0.01
    )
    assert sum(counts) == pytest.approx(whole, rel=0.01)
    assert {weight.dtype for network in networks for weight in network.parameters()} == {torch.bfloat16}
    assert torch.get_default_dtype() == torch.float32
    assert pipe.is_turbo
    assert pipe.latents_per_second == 25.0


def test_what_a_card_is_checked_against_is_what_the_engines_count() -> None:
    needs = spec_of("acestep").needs()
    assert needs
    pipe = real_size.acestep("meta", torch.bfloat16)
    networks = [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]
    count = sum(weight.numel() for network in networks for weight in network.parameters())
    assert needs.numbers == pytest.approx(count / 1e9, rel=0.02)
    for size, shape in {
        "small": Shape(24, 1024, 16, 4, 2048),
        "medium": Shape(48, 1536, 24, 4, 2048),
        "large": Shape(48, 2048, 32, 4, 2048),
    }.items():
        needs = spec_of("musicgen").needs(f"facebook/musicgen-{size}")
        assert needs
        assert needs.cached * 2e9 == pytest.approx(slot_bytes(shape, MOST, 2), rel=0.05)


def test_the_engine_around_a_pipeline_is_the_engine(tmp_path: Path) -> None:
    folder = tiny.acestep(tmp_path)
    around = real_size.acestep_composer(AceStepPipeline.from_pretrained(folder), "cpu")
    options = EngineOptions(model=str(folder), precision="fp32", gpu_path=True)
    assert used(around) == used(COMPOSERS.load("acestep", options))
    assert around.info.precision == "fp32"
