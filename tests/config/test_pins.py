"""The exact versions of the images."""

from __future__ import annotations

import re

import pytest

from orchestrator.modal.deployment.images import (
    AUDIOCRAFT,
    IMAGES,
    LISTENING,
    MODEL,
    SEPARATION,
    SOURCES,
    VLLM,
    WEB,
)
from orchestrator.modal.deployment.pins import (
    AUDIOCRAFT_CONSTRAINTS,
    CONSTRAINTS,
    ROOT,
    VLLM_CONSTRAINTS,
    pinned_in,
    pins,
    version_of,
)
from tests.specs import spec_of


@pytest.mark.parametrize("file", [CONSTRAINTS, AUDIOCRAFT_CONSTRAINTS, VLLM_CONSTRAINTS])
def test_every_line_pins_one_package_exactly_and_once(file: str) -> None:
    lines = (ROOT / file).read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[^=\s]+", line)] == []
    assert len(pinned_in("\n".join(lines))) == len(lines)


def test_names_are_read_however_they_are_written() -> None:
    assert pinned_in("typing_extensions==4.0\nFlask==3.1\n# a==1\n") == {
        "typing-extensions": "4.0",
        "flask": "3.1",
    }
    assert re.fullmatch(r"[\d.]+", version_of("uv"))


def test_pins_are_exact_and_one_that_is_missing_is_an_error(tmp_path: object) -> None:
    for spec in IMAGES.values():
        assert all("==" in pin for pin in pins(*spec.extras, constraints=spec.constraints))
    assert "torch==2.13.0" in pins(*MODEL.extras)
    assert "torch==2.1.0" in pins(*AUDIOCRAFT.extras, constraints=AUDIOCRAFT.constraints)
    with pytest.raises(LookupError):
        version_of("no-such-package")


def test_cudas_wheels_are_pinned_beside_the_torch_that_wants_them() -> None:
    pinned = pinned_in((ROOT / CONSTRAINTS).read_text())
    cuda = {name for name in pinned if name.startswith(("nvidia-", "cuda-"))}
    assert len(cuda) == 20  # two of them for CTranslate2, which wants CUDA 12
    assert pinned["triton"] == "3.7.1"  # torch 2.13.0 wants this one


def test_an_engine_runs_in_the_image_of_its_family() -> None:
    assert IMAGES[spec_of("sketch").image] is WEB
    assert IMAGES[spec_of("audiocraft").image] is AUDIOCRAFT
    assert IMAGES[spec_of("vllm").image] is VLLM
    assert IMAGES[spec_of("whisper").image] is LISTENING
    assert IMAGES[spec_of("demucs").image] is SEPARATION
    others = ("qwen", "acestep", "musicgen", "mine:Engine")
    assert {IMAGES[spec_of(engine).image] for engine in others} == {MODEL}
    assert "libavformat-dev" in AUDIOCRAFT.system
    assert not WEB.system
    assert all(source.why for source in SOURCES.values())
