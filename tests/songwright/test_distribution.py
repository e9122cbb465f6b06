"""The client's own distribution: built, installed into an empty environment with httpx, and used there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import pytest
import soundfile

import songwright
from orchestrator.modal.deployment.pins import plain, version_of
from tests.service.server import TOKEN, Server
from tests.songwright.conftest import CLIENT
from tests.wheels import built, with_dependencies

LOADED = """
import sys, songwright
files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
print(*sorted({name.partition(".")[0] for name, file in files.items() if "site-packages" in file}))
"""
TYPED = """
import asyncio
from songwright import AsyncClient, Client, Song

with Client("http://127.0.0.1:8000", "token") as client:
    song: Song = client.wait(client.generate("a waltz", audio_duration=30), timeout_s=180)
    reveal_type(client.plan("a waltz")["tempo_bpm"])

async def main() -> None:
    async with AsyncClient("http://127.0.0.1:8000", "token") as client:
        reveal_type(await client.generate_music(prompt="jazz"))

asyncio.run(main())
"""
MISTYPED = """
from songwright import Client

client = Client("http://127.0.0.1:8000", "token")
client.generate("a waltz", audio_duration="long")
client.generate("a waltz", tempo=120)
client.wait(7)
"""
TOGETHER = """
import asyncio, sys
from songwright import AsyncClient

ABOUT = ("rain", "snow")

async def main() -> None:
    async with AsyncClient(sys.argv[1], sys.argv[2]) as client:
        songs = await asyncio.gather(*(client.generate(about, audio_duration=5) for about in ABOUT))
        done = await asyncio.gather(*(client.wait(song) for song in songs))
        print(*(song.status for song in done))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's wheel, built from a copy that has nothing of an earlier build."""
    folder = tmp_path_factory.mktemp("client")
    left_out = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    return built(shutil.copytree(CLIENT, folder / "python", ignore=left_out), "wheel", folder)


@pytest.fixture(scope="module")
def needed(request: pytest.FixtureRequest) -> Path:
    """The wheels of httpx and of what it needs."""
    return with_dependencies(f"httpx=={version_of('httpx')}", request.config)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, wheel: Path, needed: Path) -> Path:
    """The interpreter of an environment with the wheel, and what pip installs for it without an index."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip(python, "install", "--quiet", "--no-index", "--find-links", str(needed), str(wheel))
    return python


def pip(python: Path, *arguments: str) -> str:
    """What pip prints; this environment's, working on that of ``python``, without settings of its own."""
    command = [sys.executable, "-m", "pip", "--isolated", "--python", str(python), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=python.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run(python: Path, code: str, *arguments: str, cwd: Path, **variables: str) -> str:
    """What the program prints in that environment, where every warning is an error."""
    file = cwd / "program.py"
    file.write_text(code)
    command = [str(python), "-I", "-W", "error", str(file), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | variables, cwd=cwd, timeout=180
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def typed(python: Path, code: str, tmp_path: Path) -> str:
    """What mypy says of a program that is to run in that environment."""
    file = tmp_path / "program.py"
    file.write_text(code)
    options = ["--strict", "--config-file=", "--cache-dir", str(tmp_path), "--python-executable", str(python)]
    environment = {name: value for name, value in os.environ.items() if name != "MYPYPATH"}
    return subprocess.run(
        [sys.executable, "-m", "mypy", *options, file.name],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    ).stdout


def distribution_of(wheel: Path) -> str:
    return plain(wheel.name.partition("-")[0])


def test_the_wheel_holds_the_package_and_needs_httpx_alone(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        fields = HeaderParser().parsestr(archive.read(metadata).decode())
    information = metadata.partition("/")[0]
    assert {name.partition("/")[0] for name in names} == {"songwright", information}
    sources = {path.relative_to(CLIENT).as_posix() for path in (CLIENT / "songwright").rglob("*.py")}
    assert {name for name in names if name.startswith("songwright/")} == sources | {"songwright/py.typed"}
    assert f"{information}/licenses/LICENSE" in names
    assert (fields["Name"], fields["Version"]) == ("songwright-client", songwright.__version__)
    assert fields.get_all("Requires-Dist") == ["httpx>=0.28"]


def test_an_installation_is_the_client_and_what_httpx_needs(python: Path, needed: Path) -> None:
    listed = {plain(item["name"]) for item in json.loads(pip(python, "list", "--format=json"))}
    assert listed == {"songwright-client"} | {distribution_of(path) for path in needed.glob("*.whl")}
    assert "httpx" in listed
    assert not listed & {"songwright", "numpy", "scipy", "fastapi", "pydantic"}
    pip(python, "check")


def test_its_import_loads_only_what_httpx_needs(python: Path, needed: Path, tmp_path: Path) -> None:
    modules = set(run(python, LOADED, cwd=tmp_path).split())
    known = {distribution_of(path).replace("-", "_") for path in needed.glob("*.whl")}
    assert {"songwright", "httpx"} <= modules
    assert modules <= {"songwright"} | known


def test_a_strict_type_checker_sees_its_types(python: Path, tmp_path: Path) -> None:
    right = typed(python, TYPED, tmp_path)
    assert "Success: no issues found" in right, right
    assert re.findall(r'Revealed type is "([^"]+)"', right) in (
        ["builtins.float", "songwright.answers.Song"],
        ["float", "songwright.answers.Song"],
    )
    wrong = typed(python, MISTYPED, tmp_path)
    assert len(re.findall(r"error: .*\[(?:arg-type|call-arg)\]", wrong)) == 3, wrong


def test_the_program_of_its_readme_makes_a_song_there(python: Path, server: Server, tmp_path: Path) -> None:
    program, *_ = re.findall(r"```python\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)
    printed = run(python, program.replace("http://127.0.0.1:8000", server.url), cwd=tmp_path, TOKEN=TOKEN)
    assert "composing music" in printed
    assert soundfile.info(tmp_path / "train.wav").duration == pytest.approx(10.0, abs=0.2)


def test_songs_are_made_together_there(python: Path, server: Server, tmp_path: Path) -> None:
    assert run(python, TOGETHER, server.url, TOKEN, cwd=tmp_path) == "done done\n"
