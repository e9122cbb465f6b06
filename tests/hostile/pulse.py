"""``python -m tests.hostile.pulse URL PATH TOKEN``: asks for ``PATH`` until its input closes, on a new
connection each time as a stranger does, and prints the milliseconds of each answer, sorted, as JSON: in a
process of its own, so that what a test does meanwhile is not measured."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.orchestrator.test_cli import ROOT
from tests.service.server import Server

PAUSE_S = 0.02


class Pulse:
    """What was measured, once the block has ended."""

    ms: list[float]

    def at(self, share: float) -> float:
        """The percentile, in milliseconds."""
        return self.ms[min(int(len(self.ms) * share), len(self.ms) - 1)]


@contextmanager
def pulse(server: Server, path: str = "/health", token: str = "") -> Iterator[Pulse]:
    """Asks all through the block. Fails where an answer is none with status 200."""
    command = [sys.executable, "-m", "tests.hostile.pulse", server.url, path, token]
    asking = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    measured = Pulse()
    assert asking.stdout
    assert asking.stdout.readline() == "asking\n"
    try:
        yield measured
    finally:
        out, err = asking.communicate(timeout=30)
    assert asking.returncode == 0, err
    measured.ms = json.loads(out)


def main(url: str, path: str, token: str) -> None:
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    ms: list[float] = []
    print("asking", flush=True)
    while not ended.is_set() or not ms:
        began = time.perf_counter()
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.status == 200, answer.status
        ms.append(round((time.perf_counter() - began) * 1000, 2))
        time.sleep(PAUSE_S)
    print(json.dumps(sorted(ms)))


if __name__ == "__main__":
    main(*sys.argv[1:])
