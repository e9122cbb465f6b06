"""The table of what models need, held to the engines and to the cards that they are deployed to."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from config.spec import Resources
from inference.files import gpu_precision
from tests.specs import SPECS, WITH_MODELS, spec_of


def class_of(engine: str) -> Any:
    module, _, name = spec_of(engine).entry.partition(":")
    return getattr(importlib.import_module(module), name)


def test_what_an_engine_with_a_model_needs_is_known() -> None:
    assert SPECS.keys() - WITH_MODELS.keys() == {"sketch", "openai"}
    for spec in WITH_MODELS.values():
        assert spec.needs()
        assert spec.volume
        assert spec.sellable


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("engine", sorted(WITH_MODELS.keys() - {"audiocraft"}))
def test_the_table_says_what_the_engine_says_of_itself(engine: str) -> None:
    """AudioCraft's is not installed where tests run; painters decide by the family of their model."""
    known = class_of(engine)
    assert known.spec is spec_of(engine)
    needs = known.spec.needs()
    assert needs
    pipeline = {"sdxl_turbo": "StableDiffusionXLPipeline", "diffusion": "Flux2KleinPipeline"}.get(engine)
    assert needs.precision == (gpu_precision({"_class_name": pipeline}) if pipeline else known.on_gpu)


def test_a_model_by_its_revision_is_the_same_model() -> None:
    spec = spec_of("musicgen")
    plain, revised = (spec.needs(f"facebook/musicgen-large{end}") for end in ("", "@refs/pr/18"))
    assert plain
    assert plain == revised
    assert spec.needs("me/mine") is None


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
        ("musicgen_melody", "", "auto", 4, 16),
        ("musicgen_melody", "facebook/musicgen-melody-large", "auto", 4, 24),
        ("diffusion", "black-forest-labs/FLUX.2-klein-4B", "auto", 4, 24),
        ("mine.engine:Composer", "", "auto", 4, 16),
    ],
)
def test_a_container_asks_for_what_its_model_takes(
    engine: str, model: str, precision: str, cores: int, gib: int
) -> None:
    assert spec_of(engine).resources(model, precision) == Resources(cores, gib * 1024)


@pytest.mark.parametrize(
    ("engine", "model"), [(engine, model) for engine, spec in WITH_MODELS.items() for model in spec.models]
)
def test_weights_that_wait_for_their_gpu_fit_the_container(engine: str, model: str) -> None:
    needs = spec_of(engine).needs(model)
    assert needs
    weights_gb = needs.numbers * 2 + needs.in_fp32 * 4
    assert weights_gb * 1e9 < 0.75 * needs.memory_gib * 2**30
