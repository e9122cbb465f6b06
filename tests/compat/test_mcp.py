"""Songwright as tools of an agent: the SDK's own client, over Streamable HTTP and over stdio."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from orchestrator.cli.commands.exits import INTERRUPTED
from orchestrator.compat.mcp import INSTALL, WITHOUT_SDK
from tests.compat.doors import server as server
from tests.orchestrator.early import HOLD
from tests.orchestrator.test_cli import COMMAND, QUICK, ROOT, environment
from tests.service.server import ONE_EACH, TOKEN, Server, holding

NAMES = {
    "make_song", "make_song_with_lyrics", "plan_song", "extend_song", "repaint_song", "get_song",
    "wait_for_song", "list_songs", "update_song", "cancel_song", "price_song",
}  # fmt: skip


@asynccontextmanager
async def agent(server: Server, mode: Literal["auto", "legacy"] = "auto") -> AsyncIterator[Client]:
    """``legacy`` is a client of the protocol before 2026, which begins with a handshake."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(f"{server.url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


async def called(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The structured answer of a tool."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert result.content[0].type == "text"
    found: dict[str, Any] = result.structured_content
    return found


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """The sentence with which a tool refuses."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert result.content[0].type == "text"
    return result.content[0].text


def test_an_agent_makes_finds_and_changes_songs(server: Server) -> None:
    asyncio.run(_makes_finds_and_changes(server))


async def _makes_finds_and_changes(server: Server) -> None:
    async with agent(server) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == NAMES
        assert all(tool.description and tool.output_schema for tool in tools.values())
        undescribed = [
            (name, argument)
            for name, tool in tools.items()
            for argument, schema in tool.input_schema["properties"].items()
            if "description" not in schema
        ]
        assert undescribed == []
        hints = {name: tool.annotations.model_dump() for name, tool in tools.items() if tool.annotations}
        assert hints["get_song"]["read_only_hint"] is True
        assert hints["cancel_song"]["destructive_hint"] is True
        assert (hints["make_song"]["read_only_hint"], hints["make_song"]["destructive_hint"]) == (
            False,
            False,
        )

        plan = await called(client, "plan_song", description="a slow waltz about rain", duration_s=6, seed=5)
        begun = await called(
            client,
            "make_song",
            description="a slow waltz",
            duration_s=6,
            seed=5,
            plan=json.dumps(plan | {"title": "Mine"}),  # agents send such texts, and nulls
            variations=None,
        )
        seen: list[tuple[float, float | None, str | None]] = []

        async def progress(done: float, total: float | None, message: str | None) -> None:
            seen.append((done, total, message))

        waited = await client.call_tool(
            "wait_for_song", {"song_id": begun["song_id"]}, progress_callback=progress
        )
        song = waited.structured_content
        assert (song["status"], song["ended"], song["title"]) == ("done", True, "Mine")
        assert seen == sorted(seen, key=lambda item: item[0])
        assert seen[-1][:2] == (100.0, 100.0)
        links = [block.uri for block in waited.content if block.type == "resource_link"]
        assert links == [f"song://{song['song_id']}/{role}" for role in ("audio", "cover", "lyrics")]
        assert len(waited.model_dump_json()) < 10_000  # links, and no file
        audio = httpx2.get(song["links"]["audio"])
        assert audio.headers["content-type"] == "audio/mpeg"

        templates = (await client.list_resource_templates()).resource_templates
        assert templates[0].uri_template == "song://{id}/audio"
        listed = [resource.uri for resource in (await client.list_resources()).resources]
        assert set(links[:2]) <= set(listed)
        read = (await client.read_resource(links[0])).contents[0]
        assert base64.b64decode(read.blob) == audio.content
        assert "hum" in (await client.read_resource(links[2])).contents[0].text or song["lyrics"]
        with pytest.raises(MCPError, match="There is no resource"):
            await client.read_resource("song://x/package")

        sung = await called(
            client,
            "make_song_with_lyrics",
            style="folk",
            lyrics="[verse]\nOne line",
            duration_s=6,
            format="wav",
        )
        assert (await called(client, "wait_for_song", song_id=sung["song_id"]))["status"] == "done"
        refusal = await refused(client, "extend_song", song_id=song["song_id"], by_s=4)
        assert "engine 'early' does not do it" in refusal
        found = await called(client, "list_songs", query="mine", limit=1)
        assert len(found["songs"]) == 1
        marked = await called(
            client, "update_song", song_id=song["song_id"], title="Mine", favourite=True, tags=["a", "b"]
        )
        assert (marked["title"], marked["favourite"], marked["tags"]) == ("Mine", True, ["a", "b"])
        for wish in (
            {"favourite": True},
            {"tag": "B"},
            {"favourite": True, "status": "done", "sort": "title"},
        ):
            found = await called(client, "list_songs", **wish)
            assert [each["song_id"] for each in found["songs"]] == [song["song_id"]], wish
        assert (await called(client, "list_songs", genre="no such", sort="duration"))["songs"] == []
        assert "status" in await refused(client, "list_songs", status="lost")
        assert "send at least one of title" in await refused(client, "update_song", song_id=song["song_id"])
        assert (await called(client, "get_song", song_id=song["song_id"]))["links"].keys() >= {
            "audio",
            "package",
        }
        price = await called(client, "price_song", description="a waltz", duration_s=6)
        assert price["measured_songs"] > 0
        assert price["usd"] is None

        assert await refused(client, "make_song", description="a waltz", duration_s=2) == (
            "duration_s: 2.0 - send 5 or more"
        )
        nan = await refused(client, "make_song", description="a waltz", plan='{"tempo_bpm": NaN}')
        assert nan.startswith("NaN")
        assert await refused(client, "make_song") == "description: it is missing: send it"
        assert "no song" in await refused(client, "get_song", song_id="yb0ad2k3w1h7q5m")
        assert (await refused(client, "get_song", song_id="../../metrics")).startswith("There is no path")
        assert "send it back" not in await refused(client, "cancel_song", song_id=song["song_id"])


def test_a_wait_ends_before_its_client_gives_up_and_what_is_cancelled_is_the_wait(server: Server) -> None:
    with holding(server.home / HOLD) as let_go:
        asyncio.run(_waits(server))
        let_go()


async def _waits(server: Server) -> None:
    async with agent(server, "legacy") as client:
        begun = await called(client, "make_song", description="a long one", duration_s=6, seed=21)
        there = await called(client, "wait_for_song", song_id=begun["song_id"], timeout_s=0.2)
        assert not there["ended"]
        tells = asyncio.Event()

        async def progress(_done: float, _total: float | None, _message: str | None) -> None:
            tells.set()

        waiting = asyncio.ensure_future(
            client.call_tool("wait_for_song", {"song_id": begun["song_id"]}, progress_callback=progress)
        )
        await asyncio.wait_for(tells.wait(), 60)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        there = await called(client, "get_song", song_id=begun["song_id"])
        assert not there["ended"]
        assert (await called(client, "cancel_song", song_id=begun["song_id"]))["status"] == "cancelled"


def test_only_a_token_opens_it(server: Server) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"Accept": "application/json, text/event-stream"}
    for headers in (
        {},
        {"Authorization": "Bearer wrong-token-0123456789"},
        {"Cookie": f"songwright={TOKEN}"},
    ):
        answer = httpx2.post(f"{server.url}/mcp", json=message, headers=headers | accept)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    good = {"Authorization": f"Bearer {TOKEN}"}
    assert httpx2.post(f"{server.url}/mcp", json=message, headers=good | accept).status_code == 200
    assert httpx2.get(f"{server.url}/mcp", headers=good | accept).status_code == 405
    for origin, status in ((server.url, 200), ("https://evil.example", 403), ("null", 403)):
        headers = good | accept | {"Origin": origin}
        assert httpx2.post(f"{server.url}/mcp/", json=message, headers=headers).status_code == status


def test_it_speaks_on_stdio_with_engines_of_its_own(tmp_path: Path) -> None:
    engines = QUICK | ONE_EACH | {"SONGWRIGHT_MUSIC__ENGINE": "sketch"}  # it can change songs
    asyncio.run(_on_stdio(tmp_path, engines, "file://"))


def test_it_speaks_on_stdio_for_a_service_elsewhere(server: Server, tmp_path: Path) -> None:
    there = {"SONGWRIGHT_URL": server.url, "SONGWRIGHT_TOKEN": TOKEN}
    asyncio.run(_on_stdio(tmp_path, there, server.url))


async def _on_stdio(home: Path, variables: dict[str, str], links: str) -> None:
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "orchestrator", "mcp"],
        env=environment(home, **variables),
        cwd=ROOT,
    )
    with (home / "stderr").open("w") as errors:
        async with Client(stdio_client(command, errlog=errors)) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == NAMES
            begun = await called(client, "make_song", description="a march", duration_s=5, seed=3)
            song = await called(client, "wait_for_song", song_id=begun["song_id"])
            assert song["status"] == "done", song
            assert song["links"]["audio"].startswith(links)
            read = (await client.read_resource(f"song://{song['song_id']}/cover")).contents[0]
            assert base64.b64decode(read.blob).startswith(b"\x89PNG")
            if links != "file://":
                return
            assert song["links"]["audio"] == (home / "songs" / song["song_id"] / "audio.mp3").as_uri()
            longer = await called(client, "extend_song", song_id=song["song_id"], by_s=4)
            other = await called(client, "repaint_song", song_id=song["song_id"], start_s=1, end_s=3)
            for begun in (longer, other):
                song = await called(client, "wait_for_song", song_id=begun["song_id"])
                assert song["status"] == "done", song


def test_ctrl_c_ends_it_though_nothing_comes_on_stdin(tmp_path: Path) -> None:
    env = environment(tmp_path, SONGWRIGHT_URL="http://127.0.0.1:9", SONGWRIGHT_TOKEN=TOKEN)
    process = subprocess.Popen(
        [*COMMAND, "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT
    )
    with process:
        assert process.stdin
        assert process.stdout
        process.stdin.write('{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        process.stdin.flush()
        assert process.stdout.readline(), "it is there"
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(60) == INTERRUPTED
        finally:
            process.kill()


WITHOUT = """
import asyncio, sys
for name in ("mcp", "mcp_types", "httpx2"):
    sys.modules[name] = None
import httpx
from config.errors import Unavailable
from config.settings import Settings
from orchestrator.compat.mcp.stdio import serve_stdio
from orchestrator.server.api import create_app
from orchestrator.server.auth import Tokens
token = "token-of-the-tests-0123456789"
try:
    serve_stdio(Settings(), print)
except Unavailable as error:
    print(error)
app = create_app(Settings(), Tokens((token,)))
async def ask():
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.post("/mcp", json={}, headers={"Authorization": f"Bearer {token}"})
print(asyncio.run(ask()).json()["detail"])
"""


def test_without_the_sdk_it_says_what_to_install(tmp_path: Path) -> None:
    run = [sys.executable, "-c", WITHOUT]
    done = subprocess.run(
        run, capture_output=True, text=True, env=environment(tmp_path), cwd=ROOT, check=True
    )
    sentence = f"{WITHOUT_SDK} - {INSTALL}"
    assert 'pip install "songwright[mcp]"' in sentence
    assert done.stdout.splitlines() == [sentence, sentence]
