"""A service that may not come up, and whatever it leaves behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.orchestrator.test_cli import QUICK, ROOT, environment
from tests.service.server import TIMED, TOKEN, alive, children

MOST_S = 10.0
"""In which a start serves or ends."""
GRACE_S = 0.5
SMALL = {"SONGWRIGHT_MUSIC__PROCESSES": "1", "SONGWRIGHT_SHUTDOWN_GRACE_S": str(GRACE_S)}


class Start:
    """One start of the service, of which nothing is expected: ``outcome`` waits until it serves or has ended.
    ``altered`` names what ``tests.hostile.altered`` is to alter."""

    def __init__(self, home: Path, *, altered: str = "", **variables: str) -> None:
        variables = QUICK | SMALL | {"API_BEARER_TOKEN": TOKEN} | variables
        command = [sys.executable, "-m", "tests.hostile.altered"] if altered else TIMED
        env = environment(home, **variables, SONGWRIGHT_TEST_ALTERED=altered)
        self.began = time.monotonic()
        self.log = home.parent / f"{home.name}-{time.monotonic_ns()}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "serve", "--port", "0"],
                stderr=log,
                env={k: v for k, v in env.items() if v},
                cwd=ROOT,
            )
        self.engines: set[int] = set()

    def __enter__(self) -> Start:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    @property
    def url(self) -> str:
        found = re.search(r"Songwright is at (http://\S+)/", self.log.read_text())
        return found[1] if found else ""

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {TOKEN}", "Prefer": "respond-async"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=20)

    def outcome(self) -> str:
        """``serves``, or the last line of one that has ended with a code that is not 0."""
        most_s = MOST_S * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # beside other work, longer
        while time.monotonic() - self.began < most_s:
            self.engines.update(children(self.process.pid))
            if (code := self.process.poll()) is not None:
                assert code > 0, self.lines
                self.gone()
                return self.lines[-1]
            if self.url and self._answers():
                return "serves"
            time.sleep(0.02)
        raise AssertionError(("neither serves nor ends", self.lines))

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=1).status_code == 200
        except httpx.TransportError:
            return False

    def ended_by(self, *numbers: int) -> float:
        """Seconds until it and all that it started are gone, after these signals."""
        self.engines.update(children(self.process.pid))
        began = time.monotonic()
        for number in numbers:
            self.process.send_signal(number)
            time.sleep(0.1)
        self.process.wait(GRACE_S + 5.0)
        took_s = time.monotonic() - began
        self.gone()
        return took_s

    def stopped(self) -> float:
        took_s = self.ended_by(signal.SIGTERM)
        assert self.process.returncode == 0, self.lines
        return took_s

    def gone(self) -> None:
        """Nothing that it started is left."""
        soon(lambda: not [pid for pid in self.engines if alive(pid)])


def soon(answer: Callable[[], Any], timeout_s: float = 8.0) -> Any:
    """What ``answer`` gives as soon as that is something."""
    until = time.monotonic() + timeout_s
    while not (found := answer()):
        assert time.monotonic() < until, answer
        time.sleep(0.02)
    return found
