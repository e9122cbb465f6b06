"""Changes of a song of the library, or of a recording that was sent (``POST /audio``), whose id may stand in
place of a song's: each makes a new song, and leaves the other as it is."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from config.engine import EngineInfo
from config.errors import EngineUnavailable
from music.contract import Task
from orchestrator.pipeline.inputs.changes import changed_brief, separator_info, sung_lines
from orchestrator.pipeline.inputs.covers import brief_of_cover
from orchestrator.pipeline.inputs.recording_changes import source_brief
from orchestrator.pipeline.inputs.recordings import is_recording, load_recording
from orchestrator.server.api.context import BEARER, SongId
from orchestrator.server.api.openapi import SONG_ANSWERS, refusals
from orchestrator.server.api.requests.bodies.changes import (
    Changing,
    Complete,
    Extend,
    NewCover,
    Reference,
    Remix,
    Repaint,
    Resing,
    Stems,
)
from orchestrator.server.api.requests.call import Call, TheCall
from orchestrator.server.api.requests.incoming import JsonRoute
from orchestrator.server.api.song_requests import SongRequest, generate, song_route
from orchestrator.server.service import Service
from orchestrator.songs.brief import Brief

router = APIRouter(tags=["change"], dependencies=[BEARER], route_class=JsonRoute)
_ANSWERS = {**SONG_ANSWERS, **refusals(404, 409)}


@song_route(router, "/songs/{song_id}/extend", "A song that goes on", responses=_ANSWERS)
async def extend_song(song_id: str, body: Extend, call: TheCall) -> Response:
    """A new song, `by_s` seconds longer: the first one up to where its end begins, and a new part with an
    ending of its own; with `from_s` up to that second, and `by_s` seconds after it. With `before` they come
    before its beginning. What is kept is the same to the sample. `brief.change` in the answer names the song
    and what was changed."""
    return await _change(song_id, body, call)


@song_route(router, "/songs/{song_id}/repaint", "A song with another part", responses=_ANSWERS)
async def repaint_song(song_id: str, body: Repaint, call: TheCall) -> Response:
    """A new song: the first one with other music, and other words if some are sent, from `start_s` to
    `end_s`, by its bars. Outside of them it is the same to the sample."""
    return await _change(song_id, body, call)


@song_route(router, "/songs/{song_id}/remix", "A song in another style", responses=_ANSWERS)
async def remix_song(song_id: str, body: Remix, call: TheCall) -> Response:
    """A new song: the first one, with its words, as `prompt` says. How much of it is kept is `strength`; of
    the embedded composer's songs, tune, harmony and form up to 0.75."""
    return await _change(song_id, body, call)


@song_route(router, "/songs/{song_id}/resing", "Other words on a song's tune", responses=_ANSWERS)
async def resing_song(song_id: str, body: Resing, call: TheCall) -> Response:
    """A new song: the first one with other words. The embedded composer keeps the tune note for note, and the
    band as it was played. Lines are sung in order if there are as many as before; else by sections."""
    return await _change(song_id, body, call)


@song_route(router, "/songs/{song_id}/reference", "A song that sounds like another", responses=_ANSWERS)
async def refer_to_song(song_id: str, body: Reference, call: TheCall) -> Response:
    """A new song, as `prompt` says, that sounds like the first one: its voices, instruments and space, and
    not its tune. ACE-Step does it."""
    return await _change(song_id, body, call)


@song_route(router, "/songs/{song_id}/stems", "The parts that a song is mixed of", responses=_ANSWERS)
async def separate_song(song_id: str, body: Stems, call: TheCall) -> Response:
    """The song with its stems, as a new song: its audio is the same. Songs of the embedded composer have
    theirs from the beginning: 409. For others, `demucs` does it where it is set, else ACE-Step's base
    checkpoint."""
    return await _change(song_id, body, call)


@song_route(router, "/songs/{song_id}/complete", "A band for a voice alone", responses=_ANSWERS)
async def complete_song(song_id: str, body: Complete, call: TheCall) -> Response:
    """A new song: the voice that is heard in the first one, with a band. ACE-Step's base checkpoint does
    it."""
    return await _change(song_id, body, call)


@song_route(router, "/songs/{id}/cover", "A song with another cover", responses=_ANSWERS)
async def cover_song(song_id: SongId, body: NewCover, call: TheCall) -> Response:
    """A new song: the same sound, words and stems, and a cover that is painted anew by `seed`, inside the
    audio too. The first one stays as it is; `parent` in the answer names it."""
    brief = await brief_of_new_cover(song_id, body, call.service)
    return await generate(SongRequest(body, brief, body.notes()), call)


async def _change(song_id: str, body: Changing, call: Call) -> Response:
    brief = await brief_of_change(song_id, body, call.service)
    return await generate(SongRequest(body, brief, body.notes()), call)


async def brief_of_change(source_id: str, body: Changing, service: Service) -> Brief:
    """The brief of the changed song or recording. Raises as ``changed_brief`` or ``source_brief``, and
    ``NotFound`` if there is no such one."""
    engine, fields = _engine(service, body.TASK), body.changes()
    if is_recording(source_id):
        recording = await service.threads.run(load_recording, service.library.store, source_id)
        return source_brief(recording, engine, body.wanted(), **fields)
    song = await service.threads.load(source_id)
    lines = await service.threads.run(sung_lines, service.library, song)
    return changed_brief(song, lines, engine, body.wanted(), **fields)


async def brief_of_new_cover(song_id: str, body: NewCover, service: Service) -> Brief:
    """The brief of the song with another cover. Raises as ``brief_of_cover``, and ``NotFound`` if there is no
    such song; a recording has no cover."""
    return brief_of_cover(await service.threads.load(song_id), body.prompt.strip(), body.seed)


def _engine(service: Service, task: Task) -> EngineInfo:
    """The engine that does the task. Raises ``EngineUnavailable`` while it is not known what it can do."""
    if task == "stems" and service.worker.separates:
        service.worker.check(("separation",))
        return separator_info(service.settings.separation.engine)
    service.worker.check(("music",))
    info = service.engines().get("music")
    if info is None:
        raise EngineUnavailable("the music engine has not said yet what it can do", "ask again in a minute")
    return info
