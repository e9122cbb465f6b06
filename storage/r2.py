"""A store in a bucket of Cloudflare R2, or of any other service that speaks S3."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from config.errors import NotFound, StoreUnavailable
from storage.contract import Stat, checked_key

PART_BYTES = 8 << 20
"""Objects larger than two of these go up in parts, some at a time."""
_PARTS_AT_ONCE = 4
_PIECE_BYTES = 1 << 20
_ATTEMPTS = 8
_CONNECT_S, _READ_S = 10, 60
_MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
_MENDS = {
    "NoSuchBucket": "make the bucket, or set R2_BUCKET_NAME to one that is there",
    "InvalidAccessKeyId": "set R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY to a token of this account",
    "SignatureDoesNotMatch": "set R2_SECRET_ACCESS_KEY to the secret that belongs to R2_ACCESS_KEY_ID",
    "AccessDenied": "give the token the right to read and write objects of this bucket",
    "403": "give the token the right to read and write objects of this bucket",
    "Unauthorized": "set R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY to a token of this account",
    "RequestTimeTooSkewed": "set this machine's clock",
}
_USUAL = "see whether the service is up, and ask again"


class R2Store:
    """Objects of ``bucket`` at ``endpoint``.

    What the network or the service refuses for a moment (500, 503, resets, timeouts) is tried up to eight
    times with a growing, random wait. What is sent carries its MD5, which the service holds the bytes to. The
    rights it needs: to list the bucket, and to get, put and delete its objects.
    """

    def __init__(
        self, bucket: str, endpoint: str, access_key: str, secret_key: str, region: str = "auto"
    ) -> None:
        self._bucket = bucket
        # Checksums in trailers, boto3's default since 1.36, are not known to every service: MD5 is.
        config = Config(
            signature_version="s3v4",
            connect_timeout=_CONNECT_S,
            read_timeout=_READ_S,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            max_pool_connections=32,
            s3={"addressing_style": "path"},
        )
        # A session of its own: boto3's default one is not safe in threads.
        self._client: Any = boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name=region,
            config=config,
        )
        self._parts = ThreadPoolExecutor(_PARTS_AT_ONCE, thread_name_prefix="r2")

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Writes the object whole; one larger than 16 MiB in parts, which are taken back if one fails."""
        named = {"Bucket": self._bucket, "Key": checked_key(key)}
        with self._translated(key):
            if len(data) <= 2 * PART_BYTES:
                self._client.put_object(**named, Body=data, ContentType=content_type, ContentMD5=_md5(data))
            else:
                self._put_in_parts(named, data, content_type)

    def put_new(self, key: str, data: bytes, content_type: str) -> bool:
        """Writes the object unless there is one, and answers whether it did: of several writers one does."""
        named = {"Bucket": self._bucket, "Key": checked_key(key)}
        with self._translated(key):
            try:
                self._client.put_object(
                    **named, Body=data, ContentType=content_type, ContentMD5=_md5(data), IfNoneMatch="*"
                )
            except ClientError as error:
                if error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict"):
                    return False
                raise
        return True

    def open(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes in pieces of a megabyte at most. A connection that breaks off is made again where it
        broke, as long as the object is the same."""
        if end is not None and end <= start:
            self.stat(key)
            return
        tag: str | None = None
        for attempt in range(_ATTEMPTS):
            with self._translated(key):
                try:
                    more: dict[str, str] = {"IfMatch": tag} if tag else {}
                    if start or end is not None:
                        more["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
                    answer = self._client.get_object(Bucket=self._bucket, Key=checked_key(key), **more)
                except ClientError as error:
                    if error.response["Error"]["Code"] in ("InvalidRange", "416"):
                        return  # past the end, as in an empty object: nothing is there
                    raise
                tag = answer["ETag"]
                try:
                    while piece := answer["Body"].read(_PIECE_BYTES):
                        start += len(piece)
                        yield piece
                    return
                except (BotoCoreError, HTTPError):
                    if attempt == _ATTEMPTS - 1:
                        raise

    def stat(self, key: str) -> Stat:
        with self._translated(key):
            facts = self._client.head_object(Bucket=self._bucket, Key=checked_key(key))
        modified: datetime = facts["LastModified"]
        return Stat(key, int(facts["ContentLength"]), modified)

    def list(self, prefix: str, *, after: str = "", shallow: bool = False) -> Iterator[str]:
        """A page of a thousand at a time, each fetched when it is wanted."""
        asked: dict[str, Any] = {"Bucket": self._bucket, "Prefix": prefix}
        if shallow:
            asked["Delimiter"] = "/"
        if after:
            # With a folder's own name it would come again: a "/" is followed by nothing greater than "0".
            asked["StartAfter"] = after
        with self._translated(prefix):
            for page in self._client.get_paginator("list_objects_v2").paginate(**asked):
                keys = [entry["Key"] for entry in page.get("Contents", ())]
                keys += [entry["Prefix"] for entry in page.get("CommonPrefixes", ())]
                yield from (key for key in sorted(keys) if key > after)

    def delete(self, key: str) -> None:
        with self._translated(key):
            self._client.delete_object(Bucket=self._bucket, Key=checked_key(key))

    def url(self, key: str, expires_s: int) -> str:
        """A presigned address, at most a week long, as S3 has it."""
        named = {"Bucket": self._bucket, "Key": checked_key(key)}
        address: str = self._client.generate_presigned_url("get_object", Params=named, ExpiresIn=expires_s)
        return address

    def check_writable(self) -> None:
        """Raises ``StoreUnavailable`` if an object cannot be written, read and deleted."""
        key = f"check/{threading.get_ident()}"
        self.put(key, b"0", "text/plain")
        self.stat(key)
        self.delete(key)

    def _put_in_parts(self, named: dict[str, str], data: bytes, content_type: str) -> None:
        upload = self._client.create_multipart_upload(**named, ContentType=content_type)["UploadId"]
        pieces = [data[place : place + PART_BYTES] for place in range(0, len(data), PART_BYTES)]

        def send(number: int) -> dict[str, object]:
            piece = pieces[number - 1]
            sent = self._client.upload_part(
                **named, UploadId=upload, PartNumber=number, Body=piece, ContentMD5=_md5(piece)
            )
            return {"PartNumber": number, "ETag": sent["ETag"]}

        try:
            parts = list(self._parts.map(send, range(1, len(pieces) + 1)))
            self._complete(named, upload, parts, len(data))
        except BaseException as error:
            try:
                self._client.abort_multipart_upload(**named, UploadId=upload)
            except (BotoCoreError, ClientError) as refusal:
                error.add_note(f"its parts stay until the bucket's own rule ends them: {refusal}")
            raise

    def _complete(
        self, named: dict[str, str], upload: str, parts: Sequence[dict[str, object]], size: int
    ) -> None:
        try:
            self._client.complete_multipart_upload(**named, UploadId=upload, MultipartUpload={"Parts": parts})
        except ClientError as error:
            # Its answer was lost, and the second try found it done.
            if error.response["Error"]["Code"] != "NoSuchUpload":
                raise
            if self._client.head_object(**named)["ContentLength"] != size:
                raise

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = str(error.response["Error"].get("Code", ""))
            if code in _MISSING:
                raise NotFound("object", key) from error
            why = str(error.response["Error"].get("Message", "")).strip().rstrip(".")
            raise StoreUnavailable(
                f"bucket {self._bucket!r} refuses: {code}{', ' if why else ''}{why}", _MENDS.get(code, _USUAL)
            ) from error
        except (BotoCoreError, HTTPError) as error:  # the latter while an object is read
            raise StoreUnavailable(
                f"bucket {self._bucket!r} cannot be reached ({type(error).__name__})",
                "check R2_ENDPOINT_URL and the network",
            ) from error


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
