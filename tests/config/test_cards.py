"""Which GPUs run which models: all that Modal has, by all that are known."""

from __future__ import annotations

import pytest

from config.errors import InvalidRequest
from config.gpus import GPUS
from config.settings import EngineSettings
from orchestrator.modal.deployment.cards import check_cards
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.pipeline.engines import REGISTRIES
from tests.specs import spec_of

ALL = set(GPUS)
BLACKWELL = {"RTX-PRO-6000", "B200", "B200+", "B300"}
CRAFT_OF = {engine: craft for craft, registry in REGISTRIES.items() for engine in registry}
REFUSED = {
    ("qwen", ""): {"T4"},
    ("qwen_vl", ""): {"T4"},
    ("acestep", ""): {"T4"},
    ("musicgen", ""): set(),
    ("musicgen", "facebook/musicgen-medium"): {"T4"},
    ("musicgen", "facebook/musicgen-large"): {"T4"},
    ("musicgen_melody", ""): set(),
    ("musicgen_melody", "facebook/musicgen-stereo-melody-large"): set(),
    ("audiocraft", ""): BLACKWELL,
    ("audiocraft", "facebook/musicgen-large"): BLACKWELL,
    ("sdxl_turbo", ""): set(),
    ("diffusion", "stabilityai/stable-diffusion-xl-base-1.0"): set(),
    ("diffusion", "black-forest-labs/FLUX.2-klein-4B"): {"T4"},
}


def refused(engine: str, gpu: str, **chosen: str) -> str:
    """Why a deployment with it is refused; empty if it is not."""
    settings = EngineSettings(engine=engine, gpu=gpu, **chosen)  # type: ignore[arg-type]  # all are strings
    try:
        check_cards(Deployment(**{CRAFT_OF.get(engine, "music"): settings}))  # type: ignore[arg-type]
    except InvalidRequest as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("engine", "model"), REFUSED)
def test_each_card_runs_a_model_or_is_refused(engine: str, model: str) -> None:
    said = {gpu: refused(engine, gpu, model=model) for gpu in GPUS}
    assert {gpu for gpu, why in said.items() if why} == REFUSED[engine, model]
    for gpu, why in said.items():
        if why:
            assert why.startswith(f"SONGWRIGHT_{CRAFT_OF[engine].upper()}__GPU: '{gpu}' - {gpu} cannot run ")
            assert (model or spec_of(engine).default_model) in why
            assert "\n" not in why
            named = set(why.rpartition("use ")[2].replace(" or ", ", ").split(", "))
            assert named == {each for each in ALL - REFUSED[engine, model] if each[-1] not in "!+"}


def test_the_deployments_own_choices_are_none_of_them_refused() -> None:
    check_cards(Deployment())


@pytest.mark.parametrize(
    ("engine", "gpu", "chosen", "why"),
    [
        ("qwen", "T4", {}, "bf16 needs compute capability 8.0 and T4 has 7.5"),
        ("qwen", "T4", {"precision": "fp16"}, "it needs 19.1 GiB in fp16 and T4 has room for 14.7"),
        ("qwen", "A10", {"precision": "fp32"}, "in fp32 and A10 has room for 22.1"),
        ("qwen", "L40S,A100,T4", {}, "T4 cannot run Qwen/Qwen2-7B-Instruct"),
        ("qwen", "A10,L4", {"model": "Qwen/Qwen2-7B-Instruct@main", "precision": "fp32"}, "A10 cannot run"),
        ("musicgen", "L4", {"model": "facebook/musicgen-stereo-large", "precision": "fp32"}, "in fp32"),
        ("musicgen", "T4", {"precision": "bf16"}, "bf16 needs compute capability"),
        ("audiocraft", "B200", {}, "its PyTorch ends at compute capability 9.0 and B200 has 10.0"),
    ],
)
def test_a_precision_of_ones_own_counts(engine: str, gpu: str, chosen: dict[str, str], why: str) -> None:
    assert why in refused(engine, gpu, **chosen)


@pytest.mark.parametrize(
    ("engine", "gpu", "chosen"),
    [
        ("musicgen", "T4", {"precision": "fp16"}),
        ("musicgen", "T4", {"precision": "fp32"}),
        ("sdxl_turbo", "T4:2", {"precision": "fp16"}),
        ("qwen", "L40S,A100", {"precision": "fp32"}),
        ("qwen", "T4", {"device": "cpu"}),
        ("qwen", "T4", {"model": "me/my-model"}),
        ("qwen", "T4", {"model": "/weights/qwen-hf-cache/mine"}),
        ("acestep", "T4", {"precision": "int9"}),
        ("mine.engine:Composer", "T4", {}),
        ("sketch", "T4", {}),
        ("qwen", "", {}),
    ],
)
def test_what_runs_or_cannot_be_known_is_not_refused(engine: str, gpu: str, chosen: dict[str, str]) -> None:
    assert refused(engine, gpu, **chosen) == ""


def test_compute_capabilities_are_those_of_the_cards_architectures() -> None:
    majors = {name: gpu.capability[0] for name, gpu in GPUS.items()}
    assert majors["T4"] == 7
    assert {name for name, major in majors.items() if major > 9} == BLACKWELL
    assert (GPUS["A10"].capability, GPUS["L4"].capability) == ((8, 6), (8, 9))
