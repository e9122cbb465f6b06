"""The MusicGen services that Songwright replaces: their paths, answered as they answered, by the same durable
jobs that make songs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel

from orchestrator.compat.musicgen_bodies import (
    EndpointAnswer,
    EndpointMusic,
    MusicAnswer,
    MusicMetadata,
    PromptedMusic,
    RawAnswer,
    RawMusic,
    StructuredMusic,
)
from orchestrator.server.api.context import BEARER
from orchestrator.server.api.requests.incoming import JsonRoute
from orchestrator.server.api.routes.generation import ANSWERS, Asked, Call, TheCall, generate
from orchestrator.songs.manifest import Song
from storage.contract import read

router = APIRouter(tags=["music"], dependencies=[BEARER], route_class=JsonRoute)

_LONGEST_DATA_S = 120.0
"""A data URL of so much is some 30 MB; a longer one is more than clients take."""
_ANSWERS = {
    status: answer | {"description": "The body cannot be read, or a field cannot be used."}
    if status == 400
    else answer
    for status, answer in ANSWERS.items()
    if status != 422
}


@router.post(
    "/generate-music",
    operation_id="generate_music",
    summary="Music by mood, energy, genre and tempo",
    response_model=MusicAnswer,
    responses=_ANSWERS,
)
async def generate_music(body: StructuredMusic | PromptedMusic, call: TheCall) -> Response:
    """The properties become what the music engine likes best: for MusicGen a prompt of 10 to 25 words, for
    ACE-Step tags. Or send a `prompt` of your own. There is no cover, and no words are sung."""

    def answer(song: Song) -> MusicAnswer:
        signed = body.audio_url == "signed" or song.brief.duration_s > _LONGEST_DATA_S
        return MusicAnswer(
            audio_url=_signed_url(song, call) if signed else _data_url(song, call),
            prompt=song.brief.description,
            metadata=_metadata(song),
        )

    return await _generate(body, call, answer)


@router.post(
    "/",
    operation_id="generate_raw",
    summary="Music by a prompt",
    response_model=RawAnswer,
    responses=_ANSWERS,
)
async def generate_raw(body: RawMusic, call: TheCall) -> Response:
    """The prompt goes to the music engine as it is, where that goes by words alone, as MusicGen does."""

    def answer(song: Song) -> RawAnswer:
        facts = _metadata(song)
        return RawAnswer(
            audio_base64=_audio_base64(song, call),
            prompt=body.prompt,
            duration=facts.duration,
            sample_rate=facts.sample_rate,
            size_bytes=facts.size_bytes,
            generation_time_seconds=facts.generation_time_seconds,
        )

    return await _generate(body, call, answer)


@router.post(
    "/generate_endpoint",
    operation_id="generate_endpoint",
    summary="Music by a prompt and MusicGen's parameters",
    response_model=EndpointAnswer,
    responses=_ANSWERS,
)
async def generate_endpoint(body: EndpointMusic, call: TheCall) -> Response:
    """As `POST /`; an engine that has no such parameters says so in the song's `warnings`."""

    def answer(song: Song) -> EndpointAnswer:
        facts = _metadata(song)
        return EndpointAnswer(
            audio_base64=_audio_base64(song, call), sample_rate=facts.sample_rate, duration=facts.duration
        )

    return await _generate(body, call, answer)


async def _generate(
    body: StructuredMusic | PromptedMusic | RawMusic | EndpointMusic,
    call: Call,
    answer: Callable[[Song], BaseModel],
) -> Response:
    """``answer`` reads the audio, so it runs in one of the threads that talk to the store."""
    jobs = call.service.jobs

    async def told(song: Song, headers: Mapping[str, str]) -> Response:
        def content() -> str:
            return answer(song).model_dump_json(by_alias=True)

        return Response(await jobs.stored(content), headers=dict(headers), media_type="application/json")

    brief = body.brief(call.service.settings.music.engine)
    return await generate(Asked(body, brief, body.notes()), call, told)


def _metadata(song: Song) -> MusicMetadata:
    assert song.music, "a song that is done has its music"
    duration_s, facts = song.brief.duration_s, song.engines["music"]
    return MusicMetadata.model_validate(
        {
            "duration": int(duration_s) if duration_s.is_integer() else duration_s,
            "sample_rate": song.music.rate_hz,
            "format": song.brief.format,
            "size_bytes": song.assets["audio"].size_bytes,
            "generation_time_seconds": song.timings_s["music"],
            "song_id": song.id,
            "seed": song.seed,
            "engine": facts.name,
            "model": facts.model,
            "warnings": song.warnings,
        }
    )


def _audio_base64(song: Song, call: Call) -> str:
    return b64encode(read(call.service.library.store, song.assets["audio"].key)).decode()


def _data_url(song: Song, call: Call) -> str:
    return f"data:{song.assets['audio'].content_type};base64,{_audio_base64(song, call)}"


def _signed_url(song: Song, call: Call) -> str:
    return call.service.addresses(call.base).of(song, ("audio",))["audio"]
