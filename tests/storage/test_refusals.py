"""What is wrong with a bucket is said in a line, with what mends it: by the store, so by doctor, and at the
service's start."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from config.errors import StoreUnavailable
from config.settings import EngineSettings, Settings
from orchestrator.cli.commands import FAILED
from orchestrator.cli.doctor import examine
from storage.r2 import R2Store
from tests.loopback import in_a_thread
from tests.orchestrator.test_cli import COMMAND, HERE, QUICK, ROOT, environment
from tests.storage.s3 import KEY, READER_KEY, READER_SECRET, S3, SECRET

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

DATE = "Sat, 21 Nov 2026 12:00:00 GMT"


@contextmanager
def answering(status: int, body: str, kind: str) -> Iterator[str]:
    """The address of a server that answers everything alike."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Nothing: a server for tests."""

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            data = b"" if status == 204 else body.encode()
            self.send_response_only(status)
            self.send_header("Content-Type", kind)
            self.send_header("Date", DATE)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True  # a client may keep its connection
    with in_a_thread(server):
        yield f"http://127.0.0.1:{server.server_port}"


def refusal(code: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<Error><Code>{code}</Code><Message>{code} it is.</Message><RequestId>1</RequestId></Error>"
    )


PAGE = "<!doctype html><html><head><title>Welcome to nginx!</title></head><body><p>It works.</body></html>"


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (404, "NoSuchBucket", "set R2_BUCKET_NAME to one that is there"),
        (400, "InvalidBucketName", "set R2_BUCKET_NAME to a bucket's name alone"),
        (
            403,
            "InvalidAccessKeyId",
            "set R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY to a token of this account",
        ),
        (401, "Unauthorized", "set R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY to a token of this account"),
        (403, "SignatureDoesNotMatch", "set R2_SECRET_ACCESS_KEY to the secret that belongs to"),
        (403, "AccessDenied", "give the token the right to read and write objects of this bucket"),
        (400, "AuthorizationHeaderMalformed", "set R2_REGION to the bucket's region"),
        (403, "RequestTimeTooSkewed", f"sudo timedatectl set-ntp true, {DATE} by the service"),
    ],
)
def test_what_a_service_refuses_is_told_by_doctor_with_what_mends_it(
    tmp_path: Path, status: int, code: str, says: str
) -> None:
    with answering(status, refusal(code), "application/xml") as endpoint:
        [found] = [finding for finding in examine(settings(tmp_path, endpoint)) if finding.subject == "store"]
    assert not found.ok
    assert found.fix.startswith(f"bucket 'songs' refuses: {code}, {code} it is - ")
    assert says in found.fix
    assert "\n" not in found.fix


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, PAGE, "text/html"),
        (204, "", "text/plain"),
        (404, PAGE, "text/html"),
        (405, "", "text/plain"),
        (403, '{"error": "forbidden"}', "application/json"),
        (400, "The plain HTTP request was sent to HTTPS port", "text/html"),
    ],
)
def test_an_endpoint_that_is_no_s3_is_told_from_a_bucket_that_refuses(
    tmp_path: Path, status: int, body: str, kind: str
) -> None:
    with answering(status, body, kind) as endpoint:
        [found] = [finding for finding in examine(settings(tmp_path, endpoint)) if finding.subject == "store"]
        store = R2Store("songs", endpoint, KEY, SECRET)
        with pytest.raises(StoreUnavailable, match="R2_ENDPOINT_URL"):
            store.version("songs/a")
    assert not found.ok
    assert endpoint in found.fix
    assert "as an S3 service does" in found.fix
    assert "R2_ENDPOINT_URL" in found.fix
    assert "\n" not in found.fix


def test_a_real_service_refuses_a_wrong_key_a_wrong_secret_and_who_may_only_read(
    server: Callable[[str], S3],
) -> None:
    s3 = server("seaweedfs")
    bucket = s3.new_bucket()
    for key, secret, says in (
        ("nobody", SECRET, "R2_ACCESS_KEY_ID"),
        (KEY, "wrong", "set R2_SECRET_ACCESS_KEY"),
        (READER_KEY, READER_SECRET, "the right to read and write"),
    ):
        with pytest.raises(StoreUnavailable, match=says):
            R2Store(bucket, s3.endpoint, key, secret, region="us-east-1").check_writable()
    R2Store(bucket, s3.endpoint, KEY, SECRET, region="us-east-1").check_writable()
    assert list(s3.store(bucket).list("")) == []


def test_the_service_does_not_start_on_a_bucket_that_refuses(tmp_path: Path) -> None:
    with answering(403, refusal("AccessDenied"), "application/xml") as endpoint:
        variables = QUICK | {
            "SONGWRIGHT_STORE": "r2",
            "R2_BUCKET_NAME": "songs",
            "R2_ENDPOINT_URL": endpoint,
            "R2_ACCESS_KEY_ID": KEY,
            "R2_SECRET_ACCESS_KEY": SECRET,
        }
        ended = subprocess.run(
            [*COMMAND, "serve", "--port", "0"],
            capture_output=True,
            text=True,
            env=environment(tmp_path, **variables),
            cwd=ROOT,
            timeout=30,
        )
    assert ended.returncode == FAILED
    [line] = ended.stderr.strip().splitlines()
    assert "give the token the right to read and write objects of this bucket" in line


def settings(home: Path, endpoint: str) -> Settings:
    return Settings(
        lyrics=EngineSettings(engine=f"{HERE}:PlainWriter"),
        music=EngineSettings(engine=f"{HERE}:HumComposer"),
        art=EngineSettings(engine=f"{HERE}:BlankPainter"),
        home=home,
        store="r2",
        r2_bucket_name="songs",
        r2_endpoint_url=endpoint,
        r2_access_key_id=KEY,
        r2_secret_access_key=SECRET,
    )
