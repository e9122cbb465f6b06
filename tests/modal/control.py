"""``Control``: the stand-in as tests use it, from their own thread; see the package's docstring."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from modal_proto import api_pb2

from tests.modal.blobs import Blobs
from tests.modal.calls import Call, Calls, Input, cancel, new_call, put
from tests.modal.commandline import CommandLine
from tests.modal.containers import Container
from tests.modal.deployment import Deployment, bind, new_volume
from tests.modal.dicts import Dicts
from tests.modal.queues import Queues
from tests.modal.records import App, Function, Secret
from tests.modal.rpc import Faults, Front, Listener, settle
from tests.modal.volumes import Volumes
from tests.modal.web import Webs
from tests.modal.worker import Worker
from tests.modal.world import Settings, World

T = TypeVar("T")
WAIT_S = 30.0


class RemoteFailure(Exception):
    """An input that failed, without an exception of its own to raise: cancelled, timed out, never started."""


@dataclass
class Invocation:
    """A call that the tests made: its result is waited for with ``result``."""

    control: Control
    call: Call

    def result(self, timeout_s: float = WAIT_S) -> Any:
        """What the function returned. Raises what it raised, or ``RemoteFailure``."""
        entry = self.call.inputs[0]
        self.control.wait(
            lambda: entry.output is not None, timeout_s, f"a result of {self.call.function.name}"
        )
        assert entry.output
        return self.control.decode(entry.output)

    def cancel(self, *, terminate_containers: bool = False) -> None:
        control = self.control
        control.do(lambda: cancel(control.world, self.call, terminate_containers=terminate_containers))

    @property
    def id(self) -> str:
        return self.call.id


class Control(CommandLine):
    """A control plane on loopback, with an event loop in a thread of its own, from ``with`` to its end.

    ``secrets``: environment variables by the name of the secret. ``container_env``: variables that every
    container gets beside its own. ``max_containers``: the most of one function at a time, where it declares
    no fewer. ``scaledown_s``: idle seconds after which a container ends; None: as declared. ``snapshots``:
    take containers with memory snapshots through the client's snapshot and restore. ``cancel_children``: to
    cancel a call cancels the calls that its inputs made. ``web_cut_s``: seconds until a web request is
    answered with 303. ``startup_failures``: containers in a row that fail to start before the waiting inputs
    fail. ``doubled``: names of functions whose inputs are each given to a second container while the first is
    at work on them. ``cold_start_s``: by the name of a function, the seconds from the start of a container
    until it takes inputs, where its own start is not longer.
    """

    def __init__(
        self,
        *,
        secrets: Mapping[str, Mapping[str, str]] | None = None,
        container_env: Mapping[str, str] | None = None,
        max_containers: int = 8,
        scaledown_s: float | None = None,
        snapshots: bool = True,
        cancel_children: bool = False,
        web_cut_s: float = 150.0,
        startup_failures: int = 2,
        doubled: frozenset[str] = frozenset(),
        cold_start_s: Mapping[str, float] | None = None,
    ) -> None:
        settings = Settings(
            dict(container_env or {}),
            max_containers,
            scaledown_s,
            snapshots,
            cancel_children,
            web_cut_s,
            startup_failures,
            doubled,
            dict(cold_start_s or {}),
        )
        self._folder = Path(tempfile.mkdtemp(prefix="modal-"))
        for name in ("files", "blobs", "volumes", "trees", "site", "containers"):
            (self._folder / name).mkdir()
        self.world = World(self._folder, settings)
        for name, env in (secrets or {}).items():
            self._add_secret(name, env)
        world = self.world
        self._blobs = Blobs(world)
        self.front = Front(
            [
                Deployment(world),
                Calls(world),
                Worker(world),
                Dicts(world),
                Queues(world),
                Volumes(world),
                self._blobs,
            ]
        )
        self._thread = threading.Thread(target=self._serve, name="modal control plane")
        self._ready = threading.Event()
        self._failed: BaseException | None = None

    def set(self, **settings: Any) -> None:
        """Change some of the settings from now on."""
        self.world.settings = dataclasses.replace(self.world.settings, **settings)

    # Life

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._failed:
            self._thread.join()
            shutil.rmtree(self._folder)
            raise self._failed
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill all containers and end; raises what went wrong in the control plane itself."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        shutil.rmtree(self._folder)
        wrong = [*self.front.errors, *self.world.errors, *([self._failed] if self._failed else [])]
        if wrong and error is None:
            raise ExceptionGroup(
                "in the control plane", [Exception(repr(each)) for each in wrong]
            ) from wrong[0]

    def _serve(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as failed:  # noqa: BLE001 - raised in the tests' thread
            self._failed = failed
            self._ready.set()

    async def _main(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        world, listener, webs = self.world, Listener(self.front), Webs(self.world)
        world.webs = webs
        await listener.start("127.0.0.1", 0)
        assert listener._server
        port = listener._server.sockets[0].getsockname()[1]
        world.url = f"http://127.0.0.1:{port}"
        world.blob_url = await webs.listen(self._blobs.handle)
        self._ready.set()
        try:
            await self._end.wait()
        finally:
            world.closing = True
            for container in world.containers.values():
                container.kill()
            while any(container.alive for container in world.containers.values()):
                await world.changed.wait(0.2)
                for container in world.containers.values():
                    container.kill()
            await listener.stop()
            await webs.close()
            await settle(world.tasks)
            for link in world.links:
                link.unlink()

    def do(self, action: Callable[[], T]) -> T:
        """Run it on the control plane's loop."""

        async def run() -> T:
            return action()

        return self._await(run())

    def _await(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def wait(self, condition: Callable[[], T], timeout_s: float = WAIT_S, what: str = "it") -> T:
        """Wait until ``condition``, which looks at the state, is true, and return what it gave.

        Raises TimeoutError, with the logs of the containers.
        """

        async def poll() -> T | None:
            until = self._loop.time() + timeout_s
            while not (value := condition()) and (left_s := until - self._loop.time()) > 0:
                await self.world.changed.wait(min(left_s, 0.1))
            return value

        value = self._await(poll())
        if not value:
            raise TimeoutError(f"waited {timeout_s} s for {what}\n{self.logs()[-5000:]}")
        return value

    # What was declared

    def app(self, name: str) -> App:
        return self.world.apps[self.world.names["app", name]]

    @property
    def functions(self) -> dict[str, Function]:
        """The functions of all deployed apps, by tag: ``"web"``, ``"LyricsEngine.*"``."""
        apps = [self.world.apps[number] for (kind, _), number in self.world.names.items() if kind == "app"]
        return {tag: function for app in apps for tag, function in app.functions.items()}

    def web_url(self, tag: str) -> str:
        return self.functions[tag].web_url

    def uploaded(self, function: Function | str, path: str) -> bytes:
        """The bytes of a file that was uploaded for a function, by its path in the container."""
        function = self.functions[function] if isinstance(function, str) else function
        return self.world.stored(function.files[path]).read_bytes()

    def volume(self, name: str) -> Path:
        """The folder of a volume, made if need be: to put weights there, or to look."""

        def find() -> Path:
            found = self.world.named("volume", name)
            return (self.world.volumes[found] if found else new_volume(self.world, name)).folder

        return self.do(find)

    def add_secret(self, name: str, env: Mapping[str, str]) -> None:
        """Make or replace a secret; containers that start after it get the new one."""
        self.do(lambda: self._add_secret(name, env))

    def _add_secret(self, name: str, env: Mapping[str, str]) -> None:
        found = self.world.named("secret", name)
        if found:
            self.world.secrets[found].env = dict(env)
        else:
            secret_id = self.world.new("secret", "st", name)
            self.world.secrets[secret_id] = Secret(secret_id, name, dict(env))

    def contents(self, name: str) -> dict[Any, Any]:
        """What a ``modal.Dict`` holds; empty where none of this name is."""
        from modal._serialization import deserialize

        raw = dict(self.world.dicts.get(self.world.named("dict", name) or "", {}))
        return {deserialize(key, None): deserialize(value, None) for key, value in raw.items()}

    # Calls

    def invoke(
        self, tag: str, *args: Any, method: str = "", params: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> Invocation:
        """Call a deployed function or, with ``method``, a class's, as ``spawn`` does. ``params``: of the
        instance.
        """
        from modal._serialization import apply_defaults, serialize, serialize_proto_params

        function = self.functions[tag]
        bound = b""
        if schema := function.definition.class_parameter_info.schema:
            bound = serialize_proto_params(apply_defaults(dict(params or {}), schema))
        message = api_pb2.FunctionInput(
            args=serialize((args, kwargs)), data_format=api_pb2.DATA_FORMAT_PICKLE, method_name=method
        )

        def start() -> Call:
            target = bind(self.world, function, bound)
            call = new_call(self.world, target, invocation=api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC)
            put(self.world, call, message)
            return call

        return Invocation(self, self.do(start))

    def decode(self, output: api_pb2.FunctionGetOutputsItem) -> Any:
        """The value of an output. Raises the exception that it carries."""
        from modal._serialization import deserialize, deserialize_data_format

        result = output.result
        data = self.world.blob(result.data_blob_id).read_bytes() if result.data_blob_id else result.data
        if result.status == api_pb2.GenericResult.GENERIC_STATUS_SUCCESS:
            return deserialize_data_format(data, output.data_format, None)
        if data:
            raise deserialize(data, None)
        status = api_pb2.GenericResult.GenericStatus.Name(result.status)
        raise RemoteFailure(f"{status.removeprefix('GENERIC_STATUS_').lower()}: {result.exception}")

    @property
    def calls(self) -> list[Call]:
        """All calls there ever were, oldest first; ``call.function.name``, ``.method``, ``.parent``,
        ``.inputs``.
        """
        return list(self.world.calls.values())

    # Containers

    def containers(self, tag: str = "", *, alive: bool = True) -> list[Container]:
        """Containers of a function, oldest first; with ``alive=False`` those that ended too."""
        return [
            each
            for each in list(self.world.containers.values())
            if (not tag or each.function.name == tag) and (each.alive or not alive)
        ]

    def busy(self, tag: str, *, method: str = "", timeout_s: float = WAIT_S) -> tuple[Container, Input]:
        """Wait until a container of the function works on an input, and return both."""

        def find() -> tuple[Container, Input] | None:
            for container in self.containers(tag):
                for entry in container.running.values():
                    if entry.output is None and method in ("", entry.message.method_name):
                        return container, entry
            return None

        found = self.wait(find, timeout_s, f"a container of {tag} at work")
        assert found
        return found

    def kill(self, tag: str, *, method: str = "", timeout_s: float = WAIT_S) -> Container:
        """SIGKILL the container of the function that works on an input, once there is one, and wait for its
        end.
        """
        container, _ = self.busy(tag, method=method, timeout_s=timeout_s)
        self.do(container.kill)
        self.wait(lambda: not container.alive, timeout_s, f"the end of {container.task_id}")
        return container

    def forget(self, call_id: str) -> None:
        """Has Modal know nothing of the call any more; what it runs goes on."""
        self.do(lambda: self.world.calls.pop(call_id).changed.fire())

    def replace(self, tag: str) -> None:
        """Let the containers of the function end when their inputs are done, and start new ones for what
        comes.
        """
        self.do(lambda: [container.stop() for container in self.containers(tag)])

    def logs(self, tag: str = "") -> str:
        """What containers of the function, or all, have written."""
        return "".join(container.log for container in self.containers(tag, alive=False))

    # Faults

    @contextmanager
    def faults(
        self,
        *,
        unavailable: float = 0.0,
        reset: float = 0.0,
        lost: float = 0.0,
        only: frozenset[str] = frozenset(),
        seed: int = 0,
    ) -> Iterator[Faults]:
        """Within it that part of the calls fails; see ``Faults``."""
        faults = self.front.faults = Faults(unavailable, reset, lost, only, seed)
        try:
            yield faults
        finally:
            self.front.faults = Faults()
