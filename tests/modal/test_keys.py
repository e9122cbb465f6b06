"""The service's own keys: made once, the same in every container, and whatever becomes of the tokens."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.errors import StoreUnavailable
from orchestrator.server.bucket_keys import KEY, NAMES, Keys
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import new_songs
from storage.contract import read
from storage.local import LocalStore

SIGNING, WEBHOOKS = NAMES


def test_a_library_gets_keys_at_random_that_it_keeps(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    first = {name: Keys(store).of(name) for name in NAMES}
    assert {name: Keys(store).of(name) for name in NAMES} == first
    assert first != {name: Keys(LocalStore(tmp_path / "other")).of(name) for name in NAMES}
    assert re.fullmatch(r"whsec_[\w-]{43}", first[WEBHOOKS])
    assert len(set(first.values())) == len(first)


def test_a_library_with_songs_and_no_keys_gets_them_at_random_and_the_log_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = LocalStore(tmp_path)
    Library(store).save(new_songs(Brief(description="x"))[0])
    key = Keys(store).of(WEBHOOKS)
    assert [record.message for record in caplog.records if "SONGWRIGHT_WEBHOOKS__SECRET" in record.message]
    assert key not in caplog.text
    caplog.clear()
    assert Keys(store).of(WEBHOOKS) == key
    Keys(LocalStore(tmp_path / "new")).of(WEBHOOKS)
    assert not caplog.records


def test_the_keys_of_a_machine_that_had_the_bucket_to_itself_go_on(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    keys = Keys(store, {WEBHOOKS: "whsec_kept-by-the-machine"}.get)
    assert keys.of(WEBHOOKS) == "whsec_kept-by-the-machine"
    assert len(keys.of(SIGNING)) == 43
    assert Keys(store, {WEBHOOKS: "whsec_of-another-machine"}.get).of(WEBHOOKS) == keys.of(WEBHOOKS)


def test_of_containers_that_begin_together_all_have_the_same_keys(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def begin(_number: int) -> str:
        together.wait()
        return Keys(LocalStore(tmp_path)).of(SIGNING)

    with ThreadPoolExecutor(8) as containers:
        assert len(set(containers.map(begin, range(8)))) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b'{"signing-key": "0123456789abcdefghij"}',
        b'{"signing-key": null, "webhook-secret": null}',
        b'{"signing-key": "", "webhook-secret": "whsec_0123456789abcdefghij"}',
        b'{"signing-key": "short", "webhook-secret": "whsec_0123456789abcdefghij"}',
        b'{"signing-key": 12345678901234567890, "webhook-secret": "whsec_0123456789abcdefghij"}',
        b'{"signing-key": "0123456789abcdefghij" "webhook-secret": "whsec_0123456789abcdefghij"}',
        b"\xff\xfe0123456789abcdefghij",
    ],
)
def test_keys_that_cannot_be_read_are_named_and_never_made_anew(tmp_path: Path, data: bytes) -> None:
    store = LocalStore(tmp_path)
    store.put(KEY, data, "application/json")
    with pytest.raises(
        StoreUnavailable, match=r"the keys in keys/service\.json cannot be read.*or delete it"
    ):
        Keys(store).of(SIGNING)
    assert read(store, KEY) == data
