"""The web front: an address for each web function, which forwards requests to containers as Modal does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import ClientError, web
from modal_proto import api_pb2

from tests.modal.calls import Call, cancel, chunks, new_call, put, put_data_in
from tests.modal.records import Function
from tests.modal.world import World

CALL = "__modal_function_call_id"  # where Modal sends a client that has waited for too long
HOP_BY_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade"}


class Webs:
    """All addresses; each stays the same over deployments."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._runners: list[web.ServerRunner] = []

    async def listen(self, handler: Any) -> str:
        """Serve ``handler`` on a free port of loopback and return its URL, without a slash at the end."""
        runner = web.ServerRunner(web.Server(handler, handler_cancellation=True), shutdown_timeout=0.1)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def open(self, function: Function) -> str:
        async def handler(request: web.BaseRequest) -> web.StreamResponse:
            return await self.forward(function, request)

        return await self.listen(handler)

    async def close(self) -> None:
        for runner in self._runners:
            await runner.cleanup()

    async def forward(self, function: Function, request: web.BaseRequest) -> web.StreamResponse:
        """Answer with what the app answers; after ``web_cut_s`` without any, 303 to where the client may go
        on.
        """
        call_id = request.query.get(CALL, "")
        if call_id:
            call = self.world.calls.get(call_id)
            if call is None:
                return web.Response(status=404, text="modal-http: invalid function call")
            return await self._answer(call, request)
        call = new_call(self.world, function, invocation=api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC)
        put(self.world, call, _input(request))
        body = asyncio.ensure_future(_send_body(call, request))
        try:
            return await self._answer(call, request)
        except asyncio.CancelledError:
            put_data_in(call, {"type": "http.disconnect"})
            if call.inputs[0].container is None:
                cancel(self.world, call)  # nobody waits for it, and nothing has begun
            raise
        finally:
            body.cancel()
            await asyncio.gather(body, return_exceptions=True)

    async def _answer(self, call: Call, request: web.BaseRequest) -> web.StreamResponse:
        until = time.monotonic() + self.world.settings.web_cut_s
        while not call.data_out and call.inputs[0].output is None:
            left_s = until - time.monotonic()
            if left_s <= 0:
                target = request.rel_url.with_query({CALL: call.id})
                return web.Response(status=303, headers={"Location": str(target)})
            await call.changed.wait(left_s)
        response: web.StreamResponse | None = None
        async for message in self._messages(call):
            if message["type"] == "http.response.start":
                response = web.StreamResponse(status=message["status"])
                for name, value in message["headers"]:
                    if name.lower() not in HOP_BY_HOP:
                        response.headers.add(name.decode("latin-1"), value.decode("latin-1"))
                await response.prepare(request)
            elif message["type"] == "http.response.body" and response:
                if message["body"]:
                    await response.write(message["body"])
                if not message["more_body"]:
                    await response.write_eof()
                    return response
        if response is not None:  # the app ended within its body: so does the connection
            assert request.transport
            request.transport.abort()
            return response
        output = call.inputs[0].output
        why = output.result.exception if output else "no answer"
        return web.Response(status=500, text=f"modal-http: internal error: {why}")

    async def _messages(self, call: Call) -> AsyncIterator[dict[str, Any]]:
        from modal._serialization import deserialize_data_format

        index = 0
        while True:
            async for chunk in chunks(call, call.data_out, index, timeout_s=3600.0):
                index = chunk.index
                data = self.world.blob(chunk.data_blob_id).read_bytes() if chunk.data_blob_id else chunk.data
                yield deserialize_data_format(data, chunk.data_format, None)
            if call.inputs[0].output is not None:
                return


def _input(request: web.BaseRequest) -> api_pb2.FunctionInput:
    from modal._serialization import serialize

    host, port = request.transport.get_extra_info("peername")[:2] if request.transport else ("127.0.0.1", 0)
    scope = {
        "type": "http",
        "http_version": f"{request.version.major}.{request.version.minor}",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "query_string": request.rel_url.raw_query_string.encode(),
        "headers": [(name.lower(), value) for name, value in request.raw_headers],
        "client": (host, port),
        "extensions": {"http.response.trailers": {}},
    }
    return api_pb2.FunctionInput(args=serialize(((scope,), {})), data_format=api_pb2.DATA_FORMAT_PICKLE)


async def _send_body(call: Call, request: web.BaseRequest) -> None:
    """Forward the body as it comes; one that breaks off is a disconnect."""
    try:
        async for chunk in request.content.iter_any():
            put_data_in(call, {"type": "http.request", "body": chunk, "more_body": True})
    except (ClientError, web.RequestPayloadError, ConnectionError):
        put_data_in(call, {"type": "http.disconnect"})
        return
    put_data_in(call, {"type": "http.request", "body": b"", "more_body": False})
