"""What was declared: apps, functions, mounts, secrets, volumes; and what long polls wait on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modal_proto import api_pb2

from tests.modal.images import Image

WEBHOOKS = {
    api_pb2.WEBHOOK_TYPE_ASGI_APP: "asgi_app",
    api_pb2.WEBHOOK_TYPE_FUNCTION: "fastapi_endpoint",
    api_pb2.WEBHOOK_TYPE_WSGI_APP: "wsgi_app",
    api_pb2.WEBHOOK_TYPE_WEB_SERVER: "web_server",
}


class Signal:
    """Wakes all that wait. Who looks at the state and then waits, with no ``await`` between, misses none."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def fire(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, timeout_s: float | None = None) -> None:
        """Return when it fires, or after ``timeout_s``."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await asyncio.wait([waiter], timeout=timeout_s)
        finally:
            self._waiters.discard(waiter)


@dataclass
class Mount:
    """Files by their path in the container; ``sha256`` names their bytes in the store. A named one has no
    files.
    """

    id: str
    files: dict[str, api_pb2.MountFile] = field(default_factory=dict)
    name: str = ""


@dataclass
class Secret:
    id: str
    name: str
    env: dict[str, str]
    required_keys: set[str] = field(default_factory=set)  # all that any lookup asked for


@dataclass
class Volume:
    """A folder that every container sees which mounts it."""

    id: str
    name: str
    folder: Path
    commits: int = 0
    reloads: int = 0


@dataclass
class LogEntry:
    task_id: str
    function_id: str
    text: str
    stream: int  # api_pb2.FILE_DESCRIPTOR_STDOUT or _STDERR
    at: float


@dataclass(eq=False, repr=False)
class App:
    id: str
    name: str
    state: int
    functions: dict[str, Function] = field(default_factory=dict)  # by tag: "produce", "LyricsEngine.*"
    class_ids: dict[str, str] = field(default_factory=dict)
    deployed_at: float = 0.0
    stopped: bool = False
    logs: list[LogEntry] = field(default_factory=list)
    changed: Signal = field(default_factory=Signal)


@dataclass(eq=False, repr=False)
class Function:
    """A function of an app, or a class (``Name.*``), as declared; a bound one has the parameters of an
    instance too.
    """

    id: str
    app: App
    name: str
    definition: api_pb2.Function = field(default_factory=api_pb2.Function)
    alternatives: list[api_pb2.Function] = field(default_factory=list)  # one for each GPU in a list of them
    image: Image | None = None
    mounts: list[Mount] = field(default_factory=list)
    secrets: list[Secret] = field(default_factory=list)
    volumes: dict[str, Volume] = field(default_factory=dict)  # by mount path
    web_url: str = ""
    params: bytes = b""
    base: Function | None = None
    version: int = 0  # counts deployments; a container of an older one gets no more inputs

    def __repr__(self) -> str:
        return f"<Function {self.id} {self.name} of {self.app.name}>"

    @property
    def gpu(self) -> str | tuple[str, ...] | None:
        """ "L40S", "L40S:2", a tuple of them in the order of preference, or None."""
        names = []
        for definition in self.alternatives or [self.definition]:
            config = definition.resources.gpu_config
            if config.count:
                names.append(config.gpu_type if config.count == 1 else f"{config.gpu_type}:{config.count}")
        return None if not names else names[0] if len(names) == 1 else tuple(names)

    @property
    def files(self) -> dict[str, str]:
        """SHA-256, in hex, of every file that was uploaded for it, by its path in the container."""
        mounts = [*self.mounts, *(mount for mount, _ in self._copied())]
        return {path: entry.sha256_hex for mount in mounts for path, entry in mount.files.items()}

    def _copied(self) -> list[tuple[Mount, str]]:
        return [] if self.image is None else self.image.copied()

    @property
    def snapshot(self) -> bool:
        return self.definition.checkpointing_enabled

    @property
    def max_inputs(self) -> int:
        """Inputs that one container works on at a time."""
        return self.definition.max_concurrent_inputs or 1

    @property
    def target_inputs(self) -> int:
        return self.definition.target_concurrent_inputs or self.max_inputs

    @property
    def min_containers(self) -> int:
        return self.definition.autoscaler_settings.min_containers

    @property
    def max_containers(self) -> int | None:
        return self.definition.autoscaler_settings.max_containers or None

    @property
    def scaledown_window_s(self) -> int | None:
        return self.definition.autoscaler_settings.scaledown_window or None

    @property
    def timeout_s(self) -> int:
        return self.definition.timeout_secs

    @property
    def startup_timeout_s(self) -> int:
        return self.definition.startup_timeout_secs

    @property
    def retries(self) -> int:
        return self.definition.retry_policy.retries

    @property
    def schedule(self) -> str | None:
        """``Cron('0 9 * * *', UTC)`` or ``Period(hours=1)`` as Modal writes it."""
        from modal._utils.function_utils import get_schedule_str

        return get_schedule_str(self.definition.schedule)

    @property
    def web(self) -> str | None:
        """The decorator that makes it a web function: "asgi_app", "fastapi_endpoint", "wsgi_app",
        "web_server".
        """
        return WEBHOOKS.get(self.definition.webhook_config.type)

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(sorted(self.definition.method_definitions))

    def metadata(self) -> api_pb2.FunctionHandleMetadata:
        """What the client is told of it."""
        definition = self.definition
        result = api_pb2.FunctionHandleMetadata(
            function_name=definition.function_name or self.name,
            function_type=definition.function_type,
            web_url=self.web_url,
            definition_id=f"de-{self.id[3:]}-{self.version}",
            class_parameter_info=definition.class_parameter_info,
            function_schema=definition.function_schema,
            supported_input_formats=definition.supported_input_formats,
            supported_output_formats=definition.supported_output_formats,
            app_id=self.app.id,
            base_function_id=self.base.id if self.base else "",
        )
        for name, method in definition.method_definitions.items():
            result.method_handle_metadata[name].CopyFrom(
                api_pb2.FunctionHandleMetadata(
                    function_name=method.function_name,
                    function_type=method.function_type,
                    is_method=True,
                    use_method_name=name,
                    function_schema=method.function_schema,
                    supported_input_formats=method.supported_input_formats,
                    supported_output_formats=method.supported_output_formats,
                    web_url=method.web_url,
                    app_id=self.app.id,
                )
            )
        return result

    def data(self) -> api_pb2.FunctionData:
        """The same as a caller's ``from_name`` is told; without a ranked function the client raises."""
        definitions = self.alternatives or [self.definition]
        return api_pb2.FunctionData(
            function_name=self.definition.function_name,
            module_name=self.definition.module_name,
            web_url=self.web_url,
            is_class=self.definition.is_class,
            ranked_functions=[
                api_pb2.FunctionData.RankedFunction(rank=rank, function=definition)
                for rank, definition in enumerate(definitions)
            ],
        )


class Numbers:
    """Ids in Modal's form: ``fu-...`` for a function, ``ta-...`` for a container."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def new(self, prefix: str) -> str:
        count = self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}-{count:022d}"


Message = Any  # of protobuf, whose generated classes have no common type that mypy knows
