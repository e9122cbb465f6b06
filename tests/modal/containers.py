"""Containers: processes of the genuine entry point, started and ended as the waiting inputs ask."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modal_proto import api_pb2

from tests.modal.records import App, Function, Signal
from tests.modal.rootfs import Root, build
from tests.modal.world import World

if TYPE_CHECKING:
    from tests.modal.calls import Input

FETCH_POLL_S = 20.0
CANCEL_S = 5.0  # that a container has to let go of a cancelled input
STOP_S = 2.0  # that the containers of an app have to end by themselves when it is stopped


@dataclass(eq=False, repr=False)  # its parts refer to one another, and a repr of all never ends
class Container:
    """One process. ``log`` holds what it wrote; ``exit_code`` is None while it runs."""

    task_id: str
    function: Function
    version: int
    root: Root
    world: World
    started: float = field(default_factory=time.monotonic)
    process: asyncio.subprocess.Process | None = None
    running: dict[str, Input] = field(default_factory=dict)
    taken: int = 0  # inputs that it was given, in all
    idle_since: float = 0.0
    log: str = ""
    exit_code: int | None = None
    ready: bool = False  # it has asked for inputs
    start_s: float = 0.0  # that it took until then
    stopping: bool = False
    snapshots: int = 0
    failure: api_pb2.GenericResult | None = None  # that it reported of its own start
    changed: Signal = field(default_factory=Signal)

    def __repr__(self) -> str:
        state = "alive" if self.alive else f"ended with {self.exit_code}"
        return f"<Container {self.task_id} of {self.function.name}, {state}>"

    @property
    def alive(self) -> bool:
        return self.exit_code is None

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Signal its process and all that this started."""
        if self.process and self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def cancel(self, entry: Input) -> None:
        """Tell it that the input is cancelled, and kill it where it does not let go of that.

        The client does not where it hears of it at the very moment at which it begins the input.
        """
        self.changed.fire()
        asyncio.get_running_loop().call_later(
            CANCEL_S, lambda: self.kill() if entry.id in self.running else None
        )

    @property
    def cancelled(self) -> list[str]:
        """Inputs that ended without it: its heartbeat, which waits for that, tells it so."""
        return [entry.id for entry in self.running.values() if entry.output is not None]

    def stop(self) -> None:
        """Give it no more inputs: it ends when those that it has are done."""
        self.stopping = True
        pool_of(self.world, self.function).changed.fire()


