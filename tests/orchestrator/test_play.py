"""``songwright make --play`` on a pseudo-terminal, with players that write down what they get."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import soundfile

from orchestrator.cli.commands import DONE, FAILED, WRONG_USAGE
from orchestrator.cli.players import PLAYERS, WINDOWS
from tests.orchestrator.early import BUG, EARLY, HOLD
from tests.orchestrator.engines import RATE_HZ
from tests.orchestrator.terminal import Shown, on_terminal
from tests.orchestrator.test_cli import COMMAND, QUICK, ROOT, environment, parts_left, songwright, statuses

SECONDS = 12
PLAYER = """#!{python}
import os, sys, time
kept = open({folder!r} + "/" + sys.argv[0].rpartition("/")[2], "ab", buffering=0)
source = 0 if "-" in sys.argv or len(sys.argv) == 1 else os.open(sys.argv[-1], os.O_RDONLY)
while data := os.read(source, 4096):
    kept.write(data)
{then}
"""


@pytest.fixture
def installed(tmp_path: Path) -> Callable[..., Mapping[str, str]]:
    """Puts players of these names on the path, and no others; each does ``then`` after the sound. Returns the
    variables for the command."""
    folder = tmp_path / "bin"

    def install(*names: str, then: str = "", early: bool = True) -> Mapping[str, str]:
        folder.mkdir(exist_ok=True)
        (tmp_path / "heard").mkdir(exist_ok=True)
        for name in names:
            path = folder / name
            path.write_text(PLAYER.format(python=sys.executable, folder=str(tmp_path / "heard"), then=then))
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return QUICK | (EARLY if early else {}) | {"PATH": str(folder)}

    return install


def heard(tmp_path: Path, name: str = "aplay") -> bytes:
    path = tmp_path / "heard" / name
    return path.read_bytes() if path.exists() else b""


def when_heard(tmp_path: Path, action: Callable[[], object], size: int = 100_000) -> threading.Thread:
    """Does ``action`` as soon as a player has got so much."""

    def watch() -> None:
        until = time.monotonic() + 90.0
        while len(heard(tmp_path)) < size and time.monotonic() < until:
            time.sleep(0.01)
        action()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def play(tmp_path: Path, variables: Mapping[str, str], *more: str, until: str = "", seed: int = 1) -> Shown:
    arguments = ("make", "A Song", "--duration", str(SECONDS), "--seed", str(seed), "--play", *more)
    shown = on_terminal([*COMMAND, *arguments], environment(tmp_path, **variables), ROOT, until=until)
    assert "Traceback" not in shown.text
    assert shown.left_over() == [], shown.raw[-300:]
    return shown


def running(tmp_path: Path, name: str = "aplay") -> list[str]:
    """The processes of this test's player that still run: other tests have players of the same name."""
    path = str(tmp_path / "bin" / name).encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if path in words[:2]:
                found.append(entry.name)
    return found


def test_the_player_gets_the_beginning_before_the_song_is_done_and_all_of_it(
    tmp_path: Path, installed: Callable[..., Mapping[str, str]]
) -> None:
    variables = installed("aplay", then="time.sleep(0.5)")  # a sound card takes its time
    (tmp_path / HOLD).touch()
    statuses_then: list[str] = []

    def let_go() -> None:
        statuses_then.extend(statuses(tmp_path))
        (tmp_path / HOLD).unlink()

    watcher = when_heard(tmp_path, let_go)
    shown = play(tmp_path, variables)
    watcher.join()
    assert shown.code == DONE, shown.text
    assert statuses_then == ["composing"]
    assert "aplay plays it; Ctrl-C ends that, and the song is kept" in shown.text
    samples, rate_hz = soundfile.read(io.BytesIO(heard(tmp_path)), dtype="int16")
    (stored,) = tmp_path.glob("songs/*/audio.wav")
    file, _ = soundfile.read(stored, dtype="int16")
    assert rate_hz == RATE_HZ
    assert samples.shape == file.shape
    assert (samples[10 * RATE_HZ :] == file[10 * RATE_HZ :]).all()


def test_the_song_is_the_same_with_and_without_a_player(
    tmp_path: Path, installed: Callable[..., Mapping[str, str]]
) -> None:
    variables = dict(installed("aplay"))
    digests = []
    for option in ([], ["--play"]):
        result = songwright(
            tmp_path,
            "make",
            "A Song",
            "--duration",
            "12",
            "--seed",
            "3",
            "--json",
            *option,
            variables=variables,
        )
        assert result.returncode == DONE, result.stderr
        assets = json.loads(result.stdout)["assets"]
        digests.append({role: asset["sha256"] for role, asset in assets.items()})
    assert digests[0] == digests[1]


