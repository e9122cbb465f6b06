"""The store of objects in an S3 bucket: see ``R2Store``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from config.errors import NotFound
from storage.contract import LARGEST_VERSION_BYTES, Stat, Version, checked_key, is_key, too_large
from storage.r2.errors import etag_of, no_s3_service, translated
from storage.r2.retries import ATTEMPTS, wait_s
from storage.r2.writes import Writes

_PIECE_BYTES = 1 << 20
_CONNECT_S = 10
_NOTHING = "check/nothing"


class R2Store:
    """Objects of ``bucket`` at ``endpoint``.

    A request that fails for the moment (429, 500, 503, resets, timeouts) is tried up to eight times, with a
    growing, random wait. Each write carries its MD5, by which the service checks the bytes. docs/bucket.md
    lists the rights that the key needs.
    """

    def __init__(
        self,
        bucket: str,
        endpoint: str,
        access_key: str,
        secret_key: str,
        region: str = "auto",
        timeout_s: float = 60.0,
    ) -> None:
        """A request without data for ``timeout_s`` seconds is tried again."""
        self._bucket = bucket
        self._endpoint = endpoint
        # Not every service knows checksums in trailers, boto3's default since 1.36; all know MD5.
        config = Config(
            signature_version="s3v4",
            connect_timeout=_CONNECT_S,
            read_timeout=timeout_s,
            retries={"mode": "standard", "total_max_attempts": 1},  # ours are in ``retries``
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            max_pool_connections=64,
            s3={"addressing_style": "path"},
        )
        # A session of its own, since boto3's default session is not thread-safe.
        self._client: Any = boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name=region,
            config=config,
        )
        self._client.meta.events.register("needs-retry.s3", wait_s)
        self._writes = Writes(self._client, endpoint)

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Writes the object whole; one larger than 32 MiB in parts, which are aborted if one fails."""
        with self._translated(key):
            self._writes.put(self._named(key), data, content_type)

    def put_if(self, key: str, data: bytes, content_type: str, *, etag: str | None) -> str:
        """In one request of any size."""
        with self._translated(key):
            return self._writes.put_if(self._named(key), data, content_type, etag)

    def version(self, key: str) -> Version:
        attempt = 0
        while True:
            attempt += 1
            with self._translated(key):
                response = self._get(key)
                if response["ContentLength"] > LARGEST_VERSION_BYTES:
                    response["Body"].close()
                    raise too_large(key, LARGEST_VERSION_BYTES)
                try:
                    return Version(response["Body"].read(), etag_of(response, self._endpoint))
                except (BotoCoreError, HTTPError):
                    if attempt == ATTEMPTS:
                        raise

    def open(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes in pieces of at most a mebibyte. After a broken connection it goes on from the same byte,
        as long as the object is the same."""
        if end is not None and end <= start:
            self.stat(key)
            return
        tag: str | None = None
        for attempt in range(ATTEMPTS):
            with self._translated(key):
                try:
                    more: dict[str, str] = {"IfMatch": tag} if tag else {}
                    if start or end is not None:
                        more["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
                    response = self._get(key, **more)
                except ClientError as error:
                    if error.response["Error"]["Code"] in ("InvalidRange", "416"):
                        return  # past the end, as in an empty object
                    raise
                tag = etag_of(response, self._endpoint)
                try:
                    while piece := response["Body"].read(_PIECE_BYTES):
                        start += len(piece)
                        yield piece
                    return
                except (BotoCoreError, HTTPError):
                    if attempt == ATTEMPTS - 1:
                        raise

    def stat(self, key: str) -> Stat:
        with self._translated(key):
            facts = self._client.head_object(**self._named(key))
        modified: datetime = facts["LastModified"]
        return Stat(key, int(facts["ContentLength"]), modified)

    def list(self, prefix: str, *, after: str = "", shallow: bool = False) -> Iterator[str]:
        """Pages of a thousand keys, each fetched when it is needed."""
        request: dict[str, Any] = {"Bucket": self._bucket, "Prefix": prefix}
        if shallow:
            request["Delimiter"] = "/"
        if after:
            # S3 lists a folder ``after`` again, since its keys come after its name: it is left out below.
            request["StartAfter"] = after
        with self._translated(prefix):
            for page in self._client.get_paginator("list_objects_v2").paginate(**request):
                keys = [entry["Key"] for entry in page.get("Contents", ())]
                keys += [entry["Prefix"] for entry in page.get("CommonPrefixes", ())]
                yield from (key for key in sorted(keys) if key > after and is_key(key.removesuffix("/")))

    def delete(self, key: str) -> None:
        with self._translated(key):
            self._client.delete_object(**self._named(key))

    def delete_below(self, prefix: str) -> None:
        checked_key(prefix.removesuffix("/"))
        with self._translated(prefix):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for entry in page.get("Contents", ()):
                    self._client.delete_object(Bucket=self._bucket, Key=entry["Key"])

    def url(self, key: str, expires_s: int, disposition: str = "") -> str:
        """A presigned address; S3 allows a week at most."""
        params = self._named(key) | ({"ResponseContentDisposition": disposition} if disposition else {})
        address: str = self._client.generate_presigned_url("get_object", Params=params, ExpiresIn=expires_s)
        return address

    def look(self) -> None:
        """Reads an object that does not exist; the service reports a missing bucket otherwise."""
        with suppress(NotFound), self._translated(_NOTHING):
            self._get(_NOTHING)["Body"].close()

    def check_writable(self) -> None:
        """Raises ``StoreUnavailable`` if an object cannot be written, read, listed and deleted."""
        key, data = f"check/{uuid4().hex}", uuid4().bytes
        self.put(key, data, "application/octet-stream")
        try:
            found = self.version(key).data == data and key in self.list(key)
        except NotFound:
            found = False
        if not found:
            raise no_s3_service(self._endpoint)
        self.delete(key)

    def sweep(self, prefix: str) -> int:
        """Aborts the unfinished uploads in parts below ``prefix``, and returns how many there were."""
        swept = 0
        with self._translated(prefix):
            pages = self._client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for upload in page.get("Uploads", ()):
                    self._writes.abort({"Bucket": self._bucket, "Key": upload["Key"]}, upload["UploadId"])
                    swept += 1
        return swept

    def _get(self, key: str, **more: str) -> dict[str, Any]:
        attempt = 0
        while True:
            attempt += 1
            try:
                response: dict[str, Any] = self._client.get_object(**self._named(key), **more)
                return response
            except HTTPError:
                # An error response broke off in its body, the one failure that botocore does not try again.
                if attempt == ATTEMPTS:
                    raise

    def _named(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": checked_key(key)}

    def _translated(self, key: str) -> AbstractContextManager[None]:
        return translated(self._bucket, self._endpoint, key)
