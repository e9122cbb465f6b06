"""The rights that docs/bucket.md asks for: those of the calls that the store makes, no more and no fewer."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

import storage.r2.store
import storage.r2.writes
from config.errors import NotFound
from storage.contract import Store, read
from storage.r2 import PART_BYTES
from tests.storage.s3 import s3_server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

DOCUMENT = Path(__file__).parents[2] / "docs" / "bucket.md"
# "Actions, resources, and condition keys for Amazon S3", in AWS's Service Authorization Reference.
OBJECT, BUCKET = "arn:aws:s3:::my-songs/*", "arn:aws:s3:::my-songs"
RIGHT_OF = {
    "PutObject": ("s3:PutObject", OBJECT),
    "GetObject": ("s3:GetObject", OBJECT),
    "HeadObject": ("s3:GetObject", OBJECT),
    "DeleteObject": ("s3:DeleteObject", OBJECT),
    "ListObjectsV2": ("s3:ListBucket", BUCKET),
    "CreateMultipartUpload": ("s3:PutObject", OBJECT),
    "UploadPart": ("s3:PutObject", OBJECT),
    "CompleteMultipartUpload": ("s3:PutObject", OBJECT),
    "AbortMultipartUpload": ("s3:AbortMultipartUpload", OBJECT),
    "ListMultipartUploads": ("s3:ListBucketMultipartUploads", BUCKET),
}


def documented() -> set[tuple[str, str]]:
    blocks = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)]
    [policy] = [block for block in blocks if "Statement" in block]
    assert {statement["Effect"] for statement in policy["Statement"]} == {"Allow"}
    return {(action, part["Resource"]) for part in policy["Statement"] for action in part["Action"]}


def written() -> set[str]:
    """The names of the client's methods in the store's code."""
    modules = (storage.r2.store, storage.r2.writes)
    nodes = [node for module in modules for node in ast.walk(ast.parse(Path(module.__file__).read_text()))]
    called = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "_client"
    }
    pages = {
        node.args[0].value
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get_paginator"
        and isinstance(node.args[0], ast.Constant)
    }
    local = {"get_paginator", "generate_presigned_url", "meta"}
    return {str(name) for name in (called | pages) - local}


def test_the_documented_rights_are_those_of_the_calls_that_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: set[str] = set()

    def note(model: Any, **_: Any) -> None:
        made.add(model.name)

    with s3_server() as s3:
        bucket = s3.new_bucket()
        store = s3.store(bucket)
        store._client.meta.events.register("before-call.s3", note)
        large = bytes(2 * PART_BYTES + 1)
        store.put("a", b"1", "text/plain")
        store.put("large", large, "text/plain")
        assert read(store, "large") == large
        assert store.put_if("a", b"2", "text/plain", etag=store.version("a").etag)
        assert store.stat("a").size_bytes == 1
        assert list(store.list("", shallow=True)) == ["a", "large"]
        assert "a" in store.url("a", 60)
        s3.client.create_multipart_upload(Bucket=bucket, Key="songs/a/audio.wav")
        assert store.sweep("songs/") == 1
        store.delete("a")
        with pytest.raises(NotFound):
            store.version("a")
        store.delete_below("songs/a/")
        store.look()
        store.check_writable()
    used = {name for name in dir(Store) if not name.startswith("_")}
    assert used == {
        "put",
        "open",
        "put_if",
        "version",
        "stat",
        "list",
        "url",
        "sweep",
        "delete",
        "delete_below",
        "look",
        "check_writable",
    }
    assert {RIGHT_OF[name] for name in made} == documented()
    # Nothing is called that this test has not seen.
    assert {xform_name(name) for name in made} == written()