def test_each_variation_is_played_after_the_one_before(
    tmp_path: Path, installed: Callable[..., Mapping[str, str]]
) -> None:
    shown = play(tmp_path, installed("aplay"), "--variations", "2")
    assert shown.code == DONE
    one = 44 + SECONDS * RATE_HZ * 4
    data = heard(tmp_path)
    assert len(data) == 2 * one
    assert data[:4] == data[one : one + 4] == b"RIFF"


def test_a_composer_that_does_not_begin_early_is_played_when_its_music_is_made(
    tmp_path: Path, installed: Callable[..., Mapping[str, str]]
) -> None:
    assert play(tmp_path, installed("paplay", early=False)).code == DONE
    assert len(heard(tmp_path, "paplay")) == 44 + SECONDS * RATE_HZ * 4


def test_a_player_of_whole_files_says_so_and_gets_one_that_is_gone_afterwards(
    tmp_path: Path, installed: Callable[..., Mapping[str, str]]
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    shown = play(tmp_path, {**installed("afplay"), "TMPDIR": str(scratch)})
    assert shown.code == DONE
    assert "afplay plays whole files alone" in shown.text
    assert len(heard(tmp_path, "afplay")) == 44 + SECONDS * RATE_HZ * 4
    assert [path for path in scratch.rglob("*") if path.is_file()] == []


def test_windows_plays_by_its_own_means(tmp_path: Path) -> None:
    """Its module of Python's is not here: one of the same name writes down what it is called with."""
    (tmp_path / "winsound.py").write_text(
        "SND_FILENAME, SND_NODEFAULT = 0x20000, 2\ndef PlaySound(sound, flags): print(sound, flags)\n"
    )
    command = [WINDOWS.command, *WINDOWS.plays, "C:\\a song.wav"]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path)})
    assert done.stdout.split("\n")[0] == f"C:\\a song.wav {0x20002}", done.stderr
    assert WINDOWS.wav_alone
    assert WINDOWS.is_here


def test_a_player_that_can_begin_early_is_preferred(
    tmp_path: Path, installed: Callable[..., Mapping[str, str]]
) -> None:
    assert play(tmp_path, installed("afplay", "aplay")).code == DONE
    assert heard(tmp_path, "aplay")
    assert not heard(tmp_path, "afplay")


def test_where_nothing_plays_nothing_is_made(
    tmp_path: Path, installed: Callable[..., Mapping[str, str]]
) -> None:
    shown = play(tmp_path, installed())
    assert shown.code == WRONG_USAGE
    for player in PLAYERS:
        assert player.name in shown.text
    assert statuses(tmp_path) == []


def test_ctrl_c_in_the_midst_ends_song_and_player(
    tmp_path: Path, installed: Callable[..., Mapping[str, str]]
) -> None:
    variables = installed("aplay", then="time.sleep(300)")
    (tmp_path / HOLD).touch()
    began = time.monotonic()
    shown = play(tmp_path, variables, until="humming")
    assert shown.code == 130
    assert time.monotonic() - began < 150.0
    assert statuses(tmp_path) == ["cancelled"]
    assert "songwright resume" in shown.text
    assert running(tmp_path) == []
    assert parts_left(tmp_path) == []


def test_ctrl_c_after_the_song_is_done_ends_the_playing_alone(
    tmp_path: Path, installed: Callable[..., Mapping[str, str]]
) -> None:
    shown = play(tmp_path, installed("aplay", then="time.sleep(60)"), until="Ctrl-C ends that")
    assert shown.code == DONE, shown.text
    assert "it is played no more; the song is kept" in shown.text
    assert statuses(tmp_path) == ["done"]
    assert running(tmp_path) == []


def test_a_song_that_fails_ends_its_player(
    tmp_path: Path, installed: Callable[..., Mapping[str, str]]
) -> None:
    shown = play(tmp_path, installed("aplay", then="time.sleep(60)"), seed=BUG)
    assert shown.code == FAILED
    assert "a bug in the engine" in shown.text
    assert statuses(tmp_path) == ["failed"]
    assert running(tmp_path) == []


def test_a_player_that_complains_is_quoted_and_the_song_is_made(
    tmp_path: Path, installed: Callable[..., Mapping[str, str]]
) -> None:
    complains = 'print("no such device\\x1b[31m", file=sys.stderr); sys.exit(3)'
    shown = play(tmp_path, installed("aplay", then=complains))
    assert shown.code == DONE
    assert "aplay ended with exit code 3: no such device" in shown.text
    assert "\x1b[31mno" not in shown.raw
    assert statuses(tmp_path) == ["done"]


def test_a_player_that_is_closed_by_its_user_ends_nothing_else(
    tmp_path: Path, installed: Callable[..., Mapping[str, str]]
) -> None:
    variables = installed("aplay")
    player = tmp_path / "bin" / "aplay"
    player.write_text(f"#!{os.path.realpath('/bin/sh')}\nexit 0\n")
    shown = play(tmp_path, variables)
    assert shown.code == DONE
    assert "exit code" not in shown.text
    assert statuses(tmp_path) == ["done"]
