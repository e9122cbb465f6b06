"""Writes to a bucket that are recognised afterwards: each has a mark in its metadata, so that a write whose
response was lost is not taken for another writer's."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from storage.r2.errors import MISSING, etag_of
from storage.r2.retries import ATTEMPTS

log = logging.getLogger(__name__)

PART_BYTES = 16 << 20
"""Objects larger than two of these are uploaded in parts, several at a time. Each part is a paid request: a
WAV of three minutes goes up in one."""

_PARTS_AT_ONCE = 4
_MARK = "write"  # the metadata field


class Writes:
    """Writes of objects, each named by its ``Bucket`` and ``Key``. Raises botocore's own errors."""

    def __init__(self, client: Any, endpoint: str) -> None:
        self._client = client
        self._endpoint = endpoint
        self._threads = ThreadPoolExecutor(_PARTS_AT_ONCE, thread_name_prefix="r2")

    def put(self, named: dict[str, str], data: bytes, content_type: str) -> None:
        """Writes the object whole; one larger than 32 MiB in parts, which are aborted if one fails."""
        if len(data) > 2 * PART_BYTES:
            self._in_parts(named, data, content_type)
        else:
            self._client.put_object(**named, Body=data, ContentType=content_type, ContentMD5=md5(data))

    def put_if(self, named: dict[str, str], data: bytes, content_type: str, etag: str | None) -> str:
        """As ``Store.put_if``, in one request of any size."""
        mark = uuid4().hex
        request = {
            "Body": data,
            "ContentType": content_type,
            "ContentMD5": md5(data),
            "Metadata": {_MARK: mark},
            **({"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}),
        }
        attempt = 0
        while True:
            attempt += 1
            try:
                return etag_of(self._client.put_object(**named, **request), self._endpoint)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == "ConditionalRequestConflict" and attempt < ATTEMPTS:
                    continue  # a write or a deletion was under way: it does not say who has won
                if code == "NoSuchKey" and etag is not None:
                    return ""
                if code != "PreconditionFailed":
                    raise
                # The condition fails on our own first attempt, if its response was lost.
                retried = attempt > 1 or error.response["ResponseMetadata"].get("RetryAttempts")
                return self._etag_of_mark(named, mark) if retried else ""

    def _in_parts(self, named: dict[str, str], data: bytes, content_type: str) -> None:
        mark = uuid4().hex
        begun = self._client.create_multipart_upload(
            **named, ContentType=content_type, Metadata={_MARK: mark}
        )
        upload = begun["UploadId"]
        pieces = [data[place : place + PART_BYTES] for place in range(0, len(data), PART_BYTES)]

        def send(number: int) -> dict[str, object]:
            piece = pieces[number - 1]
            sent = self._client.upload_part(
                **named, UploadId=upload, PartNumber=number, Body=piece, ContentMD5=md5(piece)
            )
            return {"PartNumber": number, "ETag": sent["ETag"]}

        sending = [self._threads.submit(send, number) for number in range(1, len(pieces) + 1)]
        try:
            self._complete(named, upload, [part.result() for part in sending], mark)
        except BaseException as error:
            for part in sending:
                part.cancel()
            wait(sending)  # a part that arrives after the abort would stay
            try:
                self.abort(named, upload)
            except (BotoCoreError, ClientError) as refusal:
                error.add_note(f"its parts stay until the bucket's own rule ends them: {refusal}")
            raise
        finally:
            # Only now: the bucket may begin the upload of a broken request later than that of its repetition.
            if begun["ResponseMetadata"].get("RetryAttempts"):
                self._abort_others(named, upload)

    def _abort_others(self, named: dict[str, str], upload: str) -> None:
        """Aborts the uploads that earlier attempts began, whose ids were lost with the response."""
        try:
            listed = self._client.list_multipart_uploads(Bucket=named["Bucket"], Prefix=named["Key"])
            for other in listed.get("Uploads", ()):
                if other["Key"] == named["Key"] and other["UploadId"] != upload:
                    self.abort(named, other["UploadId"])
        except (BotoCoreError, ClientError) as error:
            log.warning("an upload without parts may stay until the bucket's own rule ends it: %s", error)

    def abort(self, named: dict[str, str], upload: str) -> None:
        """Aborts an upload in parts; one that is gone is no error."""
        try:
            self._client.abort_multipart_upload(**named, UploadId=upload)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchUpload":  # an earlier attempt has aborted it
                raise

    def _complete(
        self, named: dict[str, str], upload: str, parts: Sequence[dict[str, object]], mark: str
    ) -> None:
        try:
            self._client.complete_multipart_upload(**named, UploadId=upload, MultipartUpload={"Parts": parts})
        except ClientError as error:
            # The response to the first attempt may be lost; then the second finds the upload complete.
            if error.response["Error"]["Code"] != "NoSuchUpload" or not self._etag_of_mark(named, mark):
                raise

    def _etag_of_mark(self, named: dict[str, str], mark: str) -> str:
        """The object's tag if the write with this ``mark`` made it, else nothing."""
        try:
            found = self._client.head_object(**named)
        except ClientError as error:
            if error.response["Error"]["Code"] in MISSING:
                return ""
            raise
        return etag_of(found, self._endpoint) if found["Metadata"].get(_MARK) == mark else ""


def md5(data: bytes) -> str:
    """The ``Content-MD5`` of ``data``."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
