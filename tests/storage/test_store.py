"""What every store promises, run over each; a store on another service joins by one entry in ``STORES``."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.errors import InvalidRequest, NotFound, StoreUnavailable
from storage.contract import Store, read
from storage.local import LocalStore
from storage.signing import Signer
from tests.storage.s3 import S3, SERVERS

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


STORES = ("local", *SERVERS)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, server: Callable[[str], S3], tmp_path: Path) -> Store:
    if request.param == "local":
        return LocalStore(tmp_path / "store")
    s3 = server(request.param)
    return s3.store(s3.new_bucket())


def test_what_is_put_is_read_back_whole_or_in_part(store: Store) -> None:
    data = bytes(range(256)) * 8192  # two of the pieces that open() gives
    store.put("songs/a/audio.wav", data, "audio/wav")
    assert read(store, "songs/a/audio.wav") == data
    assert b"".join(store.open("songs/a/audio.wav", 1000, 1_500_000)) == data[1000:1_500_000]
    assert b"".join(store.open("songs/a/audio.wav", len(data) - 3)) == data[-3:]
    assert store.stat("songs/a/audio.wav").size_bytes == len(data)


def test_a_second_put_replaces_the_first(store: Store) -> None:
    store.put("a", b"long first", "text/plain")
    store.put("a", b"second", "text/plain")
    assert read(store, "a") == b"second"


def test_an_object_is_replaced_by_who_has_read_it_as_it_is(store: Store) -> None:
    assert not store.put_if("a", b"none to replace", "text/plain", etag="0" * 32)
    assert store.put_if("a", b"first", "text/plain", etag=None)
    assert not store.put_if("a", b"not the first", "text/plain", etag=None)
    first = store.version("a")
    assert first.data == b"first"
    assert store.put_if("a", b"second", "text/plain", etag=first.etag)
    assert not store.put_if("a", b"late", "text/plain", etag=first.etag)
    second = store.version("a")
    assert (second.data, second == store.version("a")) == (b"second", True)
    store.put("a", b"third", "text/plain")
    assert not store.put_if("a", b"late", "text/plain", etag=second.etag)
    assert read(store, "a") == b"third"
    store.put("empty", b"", "text/plain")
    assert store.put_if("empty", b"full", "text/plain", etag=store.version("empty").etag)
    store.delete("a")
    assert not store.put_if("a", b"back again", "text/plain", etag=second.etag)
    assert list(store.list("")) == ["empty"]
    with pytest.raises(NotFound):
        store.version("a")


def test_of_writers_that_race_from_one_version_one_wins(store: Store) -> None:
    etag: str | None = None
    for turn in range(3):
        go = threading.Barrier(4)

        def write(writer: int, turn: int = turn, etag: str | None = etag, go: threading.Barrier = go) -> str:
            go.wait()
            return store.put_if("a", f"{turn} {writer}".encode(), "text/plain", etag=etag)

        with ThreadPoolExecutor(4) as threads:
            wrote = list(threads.map(write, range(4)))
        now = store.version("a")
        assert [tag for tag in wrote if tag] == [now.etag]
        assert now.data == f"{turn} {wrote.index(now.etag)}".encode()
        etag = now.etag


def test_writers_that_try_again_lose_no_count(store: Store) -> None:
    store.put("count", b"0", "text/plain")

    def add(_writer: int) -> None:
        for _ in range(5):
            while True:
                seen = store.version("count")
                if store.put_if("count", str(int(seen.data) + 1).encode(), "text/plain", etag=seen.etag):
                    break

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(add, range(3)))
    assert read(store, "count") == b"15"


def test_processes_that_race_in_one_folder_have_one_winner(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put("count", b"0", "text/plain")
    code = """
import sys
from pathlib import Path
from storage.local import LocalStore

store = LocalStore(Path(sys.argv[1]))
for _ in range(100):
    while True:
        seen = store.version("count")
        if store.put_if("count", str(int(seen.data) + 1).encode(), "text/plain", etag=seen.etag):
            break
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    writers = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert read(store, "count") == b"200"


def test_keys_are_listed_by_prefix_in_order(store: Store) -> None:
    for key in ("songs/b/x", "songs/a/y", "songs/a/x", "other/z"):
        store.put(key, b"", "text/plain")
    assert list(store.list("songs/")) == ["songs/a/x", "songs/a/y", "songs/b/x"]
    assert list(store.list("songs/a/")) == ["songs/a/x", "songs/a/y"]
    assert list(store.list("songs/none/")) == []


