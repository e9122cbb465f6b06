"""vLLM's server as a child process: started, waited for, and ended with this one."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from config.engine import Report
from config.errors import EngineUnavailable, SongwrightError

log = logging.getLogger(__name__)

START_S = 600.0
"""The longest that a start may take: reading 15 GB from a volume, compiling, capturing graphs."""
_ASK_S = 0.5
_REPORT_S = 0.2
_END_S = 8.0  # the keeper kills after five
_LINES = 300
_SAID_CHARACTERS = 300
_KEEPER = Path(__file__).with_name("keeper.py")
# "(EngineCore pid=61) ERROR 11-29 10:00:00 [core.py:770] ValueError: ..."
_PREFIX = re.compile(r"^(\([^)]*\) *)?([A-Z]+ [\d-]+ [\d:.]+ \[[^\]]*\] *)?")
_CAUSE = re.compile(r"^[\w.]*(Error|Exception|error): ")
_ELSEWHERE = "root cause"  # the last error of a failed start only says where to look for it


class VllmServer:
    """One server, which is started again where it has ended. Safe in threads."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], answers: Callable[[], bool]
    ) -> None:
        """``answers`` says whether the server takes requests by now."""
        self._command, self._environment = list(command), dict(environment)
        self._answers = answers
        self._guard = threading.Lock()  # of the two below; held only for moments
        self._run: _Run | None = None
        self._closed = False

    def start(self) -> None:
        """Starts it unless it runs, and waits for nothing. Raises ``EngineUnavailable`` after ``close``."""
        self._running()

    def wait(self, report: Report) -> None:
        """Returns once it takes requests; starts it again where it has ended. Reports "loading" meanwhile.
        Raises ``EngineUnavailable`` where it ends or does not answer within ``START_S``."""
        run = self._running()
        while True:
            try:
                return run.ready.result(_REPORT_S)
            except TimeoutError:
                report("loading", 0.0)

    def ended(self) -> EngineUnavailable | None:
        """How it ended, with its last words; None while it runs."""
        run = self._run
        return run.ended() if run else None

    def close(self) -> None:
        """Ends it, and returns when its GPU is free."""
        with self._guard:
            run, self._run, self._closed = self._run, None, True
        if run:
            run.end()

    def _running(self) -> _Run:
        with self._guard:
            if self._closed:
                raise EngineUnavailable("the model of engine 'vllm' was unloaded", "load it again")
            if self._run and self._run.over:
                self._run.end()
                self._run = None
            if self._run is None:
                self._run = _Run(self._command, self._environment, self._answers)
            return self._run


class _Run:
    """One process of the server."""

    def __init__(self, command: list[str], environment: dict[str, str], answers: Callable[[], bool]) -> None:
        """Raises ``EngineUnavailable`` where the system starts no process."""
        self.ready: Future[None] = Future()
        self._lines: deque[str] = deque(maxlen=_LINES)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_KEEPER), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # Ctrl-C in a terminal is for us, and we end it
            )
        except OSError as error:
            raise EngineUnavailable(f"vLLM cannot be started: {error}", "free some memory") from error
        self._reading = threading.Thread(target=self._read, name="vllm-lines", daemon=True)
        self._reading.start()
        threading.Thread(target=self._await, args=(answers,), name="vllm-start", daemon=True).start()

    @property
    def over(self) -> bool:
        return self._process.poll() is not None or (self.ready.done() and self.ready.exception() is not None)

    def ended(self) -> EngineUnavailable | None:
        status = self._process.poll()
        if status is None:
            return None
        self._reading.join(1.0)
        return EngineUnavailable(
            f"vLLM ended with status {status}: {self._last_words()}",
            "see docs/models.md; the log at level DEBUG has all that it says",
        )

    def end(self) -> None:
        """Ends it, and waits for that."""
        assert self._process.stdin
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()  # the kernel ends its child
            self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as lines:
            for line in lines:
                if text := line.decode("utf-8", "replace").rstrip():
                    self._lines.append(text)
                    log.debug("vllm: %s", text)

    def _await(self, answers: Callable[[], bool]) -> None:
        began = time.monotonic()
        log.info("vLLM starts, which takes some minutes")
        try:
            while not answers():
                if error := self.ended():
                    raise error
                if time.monotonic() - began > START_S:
                    raise EngineUnavailable(
                        f"vLLM does not answer {START_S:g} s after its start: {self._last_words()}",
                        "try again: what it has compiled is kept; or use a smaller model",
                    )
                time.sleep(_ASK_S)
        except SongwrightError as error:
            self.end()
            self.ready.set_exception(error)
        else:
            log.info("vLLM answers after %.0f s", time.monotonic() - began)
            self.ready.set_result(None)

    def _last_words(self) -> str:
        """The error that it died of, or its last three lines."""
        lines = [_PREFIX.sub("", line).strip() for line in self._lines]
        causes = [line for line in lines if _CAUSE.match(line) and _ELSEWHERE not in line]
        said = causes[-1] if causes else " | ".join(lines[-3:])
        printable = "".join(mark if mark.isprintable() else " " for mark in said)
        return printable[-_SAID_CHARACTERS:] or "it said nothing"
