"""``modal.Queue``: values as the client pickled them, by partition."""

from __future__ import annotations

import asyncio

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tests.modal.records import Message, Signal
from tests.modal.rpc import Caller
from tests.modal.world import World


class Queues:
    """Keeps partitions for ever, and takes values without end."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._changed = Signal()

    def _of(self, request: Message) -> dict[bytes, list[bytes]]:
        try:
            return self.world.queues[request.queue_id]
        except KeyError:
            raise GRPCError(Status.NOT_FOUND, f"no Queue {request.queue_id}") from None

    def QueueGetOrCreate(self, request: Message, caller: Caller) -> Message:
        name = request.deployment_name
        queue_id = self.world.named("queue", name)
        if queue_id is None:
            if request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED:
                raise GRPCError(Status.NOT_FOUND, f"Queue '{name}' not found in environment 'main'")
            queue_id = self.world.new("queue", "qu", name)
            self.world.queues[queue_id] = {}
        return api_pb2.QueueGetOrCreateResponse(queue_id=queue_id, metadata=api_pb2.QueueMetadata(name=name))

    def QueuePut(self, request: Message, caller: Caller) -> None:
        self._of(request).setdefault(request.partition_key, []).extend(request.values)
        self._changed.fire()

    async def QueueGet(self, request: Message, caller: Caller) -> Message:
        """Waits up to ``request.timeout`` for the first value."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + request.timeout
        while not (values := self._of(request).get(request.partition_key)) and loop.time() < until_s:
            await self._changed.wait(until_s - loop.time())
        taken, left = (values or [])[: request.n_values], (values or [])[request.n_values :]
        self._of(request)[request.partition_key] = left
        return api_pb2.QueueGetResponse(values=taken)