def test_a_deleted_object_is_gone_and_deleting_it_again_is_no_error(store: Store) -> None:
    store.put("songs/a/x", b"1", "text/plain")
    store.delete("songs/a/x")
    store.delete("songs/a/x")
    assert list(store.list("")) == []
    with pytest.raises(NotFound):
        store.stat("songs/a/x")
    with pytest.raises(NotFound):
        read(store, "songs/a/x")


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "../a", "a/../b", "a//b", ".hidden", "A", "a\0b", "a b", "a\\b", "~"]
)
def test_a_key_that_could_leave_the_store_is_refused(store: Store, key: str) -> None:
    with pytest.raises(InvalidRequest, match="lower-case"):
        store.put(key, b"", "text/plain")
    with pytest.raises(InvalidRequest, match="lower-case"):
        read(store, key)


def test_a_reader_sees_an_old_object_or_a_new_one_never_a_part(store: Store) -> None:
    versions = [bytes([n]) * 200_000 for n in range(8)]
    store.put("a", versions[0], "application/octet-stream")
    done = threading.Event()

    def write() -> None:
        for _ in range(5):
            for version in versions:
                store.put("a", version, "application/octet-stream")
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    reads = 0
    while not done.is_set() or reads == 0:
        assert read(store, "a") in versions
        reads += 1
    writer.join()


def test_a_folder_that_cannot_be_made_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="SONGWRIGHT_HOME"):
        LocalStore(tmp_path / "file").put("a", b"", "text/plain")


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    (tmp_path / "a").mkdir()  # a folder where the object should go: the rename fails
    with pytest.raises(StoreUnavailable):
        store.put("a", b"data", "text/plain")
    assert {path.name for path in tmp_path.iterdir()} == {"a", ".lock"}


def test_the_check_for_room_writes_and_cleans_up(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "new")
    assert store.check_writable() > 0
    assert list((tmp_path / "new").iterdir()) == []


def test_writers_and_deleters_of_one_folder_do_not_trip_over_each_other(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "library")

    def work(worker: int) -> None:
        for number in range(200):
            key = f"open/deep/{worker}-{number}"
            store.put(key, b"", "application/octet-stream")
            store.delete(key)

    with ThreadPoolExecutor(8) as threads:
        for future in [threads.submit(work, worker) for worker in range(8)]:
            future.result()
    assert list(store.list("")) == []


def test_a_listing_goes_on_after_a_key_and_may_stay_shallow(store: Store) -> None:
    for key in ("songs/a/song.json", "songs/b/audio.wav", "songs/b/song.json", "songs/c/song.json", "open/a"):
        store.put(key, b"x", "text/plain")
    assert list(store.list("songs/", after="songs/b/audio.wav")) == ["songs/b/song.json", "songs/c/song.json"]
    assert list(store.list("songs/", shallow=True)) == ["songs/a/", "songs/b/", "songs/c/"]
    assert list(store.list("songs/", after="songs/a/", shallow=True)) == ["songs/b/", "songs/c/"]
    assert list(store.list("songs/b/", shallow=True)) == ["songs/b/audio.wav", "songs/b/song.json"]
    assert list(store.list("nothing/", shallow=True)) == []


def test_what_a_killed_writer_left_is_swept_up_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put("songs/a/song.json", b"x", "application/json")
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    dead = tmp_path / "songs" / "a" / f".part-{process.pid}-cafe-0"
    living = tmp_path / "songs" / "a" / f".part-{os.getpid()}-cafe-0"
    for part in (dead, living):
        part.write_bytes(b"half")
    assert store.sweep() == 1
    assert not dead.exists()
    assert living.exists()
    assert list(store.list("")) == ["songs/a/song.json"]


def test_a_signed_address_is_a_path_of_the_service_and_without_a_signer_a_file(tmp_path: Path) -> None:
    signer = Signer(b"secret")
    assert LocalStore(tmp_path, signer).url("songs/a/audio.wav", 60) == signer.path("songs/a/audio.wav", 60)
    assert LocalStore(tmp_path).url("songs/a/audio.wav", 60).startswith("file:///")
    with pytest.raises(InvalidRequest):
        LocalStore(tmp_path, signer).url("../secret", 60)
