"""A real S3 server on loopback: moto's."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from storage.r2 import R2Store

KEY, SECRET = "tests-key", "tests-secret"
_numbers = itertools.count()


class S3:
    """The server, and what tests do there behind the store's back."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._client = boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}),
        )

    def new_bucket(self) -> str:
        name = f"songs-{next(_numbers)}"
        self._client.create_bucket(Bucket=name)
        return name

    def store(self, bucket: str, endpoint: str = "") -> R2Store:
        return R2Store(bucket, endpoint or self.endpoint, KEY, SECRET, region="us-east-1")

    def uploads(self, bucket: str) -> int:
        """Uploads in parts that were begun and neither completed nor taken back."""
        return len(self._client.list_multipart_uploads(Bucket=bucket).get("Uploads", ()))


@contextmanager
def s3_server() -> Iterator[S3]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3(f"http://{host}:{port}")
    finally:
        server.stop()
