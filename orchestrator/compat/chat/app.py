"""``/v1/chat/completions``, ``/v1/models`` and ``/v1/audio/speech``."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from config.errors import NotFound, SongwrightError
from orchestrator.compat.chat.answers import (
    audio_list,
    audio_object,
    chunk,
    completion,
    error_of,
    event,
    expires_at,
    failed_chunk,
    refusal,
    text_of,
    usage_chunk,
)
from orchestrator.compat.chat.bodies import MODEL, ChatRequest, SpeechRequest
from orchestrator.compat.doors import Door, with_prefix
from orchestrator.compat.sound import SongEnded, begun, done, sound_pieces, sound_response, with_pauses
from orchestrator.server.api.context import Base, TheService
from orchestrator.server.api.problems import of_failure
from orchestrator.server.api.requests.incoming import JsonRoute
from orchestrator.server.service import Service
from orchestrator.songs.manifest import Song
from storage.contract import read

_CREATED = 1_767_225_600  # of all models: 2026
_SILENT_S = 10.0
_STREAM = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_LONGEST_DATA_BYTES = 30_000_000
"""Clients take no longer data URLs: past it there is a signed address."""

router = APIRouter(route_class=JsonRoute)


@router.get("/v1/models")
async def list_models(service: TheService) -> dict[str, Any]:
    """The service as a model, and the model that makes its music."""
    return {"object": "list", "data": [_model(name) for name in _models(service)]}


@router.get("/v1/models/{name:path}")
async def read_model(name: str, service: TheService) -> dict[str, Any]:
    """One of them. Requests may name any model: there is one, and it makes the song."""
    if name not in _models(service):
        raise NotFound("model", name, f"use {MODEL}")
    return _model(name)


@router.post("/v1/chat/completions")
async def complete_chat(body: ChatRequest, service: TheService, base: Base) -> Response:
    """A song of the last message. With ``stream`` its sound comes in pieces."""
    return await answered(body, service, base, body.form)


async def answered(body: ChatRequest, service: Service, base: str, form: str) -> Response:
    """The answer in this form, of those that ``ChatRequest.form`` names."""
    brief = body.brief(form)
    song = await begun(service, brief, body.notes)
    if body.stream:
        events = _as_events(service, song, base, body, form)
        return StreamingResponse(events, media_type="text/event-stream", headers=_STREAM)
    try:
        song = await done(service, song.id)
    except SongEnded as ended:
        return of_failure(ended.song)
    return JSONResponse(completion(song.id, body.model, await _message(service, song, base, form)))


@router.post("/v1/audio/speech")
async def make_speech(body: SpeechRequest, service: TheService, request: Request) -> Response:
    """A song as bytes. WAV is sent while it is made, where the engine begins early."""
    song = await begun(service, body.brief(), body.notes)
    if body.stream_format == "sse":
        events = _speech_events(service, song)
        return StreamingResponse(events, media_type="text/event-stream", headers=_STREAM)
    return await sound_response(request, service, song)


async def _message(service: Service, song: Song, base: str, form: str) -> dict[str, Any]:
    """The message about a song that is done."""
    urls = service.addresses(base).of(song)
    if form == "text":
        return {"content": text_of(song, urls, form)}
    asset = song.assets["audio"]
    if form == "acestep" and asset.size_bytes > _LONGEST_DATA_BYTES:
        return {"content": text_of(song, urls, form), "audio": audio_list(urls["audio"])}
    content = await service.threads.run(read, service.library.store, asset.key)
    if form == "openai":
        return {"audio": audio_object(song, content)}
    url = f"data:{asset.content_type};base64,{b64encode(content).decode()}"
    return {"content": text_of(song, urls, form), "audio": audio_list(url)}


async def _as_events(
    service: Service, song: Song, base: str, body: ChatRequest, form: str
) -> AsyncIterator[bytes]:
    """The stream: comments while nothing else is to be said, so that no proxy cuts it."""
    model = body.model
    sound = sound_pieces(service, song.id) if form == "openai" else _silence(service, song.id)
    yield chunk(song.id, model, {"role": "assistant", "content": ""})
    try:
        if form == "openai":
            yield chunk(song.id, model, {"audio": {"id": song.id}})
        async for piece in with_pauses(sound, _SILENT_S):
            if piece is None:
                yield b": the song is being made\n\n"
            elif piece:
                yield chunk(song.id, model, {"audio": {"data": b64encode(piece).decode()}})
        song = await done(service, song.id)
        if form == "openai":
            yield chunk(song.id, model, {"audio": {"transcript": song.plan.lyrics if song.plan else ""}})
            yield chunk(song.id, model, {"audio": {"expires_at": expires_at()}})
        else:
            yield chunk(song.id, model, await _message(service, song, base, form))
        yield chunk(song.id, model, {}, "stop")
    except SongwrightError as error:
        yield failed_chunk(song.id, model, str(error))
    if body.tells_usage:
        yield usage_chunk(song.id, model)
    yield b"data: [DONE]\n\n"


async def _silence(service: Service, song_id: str) -> AsyncIterator[bytes]:
    """An empty piece, once the song is done. Raises ``SongEnded``."""
    await done(service, song_id)
    yield b""


async def _speech_events(service: Service, song: Song) -> AsyncIterator[bytes]:
    try:
        async for piece in with_pauses(sound_pieces(service, song.id), _SILENT_S):
            if piece is None:
                yield b": the song is being made\n\n"
            else:
                yield event({"type": "speech.audio.delta", "audio": b64encode(piece).decode()})
        usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        yield event({"type": "speech.audio.done", "usage": usage})
    except SongwrightError as error:
        yield event({"error": error_of(str(error), 500)})


def _models(service: Service) -> list[str]:
    """The names: ours, and that of the model that makes the music."""
    music = service.engines().get("music")
    return [MODEL, music.model or music.name] if music else [MODEL]


def _model(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": _CREATED,
        "owned_by": MODEL,
        "name": name,
        "description": "Songs from words: lyrics, music with a sung vocal, cover art.",
        "input_modalities": ["text"],
        "output_modalities": ["audio", "text"],
    }


DOOR = Door(app=with_prefix(router), refusal=refusal)
