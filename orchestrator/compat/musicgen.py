"""The API of the MusicGen services that Songwright replaces: their paths and responses, served by the same
durable jobs that make songs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Annotated, TypeVar

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Tag

from orchestrator.compat.musicgen_answers import EndpointAnswer, MusicAnswer, MusicMetadata, RawAnswer
from orchestrator.compat.musicgen_bodies import EndpointMusic, PromptedMusic, RawMusic, StructuredMusic
from orchestrator.server.api.context import BEARER
from orchestrator.server.api.openapi import SONG_ANSWERS
from orchestrator.server.api.requests.call import Call, TheCall
from orchestrator.server.api.requests.incoming import JsonRoute
from orchestrator.server.api.song_requests import SongRequest, generate, song_route
from orchestrator.songs.manifest import Song
from storage.contract import read

# The tags name the kinds in errors.
OneOfBoth = (
    Annotated[StructuredMusic, Tag("StructuredMusic")] | Annotated[PromptedMusic, Tag("PromptedMusic")]
)
Body = TypeVar("Body", StructuredMusic | PromptedMusic, RawMusic, EndpointMusic)

router = APIRouter(tags=["music"], dependencies=[BEARER], route_class=JsonRoute)

_LONGEST_DATA_S = 120.0
"""A data URL of that length has some 30 MB; clients do not accept longer ones."""
_ANSWERS = {
    status: answer | {"description": "The body cannot be read, or a field cannot be used."}
    if status == 400
    else answer
    for status, answer in SONG_ANSWERS.items()
    if status != 422
}


@song_route(router, "/generate-music", "Music by mood, energy, genre and tempo", MusicAnswer, _ANSWERS)
async def generate_music(body: OneOfBoth, call: TheCall) -> Response:
    """The properties become what the music engine likes best: for MusicGen a prompt of 10 to 25 words, for
    ACE-Step tags. Or send a `prompt` of your own. There is no cover, and no words are sung."""
    return await _generate(body, call, _music_answer)


@song_route(router, "/", "Music by a prompt", RawAnswer, _ANSWERS)
async def generate_raw(body: RawMusic, call: TheCall) -> Response:
    """The prompt goes to the music engine as it is, where that goes by words alone, as MusicGen does."""
    return await _generate(body, call, _raw_answer)


@song_route(
    router, "/generate_endpoint", "Music by a prompt and MusicGen's parameters", EndpointAnswer, _ANSWERS
)
async def generate_endpoint(body: EndpointMusic, call: TheCall) -> Response:
    """As `POST /`; an engine that has no such parameters says so in the song's `warnings`."""
    return await _generate(body, call, _endpoint_answer)


async def _generate(body: Body, call: Call, answer: Callable[[Body, Call, Song], BaseModel]) -> Response:
    """``answer`` makes the response's content. It reads the audio, so it runs in one of the store's
    threads."""
    threads = call.service.threads

    async def respond(song: Song, headers: Mapping[str, str]) -> Response:
        def content() -> str:
            return answer(body, call, song).model_dump_json(by_alias=True, exclude_none=True)

        return Response(await threads.run(content), headers=dict(headers), media_type="application/json")

    brief = body.brief(call.service.settings.music.engine)
    return await generate(SongRequest(body, brief, body.notes()), call, respond)


def _music_answer(body: StructuredMusic | PromptedMusic, call: Call, song: Song) -> MusicAnswer:
    signed = body.audio_url == "signed" or song.brief.duration_s > _LONGEST_DATA_S
    return MusicAnswer(
        audio_url=_signed_url(song, call) if signed else _data_url(song, call),
        prompt=song.brief.description,
        metadata=_metadata(song),
    )


def _raw_answer(_: RawMusic, call: Call, song: Song) -> RawAnswer:
    facts = _metadata(song)
    return RawAnswer(
        audio_base64=_audio_base64(song, call),
        prompt=song.brief.description,
        duration=facts.duration,
        sample_rate=facts.sample_rate,
        size_bytes=facts.size_bytes,
        generation_time_seconds=facts.generation_time_seconds,
        warnings=facts.warnings or None,
    )


def _endpoint_answer(_: EndpointMusic, call: Call, song: Song) -> EndpointAnswer:
    facts = _metadata(song)
    return EndpointAnswer(
        audio_base64=_audio_base64(song, call),
        sample_rate=facts.sample_rate,
        duration=facts.duration,
        warnings=facts.warnings or None,
    )


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