class Pool:
    """The inputs that wait for one function, and its containers."""

    def __init__(self, world: World, function: Function) -> None:
        self.world = world
        self.function = function
        self.waiting: deque[Input] = deque()
        self.containers: set[Container] = set()
        self.changed = Signal()
        self.failures = 0  # containers in a row that failed to start
        self.closed = False

    def submit(self, entry: Input) -> None:
        if entry.output is None:
            self.waiting.append(entry)
            self.scale()
            self.changed.fire()

    def withdraw(self, entry: Input) -> None:
        if entry in self.waiting:
            self.waiting.remove(entry)

    @property
    def current(self) -> list[Container]:
        """Containers that may get inputs."""
        return [
            each for each in self.containers if not each.stopping and each.version == self.function.version
        ]

    def scale(self) -> None:
        """Start as many containers as the waiting inputs need, within the limits."""
        if self.closed or self.world.closing:
            return
        if self.function.base is not None:
            from tests.modal.deployment import bind

            bind(self.world, self.function.base, self.function.params)
        current = self.current
        load = len(self.waiting) + sum(len(each.running) for each in current)
        wanted = max(math.ceil(load / self.function.target_inputs), self.function.min_containers)
        limit = min(self.function.max_containers or math.inf, self.world.settings.max_containers)
        for _ in range(int(min(wanted, limit)) - len(current)):
            self._start()

    def _start(self) -> None:
        task_id = self.world.numbers.new("ta")
        function = self.function
        container = Container(
            task_id, function, function.version, build(self.world, function, task_id), self.world
        )
        self.containers.add(container)
        self.world.containers[task_id] = container
        self.world.start(self._live(container))

    async def _live(self, container: Container) -> None:
        process = container.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-S",  # no site: neither .pth files nor the tests' own packages
            "-m",
            "modal._container_entrypoint",
            cwd=container.root.home,
            env=container.root.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            limit=2**22,
        )
        if self.world.closing:
            container.kill()
        assert process.stdout
        assert process.stderr
        limit_s = self.function.startup_timeout_s or math.inf
        starting = None
        if limit_s < math.inf:
            starting = asyncio.get_running_loop().call_later(limit_s, self._late, container)
        await asyncio.gather(
            self._forward(container, process.stdout, api_pb2.FILE_DESCRIPTOR_STDOUT),
            self._forward(container, process.stderr, api_pb2.FILE_DESCRIPTOR_STDERR),
        )
        container.exit_code = await process.wait()
        if starting:
            starting.cancel()
        self._ended(container)

    def _late(self, container: Container) -> None:
        if not container.ready:
            why = f"the container did not start in {self.function.startup_timeout_s} s (startup_timeout)"
            container.failure = api_pb2.GenericResult(
                status=api_pb2.GenericResult.GENERIC_STATUS_TIMEOUT, exception=why
            )
            container.kill()

    async def _forward(self, container: Container, stream: asyncio.StreamReader, number: int) -> None:
        while line := await stream.readline():
            text = line.decode(errors="replace")
            container.log += text
            self.world.log(self.function.app, container.task_id, self.function.id, text, number)

    def _ended(self, container: Container) -> None:
        """Give its inputs to others: Modal does so whatever ended it."""
        from tests.modal.calls import fail

        self.containers.discard(container)
        lost = [entry for entry in container.running.values() if entry.output is None]
        container.running.clear()
        for entry in lost:
            entry.container = None
            if entry.expires:
                entry.expires.cancel()
        begun = [entry for entry in lost if self.function.web and entry.call.data_out]
        for entry in begun:  # a client has the beginning of its response, and no other can go on with it
            fail(self.world, entry, api_pb2.GenericResult.GENERIC_STATUS_INTERNAL_FAILURE, "container lost")
        self.waiting.extendleft(entry for entry in reversed(lost) if entry not in begun)
        died = container.exit_code not in (0, -signal.SIGKILL)
        if container.failure or (died and not container.ready):
            self._failed(container)
        container.root.remove()
        self.scale()
        self.changed.fire()
        self.world.changed.fire()

    def _failed(self, container: Container) -> None:
        """After a few starts that failed, the waiting inputs fail with the reason, as in `modal run`."""
        from tests.modal.calls import finish

        self.failures += 1
        if self.failures < self.world.settings.startup_failures:
            return
        why = f"the container ended with {container.exit_code} before it was ready:\n{container.log[-2000:]}"
        result = container.failure or api_pb2.GenericResult(
            status=api_pb2.GenericResult.GENERIC_STATUS_INIT_FAILURE, exception=why
        )
        waiting, self.waiting = self.waiting, deque()
        for entry in waiting:
            entry.retry_count = self.function.retries
            finish(self.world, entry, api_pb2.FunctionGetOutputsItem(result=result))

    async def take(self, container: Container) -> Input | str:
        """The next input for the container; "stop" where it is to end, "" after a while without any."""
        if not container.ready:
            cold_s = self.world.settings.cold_start_s.get(self.function.name, 0.0)
            await asyncio.sleep(max(container.started + cold_s - time.monotonic(), 0.0))
            container.ready, container.idle_since = True, time.monotonic()
            container.start_s = container.idle_since - container.started
        self.failures = 0
        began = time.monotonic()
        declared_s = self.function.scaledown_window_s or 60
        window_s = declared_s if self.world.settings.scaledown_s is None else self.world.settings.scaledown_s
        while True:
            if container.stopping or self.closed or container.version != self.function.version:
                return "stop"
            others = [entry for entry in self.waiting if entry.id not in container.running]
            if others:
                self.waiting.remove(others[0])
                self._assign(others[0], container)
                return others[0]
            now = time.monotonic()
            left_s = FETCH_POLL_S - (now - began)
            if left_s <= 0:
                return ""
            if not container.running and len(self.current) > self.function.min_containers:
                if now - container.idle_since >= window_s:
                    container.stopping = True
                    return "stop"
                left_s = min(left_s, window_s - (now - container.idle_since))
            await self.changed.wait(left_s)

    def _assign(self, entry: Input, container: Container) -> None:
        entry.container = container
        entry.attempts += 1
        container.running[entry.id] = entry
        container.taken += 1
        if limit_s := self.function.timeout_s:
            entry.expires = asyncio.get_running_loop().call_later(limit_s, self._expire, entry, container)
        if self.function.name in self.world.settings.doubled and entry.attempts == 1:
            self.waiting.append(entry)
            if not any(each is not container for each in self.current):
                self._start()
        self.world.changed.fire()

    def _expire(self, entry: Input, container: Container) -> None:
        """Over the function's timeout: the input fails, and its container is not to be trusted any more."""
        from tests.modal.calls import fail

        if entry.output is None and entry.container is container:
            container.running.pop(entry.id)
            entry.container = None
            why = f"Task's current input {entry.id} hit its timeout of {self.function.timeout_s}s"
            fail(self.world, entry, api_pb2.GenericResult.GENERIC_STATUS_TIMEOUT, why)
            container.kill()

    def release(self, entry: Input, container: Container) -> None:
        """The container has sent the output of the input."""
        container.running.pop(entry.id, None)
        self.withdraw(entry)
        container.idle_since = time.monotonic()
        if entry.expires:
            entry.expires.cancel()
        if entry.container is container:
            entry.container = None
        self.changed.fire()  # for one that waits to be idle for long enough


def pool_of(world: World, function: Function) -> Pool:
    if function.id not in world.pools:
        world.pools[function.id] = Pool(world, function)
    return world.pools[function.id]


def keep_warm(world: World, function: Function) -> None:
    """Start the containers that the function keeps, asked or not."""
    if function.min_containers:
        pool_of(world, function).scale()


def rescale(world: World, function: Function) -> None:
    """Hold the function's containers to limits that have changed: to start more, or to let idle ones go."""
    pool = pool_of(world, function)
    pool.scale()
    pool.changed.fire()


def drain(world: World, function: Function) -> None:
    """Let the containers of an older version end; the waiting inputs go to new ones."""
    for pool in world.pools.values():
        if pool.function is function or pool.function.base is function:
            if pool.function.base:
                pool.function.version = function.version
            pool.scale()
            pool.changed.fire()


async def stop(world: World, app: App) -> None:
    """End all containers of an app, first politely."""
    pools = [pool for pool in world.pools.values() if pool.function.app is app]
    for pool in pools:
        pool.closed = True
        pool.waiting.clear()
        pool.changed.fire()
    until = time.monotonic() + STOP_S
    while left := [container for pool in pools for container in pool.containers]:
        for container in left:
            if not container.ready or time.monotonic() > until:
                container.kill()
        await world.changed.wait(0.1)
    app.stopped = True
    app.changed.fire()
