from pathlib import Path

import pytest

from config.errors import StoreUnavailable
from config.settings import load_settings
from orchestrator.stores import FOLDER, kept_secret, open_store, private_folder
from storage.contract import read
from storage.local import LocalStore
from storage.signing import Signer


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
    (private_folder(settings) / "token").write_text("my-own-token\r\n")
    assert kept_secret(settings, "token") == ("my-own-token", False)


def test_a_folder_or_file_that_cannot_be_used_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="SONGWRIGHT_HOME"):
        private_folder(load_settings(home=tmp_path / "file"))
    (tmp_path / FOLDER / "token").mkdir(parents=True)
    with pytest.raises(StoreUnavailable, match="check who may read and write it"):
        kept_secret(load_settings(home=tmp_path), "token")
