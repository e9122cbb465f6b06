"""The image for a home: every path, setting, extra and command that it names exists, and the table of cards
adds up. No image is built: Docker's daemon is not here."""

import json
import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from config.settings import Settings, load_settings
from orchestrator.pipeline.engines import REGISTRIES
from tests.orchestrator.test_cli import ROOT
from tests.service.server import serving

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
GUIDE = (ROOT / "docs" / "home-gpu.md").read_text()
_STEPS = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text()).splitlines()


def steps(name: str) -> list[str]:
    """What follows each instruction of this name, with lines that go on joined."""
    return [line.partition(" ")[2].strip() for line in _STEPS if line.startswith(f"{name} ")]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def test_the_image_takes_what_an_installation_needs_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    taken = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    assert [name for name in taken if not (ROOT / name).exists()] == []
    packages = {pattern.rstrip("*") for pattern in _packages()}
    assert packages <= taken
    assert {"pyproject.toml", "setup.py", "constraints.txt", "README.md", "LICENSE"} <= taken
    assert not [name for name in taken if fnmatch(name, "tests*") or name.startswith(".")]


def _packages() -> list[str]:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found: list[str] = tool["find"]["include"]
    return found


def test_the_container_runs_as_a_user_and_keeps_songs_and_weights_in_volumes(compose: dict[str, Any]) -> None:
    assert steps("USER") == ["10001"]
    volumes = json.loads(steps("VOLUME")[0])
    variables = dict(part.split("=", 1) for part in steps("ENV")[0].split() if "=" in part)
    assert set(volumes) == {variables["SONGWRIGHT_HOME"], variables["HF_HOME"]}
    for service in compose["services"].values():
        kept = {mount.partition(":")[2]: mount.partition(":")[0] for mount in service["volumes"]}
        assert set(kept) == set(volumes)
        assert set(kept.values()) <= set(compose["volumes"])
        assert service["cap_drop"] == ["ALL"]
        assert service["ports"] == ["${SONGWRIGHT_ADDRESS:-127.0.0.1}:8000:8000"]
        # Settings of the file reach the service, but for those that the image and the ports rely on.
        assert service["env_file"] == [{"path": ".env", "required": False}]
        relied_on = {name: value for name, value in variables.items() if name.startswith("SONGWRIGHT_")}
        relied_on |= {"SONGWRIGHT_PORT": "8000", "HF_HOME": variables["HF_HOME"]}
        given = {name: str(value) for name, value in service["environment"].items()}
        assert given.items() >= relied_on.items()
    (device,) = compose["services"]["gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]
    assert "deploy" not in compose["services"]["cpu"]
    assert all(re.fullmatch(r"[\w./-]+:[\w.-]+", tag) for tag in _bases(compose))


def _bases(compose: dict[str, Any]) -> list[str]:
    arguments = dict(argument.split("=", 1) for argument in steps("ARG"))
    return [arguments["BASE"], compose["services"]["cpu"]["build"]["args"]["BASE"]]


def test_every_setting_engine_and_extra_is_known(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = dict(part.split("=", 1) for part in steps("ENV")[0].split() if part.startswith("SONGWRIGHT_"))
    for name, text in compose["services"]["gpu"]["environment"].items():
        given[name] = re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", str(text))
    del given["SONGWRIGHT_HOME"]
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert isinstance(settings, Settings)
    assert settings.host == "0.0.0.0"
    assert settings.music.engine == "acestep"
    for name, value in given.items():
        craft = name.removeprefix("SONGWRIGHT_").removesuffix("__ENGINE").lower()
        if name.endswith("__ENGINE") and value != "none":
            assert REGISTRIES[craft].spec(value)
    named = set(re.findall(r"SONGWRIGHT_EXTRAS=([\w,-]+)", GUIDE)[0].split(","))
    for service in compose["services"].values():
        named |= set(re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", service["build"]["args"]["EXTRAS"]).split(","))
    assert named <= PROJECT["optional-dependencies"].keys()


def test_the_container_s_commands_run_and_its_health_is_the_service_s(tmp_path: Path) -> None:
    health = json.loads(steps("HEALTHCHECK")[0].partition(" CMD ")[2])
    (command,) = [json.loads(step) for step in steps("CMD")]
    assert command[0] in PROJECT["scripts"]
    assert command[1:] == ["serve"]
    assert health[:2] == ["python", "-c"]

    def checked(url: str) -> int:
        code = health[2].replace("http://127.0.0.1:8000", url)
        assert code != health[2]
        return subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60).returncode

    # A container listens to every address; its token is where the guide says.
    with serving(tmp_path, API_BEARER_TOKEN="", SONGWRIGHT_HOST="0.0.0.0") as server:
        url = f"http://127.0.0.1:{httpx.URL(server.url).port}"
        assert checked(url) == 0
        token = (server.home / ".songwright" / "token").read_text().strip()
        answer = httpx.post(f"{url}/auth-status", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
    assert checked(url) != 0


def test_what_fits_a_card_is_the_sum_of_what_its_engines_need() -> None:
    rows = re.findall(r"^\| (\d+) GB.*? \| (`.*?`) \| (\d+) \|", GUIDE, flags=re.MULTILINE)
    assert len(rows) >= 6
    for card, engines, written in rows:
        gib = 0.0
        for engine in re.findall(r"`(\w+)`", engines):
            (spec,) = [found.spec(engine) for found in REGISTRIES.values() if engine in found.built_in]
            needs = spec.needs()
            assert needs
            gib += needs.gpu_gib(needs.precision)
        assert int(written) == round(gib), engines
        assert gib + 1 <= int(card), engines


def test_pip_takes_the_line_of_the_image_with_extras_and_without() -> None:
    """The part that sh expands: an empty EXTRAS is no extra, and not one of an empty name."""
    line = steps("RUN")[-1].rpartition("pip install")[2]
    for extras, wanted in (("models,listening", ".[models,listening]"), ("", ".")):
        shown = subprocess.run(
            ["sh", "-c", f"printf '%s\n' {line}"],
            capture_output=True,
            text=True,
            env=os.environ | {"EXTRAS": extras},
            check=True,
        )
        assert shown.stdout.split() == ["--no-cache-dir", "--constraint", "constraints.txt", wanted]
