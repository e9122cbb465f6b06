"""What the errors of botocore and of the S3 service are to us, and what the owner of the bucket can do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, SSLError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from config.errors import NotFound, StoreUnavailable

MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
"""Codes for an object that is not there."""

_RIGHTS = (
    "give the token the right to read and write objects of this bucket, or set R2_BUCKET_NAME to its own"
)
_TOKEN = "set R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY to a token of this account"
ADDRESS = "set R2_ENDPOINT_URL to the address of the S3 service, without the bucket's name"
_FIXES = {
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
_OTHERWISE = "see whether the service is up, and ask again"


@contextmanager
def translated(bucket: str, endpoint: str, key: str) -> Iterator[None]:
    """Raises ``NotFound`` for a missing object ``key``, and ``StoreUnavailable`` for whatever else fails."""
    try:
        yield
    except ClientError as error:
        code = str(error.response["Error"].get("Code", ""))
        if code.isdigit() and error.operation_name != "HeadObject":  # whose responses have no body
            raise StoreUnavailable(
                f"{endpoint} answers HTTP {code}, and not as an S3 service does",
                ADDRESS if code < "500" else "see whether R2_ENDPOINT_URL is right, and the service is up",
            ) from error
        if code in MISSING:
            raise NotFound("object", key) from error
        why = str(error.response["Error"].get("Message", "")).strip().rstrip(".")
        fix = _clock_fix(error.response) if code == "RequestTimeTooSkewed" else _FIXES.get(code, _OTHERWISE)
        raise StoreUnavailable(f"bucket {bucket!r} refuses: {code}{', ' if why else ''}{why}", fix) from error
    except ResponseParserError as error:
        raise no_s3_service(endpoint) from error
    except SSLError as error:
        raise StoreUnavailable(
            f"{endpoint} cannot be trusted: {error}",
            "check R2_ENDPOINT_URL, and this machine's certificates and clock",
        ) from error
    except (BotoCoreError, HTTPError) as error:  # the latter while an object is read
        raise StoreUnavailable(
            f"bucket {bucket!r} cannot be reached ({type(error).__name__})",
            "check R2_ENDPOINT_URL and the network",
        ) from error


def etag_of(response: dict[str, Any], endpoint: str) -> str:
    """The ``ETag`` of a response. Raises ``StoreUnavailable`` if it has none."""
    if "ETag" not in response:
        raise no_s3_service(endpoint)
    return str(response["ETag"])


def no_s3_service(endpoint: str) -> StoreUnavailable:
    """The error for an endpoint whose responses are not those of an S3 service."""
    return StoreUnavailable(f"{endpoint} does not answer as an S3 service does", ADDRESS)


def _clock_fix(response: dict[str, Any]) -> str:
    """How to set a wrong clock, with the service's own time where it is known."""
    theirs = response["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    shown = f", {theirs} by the service" if theirs else ""
    return f"set this machine's clock: sudo timedatectl set-ntp true{shown}"
