"""``/v1/music``, ``/v1/music/stream``, ``/v1/music/detailed`` and ``/v1/music/plan``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Receive, Scope

from config.errors import InvalidRequest
from config.settings import Settings
from music.formats import FORMATS
from orchestrator.compat.bodies import Whole, unused_in, unused_note
from orchestrator.compat.doors import Door, with_prefix
from orchestrator.compat.elevenlabs.plans import CompositionPlan, composition_plan, seconds
from orchestrator.compat.sound import SongEnded, begun, done, sound_response
from orchestrator.pipeline.inputs.changes import sung_lines
from orchestrator.server.api.context import TheService
from orchestrator.server.api.problems import Problem, of_failure
from orchestrator.server.api.requests.connection import while_connected
from orchestrator.server.api.requests.incoming import JsonRoute
from orchestrator.server.service import Service
from orchestrator.songs.brief import RANDOM_SEED, Brief
from orchestrator.songs.manifest import Song, new_songs
from storage.contract import read

_LENGTH = "music_length_ms"
_NAMES = {"duration": _LENGTH, "description": "prompt", "lyrics": "lyrics_text"}
_OF_PLANS = {
    "duration": "composition_plan.sections",
    "description": "composition_plan",
    "lyrics": "composition_plan",
}
_BOUNDARY = "songwright-part"
_FORMATS = "use auto, mp3, wav or flac; of mp3_48000_192 and the like it is mp3, at this service's own rate"
_STATUSES = {401: "invalid_api_key", 404: "not_found", 429: "too_many_requests"}

OutputFormat = Annotated[str, Query(max_length=40)]

router = APIRouter(route_class=JsonRoute)


class MusicRequest(BaseModel):
    """The body of ``POST /v1/music``."""

    model_config = ConfigDict(extra="allow")

    prompt: str | None = None
    composition_plan: CompositionPlan | None = None
    music_prompt: CompositionPlan | None = None
    """What ``composition_plan`` was called at first."""
    lyrics_text: str | None = None
    """The words that a song of a ``prompt`` sings."""
    music_length_ms: Whole = None
    force_instrumental: bool | None = None
    seed: Whole = None
    store_for_inpainting: bool | None = None
    with_timestamps: bool | None = None

    @property
    def plan(self) -> CompositionPlan | None:
        return self.composition_plan or self.music_prompt

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the request was not used, for the song's warnings."""
        plan = self.plan
        length = [_LENGTH] if plan and self.music_length_ms is not None else []
        words = ["lyrics_text"] if plan and self.lyrics_text else []
        return unused_note([*unused_in(self), *length, *words, *(plan.unused if plan else ())])

    def brief(self, output_format: str) -> Brief:
        """The brief. Raises ``InvalidRequest``, which calls fields as their clients do."""
        plan = self.plan
        if plan and self.prompt:
            raise InvalidRequest("prompt", self.prompt, "send a prompt or a composition_plan, not both")
        if plan:
            plan.check()
        if self.store_for_inpainting:
            fix = (
                "songs are not kept for inpainting: leave it out; POST /songs/{id}/repaint makes another part"
            )
            raise InvalidRequest("store_for_inpainting", self.store_for_inpainting, fix)
        fields: dict[str, object] = {
            "description": plan.style if plan else self.prompt or "",
            "lyrics": plan.lyrics if plan else self.lyrics_text or "",
            "instrumental": bool(self.force_instrumental or (plan and not plan.lyrics)),
            "seed": RANDOM_SEED if self.seed is None else self.seed,
            "format": _format(output_format),
        }
        if plan:
            fields["duration_s"] = plan.duration_s
            return _checked(fields, _NAMES | _OF_PLANS)
        if self.music_length_ms is not None:
            fields["duration_s"] = seconds(self.music_length_ms)
        return _checked(fields, _NAMES)


class PlanRequest(BaseModel):
    """The body of ``POST /v1/music/plan``."""

    model_config = ConfigDict(extra="allow")

    prompt: str
    music_length_ms: Whole = None
    source_composition_plan: Any = None


@router.post("/v1/music")
@router.post("/v1/music/stream")
async def compose(
    body: MusicRequest, service: TheService, request: Request, output_format: OutputFormat = "auto"
) -> Response:
    """A song as bytes; WAV is sent while it is made, where the engine begins early."""
    song = await begun(service, body.brief(output_format), body.notes)
    return await sound_response(request, service, song)


