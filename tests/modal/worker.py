"""The calls that containers make: to get inputs, put outputs, hear of cancellations, be snapshotted."""

from __future__ import annotations

import time

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tests.modal.calls import finish
from tests.modal.containers import Container, pool_of
from tests.modal.records import Message
from tests.modal.rpc import Caller
from tests.modal.world import World

HEARTBEAT_S = 14.5  # the client gives up on one after 15.1 s


class Worker:
    def __init__(self, world: World) -> None:
        self.world = world

    def _container(self, caller: Caller) -> Container:
        try:
            return self.world.containers[caller.task_id]
        except KeyError:
            raise GRPCError(Status.PERMISSION_DENIED, "only containers may call this") from None

    def ContainerHello(self, request: Empty, caller: Caller) -> None:
        self._container(caller)

    async def ContainerHeartbeat(self, request: Message, caller: Caller) -> Message:
        """Answers at once while a cancelled input is in the container, else after a while.

        The container may hear of it before it has the input, and forget it; it asks again after a second.
        """
        container = self._container(caller)
        until = time.monotonic() + HEARTBEAT_S
        while not container.cancelled and (left_s := until - time.monotonic()) > 0:
            await container.changed.wait(left_s)
        if not container.cancelled:
            return api_pb2.ContainerHeartbeatResponse()
        event = api_pb2.CancelInputEvent(input_ids=container.cancelled)
        return api_pb2.ContainerHeartbeatResponse(cancel_input_event=event)

    async def FunctionGetInputs(self, request: Message, caller: Caller) -> Message:
        container = self._container(caller)
        entry = await pool_of(self.world, container.function).take(container)
        if entry == "":
            return api_pb2.FunctionGetInputsResponse()
        if isinstance(entry, str):
            return api_pb2.FunctionGetInputsResponse(inputs=[api_pb2.FunctionGetInputsItem(kill_switch=True)])
        item = api_pb2.FunctionGetInputsItem(
            input_id=entry.id,
            input=entry.message,
            function_call_id=entry.call.id,
            function_call_invocation_type=entry.call.invocation,
            retry_count=entry.retry_count,
            function_map_idx=entry.index,
        )
        return api_pb2.FunctionGetInputsResponse(inputs=[item])

    def FunctionPutOutputs(self, request: Message, caller: Caller) -> None:
        container = self._container(caller)
        pool = pool_of(self.world, container.function)
        for output in request.outputs:
            entry = container.running.get(output.input_id)
            if entry is None:
                continue  # it was given to another container meanwhile
            pool.release(entry, container)
            item = api_pb2.FunctionGetOutputsItem(
                result=output.result,
                data_format=output.data_format,
                task_id=container.task_id,
                input_started_at=output.input_started_at,
                output_created_at=output.output_created_at,
            )
            finish(self.world, entry, item)

    def FunctionGetDynamicConcurrency(self, request: Message, caller: Caller) -> Message:
        """Up to the most where no more containers may be started and inputs wait."""
        pool = pool_of(self.world, self._container(caller).function)
        concurrency = request.max_concurrency if pool.waiting else request.target_concurrency
        return api_pb2.FunctionGetDynamicConcurrencyResponse(concurrency=concurrency)

    def TaskResult(self, request: Message, caller: Caller) -> None:
        """A container that could not start says why."""
        self._container(caller).failure = request.result

    def ContainerCheckpoint(self, request: Message, caller: Caller) -> None:
        """The container has closed what it had open and waits: it is brought back in place, not from an
        image.
        """
        container = self._container(caller)
        container.snapshots += 1
        container.root.restore(container.task_id)

    def ContainerStop(self, request: Message, caller: Caller) -> Message:
        self.world.containers[request.task_id].stop()
        return api_pb2.ContainerStopResponse()
