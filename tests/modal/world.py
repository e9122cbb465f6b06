"""The state of the control plane, shared by its services and touched on its event loop only."""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grpclib import GRPCError, Status

from tests.modal.images import Image
from tests.modal.records import App, Function, LogEntry, Mount, Numbers, Secret, Signal, Volume

if TYPE_CHECKING:
    from tests.modal.calls import Call, Input
    from tests.modal.containers import Container, Pool
    from tests.modal.web import Webs


@dataclass(frozen=True)
class Settings:
    """How the stand-in treats containers; see ``Control``."""

    container_env: dict[str, str]
    max_containers: int
    scaledown_s: float | None
    snapshots: bool
    cancel_children: bool
    web_cut_s: float
    startup_failures: int
    doubled: frozenset[str]
    cold_start_s: dict[str, float]


@dataclass(eq=False, repr=False)
class World:
    folder: Path
    settings: Settings
    url: str = ""
    blob_url: str = ""
    numbers: Numbers = field(default_factory=Numbers)
    apps: dict[str, App] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    staged: dict[str, Function] = field(default_factory=dict)  # created, not yet published
    images: dict[str, Image] = field(default_factory=dict)
    mounts: dict[str, Mount] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    dicts: dict[str, dict[bytes, bytes]] = field(default_factory=dict)
    queues: dict[str, dict[bytes, list[bytes]]] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)  # (kind, name) to id
    calls: dict[str, Call] = field(default_factory=dict)
    inputs: dict[str, Input] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=dict)  # by function
    containers: dict[str, Container] = field(default_factory=dict)  # all that ever were, by task
    webs: Webs | None = None
    changed: Signal = field(default_factory=Signal)  # of a container or an input, for tests that wait
    links: list[Path] = field(default_factory=list)  # mount paths, to be taken away at the end
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    errors: list[BaseException] = field(default_factory=list)
    closing: bool = False

    def start(self, coroutine: Any) -> asyncio.Task[Any]:
        """Run it beside; what it raises is kept for ``Control`` to raise."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.errors.append(error)

    def named(self, kind: str, name: str) -> str | None:
        return self.names.get((kind, name))

    def new(self, kind: str, prefix: str, name: str) -> str:
        """A new id, found again by ``name`` unless that is empty."""
        number = self.numbers.new(prefix)
        if name:
            self.names[kind, name] = number
        return number

    def stored(self, sha256: str) -> Path:
        """Where the bytes of an uploaded file are."""
        return self.folder / "files" / sha256

    def store(self, sha256: str, data: bytes) -> None:
        if hashlib.sha256(data).hexdigest() != sha256:
            raise GRPCError(Status.INVALID_ARGUMENT, f"the bytes of {sha256} are others")
        self.stored(sha256).write_bytes(data)

    def blob(self, blob_id: str) -> Path:
        return self.folder / "blobs" / blob_id

    def log(self, app: App, task_id: str, function_id: str, text: str, stream: int) -> None:
        app.logs.append(LogEntry(task_id, function_id, text, stream, time.time()))
        app.changed.fire()

    def function(self, function_id: str) -> Function:
        try:
            return self.functions[function_id]
        except KeyError:
            raise GRPCError(Status.NOT_FOUND, f"no function {function_id}") from None
