"""The service as its users run it: a process of its own, on a free port of loopback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.orchestrator.test_cli import COMMAND, QUICK, ROOT, environment
from tests.service.zygote import Forked, zygote

TOKEN = "token-of-the-tests-0123456789"
STARTED_S = 60.0
ONE_EACH = {"SONGWRIGHT_MUSIC__PROCESSES": "1"}
"""Each process takes half a second of a core until it is ready."""
TIMED = [sys.executable, "-m", "tests.hostile.timed"]
SLOW = "slow callback: "


class Server:
    """``songwright serve`` over a folder; ``kill`` is SIGKILL, ``stop`` SIGTERM; it can be started again.

    ``timed``: its event loop says which callbacks hold it for long; see ``slow``.
    """

    def __init__(self, home: Path, *, timed: bool = False, **variables: str) -> None:
        self.home = home
        self._command = TIMED if timed else COMMAND
        self._variables = {"API_BEARER_TOKEN": TOKEN} | variables
        self.process: Forked | subprocess.Popen[str] | None = None
        self.lines: deque[str] = deque(maxlen=5000)
        self.url = ""
        self.port = "0"

    def start(self, *, ready: bool = False) -> None:
        command = [*self._command, "serve", "--port", self.port]
        env = environment(self.home, **self._variables)
        env = {name: value for name, value in env.items() if value}
        self.process = started(command, env)
        found = threading.Event()
        self.url = ""
        self._reader = threading.Thread(target=self._read, args=(self.process, found), daemon=True)
        self._reader.start()
        assert found.wait(STARTED_S), "\n".join(self.lines)
        assert self.url, "\n".join(self.lines)
        until = time.monotonic() + STARTED_S
        while not self._answers("/health/ready" if ready else "/health"):
            assert time.monotonic() < until, "\n".join(self.lines)
            time.sleep(0.05)

    def _read(self, process: Forked | subprocess.Popen[str], found: threading.Event) -> None:
        assert process.stderr
        with process.stderr:
            for line in process.stderr:
                self.lines.append(line.rstrip("\n"))
                if where := re.search(r"Songwright is at (http://\S+)/", line):
                    self.url = where[1]
                    found.set()
        found.set()

    def _answers(self, path: str) -> bool:
        assert self.process
        assert self.process.poll() is None, "\n".join(self.lines)
        try:
            return httpx.get(self.url + path, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()
        self._reader.join(timeout=10)

    def stop(self, number: int = signal.SIGTERM, timeout_s: float = 30.0) -> int:
        assert self.process
        self.process.send_signal(number)
        code = self.process.wait(timeout_s)
        self._reader.join(timeout=10)
        return code

    @property
    def slow(self) -> list[str]:
        """The callbacks that held a ``timed`` server's event loop for longer than 100 ms."""
        return [line for line in self.lines if line.startswith(SLOW)]

    def client(self, token: str = TOKEN, **options: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60.0, **options)


def started(command: list[str], env: dict[str, str]) -> Forked | subprocess.Popen[str]:
    """In a process group of its own, as a service manager or a terminal starts it; by the zygote, if it is
    nothing but a module with an environment."""
    if command[:2] == [sys.executable, "-m"] and "LD_PRELOAD" not in env and sys.platform == "linux":
        return Forked(zygote(), command, env, str(ROOT))
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env, cwd=ROOT, process_group=0)


@contextmanager
def serving(home: Path, *, ready: bool = True, timed: bool = False, **variables: str) -> Iterator[Server]:
    """A running server with the quick test engines, each in one process, or what ``variables`` say; gone at
    the end."""
    server = Server(home, timed=timed, **(QUICK | ONE_EACH | variables))
    server.start(ready=ready)
    try:
        yield server
    finally:
        if server.process and server.process.poll() is None:
            server.kill()


def ended(client: httpx.Client, song_id: str, timeout_s: float = 60.0) -> dict[str, Any]:
    """The song's manifest once it has ended."""
    until = time.monotonic() + timeout_s
    while True:
        answer = client.get(f"/songs/{song_id}")
        assert answer.status_code == 200, answer.text
        song: dict[str, Any] = answer.json()
        if song["status"] in ("done", "failed", "cancelled"):
            return song
        assert time.monotonic() < until, song["status"]
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    """The processes that ``pid`` has started and that still run, and those that they have started (Linux)."""
    started: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                started.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for parent in found:
        found += started.get(parent, [])
    return found[1:]


def fork_servers(pid: int) -> list[int]:
    """The processes from which ``pid``'s engines are forked: one, or none for a moment after its end."""
    found = []
    for child in children(pid):
        with suppress(OSError):  # it has ended
            parent = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == pid and b"forkserver" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


def worked_s(pid: int) -> float:
    """The processor time, in seconds, that a process has taken (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def holding(hold: Path) -> Iterator[Callable[[], None]]:
    """Holds the songs of engines that wait while the file ``hold`` is there; call what it gives to let them
    go."""
    hold.touch()
    try:
        yield lambda: hold.unlink(missing_ok=True)
    finally:
        hold.unlink(missing_ok=True)
