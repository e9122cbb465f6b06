"""The README cannot lie: its commands are run, its settings and its pictures are there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from config.settings import Settings
from tests.orchestrator.test_cli import COMMAND, QUICK, ROOT, environment

README = (ROOT / "README.md").read_text()
COMMANDS = [
    line.partition("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("songwright ")])
def test_a_songwright_command_of_the_readme_runs(line: str, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("[verse]\nla la la\n")
    first = [*COMMAND, "make", "a first song", "--duration", "5"]
    env = environment(tmp_path, **QUICK, HOME=str(tmp_path))
    for arguments in (first, [*COMMAND, *shlex.split(line.replace("~", str(tmp_path)))[1:]]):
        result = subprocess.run(arguments, capture_output=True, text=True, cwd=tmp_path, env=env, timeout=60)
        assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("make ")])
def test_a_make_command_of_the_readme_has_its_target(line: str) -> None:
    result = subprocess.run(
        ["make", "--dry-run", *shlex.split(line)[1:]], capture_output=True, text=True, cwd=ROOT
    )
    assert result.returncode == 0, result.stderr


def test_the_readme_has_commands_of_both_kinds() -> None:
    assert {line.split()[0] for line in COMMANDS} == {"make", "songwright"}
    assert COMMANDS[0].startswith("make song")


def test_every_setting_is_in_the_readme() -> None:
    for name in Settings.model_fields:
        variable = f"SONGWRIGHT_{name.upper()}"
        assert variable in README, variable


def test_every_package_is_in_the_readme() -> None:
    for folder in ROOT.iterdir():
        if (folder / "__init__.py").exists():
            assert f"`{folder.name}/`" in README, folder.name


def test_the_pictures_of_the_first_screen_are_there() -> None:
    for source in re.findall(r'<img src="([^"]+)"', README.partition("## ")[0]):
        with Image.open(ROOT / source) as picture:
            assert picture.width >= 400
            assert (ROOT / source).stat().st_size < 500_000


def test_make_passes_a_description_with_any_character_through(tmp_path: Path) -> None:
    about = 'it\'s "50%" off; $(touch oops) `touch oops` & a 雨 song'
    stub = tmp_path / "bin"
    stub.mkdir()
    songwright = stub / "songwright"
    songwright.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv[2])\n")
    songwright.chmod(0o755)
    (stub / "python").touch(mode=0o755)
    (tmp_path / ".song").touch()
    environ = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    result = subprocess.run(
        ["make", "--no-print-directory", "song", f"VENV={tmp_path}", "ABOUT=" + about.replace("$", "$$")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environ,
    )
    assert result.stdout.strip() == about, result.stderr
    assert not (ROOT / "oops").exists()
