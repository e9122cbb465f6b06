"""``/acestep/v1/chat/completions``: ACE-Step's server has the chat beside its other routes, and its clients
know one address for all of them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from orchestrator.compat.acestep.app import refusal
from orchestrator.compat.acestep.bodies import identify
from orchestrator.compat.bodies import checked, json_fields
from orchestrator.compat.chat.app import answered
from orchestrator.compat.chat.bodies import ChatRequest
from orchestrator.compat.doors import Door, with_prefix
from orchestrator.server.api.context import Base, TheService

router = APIRouter()


@router.post("/acestep/v1/chat/completions")
async def complete_chat(request: Request, service: TheService, base: Base) -> Response:
    """A song of the last message, with its sound as ACE-Step has it. The body is JSON whatever its
    ``Content-Type`` says, as there."""
    body = checked(ChatRequest, await json_fields(request), {})
    return await answered(body, service, base, "acestep")


DOOR = Door(app=with_prefix(router), refusal=refusal, identify=identify, cors=True)
