"""Large inputs, outputs and files: PUT and GET on an HTTP server of their own, as Modal leaves them to S3."""

from __future__ import annotations

import hashlib

from aiohttp import web
from modal_proto import api_pb2

from tests.modal.records import Message
from tests.modal.rpc import Caller
from tests.modal.world import World


class Blobs:
    def __init__(self, world: World) -> None:
        self.world = world

    def BlobCreate(self, request: Message, caller: Caller) -> Message:
        blob_id = self.world.numbers.new("bl")
        urls = api_pb2.UploadUrlList(items=[f"{self.world.blob_url}/{blob_id}"])
        return api_pb2.BlobCreateResponse(
            blob_id=blob_id, blob_ids=[blob_id], upload_url=urls.items[0], upload_urls=urls
        )

    def BlobGet(self, request: Message, caller: Caller) -> Message:
        return api_pb2.BlobGetResponse(download_url=f"{self.world.blob_url}/{request.blob_id}")

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = self.world.blob(request.path.removeprefix("/"))
        if request.method == "PUT":
            digest = hashlib.md5(usedforsecurity=False)
            with path.open("wb") as file:
                async for chunk in request.content.iter_any():
                    digest.update(chunk)
                    file.write(chunk)
            return web.Response(headers={"ETag": f'"{digest.hexdigest()}"'})
        if not path.exists():
            return web.Response(status=404)
        return web.Response(body=path.read_bytes())
