"""What is in a ``modal.Volume``, for clients outside the containers, which see it as a folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tests.modal.records import Message
from tests.modal.rpc import Caller
from tests.modal.world import World


class Volumes:
    def __init__(self, world: World) -> None:
        self.world = world

    async def VolumeListFiles2(self, request: Message, caller: Caller) -> AsyncIterator[Message]:
        yield api_pb2.VolumeListFiles2Response(entries=self._entries(request))

    async def VolumeListFiles(self, request: Message, caller: Caller) -> AsyncIterator[Message]:
        yield api_pb2.VolumeListFilesResponse(entries=self._entries(request))

    def _entries(self, request: Message) -> list[Message]:
        volume = self.world.volumes[request.volume_id].folder
        folder = volume / request.path.strip("/")
        if not folder.exists():
            raise GRPCError(Status.NOT_FOUND, f"no such file or directory: {request.path}")
        found = folder.rglob("*") if request.recursive else folder.iterdir()
        kinds = api_pb2.FileEntry
        return [
            api_pb2.FileEntry(
                path=path.relative_to(volume).as_posix(),
                type=kinds.DIRECTORY if path.is_dir() else kinds.FILE,
                mtime=int(path.stat().st_mtime),
                size=path.stat().st_size,
            )
            for path in sorted(found)
        ]
