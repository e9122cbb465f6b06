"""What the command line shows: the screen of a song, tables, bars, and nothing that commands a terminal."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.cli.commands import DONE
from orchestrator.cli.finding import Finding
from orchestrator.cli.output import counted, plain, print_findings, print_list, print_song, progress
from orchestrator.cli.output.screen import typed_as
from orchestrator.cli.players import command_here
from orchestrator.songs.manifest import Failure, Status, new_id
from orchestrator.songs.reading import Damaged
from orchestrator.songs.stages import Stage, ignore_stages
from storage.configured import Places
from storage.local import LocalStore
from tests.orchestrator.forked import forked
from tests.orchestrator.songs import made_song
from tests.orchestrator.test_cli import QUICK, ROOT, environment, songwright


def test_what_could_command_a_terminal_is_a_space() -> None:
    assert plain("a\x1b[2J\x1b]0;title\x07b\u202ec\r\nd") == "a [2J ]0;title b c d"
    assert plain("雨の [verse]") == "雨の [verse]"


def test_a_damaged_song_is_in_the_list_with_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    bad = Damaged(new_id(), "its manifest is no JSON\x1b[2J")
    song = made_song(1, {}, {}, description="[bold]A Song")
    print_list([song, bad], more=3)
    shown = capsys.readouterr().out
    assert "[bold]A Song" in shown, "brackets are no markup"
    assert "its manifest is no JSON [2J" in shown
    assert "unreadable" in shown
    assert "... and 3 more: add --limit 0" in shown


def test_on_a_narrow_screen_a_title_has_the_room_of_the_style(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    song = made_song(1, {}, {}, description="the last night of summer")
    for columns, styled in ((80, False), (120, True)):
        monkeypatch.setattr("orchestrator.cli.output.text._IN_FILES", columns)
        print_list([song], more=0)
        shown = capsys.readouterr().out
        assert ("style" in shown) is styled
        assert song.id in shown


def test_an_empty_library_says_how_to_make_the_first_song(capsys: pytest.CaptureFixture[str]) -> None:
    print_list([], more=0)
    assert "No songs yet. The first: songwright make" in capsys.readouterr().out


def test_a_failed_song_shows_its_error_and_neither_player_nor_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    failed = Failure(type="EngineFailed", message="no room for 80 GB", step="music")
    song = made_song(1, {}, {}, status=Status.FAILED).changed(error=failed)
    print_song(song, Places(LocalStore(tmp_path), tmp_path))
    shown = capsys.readouterr().out
    assert "no room for 80 GB (in music)" in shown
    assert "Play it" not in shown
    assert "Make it again" not in shown


def test_a_finding_has_its_mark_and_its_fix(capsys: pytest.CaptureFixture[str]) -> None:
    print_findings(
        [
            Finding("store", ok=True, detail="local"),
            Finding("music", ok=False, detail="engine 'x' is not ready", fix="install it"),
            Finding("art", ok=False, detail="not set", wanted=False),
        ]
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Not ready: music. What to do is below."
    assert [line.split()[0] for line in lines[1:] if line] == ["!!", "install", "ok", "--"]


def test_where_there_is_no_terminal_nothing_moves(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(of=2, number=1) as report:
        report(Stage.MUSIC, "humming", 0.5)
    assert report is ignore_stages
    songs = [made_song(number, {}, {}) for number in range(3)]
    assert list(counted(songs)) == songs
    assert capsys.readouterr() == ("", "")


def test_every_stage_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    with progress(of=1, number=1) as report:
        assert report is not ignore_stages
        for stage in Stage:
            report(stage, "working", 0.5)


def test_commands_are_shown_as_they_are_typed_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert typed_as([command_here(), "C:\\My songs\\audio.wav"]) == 'explorer "C:\\My songs\\audio.wav"'
    assert (
        typed_as(["songwright", "make", "it's rain", "--seed", "3"])
        == 'songwright make "it\'s rain" --seed 3'
    )


def test_the_last_screen_tells_what_was_made_where_it_is_and_how_to_make_it_again(tmp_path: Path) -> None:
    result = songwright(tmp_path, "make", "A Song", "--duration", "5", "--seed", "3")
    for expected in (
        "A Song",
        "C major",
        "120 BPM",
        "0:05.0",
        "la la la",
        "audio.wav",
        "cover.png",
        "Play it",
    ):
        assert expected in result.stdout, expected
    assert "songwright make 'A Song' --duration 5 --seed 3" in result.stdout
    assert "note" in result.stdout
    assert "written plainly" in result.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["a beat", "--no-title", "--no-master", "--draft", "--variations", "2", "--keep", "best"],
        ["--instrumental", "--format", "flac", "--duration", "6", "--", "-5 degrees, it's cold"],
        ["a 20 second jingle", "--duration", "180", "--draft", "--about", "rain [/b]"],
        ["a 12 second jingle"],
    ],
    ids=lambda words: " ".join(words)[:30],
)
def test_the_command_that_makes_it_again_forgets_nothing(words: list[str], tmp_path: Path) -> None:
    env = environment(tmp_path, **QUICK)
    made = forked(["make", "--seed", "3", *words], env, tmp_path)
    assert made.code == DONE, made.text
    line = next(line for line in made.text.splitlines() if "Make it again" in line)
    again = shlex.split(line.partition(": ")[2])
    assert again[:2] == ["songwright", "make"]
    assert "--like" not in again
    assert forked(again[1:], env, tmp_path).code == DONE
    briefs = [json.loads(path.read_text())["brief"] for path in tmp_path.glob("songs/*/song.json")]
    assert all(brief == briefs[0] for brief in briefs)


def test_progress_bars_are_drawn_only_on_a_terminal(tmp_path: Path) -> None:
    if shutil.which("script") is None:
        pytest.skip("the 'script' program, which makes a terminal, is not installed")
    command = f"{sys.executable} -m orchestrator make x --duration 5"
    result = subprocess.run(
        ["script", "-qec", command, "/dev/null"],
        capture_output=True,
        text=True,
        env=environment(tmp_path, **QUICK, TERM="xterm-256color"),
        cwd=ROOT,
        timeout=180,
    )
    assert result.returncode == DONE
    assert "cover" in result.stdout
    assert "100%" in result.stdout
