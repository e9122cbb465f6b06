import errno
import json
import os
import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.errors import StoreUnavailable
from config.settings import load_settings
from storage.configured import FOLDER, kept_secret, open_store, private_folder
from storage.contract import read
from storage.local import LocalStore
from storage.signing import Signer
from tests.orchestrator.test_cli import ROOT


def test_the_store_is_the_folder_that_the_settings_name_and_signs_as_it_is_told(tmp_path: Path) -> None:
    store = open_store(load_settings(home=tmp_path / "library"), Signer(b"secret"))
    store.put("songs/a/song.json", b"{}", "application/json")
    assert read(LocalStore(tmp_path / "library"), "songs/a/song.json") == b"{}"
    assert store.url("songs/a/song.json", 60) == Signer(b"secret").path("songs/a/song.json", 60)


def test_secrets_are_made_once_each_and_lie_beside_the_songs_where_no_key_leads(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    token, made = kept_secret(settings, "token", "sw_")
    key, _ = kept_secret(settings, "key")
    assert made
    assert token.startswith("sw_")
    assert token.removeprefix("sw_") != key
    assert kept_secret(settings, "token", "sw_") == (token, False)
    assert list(open_store(settings).list("")) == []


def test_a_secret_that_an_owner_wrote_by_hand_is_taken_without_its_line_end(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    (private_folder(settings) / "token").write_text("\ufeffmy-own-token-of-my-own\r\n")
    assert kept_secret(settings, "token") == ("my-own-token-of-my-own", False)


def test_a_folder_or_file_that_cannot_be_used_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="SONGWRIGHT_HOME"):
        private_folder(load_settings(home=tmp_path / "file"))
    (tmp_path / FOLDER / "token").mkdir(parents=True)
    with pytest.raises(StoreUnavailable, match="is no file"):
        kept_secret(load_settings(home=tmp_path), "token")


def test_processes_that_start_together_agree_on_a_secret_that_one_of_them_made(tmp_path: Path) -> None:
    # Many secrets one after the other: each is a race anew.
    script = """
import json, sys
from config.settings import load_settings
from storage.configured import kept_secret
print("ready", flush=True)
sys.stdin.readline()
settings = load_settings(home=sys.argv[1])
print(json.dumps([kept_secret(settings, f"secret-{number}") for number in range(150)]))
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    pipe = subprocess.PIPE
    with ExitStack() as stack:
        processes = [
            stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT, text=True))
            for _ in range(4)
        ]
        for process in processes:
            stack.callback(process.kill)
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        answers = [json.loads(process.communicate(timeout=30)[0]) for process in processes]
    for found in zip(*answers, strict=True):
        assert len({secret for secret, _ in found}) == 1
        assert [made for _, made in found].count(True) == 1
    files = [file for file in (tmp_path / FOLDER).iterdir() if file.name != ".gitignore"]
    assert len(files) == 150
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_folder_that_knows_no_links_keeps_a_secret_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    settings = load_settings(home=tmp_path)
    secret, made = kept_secret(settings, "token")
    assert made
    assert kept_secret(settings, "token") == (secret, False)
    assert {file.name for file in (tmp_path / FOLDER).iterdir()} == {".gitignore", "token"}


ODD = {
    "empty": b"",
    "blank": b" \r\n",
    "binary": bytes(range(128, 160)),
    "zeros": bytes(40),
    "short": b"nineteen-characters",
    "lines": b"-----BEGIN KEY-----\nabcdefghijklmnopqrstuvwxyz\n",
    "huge": b"x" * 1_000_000,
    "utf-16": "a-secret-of-twenty-characters".encode("utf-16"),
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_what_is_no_secret_is_refused_and_neither_shown_nor_replaced(tmp_path: Path, data: bytes) -> None:
    settings = load_settings(home=tmp_path)
    path = private_folder(settings) / "signing-key"
    path.write_bytes(data)
    with pytest.raises(StoreUnavailable, match=r"signing-key .*delete it") as caught:
        kept_secret(settings, "signing-key")
    assert len(str(caught.value)) < 300
    assert path.read_bytes() == data


def test_wide_rights_are_taken_away_with_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = load_settings(home=tmp_path)
    secret, _ = kept_secret(settings, "key")
    folder = tmp_path / FOLDER
    (folder / "key").chmod(0o664)
    folder.chmod(0o755)
    assert kept_secret(settings, "key") == (secret, False)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    assert [record.args and record.args[1] for record in caplog.records] == [0o755, 0o664]
    assert secret not in caplog.text
    caplog.clear()
    assert kept_secret(settings, "key") == (secret, False)
    assert not caplog.records


@pytest.mark.parametrize("umask", [0o000, 0o777, 0o277, 0o022])
def test_the_rights_are_exact_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        secret, made = kept_secret(load_settings(home=tmp_path), "key")
        assert made
        assert kept_secret(load_settings(home=tmp_path), "key") == (secret, False)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / FOLDER).stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / FOLDER / "key").stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "pipe"])
def test_what_is_no_file_of_its_own_is_refused(tmp_path: Path, kind: str) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    settings = load_settings(home=home)
    path = private_folder(settings) / "key"
    if "link" in kind:
        if kind == "link":
            elsewhere.write_text("a-secret-that-somebody-else-knows")
        path.symlink_to(elsewhere)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(StoreUnavailable, match=r"key is (a link|no file)"):
        kept_secret(settings, "key")
    assert elsewhere.exists() == (kind == "link")


def test_a_private_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    home = tmp_path / "home"
    home.mkdir()
    (home / FOLDER).symlink_to(tmp_path / "theirs")
    with pytest.raises(StoreUnavailable, match="is a link"):
        kept_secret(load_settings(home=home), "key")
    assert list((tmp_path / "theirs").iterdir()) == []
    (home / FOLDER).unlink()
    (home / FOLDER).write_text("in the way")
    with pytest.raises(StoreUnavailable, match="is no folder"):
        kept_secret(load_settings(home=home), "key")
