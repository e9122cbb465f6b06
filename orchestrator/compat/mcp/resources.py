"""A song's files as resources: their bytes go to a client that reads one, never with a tool's answer."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Container
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    Annotations,
    BlobResourceContents,
    ReadResourceResult,
    Resource,
    ResourceLink,
    ResourceTemplate,
    TextResourceContents,
)

from orchestrator.compat.mcp.calls import Calls, Refused, song_path
from orchestrator.compat.mcp.outputs import SongFacts

_URI = re.compile(r"song://([0-9a-z]{1,40})/([a-z]{1,20})")
_NEWEST = "20"
_ROLES = {
    "audio": ("The song's audio", "WAV, FLAC or MP3, as it was made.", None),
    "cover": ("The song's cover", "A picture.", "image/png"),
    "lyrics": ("The song's words", "Tagged by section.", "text/plain"),
}
TEMPLATES = [
    ResourceTemplate(
        name=f"song-{role}",
        title=title,
        uri_template=f"song://{{id}}/{role}",
        description=f"{description} {{id}} is the song's id.",
        mime_type=media_type,
    )
    for role, (title, description, media_type) in _ROLES.items()
]


def links_of(song: SongFacts) -> list[ResourceLink]:
    """The resources of a song that has ended."""
    return [ResourceLink(**facts) for facts in _facts(song.song_id, song.title, song.links)]


async def newest_resources(calls: Calls) -> list[Resource]:
    """The resources of the newest songs. A library may have thousands: ``list_songs`` finds others. Raises
    ``MCPError`` with the service's sentence if it refuses."""
    try:
        page = await calls.json("GET", "/songs", query={"status": "done", "limit": _NEWEST})
    except Refused as refusal:
        raise MCPError(INTERNAL_ERROR, refusal.detail) from refusal
    return [
        Resource(**facts)
        for song in page["songs"]
        for facts in _facts(song["id"], song["title"], song["urls"])
    ]


def _facts(song_id: str, name: str, has: Container[str]) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{name or song_id} ({role})",
            "title": title,
            "uri": f"song://{song_id}/{role}",
            "mime_type": media_type,
            "annotations": Annotations(audience=["user"]),
        }
        for role, (title, _, media_type) in _ROLES.items()
        if role in has
    ]


async def read_resource(uri: str, calls: Calls) -> ReadResourceResult:
    """The file of a song. Raises ``MCPError`` with the service's sentence if there is none."""
    found = _URI.fullmatch(uri)
    if not found or found[2] not in _ROLES:
        known = ", ".join(template.uri_template for template in TEMPLATES)
        raise MCPError(INVALID_PARAMS, f"There is no resource {uri[:100]!r}: there are {known}.")
    song_id, role = found.groups()
    try:
        song = await calls.json("GET", song_path(song_id))
        asset = song["assets"].get(role)
        if asset is None or role not in song["urls"]:
            raise MCPError(INVALID_PARAMS, f"Song {song_id} is {song['status']} and has no {role}.")
        content, media_type = await calls.file(asset["key"])
    except Refused as refusal:
        raise MCPError(INVALID_PARAMS, refusal.detail) from refusal
    media_type = media_type.partition(";")[0]
    if media_type.startswith("text/"):
        text = TextResourceContents(uri=uri, mime_type=media_type, text=content.decode())
        return ReadResourceResult(contents=[text])
    blob = BlobResourceContents(uri=uri, mime_type=media_type, blob=b64encode(content).decode())
    return ReadResourceResult(contents=[blob])
