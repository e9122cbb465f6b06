"""The S3 servers, each started when a test first asks for it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from storage.r2 import retries
from tests.storage.s3 import S3, SERVERS


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """How often a request is tried is what these tests are about, not for how long."""
    monkeypatch.setattr(retries, "_FIRST_WAIT_S", 0.02)


@pytest.fixture(scope="module")
def server() -> Iterator[Callable[[str], S3]]:
    """The server of that name."""
    running: dict[str, S3] = {}
    with ExitStack() as ending:

        def start(name: str) -> S3:
            if name not in running:
                running[name] = ending.enter_context(SERVERS[name]())
            return running[name]

        yield start


@pytest.fixture(params=SERVERS)
def s3(request: pytest.FixtureRequest, server: Callable[[str], S3]) -> S3:
    """Each of them."""
    return server(request.param)
