"""An engine from outside the tree, one file and one entry, as docs/engines.md tells it."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from config.spec import EngineSpec
from tests.modal.control import Control
from tests.modal.test_declared import ENGINES, FUNCTIONS, SECRET, SKETCH
from tests.orchestrator.test_cli import ROOT, manifest, songwright
from tests.service.server import ended, serving
from tests.service.test_generation import ASYNC, describe
from tests.service.test_songs import until

DOCUMENT = (ROOT / "docs" / "engines.md").read_text()
NAMED = {"SONGWRIGHT_MUSIC__ENGINE": "whistle"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the document's module and its entry point, as pip leaves them."""
    folder = tmp_path_factory.mktemp("site")
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    (entry,) = re.findall(r'"songwright\.music"\]\n(.*?)```', DOCUMENT, re.DOTALL)
    (folder / "whistle.py").write_text(code)
    information = folder / "whistle-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: whistle\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[songwright.music]\n" + entry.replace('"', ""))
    return folder


@pytest.fixture
def variables(installed: Path) -> dict[str, str]:
    return NAMED | {"PYTHONPATH": f"{ROOT}:{installed}"}


def test_the_command_line_makes_songs_with_it_and_names_it(tmp_path: Path, variables: dict[str, str]) -> None:
    song = manifest(tmp_path, "a walk", variables=variables)
    assert song["engines"]["music"]["name"] == "whistle"
    assert song["status"] == "done"
    told = songwright(tmp_path, "doctor", variables=variables)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "whistles a scale" in told.stdout
    every = songwright(tmp_path, "doctor", "--all", variables={"PYTHONPATH": variables["PYTHONPATH"]})
    assert "whistle" in every.stdout


def test_an_unknown_name_is_refused_with_the_installed_ones(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    told = songwright(
        tmp_path, "make", "a walk", variables=variables | {"SONGWRIGHT_MUSIC__ENGINE": "wisthle"}
    )
    assert told.returncode != 0
    assert "use one of: sketch, acestep, musicgen, musicgen_melody, audiocraft, whistle" in told.stderr


def test_the_service_makes_and_prices_songs_with_it(tmp_path: Path, variables: dict[str, str]) -> None:
    with serving(tmp_path, **variables) as server, server.client() as client:
        ready = client.get("/health/ready").json()
        assert "whistle" in json.dumps(ready)
        made = client.post("/generate-from-description", json=describe(audio_duration=5), headers=ASYNC)
        song = ended(client, made.json()["id"])
        assert song["engines"]["music"]["name"] == "whistle"

        def quoted() -> dict[str, Any] | None:  # once the service has learned from the song before it
            quote = client.post("/quote", json=describe(audio_duration=5)).raise_for_status().json()
            return quote if quote["songs"] == 1 else None

        assert until(quoted)["stages"]["music"]["seconds"]["p50"] > 0


def test_a_deployment_has_a_class_for_it_with_what_its_spec_says(installed: Path) -> None:
    env = SKETCH | NAMED | {"SONGWRIGHT_MODAL__PACKAGES": "whistle", "PYTHONPATH": f"{ROOT}:{installed}"}
    with Control(secrets=SECRET) as control:
        control.deploy(ROOT / "main.py", env=env, cwd=ROOT)
        functions = control.functions
        assert functions.keys() == ENGINES.keys() | FUNCTIONS
        musician = functions["MusicEngine.*"]
        assert not musician.gpu
        assert musician.max_inputs == 4
        assert musician.definition.resources.memory_mb == 2048
        given = {key: value for each in musician.secrets for key, value in each.env.items()}
        # No package is installed in a container: there its module is what names it.
        assert given["SONGWRIGHT_MUSIC__ENGINE"] == "whistle:SPEC"


def test_the_document_has_every_field_of_a_spec() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", DOCUMENT, re.MULTILINE)
    assert rows == [field.name for field in fields(EngineSpec)]
