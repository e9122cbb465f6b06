"""SDXL Turbo, FLUX.2 klein and other diffusion models on tiny checkpoints, held to the painters' contract."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from art.contract import PAINTERS, CoverRequest, Painter
from art.families import KLEIN, KLEIN_BASE, SCHNELL, SDXL, SDXL_TURBO, family_of
from config.engine import EngineOptions, ignore_progress
from config.errors import EngineUnavailable
from config.models import licence_of
from tests.tiny import klein, sdxl

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {"sdxl": sdxl(tmp_path_factory.mktemp("sdxl"))}
    return made | {"klein": klein(tmp_path_factory.mktemp("klein"))}


@pytest.fixture(
    scope="module",
    params=[("sdxl_turbo", "sdxl"), ("diffusion", "sdxl"), ("diffusion", "klein")],
    ids=lambda pair: "-".join(pair),
)
def chosen(request: pytest.FixtureRequest) -> tuple[str, str]:
    """An engine and its checkpoint."""
    pair: tuple[str, str] = request.param
    return pair


@pytest.fixture(scope="module", params=[False, True], ids=["cpu", "gpu_path"])
def painter(request: pytest.FixtureRequest, chosen: tuple[str, str], folders: dict[str, Path]) -> Painter:
    """On a GPU's path an SDXL is painted in bf16 here: its own fp16, which a CPU computes slowly, has a test
    to itself."""
    engine, kind = chosen
    precision = "bf16" if request.param and kind == "sdxl" else "auto"
    options = EngineOptions(
        model=str(folders[kind]), device="cpu", gpu_path=request.param, precision=precision
    )
    return PAINTERS.load(engine, options)


def request(**more: object) -> CoverRequest:
    usual = {"prompt": "a red boat", "title": "Sea", "seed": 1, "size": 256, "titled": False}
    return CoverRequest.model_validate(usual | more)


def made(painter: Painter, **more: object) -> np.ndarray:  # type: ignore[type-arg]
    return painter.paint(request(**more), ignore_progress).pixels


def test_the_request_decides_and_nothing_else(painter: Painter) -> None:
    first = made(painter)
    assert first.shape == (256, 256, 3)
    assert first.dtype == np.uint8
    assert first.std() > 1
    assert np.array_equal(first, made(painter))
    assert not np.array_equal(first, made(painter, seed=2))
    assert not np.array_equal(first, made(painter, prompt="a green hill"))


def test_the_title_is_set_on_it_when_asked(painter: Painter) -> None:
    plain, titled = made(painter), painter.paint(request(titled=True), ignore_progress)
    box = titled.title_box
    assert box
    changed = np.abs(plain.astype(int) - titled.pixels).max(axis=2)[
        box.top : box.bottom, box.left : box.right
    ]
    assert (changed > 20).mean() > 0.1


def test_weights_whose_covers_may_not_be_sold_name_others_that_may() -> None:
    with pytest.raises(EngineUnavailable, match="does not allow it - use SONGWRIGHT_ART__ENGINE=diffusion"):
        PAINTERS.load("sdxl_turbo", EngineOptions(model="stabilityai/sdxl-turbo", commercial=True))


def test_a_model_that_waited_for_its_device_paints_the_same_there(folders: dict[str, Path]) -> None:
    options = EngineOptions(model=str(folders["klein"]), precision="fp32")
    waiting: Any = PAINTERS.load("diffusion", replace(options, staged=True))
    waiting.move_to_gpu("cpu")
    assert np.array_equal(made(waiting), made(PAINTERS.load("diffusion", options)))


def test_on_a_gpu_klein_is_in_bf16_and_sdxl_in_fp16(folders: dict[str, Path]) -> None:
    for engine, kind, precision in (
        ("diffusion", "klein", "bf16"),
        ("diffusion", "sdxl", "fp16"),
        ("sdxl_turbo", "sdxl", "fp16"),
    ):
        painter: Any = PAINTERS.load(engine, EngineOptions(model=str(folders[kind]), staged=True))
        assert painter.info.precision == precision
        assert painter._pipe.dtype == getattr(torch, {"bf16": "bfloat16", "fp16": "float16"}[precision])


def test_fp16_paints_nearly_what_fp32_does(folders: dict[str, Path]) -> None:
    options = EngineOptions(model=str(folders["sdxl"]), device="cpu", precision="fp32")
    pictures = []
    for given in (options, replace(options, precision="auto", gpu_path=True)):
        painter: Any = PAINTERS.load("sdxl_turbo", given)
        painter._family = replace(SDXL_TURBO, steps=1)  # a CPU is slow at fp16
        pictures.append(made(painter).astype(int))
    assert np.abs(pictures[0] - pictures[1]).mean() < 2.0


def test_of_two_copies_the_one_in_the_wanted_numbers_is_read(tmp_path: Path) -> None:
    """As SDXL Turbo is published."""
    sdxl(tmp_path / "both")
    half = sdxl(tmp_path / "half", variant="fp16")
    for file in half.rglob("*.fp16.safetensors"):
        shutil.copy(file, tmp_path / "both" / file.relative_to(half))
    whole = sum(file.stat().st_size for file in (tmp_path / "both").rglob("*.safetensors"))
    weights = {}
    for precision, dtype in (("fp32", torch.float32), ("fp16", torch.float16)):
        options = EngineOptions(model=str(tmp_path / "both"), device="cpu", precision=precision)
        painter: Any = PAINTERS.load("sdxl_turbo", options)
        assert painter._pipe.unet.dtype == dtype
        weights[precision] = painter._place.weights
    assert weights["fp16"] == pytest.approx(weights["fp32"] / 2, rel=0.01)
    assert sum(weights.values()) < whole
    for file in half.rglob("*.fp16.safetensors"):  # fp32 now has nothing else to read
        (tmp_path / "both" / file.relative_to(half)).with_name(file.name.replace(".fp16", "")).unlink()
    painter = PAINTERS.load("sdxl_turbo", replace(options, precision="fp32"))
    assert painter._place.weights == weights["fp16"]
    assert painter._pipe.unet.dtype == torch.float32


def test_each_family_has_its_own_steps_and_guidance(folders: dict[str, Path], tmp_path: Path) -> None:
    def loaded(folder: Path) -> Any:
        painter: Any = PAINTERS.load("diffusion", EngineOptions(model=str(folder), device="cpu"))
        return painter._family

    def altered(kind: str, file: str, **more: object) -> Path:
        folder = shutil.copytree(folders[kind], tmp_path / "-".join((kind, *more)))
        settings = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps(settings | more))
        return folder

    assert loaded(folders["klein"]) == KLEIN
    assert (KLEIN.steps, KLEIN.guidance, KLEIN.side) == (4, 1.0, 1024)
    assert loaded(altered("klein", "model_index.json", is_distilled=False)) == KLEIN_BASE
    assert loaded(folders["sdxl"]) == SDXL_TURBO
    base = altered("sdxl", "scheduler/scheduler_config.json", timestep_spacing="leading")
    assert loaded(base) == SDXL
    from diffusers import FluxPipeline

    flux: Any = FluxPipeline.__new__(FluxPipeline)
    flux.__dict__["transformer"] = SimpleNamespace(config=SimpleNamespace(guidance_embeds=False))
    assert family_of(flux) == SCHNELL


def test_an_unknown_family_has_the_steps_of_its_own_pipeline() -> None:
    class Other:
        def __call__(self, prompt: str, num_inference_steps: int = 17, guidance_scale: float = 2.5) -> None:
            """Paints nothing."""

    family = family_of(Other())
    assert (family.steps, family.guidance) == (17, 2.5)


def test_sdxl_turbos_engine_takes_no_other_family(folders: dict[str, Path]) -> None:
    with pytest.raises(
        EngineUnavailable, match="is not an SDXL but a Flux2KleinPipeline - use SONGWRIGHT_ART"
    ):
        PAINTERS.load("sdxl_turbo", EngineOptions(model=str(folders["klein"]), device="cpu"))


@pytest.mark.parametrize(
    ("model", "commercial"),
    [
        ("black-forest-labs/FLUX.2-klein-4B", True),
        ("black-forest-labs/FLUX.2-klein-base-4B", True),
        ("black-forest-labs/FLUX.2-klein-9B", False),
        ("black-forest-labs/FLUX.2-klein-base-9B", False),
        ("black-forest-labs/FLUX.2-dev", False),
        ("black-forest-labs/FLUX.1-schnell", True),
        ("black-forest-labs/FLUX.1-dev", False),
        ("Qwen/Qwen2-7B-Instruct", True),
        ("Qwen/Qwen2.5-3B-Instruct", False),
        ("another/FLUX.2-klein-4B", False),
    ],
)
def test_what_may_be_sold_is_decided_by_the_longest_beginning(model: str, *, commercial: bool) -> None:
    assert licence_of(model).commercial is commercial


def test_the_way_out_for_covers_that_are_sold_may_be_sold() -> None:
    from art.diffusion import DiffusionPainter

    assert DiffusionPainter.spec.default_model == "black-forest-labs/FLUX.2-klein-4B"
    assert licence_of(DiffusionPainter.spec.default_model).name == "Apache-2.0"
    assert DiffusionPainter.spec.default_model in DiffusionPainter.spec.sellable
