"""Decodes files of users in a separate process, which can be killed: a bad file harms no song and no other
request."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import IO, BinaryIO, TypeVar

from config.decoding.process import ANSWER, KEPT, LENGTH, refusal_of
from config.errors import Cancelled, EngineFailed, InvalidRequest, QueueFull, Unavailable

T = TypeVar("T")

MOST_WAITING = 16
"""Files that may wait for a decoder, each in a file of its request."""
_RETRY_S = 5.0
_PIECE_BYTES = 1 << 20
# What an interpreter needs to start. The decoder reads untrusted files and gets no secrets.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP")


@dataclass(frozen=True)
class Kind:
    """What is decoded, and its limits."""

    noun: str
    """"photo"."""
    field: str
    """Of the request."""
    module: str
    """Started with ``python -m``, and the two limits as arguments: see ``config.decoding.process``."""
    cpu_s: float
    """CPU time of each file."""
    memory_bytes: int
    """Address space of the process."""
    wall_s: float
    """The deadline of one file. It is long enough for a busy machine, and ends a decoder that hangs."""
    fix: str
    """What to do with a file that takes too long, or breaks its decoder."""

    @property
    def name(self) -> str:
        return f"{self.noun} decoder"


class Decoder:
    """One process, started with the first file and kept. Only one thread at a time may call ``decode``; any
    thread may call ``end``."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()  # of ``_process`` and ``_closed``
        self._closed = False
        self._timed_out = False

    def __enter__(self) -> Decoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def decode(self, data: bytes | BinaryIO, stop: threading.Event | None = None) -> bytes:
        """What is kept of the file, which is given as its bytes or opened. Raises as the function that the
        process serves; ``InvalidRequest`` if the file takes too much time or memory, or crashes its decoder;
        ``Cancelled`` if ``stop`` was set and ``end`` called meanwhile."""
        size_bytes = len(data) if isinstance(data, bytes) else data.seek(0, os.SEEK_END)
        process, is_ready = self._get_process(stop)
        assert process.stdin
        assert process.stdout
        self._timed_out = False
        timer = threading.Timer(self._kind.wall_s, self._time_out, [process])
        timer.daemon = True
        timer.start()
        complete = False
        try:
            if not is_ready:
                _response(process.stdout)
                is_ready = True
            process.stdin.write(LENGTH.pack(size_bytes))
            if isinstance(data, bytes):
                process.stdin.write(data)
            else:
                data.seek(0)
                shutil.copyfileobj(data, process.stdin, _PIECE_BYTES)
            process.stdin.flush()
            kind, body = _response(process.stdout)
            complete = True
        except (OSError, EOFError) as error:
            raise self._exit_error(process, size_bytes, started=is_ready) from error
        finally:
            timer.cancel()
            if not complete:
                self._end(process)
        if kind == KEPT:
            return body
        raise refusal_of(body)

    def end(self) -> None:
        """Kills the process, even in the middle of a file. The next file starts another."""
        with self._guard:
            if self._process:
                self._process.kill()

    def shut(self) -> None:
        """Kills the process for good, without waiting for its end."""
        with self._guard:
            self._closed = True
        self.end()

    def close(self) -> None:
        """Kills the process for good, and waits until it has ended."""
        self.shut()
        if self._process:
            self._end(self._process)

    def _get_process(self, stop: threading.Event | None) -> tuple[subprocess.Popen[bytes], bool]:
        """The process, and whether it has reported that it is ready."""
        with self._guard:
            if self._closed or (stop and stop.is_set()):
                raise Cancelled
            is_ready = self._process is not None
            self._process = self._process or _start_process(self._kind)
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
            except BrokenPipeError:  # unsent data is not needed any more
                continue

    def _time_out(self, process: subprocess.Popen[bytes]) -> None:
        self._timed_out = True
        process.kill()

    def _exit_error(self, process: subprocess.Popen[bytes], size_bytes: int, *, started: bool) -> Exception:
        """The error that says why the process has ended."""
        kind, code, size = self._kind, process.wait(), f"{size_bytes:,} bytes"
        if self._timed_out or code == -_number("SIGXCPU"):
            fix = f"it takes more than {kind.cpu_s:g} s to decode, which no {kind.noun} does: {kind.fix}"
            return InvalidRequest(kind.field, size, fix)
        if code == -_number("SIGKILL"):
            return Cancelled()
        if code < 0:
            fix = f"it breaks its decoder ({signal.Signals(-code).name}): {kind.fix}"
            return InvalidRequest(kind.field, size, fix)
        if not started:
            fix = "see the service's log, and 'songwright doctor'"
            return Unavailable(f"the {kind.name} does not start: exit code {code}", fix)
        return EngineFailed(kind.name, f"it ended with exit code {code}")


