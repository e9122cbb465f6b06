"""The MCP server: the tools and resources, by the protocol's own SDK. It keeps no state between calls."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ContentBlock,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as ListedTool
from pydantic import BaseModel, ValidationError

from config.errors import shown
from config.version import VERSION
from orchestrator.compat.mcp.calls import Calls, Refused
from orchestrator.compat.mcp.inputs import ARGUMENTS, given
from orchestrator.compat.mcp.outputs import SongFacts
from orchestrator.compat.mcp.resources import TEMPLATES, links_of, newest_resources, read_resource
from orchestrator.compat.mcp.tools import TOOLS, Tool
from orchestrator.server.api.requests.fields import field_problem

_INSTRUCTIONS = """Songwright makes finished songs. To make one: make_song (or make_song_with_lyrics), then
wait_for_song with the id that it answers, again and again until `ended` is true; a song takes from seconds to
some minutes, and is made whether or not you wait. Give the user the link to the audio. plan_song writes title
and lyrics first, for the user to change; price_song tells what a song costs."""
_BY_NAME = {tool.name: tool for tool in TOOLS}

Context = ServerRequestContext[Any, Any]
CallsOf = Callable[[Context], Calls]
"""Returns the service for the client of this request."""


def mcp_server(calls_of: CallsOf) -> Server[Any]:
    """The server, whose tools call what ``calls_of`` returns."""
    for name in ("mcp", "httpx2"):
        logging.getLogger(name).setLevel(logging.WARNING)  # they write a line or two for each call

    async def list_tools(_context: Context, _params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[_listed(tool) for tool in TOOLS])

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        tool = _BY_NAME.get(params.name)
        if tool is None:
            known = ", ".join(_BY_NAME)
            raise MCPError(INVALID_PARAMS, f"There is no tool {shown(params.name)}: there are {known}.")
        return await _called(tool, params.arguments or {}, calls_of(context), context)

    async def list_resources(context: Context, _params: PaginatedRequestParams | None) -> ListResourcesResult:
        return ListResourcesResult(resources=await newest_resources(calls_of(context)))

    async def list_templates(
        _context: Context, _params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        return ListResourceTemplatesResult(resource_templates=TEMPLATES)

    async def read(context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        return await read_resource(str(params.uri), calls_of(context))

    return Server(
        "songwright",
        version=VERSION,
        title="Songwright",
        description="One sentence in, a finished song out.",
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read,
    )


async def _called(tool: Tool, sent: dict[str, Any], calls: Calls, context: Context) -> CallToolResult:
    async def report(progress: float, stage: str) -> None:
        await context.session.report_progress(round(100 * progress, 1), 100.0, stage)

    try:
        arguments = tool.takes.model_validate(given(sent))
    except ValidationError as error:
        return _failed("\n".join(_sentence(dict(item)) for item in error.errors()))
    try:
        output = await tool.run(arguments, calls, report)
    except Refused as refusal:
        return _failed(_in_arguments(refusal, tool.takes))
    content: list[ContentBlock] = [TextContent(text=output.text())]
    if isinstance(output, SongFacts):
        content += links_of(output)
    return CallToolResult(content=content, structured_content=output.model_dump(mode="json"))


def _failed(sentence: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=sentence)], is_error=True)


def _sentence(item: dict[str, Any]) -> str:
    problem = field_problem({**item, "loc": ("body", *item["loc"])})
    return (
        f"{problem.field}: {problem.value} - {problem.detail}"
        if problem.value
        else f"{problem.field}: {problem.detail}"
    )


def _in_arguments(refusal: Refused, takes: type[BaseModel]) -> str:
    """The service's sentence, with the tool's name of the field."""
    name = ARGUMENTS.get(refusal.field, "")
    if name == "style" and name not in takes.model_fields:
        name = "description"
    if not name or name not in takes.model_fields:
        return refusal.detail
    return refusal.detail.replace(f"{refusal.field}:", f"{name}:", 1)


def _listed(tool: Tool) -> ListedTool:
    return ListedTool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.takes.model_json_schema(),
        output_schema=tool.gives.model_json_schema(mode="serialization"),
        annotations=ToolAnnotations(
            title=tool.title,
            read_only_hint=tool.reads,
            destructive_hint=tool.ends,
            idempotent_hint=tool.reads or tool.repeatable,
            open_world_hint=False,
        ),
    )
