"""Decodes photos in a separate process, which can be killed: a bad photo harms no song and no other
request."""

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
"""The deadline of one photo. It is long enough for a busy machine, and ends a decoder that hangs."""
MOST_WAITING = 16
"""Photos that may wait for the decoder, each in a file of its request."""
_RETRY_S = 5.0
_NAME = "photo decoder"
# What an interpreter needs to start. The decoder reads untrusted files and gets no secrets.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP")


class Decoder:
    """One process, started with the first photo and kept. Only one thread at a time may call ``decode``; any
    thread may call ``end``."""

    def __init__(self, cpu_s: float = CPU_S, memory_bytes: int = MEMORY_BYTES) -> None:
        """``cpu_s`` limits each photo, ``memory_bytes`` the process."""
        self._limits = cpu_s, memory_bytes
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

    def decode(self, data: bytes, stop: threading.Event | None = None) -> bytes:
        """The photo as ``vision.photo.kept_photo`` returns it. Raises as that does; ``InvalidRequest`` if the
        photo takes too much time or memory, or crashes its decoder; ``Cancelled`` if ``stop`` was set and
        ``end`` called meanwhile."""
        process, is_ready = self._get_process(stop)
        assert process.stdin
        assert process.stdout
        self._timed_out = False
        timer = threading.Timer(WALL_S, self._time_out, [process])
        timer.daemon = True
        timer.start()
        complete = False
        try:
            if not is_ready:
                _response(process.stdout)
                is_ready = True
            process.stdin.write(LENGTH.pack(len(data)))
            process.stdin.write(data)
            process.stdin.flush()
            kind, body = _response(process.stdout)
            complete = True
        except (OSError, EOFError) as error:
            raise self._exit_error(process, data, started=is_ready) from error
        finally:
            timer.cancel()
            if not complete:
                self._end(process)
        if kind == KEPT:
            return body
        raise refusal_of(body)

    def end(self) -> None:
        """Kills the process, even in the middle of a photo. The next photo starts another."""
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
            self._process = self._process or _start_process(*self._limits)
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

    def _exit_error(self, process: subprocess.Popen[bytes], data: bytes, *, started: bool) -> Exception:
        """The error that says why the process has ended."""
        code, size = process.wait(), f"{len(data):,} bytes"
        if self._timed_out or code == -_number("SIGXCPU"):
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


class DecoderQueue:
    """A service's decoder with a bounded queue. It decodes one photo at a time, for a large one takes a
    gigabyte for a moment."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="photo")
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._closed = False

    async def kept_photo(self, data: Callable[[], Awaitable[bytes]]) -> bytes:
        """The photo as it is stored. ``data`` is called when the decoder is free, and returns the uploaded
        file. Cancelling the awaiting task stops the decoding.

        Raises as ``Decoder.decode`` does, ``QueueFull`` if too many photos wait already, and ``Unavailable``
        when stopping.
        """
        if self._waiting > MOST_WAITING:
            raise QueueFull(self._waiting, _RETRY_S, "photos")
        self._waiting += 1
        try:
            async with self._turn:
                if self._closed:
                    raise _stopping()
                return await self._decode(await data())
        finally:
            self._waiting -= 1

    async def _decode(self, data: bytes) -> bytes:
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
                raise _stopping() from error
            what = f"the {_NAME} was killed, as when memory runs out"
            raise Unavailable(what, "ask again, or send a smaller photo") from error

    def close(self) -> None:
        """Ends the decoder, even in the middle of a photo. A second call does nothing."""
        if not self._closed:
            self._closed = True
            self._decoder.shut()
            # In the thread: the system takes a while to free its memory, which must not block the event loop.
            self._thread.submit(self._decoder.close)
            self._thread.shutdown(wait=False)


def decode_photo(data: bytes) -> bytes:
    """Decodes one photo in a process of its own; raises as ``Decoder.decode`` does."""
    with Decoder() as decoder:
        return decoder.decode(data)


def _start_process(cpu_s: float, memory_bytes: int) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # One thread is enough to scale a photo, and each thread of a library takes addresses from the limit.
    environment |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}
    # -P: nothing is imported from the current folder.
    command = [sys.executable, "-P", "-m", "vision.decode", f"{cpu_s:g}", str(memory_bytes)]
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


def _stopping() -> Unavailable:
    return Unavailable("the service is stopping", "send the photo again when it has started")
