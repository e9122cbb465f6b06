"""The service's own keys: made once, the same in every container, and whatever becomes of the tokens."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.errors import StoreUnavailable
from orchestrator.library import Library
from orchestrator.manifest import new_songs
from orchestrator.remote.keys import KEY, NAMES, Keys
from orchestrator.requests import Brief
from storage.contract import read
from storage.local import LocalStore

SIGNING, WEBHOOKS = NAMES


def test_a_new_library_gets_keys_at_random_that_outlive_its_tokens(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    first = {name: Keys(store, "the-token").of(name) for name in NAMES}
    assert {name: Keys(store, "the-token,another-token").of(name) for name in NAMES} == first
    assert {name: Keys(store, "another-token").of(name) for name in NAMES} == first
    assert first != {name: Keys(LocalStore(tmp_path / "other"), "the-token").of(name) for name in NAMES}
    assert re.fullmatch(r"whsec_[\w-]{43}", first[WEBHOOKS])
    assert b"the-token" not in read(store, KEY)


def test_a_library_with_songs_keeps_the_keys_that_its_token_gave(tmp_path: Path) -> None:
    """Receivers of webhooks have that secret: taken from the release that made it so, for this token."""
    store = LocalStore(tmp_path)
    Library(store).save(new_songs(Brief(description="x"))[0])
    keys = Keys(store, "token-of-these-tests")
    assert keys.of(WEBHOOKS) == "whsec_32g+ysuugp0U4yg9J1EXhRpjd9CW9ZJFY5xKCHxdx50="
    assert keys.of(SIGNING) == "pqqmFeC+zuoaTb0drQ3prLlmTjVA2829SFePdUNsMss="
    assert Keys(store, "token-of-these-tests,new").of(WEBHOOKS) == keys.of(WEBHOOKS)


def test_of_containers_that_begin_together_all_have_the_same_keys(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def begin(_number: int) -> str:
        together.wait()
        return Keys(LocalStore(tmp_path), "the-token").of(SIGNING)

    with ThreadPoolExecutor(8) as containers:
        assert len(set(containers.map(begin, range(8)))) == 1


@pytest.mark.parametrize("data", [b"", b"not json", b"[]", b'{"signing-key": "x"}'])
def test_keys_that_cannot_be_read_are_named_and_never_made_anew(tmp_path: Path, data: bytes) -> None:
    store = LocalStore(tmp_path)
    store.put(KEY, data, "application/json")
    with pytest.raises(
        StoreUnavailable, match=r"the keys in keys/service\.json cannot be read.*or delete it"
    ):
        Keys(store, "the-token").of(SIGNING)
    assert read(store, KEY) == data