class DecoderQueue:
    """A service's decoder with a bounded queue. It decodes one file at a time, for a large one takes a
    gigabyte for a moment."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._decoder = Decoder(kind)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=kind.noun)
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._closed = False

    async def kept(
        self, data: Callable[[], Awaitable[bytes | BinaryIO]], keep: Callable[[bytes], Awaitable[T]]
    ) -> T:
        """What ``keep`` makes of what is kept of the file. ``data`` is called when the decoder is free, and
        returns the uploaded file. Cancelling the awaiting task stops the decoding. The next file waits for
        ``keep`` too, so that no more than one is in memory.

        Raises as ``Decoder.decode`` does, ``QueueFull`` if too many files wait already, and ``Unavailable``
        when stopping.
        """
        if self._waiting > MOST_WAITING:
            raise QueueFull(self._waiting, _RETRY_S, f"{self._kind.noun}s")
        self._waiting += 1
        try:
            async with self._turn:
                if self._closed:
                    raise self._stopping()
                return await keep(await self._decode(await data()))
        finally:
            self._waiting -= 1

    async def _decode(self, data: bytes | BinaryIO) -> bytes:
        stop = threading.Event()
        future = asyncio.get_running_loop().run_in_executor(self._thread, self._decoder.decode, data, stop)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            stop.set()
            self._decoder.end()
            await asyncio.wait([future])
            future.exception()  # retrieved, so that asyncio does not report it as lost
            raise
        except Cancelled as error:
            if self._closed:
                raise self._stopping() from error
            what = f"the {self._kind.name} was killed, as when memory runs out"
            raise Unavailable(what, f"ask again, or send a smaller {self._kind.noun}") from error

    def close(self) -> None:
        """Ends the decoder, even in the middle of a file. A second call does nothing."""
        if not self._closed:
            self._closed = True
            self._decoder.shut()
            # In the thread: the system takes a while to free its memory, which must not block the event loop.
            self._thread.submit(self._decoder.close)
            self._thread.shutdown(wait=False)

    def _stopping(self) -> Unavailable:
        return Unavailable("the service is stopping", f"send the {self._kind.noun} again when it has started")


def decode_once(kind: Kind, data: bytes | BinaryIO) -> bytes:
    """Decodes one file in a process of its own; raises as ``Decoder.decode`` does."""
    with Decoder(kind) as decoder:
        return decoder.decode(data)


def _start_process(kind: Kind) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # One thread is enough for a file, and each thread of a library takes addresses from the limit.
    environment |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}
    # -P: nothing is imported from the current folder.
    command = [sys.executable, "-P", "-m", kind.module, f"{kind.cpu_s:g}", str(kind.memory_bytes)]
    # In a process group of its own: a terminal's Ctrl-C is for us, and not for a decoder that just starts.
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, process_group=0
    )


def _response(pipe: IO[bytes]) -> tuple[bytes, bytes]:
    """The kind and the body of the decoder's next response. Raises ``EOFError`` if it is cut short."""
    head = pipe.read(ANSWER.size)
    if len(head) < ANSWER.size:
        raise EOFError
    kind, size = ANSWER.unpack(head)
    body = pipe.read(size)
    if len(body) < size:
        raise EOFError
    return kind, body


def _number(name: str) -> int:
    """The number of the signal with this name; 0 if the system has none."""
    return int(getattr(signal, name, 0))
