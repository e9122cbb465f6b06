"""``make check-images`` sees what would stop a deployment's build. These tests resolve against the public
index; the images as they are declared are resolved by CI with the command itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.modal.deployment.images import AUDIOCRAFT, MODEL, WEB, ImageSpec
from orchestrator.modal.deployment.pins import ROOT, pins
from tests.modal.resolve import Declared, faults, main

NAME = "image of LyricsEngine"


def image(spec: ImageSpec) -> Declared:
    return Declared(
        name=NAME,
        base=spec.base or "python:3.11.12-slim-bookworm",
        requirements=tuple(pins(*spec.extras, constraints=spec.constraints)),
        constraints=(ROOT / spec.constraints).read_text(),
        constraints_file=spec.constraints,
        system=spec.system,
    )


def repinned(declared: Declared, package: str, version: str) -> Declared:
    """With another version of ``package`` in its constraints; empty: none."""
    lines = [line for line in declared.constraints.splitlines() if not line.startswith(f"{package}==")]
    assert len(lines) == len(declared.constraints.splitlines()) - 1
    return replace(declared, constraints="\n".join([*lines, f"{package}=={version}" if version else ""]))


@pytest.mark.long
def test_a_triton_that_torch_does_not_take_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """As it was pinned, because torch's builds for a CPU do not ask for any."""
    assert main([image(MODEL)]) == 0
    assert "34 packages and what they need resolve" in capsys.readouterr().out
    assert main([repinned(image(MODEL), "triton", "3.9.0")]) == 1
    line, closing = capsys.readouterr().out.splitlines()
    assert line == (
        f"{NAME}: cannot be resolved: torch==2.13.0 depends on triton==3.7.1 and triton==3.9.0; "
        "change the pin in constraints.txt"
    )
    assert closing.startswith("red after ")


def test_a_package_that_nothing_pins_is_named_with_its_version() -> None:
    assert list(faults(repinned(image(MODEL), "nvidia-nvtx", ""))) == [
        f"{NAME}: nvidia-nvtx is not pinned exactly: add nvidia-nvtx==13.0.85 to constraints.txt"
    ]


def test_a_pinned_package_that_is_gone_is_named() -> None:
    assert list(faults(repinned(image(WEB), "starlette", "1.10.987"))) == [
        f"{NAME}: starlette 1.10.987, which constraints.txt pins, is not in the index: pin a version that is"
    ]
    declared = image(WEB)
    gone = tuple(
        f"{line.partition('==')[0]}==99.1" if "mido" in line else line for line in declared.requirements
    )
    (line,) = faults(replace(repinned(declared, "mido", "99.1"), requirements=gone))
    assert "mido 99.1, which constraints.txt pins, is not in the index" in line


def test_a_pinned_package_that_its_authors_withdrew_is_named() -> None:
    declared = image(WEB)
    extra = replace(
        declared,
        requirements=(*declared.requirements, "requests==2.32.0"),
        constraints=repinned(declared, "requests", "2.32.0").constraints,
    )
    (line,) = [line for line in faults(extra) if "withdrawn" in line]
    assert line.startswith(f'{NAME}: requests==2.32.0 has been withdrawn ("Yanked due to conflicts')


def test_a_package_without_a_wheel_is_named_unless_it_is_known_to_be_built() -> None:
    declared = image(WEB)
    bare = replace(declared, requirements=(*declared.requirements, "docopt==0.6.2", "progress==1.5"))
    (line,) = faults(replace(bare, constraints=bare.constraints + "\ndocopt==0.6.2\nprogress==1.5\n"))
    assert line.startswith(f"{NAME}: progress==1.5 has no wheel for Linux x86-64 and Python 3.11")
    assert "SOURCES of orchestrator/modal/deployment/images.py" in line


def test_what_is_built_from_source_wants_its_headers_and_its_debian() -> None:
    """PyAV alone: the whole of AudioCraft's image is for the command."""
    constraints = (ROOT / AUDIOCRAFT.constraints).read_text()
    declared = replace(image(AUDIOCRAFT), requirements=("av==11.0.0",), constraints=constraints)
    assert list(faults(declared)) == []
    (line,) = faults(replace(declared, system=("ffmpeg", "gcc")))
    assert "av is built from source, which takes Debian's libavcodec-dev libavdevice-dev" in line
    (line,) = faults(replace(declared, base="python:3.11-slim-trixie"))
    assert "av is built on Debian bookworm only, and python:3.11-slim-trixie is another" in line
    (line,) = faults(replace(declared, base="python:3.11-slim-forky"))
    assert "no Debian that is known here" in line


def test_without_a_network_it_says_so(tmp_path: Path) -> None:
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9", "UV_HTTP_RETRIES": "0"}
    assert list(faults(image(WEB), cache=tmp_path, env=nowhere)) == [
        f"{NAME}: the package index cannot be reached from here: run this where it can"
    ]


def test_what_this_machine_configures_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_FIND_LINKS", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_FIND_LINKS", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, f"file://{tmp_path}")
    monkeypatch.setenv("UV_OFFLINE", "1")
    assert list(faults(image(WEB))) == []
