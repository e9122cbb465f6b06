from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.errors import InvalidRequest
from orchestrator.cli.bench import HERE, installation, measure

OWN = Path(sys.executable).parent / "songwright"


@pytest.fixture(autouse=True)
def embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    for craft in ("LYRICS", "MUSIC", "ART"):
        monkeypatch.setenv(f"SONGWRIGHT_{craft}__ENGINE", "sketch")


def test_two_installations_make_each_song_in_turn_and_are_compared() -> None:
    lines = list(measure(1, 5.0, OWN))
    assert lines[0].startswith("songs               1 x 5 s")
    assert lines[1].split() == ["here", "against", "ratio"]
    for name in ("processor time", "wall time", "peak memory"):
        here, _, against, _, ratio = next(line for line in lines if line.startswith(name)).split()[2:]
        assert float(here) > 0.0
        assert float(ratio) == pytest.approx(float(here) / float(against), abs=0.06)
        assert 0.25 < float(ratio) < 4.0  # it is this installation itself
    assert lines[-1].startswith("base install")
    assert lines[-1].endswith(" 1.00")


def test_the_processor_time_is_that_of_the_command_alone(tmp_path: Path) -> None:
    script = tmp_path / "songwright"
    script.write_text(f"#!{sys.executable}\nimport json, time\nwhile time.process_time() < 0.5: pass\n"
                      "print(json.dumps({'timings_s': {}}))\n")  # fmt: skip
    script.chmod(0o755)
    burnt = sum(range(30_000_000))  # by this process, which is no song's
    assert burnt
    line = next(line for line in measure(1, 5.0, script) if line.startswith("processor time"))
    assert 0.4 < float(line.split()[4]) < 1.0


def test_a_checkout_stands_for_the_command_in_its_environment(tmp_path: Path) -> None:
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    os.symlink(OWN, folder / "songwright")
    found = installation(tmp_path)
    assert found.command == (str(OWN.resolve()),)
    assert found.size_bytes() == HERE.size_bytes() > 100_000_000


@pytest.mark.parametrize("path", ["/nowhere", "/", sys.executable])
def test_what_is_no_songwright_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequest, match="against"):
        installation(Path(path))


def test_a_failed_song_is_an_error_not_a_number(tmp_path: Path) -> None:
    script = tmp_path / "songwright"
    script.write_text("#!/bin/sh\nexit 3\n")
    script.chmod(0o755)
    with pytest.raises(subprocess.CalledProcessError):
        list(measure(1, 5.0, script))
