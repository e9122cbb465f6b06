"""``modal.Dict``: keys and values as the client pickled them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tests.modal.records import Message
from tests.modal.rpc import Caller
from tests.modal.world import World


class Dicts:
    def __init__(self, world: World) -> None:
        self.world = world

    def _of(self, request: Message) -> dict[bytes, bytes]:
        try:
            return self.world.dicts[request.dict_id]
        except KeyError:
            raise GRPCError(Status.NOT_FOUND, f"no Dict {request.dict_id}") from None

    def DictGetOrCreate(self, request: Message, caller: Caller) -> Message:
        name = request.deployment_name
        dict_id = self.world.named("dict", name) if name else None
        if dict_id is None:
            if request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED:
                raise GRPCError(Status.NOT_FOUND, f"Dict '{name}' not found in environment 'main'")
            dict_id = self.world.new("dict", "di", name)
            self.world.dicts[dict_id] = {each.key: each.value for each in request.data}
        return api_pb2.DictGetOrCreateResponse(dict_id=dict_id, metadata=api_pb2.DictMetadata(name=name))

    def DictHeartbeat(self, request: Message, caller: Caller) -> None:
        self._of(request)

    def DictUpdate(self, request: Message, caller: Caller) -> Message:
        entries = self._of(request)
        created = True
        for each in request.updates:
            if request.if_not_exists and each.key in entries:
                created = False
            else:
                entries[each.key] = each.value
        return api_pb2.DictUpdateResponse(created=created)

    def DictGet(self, request: Message, caller: Caller) -> Message:
        value = self._of(request).get(request.key)
        return api_pb2.DictGetResponse(found=value is not None, value=value)

    def DictPop(self, request: Message, caller: Caller) -> Message:
        value = self._of(request).pop(request.key, None)
        return api_pb2.DictPopResponse(found=value is not None, value=value)

    def DictContains(self, request: Message, caller: Caller) -> Message:
        return api_pb2.DictContainsResponse(found=request.key in self._of(request))

    def DictLen(self, request: Message, caller: Caller) -> Message:
        return api_pb2.DictLenResponse(len=len(self._of(request)))

    def DictClear(self, request: Message, caller: Caller) -> None:
        self._of(request).clear()

    def DictDelete(self, request: Message, caller: Caller) -> None:
        self._of(request)
        del self.world.dicts[request.dict_id]
        self.world.names = {key: value for key, value in self.world.names.items() if value != request.dict_id}

    async def DictContents(self, request: Message, caller: Caller) -> AsyncIterator[Message]:
        for key, value in list(self._of(request).items()):
            yield api_pb2.DictEntry(key=key, value=value if request.values else b"")
