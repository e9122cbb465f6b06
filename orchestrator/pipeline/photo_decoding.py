"""Photos decoded in a process of their own, which can be killed: what a photo does to its decoder, it does to
no song and no other request."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import IO

from config.errors import Cancelled, EngineFailed, InvalidRequest, QueueFull, Unavailable
from vision.decode import ANSWER, CPU_S, KEPT, LENGTH, MEMORY_BYTES, refusal_of

WALL_S = 60.0
"""A photo that waits for a processor for most of this is not to blame; one that hangs is."""
MOST_WAITING = 16
"""Photos that may wait for their turn, each as a file of its request."""
_RETRY_S = 5.0
_NAME = "photo decoder"
# What an interpreter needs to start. The rest, where the secrets are, is not for who reads strangers' files.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP")


class Decoder:
    """One warm process, started with the first photo. One thread at a time may ``decode``, any ``end``."""

    def __init__(self, cpu_s: float = CPU_S, memory_bytes: int = MEMORY_BYTES) -> None:
        """``cpu_s`` bounds each photo, ``memory_bytes`` the process."""
        self._limits = cpu_s, memory_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()  # of ``_process`` and ``_closed``
        self._closed = False
        self._late = False

    def __enter__(self) -> Decoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def decode(self, data: bytes, stop: threading.Event | None = None) -> bytes:
        """The photo as ``vision.photo.kept_photo`` gives it; raises as that does, and ``InvalidRequest`` for
        one that takes more time or memory than a photo does, or that breaks its decoder; ``Cancelled`` where
        ``stop`` was set and ``end`` called meanwhile."""
        process, is_ready = self._running(stop)
        assert process.stdin
        assert process.stdout
        self._late = False
        alarm = threading.Timer(WALL_S, self._too_late, [process])
        alarm.daemon = True
        alarm.start()
        whole = False
        try:
            if not is_ready:
                _answer(process.stdout)
                is_ready = True
            process.stdin.write(LENGTH.pack(len(data)))
            process.stdin.write(data)
            process.stdin.flush()
            kind, answer = _answer(process.stdout)
            whole = True
        except (OSError, EOFError) as error:
            raise self._fate(process, data, started=is_ready) from error
        finally:
            alarm.cancel()
            if not whole:
                self._end(process)
        if kind == KEPT:
            return answer
        raise refusal_of(answer)

    def end(self) -> None:
        """Kills the process, in the middle of a photo too; the next photo starts another."""
        with self._guard:
            if self._process:
                self._process.kill()

    def shut(self) -> None:
        """The same, and there is no other. Waits for nothing."""
        with self._guard:
            self._closed = True
        self.end()

    def close(self) -> None:
        """The same, and waits until the process is gone."""
        self.shut()
        if self._process:
            self._end(self._process)

    def _running(self, stop: threading.Event | None) -> tuple[subprocess.Popen[bytes], bool]:
        """The process, and whether it has said yet that it is ready."""
        with self._guard:
            if self._closed or (stop and stop.is_set()):
                raise Cancelled
            is_ready = self._process is not None
            self._process = self._process or _started(*self._limits)
            return self._process, is_ready

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        with self._guard:
            if self._process is process:
                self._process = None
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe
            try:
                pipe.close()
            except BrokenPipeError:  # what was not sent yet is of no use to anybody
                continue

    def _too_late(self, process: subprocess.Popen[bytes]) -> None:
        self._late = True
        process.kill()

    def _fate(self, process: subprocess.Popen[bytes], data: bytes, *, started: bool) -> Exception:
        """Why the process has ended, as an error."""
        code, size = process.wait(), f"{len(data):,} bytes"
        if self._late or code == -_number("SIGXCPU"):
            fix = f"it takes more than {self._limits[0]:g} s to decode, which no photo does: save it anew"
            return InvalidRequest("image", size, fix)
        if code == -_number("SIGKILL"):
            return Cancelled()
        if code < 0:
            fix = f"it breaks its decoder ({signal.Signals(-code).name}): save it anew"
            return InvalidRequest("image", size, fix)
        if not started:
            fix = "see the service's log, and 'songwright doctor'"
            return Unavailable(f"the {_NAME} does not start: exit code {code}", fix)
        return EngineFailed(_NAME, f"it ended with exit code {code}")


class Decoding:
    """A service's decoder: one photo after another, since a large one takes a gigabyte for a moment, and a
    bounded number that wait."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="photo")
        self._turn = asyncio.Lock()
        self._held = 0
        self._closed = False

    async def kept_photo(self, data: Callable[[], Awaitable[bytes]]) -> bytes:
        """The photo in ``data``, which is read when its turn has come, as it is kept. Cancelling the awaiting
        task ends its decoding.

        Raises as ``Decoder.decode`` does, ``QueueFull`` where too many wait already, and ``Unavailable`` when
        stopping.
        """
        if self._held > MOST_WAITING:
            raise QueueFull(self._held, _RETRY_S, "photos")
        self._held += 1
        try:
            async with self._turn:
                if self._closed:
                    raise _stopping()
                return await self._decoded(await data())
        finally:
            self._held -= 1

    async def _decoded(self, data: bytes) -> bytes:
        stop = threading.Event()
        future = asyncio.get_running_loop().run_in_executor(self._thread, self._decoder.decode, data, stop)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            stop.set()
            self._decoder.end()
            await asyncio.wait([future])
            future.exception()  # seen, so that asyncio does not report it as lost
            raise
        except Cancelled as error:
            if self._closed:
                raise _stopping() from error
            what = f"the {_NAME} was killed, as when memory runs out"
            raise Unavailable(what, "ask again, or send a smaller photo") from error

    def close(self) -> None:
        """Ends the decoder, in the middle of a photo too; a second time is as none."""
        if not self._closed:
            self._closed = True
            self._decoder.shut()
            # Its memory takes the system a while to free, which is no time of the event loop.
            self._thread.submit(self._decoder.close)
            self._thread.shutdown(wait=False)


def decoded(data: bytes) -> bytes:
    """One photo, by a process of its own; raises as ``Decoder.decode`` does."""
    with Decoder() as decoder:
        return decoder.decode(data)


def _started(cpu_s: float, memory_bytes: int) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # One thread: a photo is scaled by one, and each that a library starts takes addresses of the limit.
    environment |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}
    # -P: nothing is imported from the present folder.
    command = [sys.executable, "-P", "-m", "vision.decode", f"{cpu_s:g}", str(memory_bytes)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)


def _answer(answers: IO[bytes]) -> tuple[bytes, bytes]:
    """The kind of an answer, and what there is to it. Raises ``EOFError`` where it is cut short."""
    head = answers.read(ANSWER.size)
    if len(head) < ANSWER.size:
        raise EOFError
    kind, size = ANSWER.unpack(head)
    answer = answers.read(size)
    if len(answer) < size:
        raise EOFError
    return kind, answer


def _number(name: str) -> int:
    """The signal of this name; 0 where the system has none."""
    return int(getattr(signal, name, 0))


def _stopping() -> Unavailable:
    return Unavailable("the service is stopping", "send the photo again when it has started")
