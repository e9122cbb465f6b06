"""The bucket's store against a real S3 server, and with a broken network in between."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import httpx
import pytest
from botocore.exceptions import ClientError

from config.errors import NotFound, StoreUnavailable
from storage.contract import read
from storage.r2 import PART_BYTES, R2Store
from storage.r2.writes import md5
from tests.storage.faults import FAULTS, Faults, broken
from tests.storage.s3 import S3

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture
def store(s3: S3) -> R2Store:
    return s3.store(s3.new_bucket())


def test_a_large_object_goes_up_in_parts_and_comes_back_whole_or_in_ranges(store: R2Store) -> None:
    data = Random(1).randbytes(3 * PART_BYTES + 12_345)
    store.put("songs/a/audio.wav", data, "audio/wav")
    assert read(store, "songs/a/audio.wav") == data
    assert (
        b"".join(store.open("songs/a/audio.wav", PART_BYTES - 3, PART_BYTES + 5))
        == (data[PART_BYTES - 3 : PART_BYTES + 5])
    )
    assert b"".join(store.open("songs/a/audio.wav", 7, 7)) == b""
    assert store.stat("songs/a/audio.wav").size_bytes == len(data)
    store.put("empty", b"", "text/plain")
    assert read(store, "empty") == b""


def test_a_conditional_write_whose_answer_is_lost_knows_its_own(s3: S3) -> None:
    bucket, faults = s3.new_bucket(), Faults(share=0.4, seed=5, kinds=("reset after",))
    with broken(s3.endpoint, faults) as endpoint:
        store = s3.store(bucket, endpoint)
        for number in range(8):
            assert store.put_if(f"locks/{number}", b"mine", "text/plain", etag=None)
            assert not store.put_if(f"locks/{number}", b"yours", "text/plain", etag=None)
            held = store.version(f"locks/{number}")
            assert held.data == b"mine"
            assert store.put_if(f"locks/{number}", b"handed on", "text/plain", etag=held.etag)
            assert not store.put_if(f"locks/{number}", b"late", "text/plain", etag=held.etag)
    assert faults.seen["reset after"] > 8
    assert {read(s3.store(bucket), key) for key in s3.store(bucket).list("")} == {b"handed on"}


def test_a_refusal_that_breaks_off_is_asked_for_again(s3: S3) -> None:
    faults = Faults(share=0.5, seed=3, kinds=("half an answer",))
    with broken(s3.endpoint, faults) as endpoint:
        store = s3.store(s3.new_bucket(), endpoint)
        for _ in range(6):
            with pytest.raises(NotFound):
                store.version("none")
            with pytest.raises(NotFound):
                read(store, "none")
    assert faults.seen["half an answer"] > 5


def test_an_upload_that_fails_is_taken_back(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = s3.new_bucket()
    store = s3.store(bucket)
    usual, sent = store._client.upload_part, []

    def upload(**given: object) -> object:
        sent.append(given["PartNumber"])
        if given["PartNumber"] == 2:
            raise KeyboardInterrupt
        return usual(**given)

    monkeypatch.setattr(store._client, "upload_part", upload)
    with pytest.raises(KeyboardInterrupt):
        store.put("large", bytes(3 * PART_BYTES), "audio/wav")
    assert 2 in sent
    assert s3.uploads(bucket) == 0
    assert list(store.list("")) == []


def test_the_parts_that_a_killed_process_left_are_taken_back_below_a_prefix_alone(s3: S3) -> None:
    bucket = s3.new_bucket()
    for key in ("songs/a/audio.wav", "songs/a/stems/bass.flac", "songs/b/audio.wav"):
        begun = s3.client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        s3.client.upload_part(Bucket=bucket, Key=key, UploadId=begun, PartNumber=1, Body=b"1")
    assert s3.store(bucket).sweep("songs/a/") == 2
    assert s3.store(bucket).sweep("songs/a/") == 0
    assert s3.uploads(bucket) == 1


def test_an_upload_whose_beginning_was_answered_to_nobody_is_taken_back(s3: S3) -> None:
    bucket, faults = s3.new_bucket(), Faults(share=0.5, seed=11, kinds=("reset after",))
    with broken(s3.endpoint, faults) as endpoint:
        store = s3.store(bucket, endpoint)
        for number in range(3):
            store.put(f"large-{number}", bytes(2 * PART_BYTES + 1), "audio/wav")
    assert faults.seen["reset after"] > 5
    assert s3.uploads(bucket) == 0


def test_a_listing_has_more_than_a_page(store: R2Store) -> None:
    keys = [f"open/{number:05}" for number in range(1203)]
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda key: store.put(key, b"", "text/plain"), keys))
    assert list(store.list("open/")) == keys
    assert list(store.list("open/", after="open/01100")) == keys[1101:]


def test_a_presigned_address_opens_without_a_key_and_with_ranges_until_it_ends(store: R2Store) -> None:
    store.put("songs/a/audio.wav", b"0123456789", "audio/wav")
    address = store.url("songs/a/audio.wav", 600)
    answer = httpx.get(address, headers={"Range": "bytes=2-4"})
    assert (answer.status_code, answer.content) == (206, b"234")
    assert answer.headers["content-type"] == "audio/wav"
    named = "inline; filename=\"Nandu.wav\"; filename*=UTF-8''%C3%91and%C3%BA%20%22.wav"
    answer = httpx.get(store.url("songs/a/audio.wav", 600, named))
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers["content-disposition"] == named


def test_a_forged_or_an_old_address_is_refused(server: Callable[[str], S3]) -> None:
    s3 = server("seaweedfs")  # moto looks at no signature
    store = s3.store(s3.new_bucket())
    store.put("songs/a/audio.wav", b"0123456789", "audio/wav")
    store.put("songs/b/audio.wav", b"another's", "audio/wav")
    address = store.url("songs/a/audio.wav", 600)
    assert httpx.get(address).status_code == 200
    assert httpx.get(address.replace("/songs/a/", "/songs/b/")).status_code == 403
    assert httpx.get(address.partition("?")[0]).status_code == 403
    named = store.url("songs/a/audio.wav", 600, 'inline; filename="a.wav"')
    assert httpx.get(named).headers["content-disposition"] == 'inline; filename="a.wav"'
    assert httpx.get(named.replace("a.wav%22", "b.wav%22")).status_code == 403
    soon = store.url("songs/a/audio.wav", 1)
    until = time.monotonic() + 5
    while httpx.get(soon).status_code == 200:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert httpx.get(soon).status_code == 403


def test_bytes_that_were_changed_on_the_way_are_refused(server: Callable[[str], S3]) -> None:
    s3 = server("seaweedfs")  # moto looks at no Content-MD5
    bucket = s3.new_bucket()
    with pytest.raises(ClientError, match="BadDigest"):
        s3.client.put_object(Bucket=bucket, Key="a", Body=b"changed", ContentMD5=md5(b"sent"))
    assert list(s3.store(bucket).list("")) == []


def test_what_the_service_refuses_is_said_with_what_mends_it(s3: S3, store: R2Store) -> None:
    with pytest.raises(NotFound):
        store.stat("songs/none")
    with pytest.raises(StoreUnavailable, match="R2_BUCKET_NAME"):
        s3.store("no-such-bucket").put("a", b"", "text/plain")


def test_an_endpoint_that_nobody_listens_at_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="R2_ENDPOINT_URL"):
        R2Store("bucket", "http://127.0.0.1:9", "key", "secret").put("a", b"", "text/plain")


def test_nothing_is_lost_or_half_there_behind_a_broken_network(s3: S3) -> None:
    bucket, faults = s3.new_bucket(), Faults(share=0.25, seed=20261121)
    rng, kept = Random(7), dict[str, bytes]()
    with broken(s3.endpoint, faults) as endpoint:
        store = s3.store(bucket, endpoint)
        guard = threading.Lock()

        def work(number: int) -> None:
            with guard:
                data = rng.randbytes(rng.choice([0, 10, 100_000, 2_500_000]))
            key = f"songs/{number:03}/audio.wav"
            store.put(key, data, "audio/wav")
            assert read(store, key) == data
            assert store.stat(key).size_bytes == len(data)
            if number % 5 == 0:
                store.delete(key)
            else:
                with guard:
                    kept[key] = data

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(work, range(60)))
        large = Random(2).randbytes(5 * PART_BYTES)
        store.put("large", large, "audio/wav")
        assert read(store, "large") == large
        assert list(store.list("songs/")) == sorted(kept)
    assert all(faults.seen[fault] > 3 for fault in FAULTS), faults.seen
    direct = s3.store(bucket)
    assert all(read(direct, key) == data for key, data in kept.items())
    assert s3.uploads(bucket) == 0