@router.post("/v1/music/detailed")
async def compose_detailed(
    body: MusicRequest, service: TheService, output_format: OutputFormat = "auto"
) -> Response:
    """A song as two parts: its facts as JSON, and its bytes."""
    song = await begun(service, body.brief(output_format), body.notes)
    try:
        song = await done(service, song.id)
    except SongEnded as ended:
        return of_failure(ended.song)
    facts = _facts(song)
    if body.with_timestamps:
        facts["words_timestamps"] = await service.threads.run(_times, service, song)
    asset = song.assets["audio"]
    content = await service.threads.run(read, service.library.store, asset.key)
    name = f"song{FORMATS[song.brief.format].extension}"
    head = f'Content-Type: {asset.content_type}\r\nContent-Disposition: attachment; filename="{name}"'
    parts = [
        f"--{_BOUNDARY}\r\nContent-Type: application/json\r\n\r\n{json.dumps(facts)}\r\n".encode(),
        f"--{_BOUNDARY}\r\n{head}\r\n\r\n".encode(),
        content,
        f"\r\n--{_BOUNDARY}--\r\n".encode(),
    ]
    media_type = f"multipart/mixed; boundary={_BOUNDARY}"
    return Response(b"".join(parts), headers={"song-id": song.id}, media_type=media_type)


@router.post("/v1/music/plan")
async def plan_music(body: PlanRequest, service: TheService, request: Request) -> Response:
    """A composition plan; nothing is stored."""
    if body.source_composition_plan is not None:
        fix = "a plan is not made of another: edit that one, and send it as composition_plan"
        raise InvalidRequest("source_composition_plan", body.source_composition_plan, fix)
    fields: dict[str, object] = {"description": body.prompt}
    if body.music_length_ms is not None:
        fields["duration_s"] = seconds(body.music_length_ms)
    brief = _checked(fields, _NAMES)
    service.worker.check()
    plan = await while_connected(request, service.draft(new_songs(brief)[0]))
    return JSONResponse(composition_plan(plan, brief.duration_s).model_dump(exclude={"chunks"}))


def _checked(fields: Mapping[str, object], names: Mapping[str, str]) -> Brief:
    try:
        return Brief.model_validate(fields)
    except InvalidRequest as error:
        name, value = names.get(error.field, error.field), error.value
        if name == _LENGTH:
            value = round(float(fields["duration_s"]) * 1000)  # type: ignore[arg-type]
        raise InvalidRequest(name, value, error.fix) from error


def _format(name: str) -> str:
    """The format of ``auto``, ``mp3_44100_128``, ``wav`` and the like. Raises ``InvalidRequest``."""
    found = "mp3" if name.lower() in ("", "auto") else name.lower().partition("_")[0]
    if found not in FORMATS:
        raise InvalidRequest("output_format", name, _FORMATS)
    return found


def _facts(song: Song) -> dict[str, Any]:
    assert song.plan
    return {
        "composition_plan": composition_plan(song.plan, song.brief.duration_s).model_dump(exclude={"chunks"}),
        "song_metadata": {
            "title": song.title,
            "description": song.brief.description,
            "genres": list(song.plan.categories),
            "languages": [song.plan.language] if song.plan.lyrics else [],
            "is_explicit": False,
        },
    }


def _times(service: Service, song: Song) -> list[dict[str, Any]]:
    """When each word is sung, in the milliseconds of the song."""
    words = [word for line in sung_lines(service.library, song) for word in line.words]
    return [
        {"word": word.text, "start_ms": round(1000 * word.start_s), "end_ms": round(1000 * word.end_s)}
        for word in words
    ]


def _refusal(problem: Problem, headers: Mapping[str, str]) -> Response:
    """A problem as their clients read it."""
    if problem.field and problem.status == 422:
        detail: Any = [{"loc": ["body", problem.field], "msg": problem.detail, "type": "value_error"}]
    else:
        code = problem.type.rpartition(":")[2].replace("-", "_")
        detail = {"status": _STATUSES.get(problem.status, code), "message": problem.detail}
    return JSONResponse({"detail": detail}, problem.status, dict(headers))


async def _identify(scope: Scope, receive: Receive, _settings: Settings) -> Receive:
    """Their clients send the token as ``xi-api-key``."""
    headers = Headers(scope=scope)
    token = headers.get("xi-api-key", "")
    if token and "authorization" not in headers:
        MutableHeaders(scope=scope)["authorization"] = f"Bearer {token}"
    return receive


DOOR = Door(app=with_prefix(router), refusal=_refusal, identify=_identify)
