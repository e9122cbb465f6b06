"""Servers that start without importing anything: each is forked from a process that has imported what they
all need, and is then as one that was started by ``python -m``. Linux alone.

What it does not check: that a server starts from nothing. ``tests/orchestrator/test_cli.py`` does, and
``tests/hostile/lives.py``.
"""

from __future__ import annotations

import array
import atexit
import gc
import importlib
import json
import os
import random
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache
from itertools import count
from typing import Any, TextIO

IMPORTS = (
    "orchestrator.cli.commands",
    "orchestrator.server.serve",
    "orchestrator.server.api",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl",
)
_MESSAGE_BYTES = 1_000_000


class Forked:
    """A process of the zygote's, with the methods of ``subprocess.Popen`` that tests use."""

    def __init__(self, zygote: Zygote, command: list[str], env: dict[str, str], cwd: str) -> None:
        """``command`` is ``[sys.executable, "-m", module, ...]``."""
        assert command[:2] == [sys.executable, "-m"]
        reader, writer = os.pipe()
        try:
            self.pid, self._ended = zygote.fork({"command": command[2:], "env": env, "cwd": cwd}, writer)
        finally:
            os.close(writer)
        self.stderr: TextIO = os.fdopen(reader, encoding="utf-8")
        self.args = command

    @property
    def returncode(self) -> int | None:
        return self._ended.code if self._ended.over.is_set() else None

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if not self._ended.over.wait(timeout):
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return self._ended.code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            # It may have ended since, as one that a test kills in its midst does, and we aren't told yet.
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class _End:
    """How a process ended, once it has."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.code = 0


class Zygote:
    """Our end of the process that forks."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "tests.service.zygote", str(theirs.fileno())]
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        self._socket = ours
        self._ends: dict[int, _End] = {}
        self._started: dict[int, tuple[threading.Event, list[int]]] = {}
        self._numbers = count()
        threading.Thread(target=self._listen, name="zygote", daemon=True).start()
        atexit.register(self.close)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._process.wait()

    def fork(self, what: dict[str, Any], stderr: int) -> tuple[int, _End]:
        number = next(self._numbers)
        started, pid = self._started[number] = threading.Event(), []
        message = json.dumps(what | {"number": number}).encode()
        files = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [stderr]))]
        self._socket.sendmsg([message], files)
        assert started.wait(60.0), "the zygote does not answer"
        return pid[0], self._ends[pid[0]]

    def _listen(self) -> None:
        while message := self._socket.recv(_MESSAGE_BYTES):
            said = json.loads(message)
            if "number" in said:
                started, pid = self._started.pop(said["number"])
                self._ends[said["pid"]] = _End()
                pid.append(said["pid"])
                started.set()
            else:
                end = self._ends.pop(said["pid"])
                end.code = said["code"]
                end.over.set()


@cache
def zygote() -> Zygote:
    return Zygote()


def main(channel: socket.socket) -> list[str]:
    """Forks until the tests have gone; answers, in each child, with what to run."""
    for name in IMPORTS:
        importlib.import_module(name)
    assert threading.active_count() == 1, threading.enumerate()
    gc.freeze()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    before = signal.set_wakeup_fd(wake)
    while True:
        ready, _, _ = select.select([channel, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
        if channel in ready:
            message, files, _, _ = socket.recv_fds(channel, _MESSAGE_BYTES, 1)
            if not message:
                os._exit(0)
            what = json.loads(message)
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(before)
                for each in (woken, wake):
                    os.close(each)
                channel.close()
                return _become(what, files[0])
            os.close(files[0])
            channel.send(json.dumps({"number": what["number"], "pid": pid}).encode())
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            channel.send(json.dumps({"pid": pid, "code": os.waitstatus_to_exitcode(status)}).encode())


def _become(what: dict[str, Any], stderr: int) -> list[str]:
    """Makes this process one that was just started: in a group of its own, with its own environment."""
    os.setpgid(0, 0)
    os.dup2(stderr, 2)
    os.close(stderr)
    # What it was before may have been a file.
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(what["env"])
    os.chdir(what["cwd"])
    for folder in reversed(what["env"].get("PYTHONPATH", "").split(os.pathsep)):
        if folder and folder not in sys.path:
            sys.path.insert(0, folder)
    random.seed()
    command: list[str] = what["command"]
    return command


if __name__ == "__main__":
    module, *arguments = main(socket.socket(fileno=int(sys.argv[1])))
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)
