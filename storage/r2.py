"""A store in a bucket of Cloudflare R2, or of any other service that speaks S3."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, SSLError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from config.errors import NotFound, StoreUnavailable
from storage.contract import LARGEST_VERSION_BYTES, Stat, Version, checked_key, is_key, too_large

PART_BYTES = 8 << 20
"""Objects larger than two of these go up in parts, some at a time."""
_PARTS_AT_ONCE = 4
_PIECE_BYTES = 1 << 20
_ATTEMPTS = 8
_CONNECT_S = 10
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 5.0
_PASSING = frozenset({429, 500, 502, 503, 504})
_MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
_RIGHTS = (
    "give the token the right to read and write objects of this bucket, or set R2_BUCKET_NAME to its own"
)
_TOKEN = "set R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY to a token of this account"
_ADDRESS = "set R2_ENDPOINT_URL to the address of the S3 service, without the bucket's name"
_MENDS = {
    "NoSuchBucket": "make the bucket, or set R2_BUCKET_NAME to one that is there",
    "InvalidBucketName": "set R2_BUCKET_NAME to a bucket's name alone",
    "InvalidAccessKeyId": _TOKEN,
    "Unauthorized": _TOKEN,
    "SignatureDoesNotMatch": "set R2_SECRET_ACCESS_KEY to the secret that belongs to R2_ACCESS_KEY_ID",
    "AuthorizationHeaderMalformed": "set R2_REGION to the bucket's region, and R2_ACCESS_KEY_ID to a key",
    "AccessDenied": _RIGHTS,
    "403": _RIGHTS,
    "PermanentRedirect": "set R2_REGION and R2_ENDPOINT_URL to those of the bucket",
}
_USUAL = "see whether the service is up, and ask again"
_NOTHING = "check/nothing"
_MARK = "write"  # metadata, by which a write whose answer was lost is known again


class R2Store:
    """Objects of ``bucket`` at ``endpoint``.

    What the network or the service refuses for a moment (429, 500, 503, resets, timeouts) is tried up to
    eight times with a growing, random wait. What is sent carries its MD5, which the service holds the bytes
    to. The rights it needs are in docs/bucket.md.
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
        """A request of which nothing is heard for ``timeout_s`` seconds is tried again."""
        self._bucket = bucket
        self._endpoint = endpoint
        # Checksums in trailers, boto3's default since 1.36, are not known to every service: MD5 is.
        config = Config(
            signature_version="s3v4",
            connect_timeout=_CONNECT_S,
            read_timeout=timeout_s,
            retries={"mode": "standard", "total_max_attempts": 1},  # ours is ``_wait_s``
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
        self._client.meta.events.register("needs-retry.s3", _wait_s)
        self._parts = ThreadPoolExecutor(_PARTS_AT_ONCE, thread_name_prefix="r2")

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Writes the object whole; one larger than 16 MiB in parts, which are taken back if one fails."""
        named = {"Bucket": self._bucket, "Key": checked_key(key)}
        with self._translated(key):
            if len(data) <= 2 * PART_BYTES:
                self._client.put_object(**named, Body=data, ContentType=content_type, ContentMD5=_md5(data))
            else:
                self._put_in_parts(named, data, content_type)

    def put_if(self, key: str, data: bytes, content_type: str, *, etag: str | None) -> str:
        """In one request, whatever its size."""
        named = {"Bucket": self._bucket, "Key": checked_key(key)}
        mark = uuid4().hex
        request = {
            "Body": data,
            "ContentType": content_type,
            "ContentMD5": _md5(data),
            "Metadata": {_MARK: mark},
            **({"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}),
        }
        attempt = 0
        while True:
            attempt += 1
            with self._translated(key):
                try:
                    return self._tag(self._client.put_object(**named, **request))
                except ClientError as error:
                    code = error.response["Error"]["Code"]
                    if code == "ConditionalRequestConflict" and attempt < _ATTEMPTS:
                        continue  # a write or a deletion was on its way: it tells nothing about who has won
                    if code == "NoSuchKey" and etag is not None:
                        return ""
                    if code != "PreconditionFailed":
                        raise
                    # A second try fails on its own first one, where the answer to that was lost.
                    retried = attempt > 1 or error.response["ResponseMetadata"].get("RetryAttempts")
                    return self._tag_of_mark(named, mark) if retried else ""

    def version(self, key: str) -> Version:
        attempt = 0
        while True:
            attempt += 1
            with self._translated(key):
                answer = self._get(key)
                if answer["ContentLength"] > LARGEST_VERSION_BYTES:
                    answer["Body"].close()
                    raise too_large(key, LARGEST_VERSION_BYTES)
                try:
                    return Version(answer["Body"].read(), self._tag(answer))
                except (BotoCoreError, HTTPError):
                    if attempt == _ATTEMPTS:
                        raise

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
                    answer = self._get(key, **more)
                except ClientError as error:
                    if error.response["Error"]["Code"] in ("InvalidRange", "416"):
                        return  # past the end, as in an empty object: nothing is there
                    raise
                tag = self._tag(answer)
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
                yield from (key for key in sorted(keys) if key > after and is_key(key.removesuffix("/")))

    def delete(self, key: str) -> None:
        with self._translated(key):
            self._client.delete_object(Bucket=self._bucket, Key=checked_key(key))

    def delete_below(self, prefix: str) -> None:
        checked_key(prefix.removesuffix("/"))
        with self._translated(prefix):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for entry in page.get("Contents", ()):
                    self._client.delete_object(Bucket=self._bucket, Key=entry["Key"])

    def url(self, key: str, expires_s: int) -> str:
        """A presigned address, at most a week long, as S3 has it."""
        named = {"Bucket": self._bucket, "Key": checked_key(key)}
        address: str = self._client.generate_presigned_url("get_object", Params=named, ExpiresIn=expires_s)
        return address

    def look(self) -> None:
        """By one read, of an object that is not there: a bucket that is missing is told apart from that."""
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
            raise StoreUnavailable(f"{self._endpoint} does not answer as an S3 service does", _ADDRESS)
        self.delete(key)

    def sweep(self, prefix: str) -> int:
        """Takes back the uploads in parts below ``prefix`` that were not ended; how many that were."""
        swept = 0
        with self._translated(prefix):
            pages = self._client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for upload in page.get("Uploads", ()):
                    self._abort({"Bucket": self._bucket, "Key": upload["Key"]}, upload["UploadId"])
                    swept += 1
        return swept

    def _get(self, key: str, **more: str) -> dict[str, Any]:
        attempt = 0
        while True:
            attempt += 1
            try:
                answer: dict[str, Any] = self._client.get_object(
                    Bucket=self._bucket, Key=checked_key(key), **more
                )
                return answer
            except HTTPError:
                # A refusal that broke off in its text: botocore does not try that again, as it does all else.
                if attempt == _ATTEMPTS:
                    raise

    def _tag(self, answer: dict[str, Any]) -> str:
        if "ETag" not in answer:
            raise StoreUnavailable(f"{self._endpoint} does not answer as an S3 service does", _ADDRESS)
        return str(answer["ETag"])

    def _tag_of_mark(self, named: dict[str, str], mark: str) -> str:
        """The tag of what is there if it is the write with this ``mark``; nothing if it is another's."""
        try:
            found = self._client.head_object(**named)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return ""
            raise
        return self._tag(found) if found["Metadata"].get(_MARK) == mark else ""

    def _put_in_parts(self, named: dict[str, str], data: bytes, content_type: str) -> None:
        mark = uuid4().hex
        begun = self._client.create_multipart_upload(
            **named, ContentType=content_type, Metadata={_MARK: mark}
        )
        upload = begun["UploadId"]
        if begun["ResponseMetadata"].get("RetryAttempts"):
            self._abort_others(named, upload)
        pieces = [data[place : place + PART_BYTES] for place in range(0, len(data), PART_BYTES)]

        def send(number: int) -> dict[str, object]:
            piece = pieces[number - 1]
            sent = self._client.upload_part(
                **named, UploadId=upload, PartNumber=number, Body=piece, ContentMD5=_md5(piece)
            )
            return {"PartNumber": number, "ETag": sent["ETag"]}

        sending = [self._parts.submit(send, number) for number in range(1, len(pieces) + 1)]
        try:
            self._complete(named, upload, [part.result() for part in sending], mark)
        except BaseException as error:
            for part in sending:
                part.cancel()
            wait(sending)  # one that came after the end of the upload would stay
            try:
                self._abort(named, upload)
            except (BotoCoreError, ClientError) as refusal:
                error.add_note(f"its parts stay until the bucket's own rule ends them: {refusal}")
            raise

    def _abort_others(self, named: dict[str, str], upload: str) -> None:
        """Takes back the uploads that were begun for us and whose ids were never heard."""
        listed = self._client.list_multipart_uploads(Bucket=named["Bucket"], Prefix=named["Key"])
        for other in listed.get("Uploads", ()):
            if other["Key"] == named["Key"] and other["UploadId"] != upload:
                self._abort(named, other["UploadId"])

    def _abort(self, named: dict[str, str], upload: str) -> None:
        try:
            self._client.abort_multipart_upload(**named, UploadId=upload)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchUpload":  # a first try has done it
                raise

    def _complete(
        self, named: dict[str, str], upload: str, parts: Sequence[dict[str, object]], mark: str
    ) -> None:
        try:
            self._client.complete_multipart_upload(**named, UploadId=upload, MultipartUpload={"Parts": parts})
        except ClientError as error:
            # Where the answer was lost, the second try finds it done.
            if error.response["Error"]["Code"] != "NoSuchUpload" or not self._tag_of_mark(named, mark):
                raise

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = str(error.response["Error"].get("Code", ""))
            if code.isdigit() and error.operation_name != "HeadObject":  # whose answers have no more to tell
                raise StoreUnavailable(
                    f"{self._endpoint} answers HTTP {code}, and not as an S3 service does",
                    _ADDRESS
                    if code < "500"
                    else "see whether R2_ENDPOINT_URL is right, and the service is up",
                ) from error
            if code in _MISSING:
                raise NotFound("object", key) from error
            why = str(error.response["Error"].get("Message", "")).strip().rstrip(".")
            mend = _clock(error.response) if code == "RequestTimeTooSkewed" else _MENDS.get(code, _USUAL)
            raise StoreUnavailable(
                f"bucket {self._bucket!r} refuses: {code}{', ' if why else ''}{why}", mend
            ) from error
        except ResponseParserError as error:
            raise StoreUnavailable(
                f"{self._endpoint} does not answer as an S3 service does", _ADDRESS
            ) from error
        except SSLError as error:
            raise StoreUnavailable(
                f"{self._endpoint} cannot be trusted: {error}",
                "check R2_ENDPOINT_URL, and this machine's certificates and clock",
            ) from error
        except (BotoCoreError, HTTPError) as error:  # the latter while an object is read
            raise StoreUnavailable(
                f"bucket {self._bucket!r} cannot be reached ({type(error).__name__})",
                "check R2_ENDPOINT_URL and the network",
            ) from error


def _wait_s(
    attempts: int, response: tuple[Any, Any] | None, caught_exception: Exception | None, **_: object
) -> float | None:
    """How long botocore is to wait before it tries again; None if it is not to.

    Its own modes stop trying altogether once many requests of a client had to be repeated.
    """
    if response is None:
        passing = isinstance(caught_exception, HTTPClientError) and not isinstance(caught_exception, SSLError)
    else:
        passing = response[0].status_code in _PASSING
    if not passing or attempts >= _ATTEMPTS:
        return None
    return random.uniform(0, min(_FIRST_WAIT_S * 2 ** (attempts - 1), _LONGEST_WAIT_S))


def _clock(response: dict[str, Any]) -> str:
    """What mends a clock that is wrong, by the service's own."""
    theirs = response["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    told = f", {theirs} by the service" if theirs else ""
    return f"set this machine's clock: sudo timedatectl set-ntp true{told}"


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
