"""Each example of the documentation is a whole program: it runs, and leaves the files that it names."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import soundfile
from PIL import Image

from tests.integrations.deno import deno, environment
from tests.orchestrator.test_cli import ROOT
from tests.service.server import TOKEN, Server, serving
from tests.vision.photos import file_of, shot

_BLOCK = re.compile(r"(?P<text>(?:[^\n]+\n)+)\n```(?P<language>sh|python|ts)\n(?P<code>.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Example:
    """A program, and the files that the paragraph before it says it leaves."""

    language: str
    code: str
    leaves: frozenset[str]
    takes: frozenset[str]


def examples(text: str) -> list[Example]:
    found = []
    for block in _BLOCK.finditer(text):
        leaves = re.search(r"\bwrites ((?:`[^`]+`[,\s]*(?:and )?)+)", block["text"].replace("\n", " "))
        if leaves:
            names = frozenset(re.findall("`([^`]+)`", leaves[1]))
            takes = frozenset(re.findall(r"\breads `([^`]+)`", block["text"]))
            found.append(Example(block["language"], block["code"], names, takes))
    return found


DOCUMENTED = examples((ROOT / "docs" / "examples.md").read_text())
README = examples((ROOT / "README.md").read_text())
CLIENT = ROOT / "clients" / "python"
CLIENT_README = examples((CLIENT / "README.md").read_text())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home")) as running:
        yield running


def command(language: str, file: Path) -> list[str]:
    if language == "python":
        return [sys.executable, "-W", "error", str(file)]
    if language == "ts":
        allowed = ["--allow-net=127.0.0.1", "--allow-env", f"--allow-write={file.parent}"]
        return [*deno(), "run", "--check", "--no-config", "--no-lock", "--cached-only", *allowed, str(file)]
    if shutil.which("curl") is None:
        missing = "the examples for curl need it: apt install curl"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return ["sh", "-eu", str(file)]


def check(path: Path) -> None:
    """The file is what its name says."""
    if path.suffix in (".wav", ".flac", ".mp3"):
        assert soundfile.info(path).format == path.suffix[1:].upper()
        assert soundfile.info(path).duration == pytest.approx(10.0, abs=0.2)
    elif path.suffix == ".png":
        with Image.open(path) as picture:
            assert picture.format == "PNG"
    elif path.suffix == ".json":
        assert json.loads(path.read_text())["id"]
    else:
        assert path.read_text().strip()


@pytest.mark.parametrize(
    "example", [*README, *CLIENT_README, *DOCUMENTED], ids=lambda example: min(example.leaves)
)
def test_an_example_runs_and_leaves_what_it_says(server: Server, tmp_path: Path, example: Example) -> None:
    file = tmp_path / f"example.{example.language}"
    for name in example.takes:
        (tmp_path / name).write_bytes(file_of(shot("sea"), "JPEG"))
    file.write_text(example.code.replace("http://127.0.0.1:8000", server.url))
    result = subprocess.run(
        command(example.language, file),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(TOKEN=TOKEN, PYTHONPATH=str(CLIENT)),
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    left = {path.name for path in tmp_path.iterdir()} - {file.name} - example.takes
    assert left == example.leaves
    for name in left:
        check(tmp_path / name)


def test_there_are_examples_in_every_language_and_none_without_its_files() -> None:
    text = (ROOT / "docs" / "examples.md").read_text()
    assert len(DOCUMENTED) == len(re.findall(r"^```(?:sh|python|ts)$", text, re.MULTILINE))
    languages = [example.language for example in DOCUMENTED]
    assert languages == ["sh", "sh", "sh", "python", "python", "python", "ts", "ts", "ts"]
    assert [example.language for example in README] == ["python"]
    assert [example.language for example in CLIENT_README] == ["python"]
