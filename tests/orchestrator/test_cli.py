"""The command as a user runs it: a process of its own, its exit code, its two output streams, its files."""

import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.commands import DONE, FAILED, INTERRUPTED, SECTIONS, WRONG_USAGE
from tests.long import few_first
from tests.orchestrator.forked import forked

ROOT = Path(__file__).parent.parent.parent
HERE = "tests.orchestrator.engines"
QUICK = {
    "SONGWRIGHT_LYRICS__ENGINE": f"{HERE}:PlainWriter",
    "SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:HumComposer",
    "SONGWRIGHT_ART__ENGINE": f"{HERE}:BlankPainter",
}
SLOW = QUICK | {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:SlowComposer"}
COMMAND = [sys.executable, "-m", "orchestrator"]


def environment(home: Path, **variables: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SONGWRIGHT_")}
    return clean | {"PYTHONPATH": str(ROOT), "SONGWRIGHT_HOME": str(home)} | variables


def songwright(
    home: Path, *arguments: str, variables: dict[str, str] = QUICK, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    env = environment(home, **variables)
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, env=env, cwd=ROOT, input=text, timeout=180
    )


def manifest(home: Path, *arguments: str, **options: Any) -> dict[str, Any]:
    result = songwright(home, "make", "--json", "--duration", "5", *arguments, **options)
    assert result.returncode == DONE, result.stderr
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


def statuses(home: Path) -> list[str]:
    return [json.loads(path.read_text())["status"] for path in home.glob("songs/*/song.json")]


def parts_left(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.name.startswith(".part-")]


def test_json_is_the_manifest_alone_and_the_files_are_where_it_says(tmp_path: Path) -> None:
    result = songwright(tmp_path, "make", "A Song", "--duration", "5", "--seed", "3", "--json")
    assert result.returncode == DONE
    assert result.stderr == ""
    song = json.loads(result.stdout)
    assert song["status"] == "done"
    assert song["brief"]["seed"] == 3
    for asset in song["assets"].values():
        assert (tmp_path / asset["key"]).stat().st_size == asset["size_bytes"]


def test_several_variations_are_one_json_array(tmp_path: Path) -> None:
    result = songwright(tmp_path, "make", "A Song", "--duration", "5", "--variations", "3", "--json")
    songs = json.loads(result.stdout)
    assert [song["variation"] for song in songs] == [0, 1, 2]
    assert len({song["id"] for song in songs}) == 3


def test_show_and_list_tell_the_same_later(tmp_path: Path) -> None:
    first, second = (manifest(tmp_path, f"Song {n}") for n in "AB")
    listed = songwright(tmp_path, "list").stdout
    assert listed.index("Song B") < listed.index("Song A")
    assert "Song B" in songwright(tmp_path, "show").stdout
    assert "Song A" in songwright(tmp_path, "show", first["id"]).stdout
    assert json.loads(songwright(tmp_path, "show", second["id"], "--json").stdout)["id"] == second["id"]
    assert [song["id"] for song in json.loads(songwright(tmp_path, "list", "--json").stdout)] == [
        second["id"],
        first["id"],
    ]
    assert "1 more" in songwright(tmp_path, "list", "--limit", "1").stdout


def test_a_deleted_song_is_gone(tmp_path: Path) -> None:
    song = manifest(tmp_path, "A Song")
    assert songwright(tmp_path, "delete", song["id"]).returncode == DONE
    assert songwright(tmp_path, "show", song["id"]).returncode == FAILED
    assert not list(tmp_path.rglob("*.wav"))


def test_own_lyrics_come_from_a_file_or_stdin_byte_for_byte(tmp_path: Path) -> None:
    words = "[verse]\n  Ñandú, 雨 …\n\n[chorus]\nla\n"
    (tmp_path / "words.txt").write_text(words)
    for source, text in ((str(tmp_path / "words.txt"), None), ("-", words)):
        song = manifest(tmp_path, "folk", "--lyrics", source, text=text)
        assert (tmp_path / song["assets"]["lyrics"]["key"]).read_bytes() == words.encode()


def test_out_gets_copies_by_title_and_never_overwrites(tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    for _ in range(2):
        manifest(tmp_path, "A/Song: really?", "--out", str(out))
    names = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert [name for name in names if name.endswith(".wav")] == ["ASong really 2.wav", "ASong really.wav"]
    assert "ASong really stems/melody.flac" in names
    assert not parts_left(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "line"),
    [
        (["make", ""], {}, WRONG_USAGE, "description: ''"),
        (["make", "  "], {}, WRONG_USAGE, "description: ''"),
        (["make", "x" * 2001], {}, WRONG_USAGE, "description: 'xxx"),
        (["make", "x", "--duration", "4"], {}, WRONG_USAGE, "duration: 4.0 - ask for 5 to 600 seconds"),
        (["make", "x", "--duration", "601"], {}, WRONG_USAGE, "duration: 601.0"),
        (["make", "x", "--duration", "long"], {}, WRONG_USAGE, "Invalid value for '--duration': 'long'"),
        (["make", "x", "--variations", "5"], {}, WRONG_USAGE, "variations: 5 - ask for 1 to 4"),
        (["make", "x", "--seed", "-2"], {}, WRONG_USAGE, "seed: -2"),
        (["make", "x", "--format", "ogg"], {}, WRONG_USAGE, "format: 'ogg' - use one of: wav, flac, mp3"),
        (["make", "x", "--lyrics", "no-such-file"], {}, WRONG_USAGE, "no-such-file"),
        (["make", "x", "--lyrics", "/dev/null"], {}, WRONG_USAGE, "the file is empty"),
        (["make", "x", "--lyrics", sys.executable], {}, WRONG_USAGE, "save the file as UTF-8 text"),
        (["make", "x", "--out", "/dev/null/folder"], {}, WRONG_USAGE, "out: '/dev/null/folder'"),
        (
            ["make", "x"],
            {"SONGWRIGHT_MUSIC__ENGINE": "suno"},
            WRONG_USAGE,
            "music engine: 'suno' - use one of",
        ),
        (["make", "x"], {"SONGWRIGHT_HOME": "/dev/null/songs"}, FAILED, "set SONGWRIGHT_HOME to a folder"),
        (["make", "x"], {"SONGWRIGHT_STORE": "floppy"}, WRONG_USAGE, "SONGWRIGHT_STORE: 'floppy'"),
        (["make", "x"], {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:AbsentComposer"}, FAILED, "download them"),
        (["make", "x"], {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:BrokenComposer"}, FAILED, "please report it"),
        (["show", "nonsense"], {}, FAILED, "no song 'nonsense'"),
        (["show"], {}, FAILED, "the library is empty"),
        (["list", "--limit", "-1"], {}, WRONG_USAGE, "limit: -1"),
        (["sing"], {}, WRONG_USAGE, "No such command 'sing'"),
    ],
)
def test_a_mistake_is_one_clear_line_and_the_right_exit_code(
    tmp_path: Path, arguments: list[str], variables: dict[str, str], code: int, line: str
) -> None:
    ended = forked(arguments, environment(tmp_path, **(QUICK | variables)), tmp_path)
    assert ended.code == code, ended.text
    assert line in ended.err.decode()
    assert "Traceback" not in ended.text
    assert ended.out == b""
    assert "done" not in statuses(tmp_path)


def test_lyrics_over_the_limit_are_refused(tmp_path: Path) -> None:
    result = songwright(tmp_path, "make", "x", "--lyrics", "-", text="la " * 4000)
    assert result.returncode == WRONG_USAGE
    assert "shorten it to 10,000" in result.stderr


def test_a_full_disk_is_said_plainly_and_leaves_no_song_that_looks_whole(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = f"mount -t tmpfs -o size=256k tmpfs {small}"
    probe = subprocess.run(["unshare", "-rm", "sh", "-c", mount], capture_output=True, text=True)
    if probe.returncode:
        if os.environ.get("CI"):
            pytest.fail(f"CI must be able to mount a small disk: {probe.stderr}")
        pytest.skip(f"a small disk cannot be mounted here: {probe.stderr}")
    look = f"ls -A {small}/songs/*; cat {small}/songs/*/song.json"
    make = f"{sys.executable} -m orchestrator make x --duration 5; echo $?; {look}"
    result = subprocess.run(
        ["unshare", "-rm", "sh", "-c", f"{mount} && {make}"],
        capture_output=True,
        text=True,
        env=environment(small, **QUICK),
        cwd=ROOT,
        timeout=180,
    )
    assert "No space left on device - free some space" in result.stderr
    assert "Traceback" not in result.stderr
    assert ".part-" not in result.stdout
    code, rest = result.stdout.split("\n", 1)
    assert int(code) == FAILED
    assert json.loads(rest[rest.index("{") :])["status"] in ("failed", "composing")


@pytest.mark.parametrize("attempt", few_first(3, range(6)))
def test_ctrl_c_at_any_moment_leaves_nothing_that_looks_whole(tmp_path: Path, attempt: int) -> None:
    wait_s = random.Random(attempt).uniform(0.02, 1.2)
    process = subprocess.Popen(
        [*COMMAND, "make", "x", "--duration", "5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(tmp_path, **SLOW),
        cwd=ROOT,
    )
    time.sleep(wait_s)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    # Before Python itself is up, the signal ends the process as any other program.
    assert process.returncode in (INTERRUPTED, -signal.SIGINT), errors
    assert set(statuses(tmp_path)) <= {"cancelled", "queued"}
    assert not parts_left(tmp_path)
    if (tmp_path / "songs").exists():
        hint = shlex.split(errors.partition("songwright: '")[2].partition("'")[0])
        assert hint[:2] == ["songwright", "resume"]
        assert songwright(tmp_path, *hint[1:]).returncode == DONE, "it works as it is printed"
        assert statuses(tmp_path) == ["done"]


def test_a_killed_song_is_finished_by_resume(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "make", "A Song", "--duration", "5"],
        stdout=subprocess.DEVNULL,
        env=environment(tmp_path, **SLOW),
        cwd=ROOT,
    )
    deadline = time.monotonic() + 20
    while not list(tmp_path.glob("songs/*/cover.png")):
        assert time.monotonic() < deadline, "the song never started"
        time.sleep(0.01)
    busy = songwright(tmp_path, "resume")
    assert "Nothing to resume" in busy.stdout, "a living process keeps its song"
    process.kill()
    process.wait()
    assert statuses(tmp_path) == ["composing"]
    assert songwright(tmp_path, "resume").returncode == DONE
    assert statuses(tmp_path) == ["done"]
    assert "Nothing to resume" in songwright(tmp_path, "resume").stdout


def test_a_failed_song_is_taken_up_again_by_its_id(tmp_path: Path) -> None:
    songwright(
        tmp_path,
        "make",
        "x",
        "--duration",
        "5",
        variables=QUICK | {"SONGWRIGHT_ART__ENGINE": f"{HERE}:BrokenPainter"},
    )
    assert statuses(tmp_path) == ["failed"]
    song_id = next(tmp_path.glob("songs/*")).name
    assert songwright(tmp_path, "resume", song_id).returncode == DONE
    assert statuses(tmp_path) == ["done"]
    assert songwright(tmp_path, "resume", song_id).returncode == WRONG_USAGE


def test_help_teaches_every_command_by_example(tmp_path: Path) -> None:
    top = songwright(tmp_path, "--help").stdout
    document = (ROOT / "docs" / "command-line.md").read_text()
    for heading, section in SECTIONS.items():
        assert f"\n{heading}:\n" in top
        for command in section:
            assert f"\n  {command.name} " in top
            assert f"songwright {command.name}" in str(command.epilog)
            assert f"`songwright {command.name}" in document
    assert max(map(len, top.splitlines())) <= 80
    assert 'songwright make "a dreamy synthwave song about neon rain"' in top
    for option in (
        "--lyrics",
        "--about",
        "--instrumental",
        "--duration",
        "--seed",
        "--format",
        "--variations",
        "--out",
    ):
        assert option in songwright(tmp_path, "make", "--help").stdout


def test_doctor_says_ready_or_what_to_do(tmp_path: Path) -> None:
    good = songwright(tmp_path, "doctor", variables={})
    assert good.returncode == DONE, good.stdout
    assert good.stdout.startswith("Ready: nothing is wrong here.\n")
    assert "SONGWRIGHT_MUSIC__ENGINE=sketch" not in good.stdout, "what is set by nobody is for --all"
    assert "licence MIT" in good.stdout
    every = songwright(
        tmp_path, "doctor", "--all", variables={"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    )
    assert every.returncode == DONE, every.stdout
    assert "SONGWRIGHT_MUSIC__ENGINE=sketch" in every.stdout
    for name in ("qwen", "acestep", "musicgen", "musicgen_melody", "audiocraft", "sdxl_turbo", "diffusion"):
        assert f"engine {name!r} is not ready" in every.stdout
    assert every.stdout.count("are not here") == 7
    bad = songwright(tmp_path, "doctor", variables={"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:AbsentComposer"})
    assert bad.returncode == FAILED
    assert bad.stdout.startswith("Not ready: music. What to do is below.\n\n!!  music")
    assert "download them" in bad.stdout


def bytes_of(home: Path, song: dict[str, Any]) -> dict[str, str]:
    return {role: asset["sha256"] for role, asset in song["assets"].items()}


def test_like_makes_a_song_again_bit_by_bit_or_with_what_is_given_beside_it(tmp_path: Path) -> None:
    first = manifest(tmp_path, "A Song", "--seed", "3", variables={})
    for part in (*first["engines"].values(),):
        assert part["libraries"]["songwright"]
    result = songwright(tmp_path, "make", "--like", first["id"], "--json", variables={})
    assert result.returncode == DONE, result.stderr
    again = json.loads(result.stdout)
    assert again["id"] != first["id"]
    assert again["like"] == first["id"]
    assert bytes_of(tmp_path, again) == bytes_of(tmp_path, first)
    assert again["engines"]["lyrics"]["name"] == "given"
    shown = songwright(tmp_path, "show", again["id"], variables={})
    assert f"songwright make --like {again['id']}" in shown.stdout
    other = songwright(
        tmp_path, "make", "--like", "latest", "--seed", "4", "--no-title", "--json", variables={}
    )
    changed = json.loads(other.stdout)
    assert changed["plan"] == first["plan"]
    assert bytes_of(tmp_path, changed)["audio"] != bytes_of(tmp_path, first)["audio"]
    assert bytes_of(tmp_path, changed)["cover"] != bytes_of(tmp_path, first)["cover"]


def test_like_refuses_other_words_a_song_that_is_not_there_and_engines_that_are_not_its_own(
    tmp_path: Path,
) -> None:
    first = manifest(tmp_path, "A Song")
    for arguments, says in (
        (("--like", first["id"], "other words"), "DESCRIPTION"),
        (("--like", first["id"], "--about", "rain"), "--about"),
        (("--like", "nosuchsong"), "nosuchsong"),
    ):
        result = songwright(tmp_path, "make", *arguments)
        assert result.returncode in (FAILED, WRONG_USAGE)
        assert says in result.stderr
        assert result.stderr.count("\n") == 1
    result = songwright(tmp_path, "make", "--like", first["id"], variables={})
    assert result.returncode == FAILED
    assert "was made by hum 1, and here is sketch 2" in result.stderr


@pytest.mark.parametrize(("engine", "fix"), [("suno", "use one of"), ("nowhere_at_all:SPEC", "PYTHONPATH")])
def test_an_engine_that_is_not_there_is_found_before_anything_is_made(
    tmp_path: Path, engine: str, fix: str
) -> None:
    result = songwright(tmp_path, "make", "x", variables=QUICK | {"SONGWRIGHT_MUSIC__ENGINE": engine})
    assert result.returncode in (FAILED, WRONG_USAGE)
    assert fix in result.stderr
    assert not list((tmp_path / "songs").glob("*"))
