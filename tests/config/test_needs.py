"""The table of what models need, held to the engines and to the cards that they are deployed to."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from config.needs import NEEDS, Resources, default_of, needs_of, resources_of
from inference.files import gpu_precision
from orchestrator.pipeline.engines import REGISTRIES

ENGINES = {engine: registry for registry in REGISTRIES.values() for engine in registry if engine != "sketch"}


def class_of(engine: str) -> Any:
    module, _, name = ENGINES[engine]._entries[engine].partition(":")
    return getattr(importlib.import_module(module), name)


def test_every_engine_with_a_model_is_in_the_table() -> None:
    assert NEEDS.keys() == ENGINES.keys()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("engine", sorted(ENGINES.keys() - {"audiocraft"}))
def test_the_table_says_what_the_engine_says_of_itself(engine: str) -> None:
    """AudioCraft's is not installed where tests run; painters decide by the family of their model."""
    known = class_of(engine)
    assert default_of(engine) == known.default
    needs = needs_of(engine)
    assert needs
    pipeline = {"sdxl_turbo": "StableDiffusionXLPipeline", "diffusion": "Flux2KleinPipeline"}.get(engine)
    assert needs.precision == (gpu_precision({"_class_name": pipeline}) if pipeline else known.on_gpu)


def test_a_model_by_its_revision_is_the_same_model() -> None:
    plain, revised = (needs_of("musicgen", f"facebook/musicgen-large{end}") for end in ("", "@refs/pr/18"))
    assert plain
    assert plain == revised
    assert needs_of("musicgen", "me/mine") is None


@pytest.mark.parametrize(
    ("engine", "model", "precision", "cores", "gib"),
    [
        ("sketch", "", "auto", 1, 2),
        ("qwen", "", "auto", 4, 24),
        ("qwen", "", "fp32", 4, 48),
        ("qwen", "me/mine", "auto", 4, 24),
        ("musicgen", "", "auto", 4, 8),
        ("musicgen", "facebook/musicgen-stereo-medium", "auto", 4, 16),
        ("musicgen", "me/mine", "auto", 4, 24),
        ("diffusion", "black-forest-labs/FLUX.2-klein-4B", "auto", 4, 24),
        ("mine.engine:Composer", "", "auto", 4, 16),
    ],
)
def test_a_container_asks_for_what_its_model_takes(
    engine: str, model: str, precision: str, cores: int, gib: int
) -> None:
    assert resources_of(engine, model, precision) == Resources(cores, gib * 1024)


@pytest.mark.parametrize(("engine", "model"), [(e, m) for e, models in NEEDS.items() for m in models])
def test_weights_that_wait_for_their_gpu_fit_the_container(engine: str, model: str) -> None:
    needs = needs_of(engine, model)
    assert needs
    weights_gb = needs.numbers * 2 + needs.in_fp32 * 4
    assert weights_gb * 1e9 < 0.75 * needs.memory_gib * 2**30
