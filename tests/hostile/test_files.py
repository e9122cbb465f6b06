"""Files of a song that are not as its manifest has them, and files that are nobody else's business."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.errors import StoreUnavailable, Unreadable
from orchestrator.server.readiness import LOOK_EVERY_S
from orchestrator.songs.library import Library
from storage.local import LocalStore
from storage.lock import LONGEST_WAIT_S, held
from tests.hostile.damage import UNREADABLE, change, copy_of
from tests.hostile.figures import resisted
from tests.hostile.test_damaged import ASK, make_song
from tests.long import few_first
from tests.orchestrator.test_cli import songwright
from tests.service.server import ended, serving


def _link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _grown(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def _device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


ASSETS: dict[str, tuple[Callable[[Path], None], int]] = {
    "missing": (Path.unlink, 404),
    "a link": (_link, 409),
    "a device": (_device, 409),
    "a pipe": (_pipe, 409),
    "a folder": (_folder, 409),
    "cut short": (_short, 409),
    "empty": (_empty, 409),
    "grown": (_grown, 409),
}


def test_a_file_that_is_not_as_it_was_costs_itself(tmp_path: Path) -> None:
    first = make_song(tmp_path)
    damaged: dict[str, str] = {}
    for number, (name, (damage, _)) in enumerate(ASSETS.items(), 1):
        folder = copy_of(first, number)
        for file in ("audio.wav", "lyrics.txt"):
            damage(folder / file)
        damaged[name] = folder.name
    slowest_s = 0.0
    with serving(tmp_path, timed=True) as server, server.client() as client:
        for name, song_id in damaged.items():
            song = client.get(f"/songs/{song_id}").raise_for_status().json()
            assert song["status"] == "done", name
            paths = [f"/songs/{song_id}/audio", f"/songs/{song_id}/lyrics", song["urls"]["audio"]]
            for path in paths:
                for headers in ({}, {"Range": "bytes=0-9"}):
                    for method in ("GET", "HEAD"):
                        began_s = time.monotonic()
                        answer = client.request(method, path, headers=headers)
                        slowest_s = max(slowest_s, time.monotonic() - began_s)
                        assert answer.status_code == ASSETS[name][1], (name, path, answer.text)
                        assert "root:" not in answer.text
            assert client.get(f"/songs/{song_id}/cover").status_code == 200, name
            package = client.get(f"/songs/{song_id}/package")
            whole = name in ("cut short", "empty", "grown")  # which a ZIP holds as they are
            assert package.status_code == (200 if whole else 409), (name, package.text[:200])
            assert client.delete(f"/songs/{song_id}").status_code == 204, name
            assert not (tmp_path / "songs" / song_id).exists(), name
        assert server.slow == []
    assert slowest_s < 2.0
    resisted(
        "audio and lyrics missing, cut short, or a link, pipe, folder, device",
        limit="looked at before the answer begins; regular files in real folders alone",
        figure=f"{len(ASSETS)} kinds; slowest answer {slowest_s:.2f} s",
    )


def test_a_damaged_song_answers_no_repeated_request(tmp_path: Path) -> None:
    headers = {"Idempotency-Key": "order-1"}
    with serving(tmp_path, timed=True) as server, server.client() as client:
        path = "/generate-from-description"
        song = client.post(path, json=ASK, headers=headers).raise_for_status().json()
        while not client.post(path, json=ASK).json()["cached"]:  # it is remembered after the answer
            time.sleep(0.02)
        for number, name in enumerate(("truncated", "a pipe", "a folder that is a link")):
            UNREADABLE[name](tmp_path / "songs" / song["id"])
            by_key = client.post(path, json=ASK, headers=headers)
            assert by_key.status_code == 200, (name, by_key.text)
            fresh = by_key.json()
            assert fresh["id"] != song["id"], name
            assert client.post(path, json=ASK, headers=headers).json()["id"] == fresh["id"], name
            song = ended(client, fresh["id"])
            assert song["status"] == "done", number
        for note in (*(tmp_path / "cache").iterdir(), *(tmp_path / "idempotency").iterdir()):
            note.unlink(missing_ok=True)
            os.mkfifo(note)
        assert client.post(path, json=ASK | {"seed": 12}).status_code == 200
        assert client.get("/health/ready").status_code == 200
        assert server.slow == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user for a while")
def test_one_file_that_may_not_be_read_costs_itself() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        library = Library(LocalStore(home))
        good = make_song(home)
        shut = copy_of(good, 1)
        for path in (home, *home.rglob("*")):
            os.chown(path, 65534, 65534)
        os.chown(shut / "song.json", 0, 0)
        os.seteuid(65534)
        try:
            with pytest.raises(Unreadable, match="Permission denied"):
                library.load(shut.name)
            assert [song.id for song in library.songs()] == [good.name]
            library.delete(shut.name)
        finally:
            os.seteuid(0)
        assert not shut.exists()


def test_what_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    umask = os.umask(0)
    try:
        with serving(home) as server, server.client() as client:
            answer = client.post("/generate-from-description", json=ASK, headers={"Idempotency-Key": "k"})
            assert answer.status_code == 200
        made = [path for path in home.rglob("*") if path.name != ".gitignore"]
        open_to_others = [path for path in made if stat.S_IMODE(path.lstat().st_mode) & 0o077]
        assert open_to_others == []
        assert len(made) > 15
        # A home of an earlier version, or out of a backup.
        for path in (home / ".songwright", *(home / ".songwright").iterdir()):
            path.chmod(0o777 if path.is_dir() else 0o666)
        (home / "songs").chmod(0o755)  # which its owner may have wanted
        with serving(home) as server:
            assert any("songs can be looked into by other users (755)" in line for line in server.lines)
            for path in (home / ".songwright", *(home / ".songwright").iterdir()):
                assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    finally:
        os.umask(umask)
    resisted(
        "other users of the machine",
        limit="files 0600, folders 0700, whatever the umask; .songwright made so again at each start",
        figure=f"{len(made)} files and folders of a song, none open to others",
    )


@pytest.mark.parametrize("where", few_first(1, ["songs", "deep/in/it", ".", "own"]))
def test_nothing_is_left_for_git_to_add(tmp_path: Path, where: str) -> None:
    git = shutil.which("git")
    assert git
    subprocess.run([git, "init", "-q", str(tmp_path)], check=True)
    home = tmp_path / where
    home.mkdir(parents=True, exist_ok=True)
    before = {".lock"} if where == "own" else set()
    if where == "own":
        (home / ".gitignore").write_text("*.pyc\n")
        subprocess.run([git, "add", "-A"], cwd=tmp_path, check=True)
    made = songwright(home, "make", "x", "--duration", "5", "--json")
    assert made.returncode == 0, made.stderr
    if where == "songs":
        with serving(home) as server, server.client() as client:
            client.post("/generate-from-description", json=ASK, headers={"Idempotency-Key": "k"})
    else:
        store = LocalStore(home)
        for key in ("cache/a", "idempotency/b", "open/c", "calls/d", "keys/e"):
            store.put(key, b"", "text/plain")
    status = subprocess.run(
        [git, "status", "--porcelain", "-uall", "-z"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        text=True,
    )
    added = {Path(line[3:]).name for line in status.stdout.split("\0") if line.startswith("??")}
    assert added == before


@pytest.mark.long
def test_a_lock_that_another_program_holds_is_said_and_costs_nothing_once_it_lets_go(tmp_path: Path) -> None:
    with (
        serving(tmp_path, timed=True) as server,
        server.client() as client,
        ThreadPoolExecutor(1) as asking,
        (tmp_path / ".lock").open("ab") as lock,
    ):
        made = client.post("/generate-from-description", json=ASK).raise_for_status().json()
        fcntl.flock(lock, fcntl.LOCK_EX)
        began_s = time.monotonic()
        asked = asking.submit(client.post, "/generate-from-description", json=ASK | {"seed": 12})
        while (answer := client.get("/health/ready")).status_code == 200:
            assert time.monotonic() - began_s < LOOK_EVERY_S + 5
            time.sleep(0.05)
        said_s = time.monotonic() - began_s
        assert "another program has held .lock" in answer.json()["store"]["detail"]
        assert client.get("/health").status_code == 200
        assert client.get(f"/songs/{made['id']}/audio").status_code == 200  # what only reads goes on
        assert not asked.done()
        fcntl.flock(lock, fcntl.LOCK_UN)
        song = asked.result(30).raise_for_status().json()
        assert song["status"] == "done"
        assert len(client.get("/songs").json()["songs"]) == 2
        assert server.slow == []
    resisted(
        "another program holds the library's lock",
        limit=f"writes wait {LONGEST_WAIT_S:g} s at most, then 503; /health/ready says what holds it up",
        figure=f"said after {said_s:.1f} s; the song that was asked for meanwhile is done",
    )


def test_who_waits_for_a_held_lock_gives_up_and_says_what_to_do(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put("songs/a", b"", "text/plain")
    said = r"another program has held \.lock for 0\.5 s.*fuser"
    with (
        held(tmp_path / ".lock"),
        ThreadPoolExecutor(1) as other,
        pytest.raises(StoreUnavailable, match=said),
    ):
        other.submit(store.look).result(5)
    store.look()


def test_the_repository_of_songwright_ignores_a_home_in_it(tmp_path: Path) -> None:
    git = shutil.which("git")
    assert git
    root = Path(__file__).parents[2]
    secrets = [
        ".songwright/token",
        "open/a",
        "cache/a",
        "idempotency/a",
        "calls/a",
        "keys/a",
        "songs/a/song.json",
    ]
    checked = subprocess.run(
        [git, "-c", "safe.directory=*", "check-ignore", *secrets, "deep/.songwright/token"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert set(checked.stdout.split()) == {*secrets, "deep/.songwright/token"}


def test_links_in_the_library_are_neither_read_nor_written_through(tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    first = make_song(home)
    outside.mkdir()
    secret = outside / "secret.txt"
    secret.write_text("nobody's business")
    part = outside / ".part-1-x-0"
    part.write_text("of somebody")
    folder = copy_of(first, 1)
    (folder / "stems").mkdir(exist_ok=True)
    shutil.rmtree(folder / "stems")
    (folder / "stems").symlink_to(outside, target_is_directory=True)

    def stem(manifest: dict[str, object]) -> None:
        assets = manifest["assets"]
        assert isinstance(assets, dict)
        facts = {"content_type": "text/plain", "size_bytes": secret.stat().st_size, "sha256": ""}
        assets["stem:vocals"] = {"key": f"songs/{folder.name}/stems/secret.txt", **facts}

    change(folder, stem)
    with serving(home, timed=True) as server, server.client() as client:
        told = client.get(f"/songs/{folder.name}").raise_for_status().json()
        for path in (f"/songs/{folder.name}/stems/vocals", told["urls"]["stem:vocals"]):
            answer = client.get(path)
            assert answer.status_code == 409, answer.text
            assert "business" not in answer.text
        assert client.get(f"/songs/{folder.name}/package").status_code == 409
        store = LocalStore(home)
        with pytest.raises(Unreadable, match="is a link"):
            store.put(f"songs/{folder.name}/stems/new.flac", b"x", "audio/flac")
        assert list(store.list(f"songs/{folder.name}/stems/")) == []
        assert store.sweep(f"songs/{folder.name}/stems/") == 0
        store.delete(f"songs/{folder.name}/stems/secret.txt")
        store.delete_below(f"songs/{folder.name}/stems/")
        assert not os.path.lexists(folder / "stems")
        assert json.loads((folder / "song.json").read_text())["id"] == folder.name
        assert client.delete(f"/songs/{folder.name}").status_code == 204
        assert server.slow == []
    assert sorted(path.name for path in outside.iterdir()) == [part.name, "secret.txt"]
