"""Calls of functions and their inputs, from the caller's side: to put, to wait for outputs, to cancel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tests.modal.containers import pool_of
from tests.modal.records import Function, Message, Signal
from tests.modal.rpc import Caller
from tests.modal.world import World

if TYPE_CHECKING:
    from tests.modal.containers import Container

STREAM_POLL_S = 20.0
ASYNC = {api_pb2.FUNCTION_CALL_INVOCATION_TYPE_ASYNC, api_pb2.FUNCTION_CALL_INVOCATION_TYPE_ASYNC_LEGACY}
FAILED = {api_pb2.GenericResult.GENERIC_STATUS_FAILURE, api_pb2.GenericResult.GENERIC_STATUS_TIMEOUT}


@dataclass(eq=False, repr=False)
class Input:
    id: str
    call: Call
    index: int
    message: api_pb2.FunctionInput
    retry_count: int = 0
    attempts: int = 0  # containers that it was given to
    container: Container | None = None  # that works on it
    output: api_pb2.FunctionGetOutputsItem | None = None  # None until it is done
    expires: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<Input {self.id} of {self.call}, {self.status}>"

    @property
    def status(self) -> str:
        """ "waiting", "running", or the status of its result in lower case, as "success" or "terminated"."""
        if self.output is None:
            return "running" if self.container else "waiting"
        name = api_pb2.GenericResult.GenericStatus.Name(self.output.result.status)
        return name.removeprefix("GENERIC_STATUS_").lower()


@dataclass(eq=False, repr=False)
class Call:
    id: str
    function: Function
    method: str
    parent: Input | None  # the input whose code made this call
    invocation: int  # api_pb2.FUNCTION_CALL_INVOCATION_TYPE_...
    inputs: list[Input] = field(default_factory=list)
    done: list[Input] = field(default_factory=list)  # in the order in which they ended
    data_in: list[api_pb2.DataChunk] = field(default_factory=list)
    data_out: list[api_pb2.DataChunk] = field(default_factory=list)
    created: float = field(default_factory=time.time)
    changed: Signal = field(default_factory=Signal)

    def __repr__(self) -> str:
        return f"<Call {self.id} of {self.function.name} {self.method}>"

    @property
    def spawned(self) -> bool:
        return self.invocation in ASYNC


def new_call(world: World, function: Function, *, parent: Input | None = None, invocation: int = 0) -> Call:
    call = Call(world.numbers.new("fc"), function, "", parent, invocation)
    world.calls[call.id] = call
    return call


def put(world: World, call: Call, message: api_pb2.FunctionInput, index: int = 0) -> Input:
    """One more input, which a container gets as soon as one is free."""
    entry = Input(world.numbers.new("in"), call, index, message)
    call.method = message.method_name
    call.inputs.append(entry)
    world.inputs[entry.id] = entry
    pool_of(world, call.function).submit(entry)
    return entry


def finish(world: World, entry: Input, item: api_pb2.FunctionGetOutputsItem) -> None:
    """Take the output of an input that has none yet, or try the input again where its function's retries let
    it.
    """
    if entry.output is not None:
        return
    policy = entry.call.function.definition.retry_policy
    if item.result.status in FAILED and entry.retry_count < policy.retries:
        delay_ms = policy.initial_delay_ms * policy.backoff_coefficient**entry.retry_count
        entry.retry_count += 1
        delay_s = min(delay_ms, policy.max_delay_ms or delay_ms) / 1000
        asyncio.get_running_loop().call_later(delay_s, pool_of(world, entry.call.function).submit, entry)
        return
    item.idx, item.input_id, item.retry_count = entry.index, entry.id, entry.retry_count
    entry.output = item
    entry.call.done.append(entry)
    entry.call.changed.fire()
    world.changed.fire()


def fail(world: World, entry: Input, status: int, why: str) -> None:
    result = api_pb2.GenericResult(status=status, exception=why)  # type: ignore[arg-type]
    finish(world, entry, api_pb2.FunctionGetOutputsItem(result=result))


def cancel(world: World, call: Call, *, terminate_containers: bool = False) -> None:
    """End all inputs of the call that have not ended; their containers are told, and killed where asked."""
    for entry in call.inputs:
        if entry.output is not None:
            continue
        fail(world, entry, api_pb2.GenericResult.GENERIC_STATUS_TERMINATED, "Input was cancelled by user")
        pool_of(world, call.function).withdraw(entry)
        if entry.container:
            if terminate_containers:
                entry.container.kill()
            else:
                entry.container.cancel(entry)
        if world.settings.cancel_children:
            for child in list(world.calls.values()):
                if child.parent is entry:
                    cancel(world, child, terminate_containers=terminate_containers)


class Calls:
    def __init__(self, world: World) -> None:
        self.world = world

    def FunctionMap(self, request: Message, caller: Caller) -> Message:
        function = self.world.function(request.function_id)
        parent = self.world.inputs.get(request.parent_input_id)
        call = new_call(self.world, function, parent=parent, invocation=request.function_call_invocation_type)
        return api_pb2.FunctionMapResponse(
            function_call_id=call.id,
            function_call_jwt=call.id,
            pipelined_inputs=self._put(call, request.pipelined_inputs),
            retry_policy=function.definition.retry_policy,
            sync_client_retries_enabled=False,  # failed inputs are tried again here
            max_inputs_outstanding=1000,
        )

    def FunctionPutInputs(self, request: Message, caller: Caller) -> Message:
        return api_pb2.FunctionPutInputsResponse(inputs=self._put(self._call(request), request.inputs))

    def _put(self, call: Call, items: list[Message]) -> list[Message]:
        answers = []
        for item in items:
            entry = put(self.world, call, item.input, item.idx)
            answers.append(
                api_pb2.FunctionPutInputsResponseItem(idx=item.idx, input_id=entry.id, input_jwt=entry.id)
            )
        return answers

    def FunctionFinishInputs(self, request: Message, caller: Caller) -> None:
        return None

    def _call(self, request: Message) -> Call:
        try:
            return self.world.calls[request.function_call_id]
        except KeyError:
            raise GRPCError(Status.NOT_FOUND, f"no function call {request.function_call_id}") from None

    async def FunctionGetOutputs(self, request: Message, caller: Caller) -> Message:
        """The outputs after ``last_entry_id``, of the indices asked for; waits for one up to ``timeout``
        seconds.
        """
        call = self._call(request)
        first = int(request.last_entry_id.partition("-")[0] or 0)
        until = time.monotonic() + request.timeout
        while True:
            outputs = [entry.output for entry in call.done[first:] if entry.output and _asked(request, entry)]
            left_s = until - time.monotonic()
            if outputs or left_s <= 0:
                return api_pb2.FunctionGetOutputsResponse(
                    outputs=outputs[: request.max_values or None],
                    idxs=[each.idx for each in outputs],
                    last_entry_id=f"{len(call.done)}-0",
                    num_unfinished_inputs=len(call.inputs) - len(call.done),
                )
            await call.changed.wait(left_s)
            self._call(request)  # it may have been forgotten meanwhile

    def FunctionCallFromId(self, request: Message, caller: Caller) -> Message:
        call = self._call(request)
        metadata = api_pb2.FunctionCallHandleMetadata(
            app_id=call.function.app.id, function_id=call.function.id
        )
        return api_pb2.FunctionCallFromIdResponse(
            function_call_id=call.id, num_inputs=len(call.inputs), metadata=metadata
        )

    def FunctionCallCancel(self, request: Message, caller: Caller) -> None:
        cancel(self.world, self._call(request), terminate_containers=request.terminate_containers)

    async def FunctionCallGetDataOut(self, request: Message, caller: Caller) -> AsyncIterator[Message]:
        """What a generator yields, from after ``last_index``; the client asks anew when this ends."""
        call = self._call(request)
        async for chunk in chunks(call, call.data_out, request.last_index):
            yield chunk

    async def FunctionCallGetDataIn(self, request: Message, caller: Caller) -> AsyncIterator[Message]:
        """What the web front forwards to an ASGI app."""
        call = self._call(request)
        async for chunk in chunks(call, call.data_in, request.last_index):
            yield chunk

    async def FunctionCallPutDataOut(self, request: Message, caller: Caller) -> None:
        """An index that is here already comes from a container that does again what a lost one had done."""
        call = self._call(request)
        call.data_out += [each for each in request.data_chunks if each.index > len(call.data_out)]
        call.changed.fire()


def _asked(request: Message, entry: Input) -> bool:
    start = request.start_idx if request.HasField("start_idx") else 0
    end = request.end_idx if request.HasField("end_idx") else entry.index
    return bool(start <= entry.index <= end)


async def chunks(
    call: Call, source: list[api_pb2.DataChunk], last_index: int, timeout_s: float = STREAM_POLL_S
) -> AsyncIterator[api_pb2.DataChunk]:
    """Chunks with an index over ``last_index`` as they come, until none comes for ``timeout_s`` or all is
    done.
    """
    while True:
        while last_index < len(source):
            yield source[last_index]
            last_index += 1
        if len(call.done) == len(call.inputs) and call.inputs and source is call.data_out:
            return
        before = time.monotonic()
        await call.changed.wait(timeout_s)
        if time.monotonic() - before >= timeout_s:
            return


def put_data_in(call: Call, message: dict[str, object]) -> None:
    """Forward one ASGI message to the app that works on the call."""
    from modal._serialization import serialize_data_format

    data = serialize_data_format(message, api_pb2.DATA_FORMAT_ASGI)
    call.data_in.append(
        api_pb2.DataChunk(data_format=api_pb2.DATA_FORMAT_ASGI, data=data, index=len(call.data_in) + 1)
    )
    call.changed.fire()
