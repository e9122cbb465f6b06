"""suno-api's routes. Each is what its source does (github.com/gcui-art/suno-api, ``src/app``), with a song of
ours in place of a clip of Suno's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope

from config.errors import Conflict, InvalidRequest, NotFound, Unreadable
from config.settings import Settings
from orchestrator.compat.bodies import json_fields, text, truth
from orchestrator.compat.chat.messages import notes_of_messages
from orchestrator.compat.doors import Door
from orchestrator.compat.making import begun, changed, renamed, service_of, song_of, until
from orchestrator.compat.suno.briefs import FORMAT, NAMES, custom, described, extension, notes
from orchestrator.compat.suno.infos import (
    STEM_SIGN,
    UNTOLD,
    info,
    infos_of,
    is_ready,
    listed_state,
    stem_infos,
)
from orchestrator.pipeline.inputs.changes import sung_lines
from orchestrator.server.api.problems import Problem, of_failure
from orchestrator.server.api.requests.bodies.changes import Stems
from orchestrator.server.api.requests.connection import while_connected
from orchestrator.server.auth import as_bearer
from orchestrator.server.service import Service
from orchestrator.songs.manifest import Song, Status, new_songs

WAIT_S = 100.0
"""Seconds that ``wait_audio`` waits, and then answers what there is, as there."""
_PAGE = 20
_LAST_PAGE = 500
_MOST_IDS = 100
_CREDITS = 5
"""What a song costs at Suno."""
_STYLE = ("tags", "title", "negative_tags")
_STATUSES = {422: 400, 415: 400}
_BUDGET = "budget"


def refusal(problem: Problem, headers: Mapping[str, str]) -> Response:
    """``{error}``, with 402 where Modal's workspace has spent what it may."""
    spent = problem.status == 503 and _BUDGET in (problem.fix or "")
    status = 402 if spent else _STATUSES.get(problem.status, problem.status)
    return JSONResponse({"error": problem.detail}, status, dict(headers))


async def generate(request: Request) -> Response:
    """Two songs of a description."""
    fields, service = await json_fields(request), service_of(request)
    songs = await begun(service, described(fields), notes(fields, "make_instrumental"), listen=True)
    return await _answer(request, fields, songs)


async def custom_generate(request: Request) -> Response:
    """Two songs of words and a style."""
    fields, service = await json_fields(request), service_of(request)
    songs = await begun(service, custom(fields), notes(fields, "make_instrumental", *_STYLE), listen=True)
    return await _answer(request, fields, songs)


async def extend_audio(request: Request) -> Response:
    """Two songs that go on. Each is the whole song, and not its new part alone."""
    fields, service = await json_fields(request), service_of(request)
    song = await _named(service, fields, "audio_id", "Audio ID is required")
    work = changed(
        service,
        song.id,
        extension(fields, song),
        notes(fields, "audio_id", "continue_at", *_STYLE),
        listen=True,
    )
    return await _answer(request, fields, await renamed(work, NAMES))


async def concat(request: Request) -> Response:
    """The whole song of an extension, which it is already."""
    fields, service = await json_fields(request), service_of(request)
    song = await _named(service, fields, "clip_id", "Clip id is required")
    return JSONResponse(info(service, song, _base(request)))


async def generate_stems(request: Request) -> Response:
    """The stems that a song has, or a song that will have them once it is complete."""
    fields, service = await json_fields(request), service_of(request)
    song = await _named(service, fields, "audio_id", "Audio ID is required")
    if stems := stem_infos(service, song, _base(request)):
        return JSONResponse(stems)
    songs = await changed(service, song.id, Stems(format=FORMAT))
    infos = [info(service, each, _base(request), "submitted") for each in songs]
    return JSONResponse([{**each, "stem_from_id": song.id} for each in infos])


async def generate_lyrics(request: Request) -> Response:
    """Words alone: nothing is stored."""
    fields, service = await json_fields(request), service_of(request)
    song = new_songs(described(fields, takes=1))[0]
    service.worker.check()
    plan = await while_connected(request, service.draft(song))
    return JSONResponse({"text": plan.lyrics, "title": plan.title, "status": "complete"})


async def get(request: Request) -> Response:
    """The songs with these ids, of which unknown ones are left out; without ids a page of the library."""
    service, base = service_of(request), _base(request)
    given = ",".join(request.query_params.getlist("ids"))
    named = [each.strip() for each in given.split(",") if each.strip()]
    if not named:
        songs = await service.threads.run(_page, service, request.query_params.get("page", ""))
        newest = [service.feed.newest(song) for song in songs]
        return JSONResponse([info(service, song, base, listed_state(service, song)) for song in newest])
    if len(named) > _MOST_IDS:
        raise InvalidRequest("ids", f"{len(named)} ids", f"send {_MOST_IDS} at the most")
    found = []
    for each in named:
        song_id, _, stem = each.partition(STEM_SIGN)
        try:
            found += infos_of(service, await song_of(service, song_id), base, stem)
        except (NotFound, Unreadable):
            continue
    return JSONResponse(found)


async def clip(request: Request) -> Response:
    """One song or stem."""
    service = service_of(request)
    named = request.query_params.get("id")
    if named is None:
        raise InvalidRequest("id", "", "Missing parameter id")
    song_id, _, stem = named.partition(STEM_SIGN)
    found = infos_of(service, await song_of(service, song_id), _base(request), stem)
    if not found:
        raise NotFound("clip", named, "the song has no such stem")
    return JSONResponse(found[0])


async def get_aligned_lyrics(request: Request) -> Response:
    """The words with their times; the last of a line ends in a line feed, as there."""
    service = service_of(request)
    song = await _named(service, request.query_params, "song_id", "Song ID is required")
    if song.status is not Status.DONE:
        raise Conflict(f"song {song.id} is {song.status.value}", "its words have times when it is complete")
    certain = song.listening.share if song.listening else 1.0
    lines = await service.threads.run(sung_lines, service.library, song)
    return JSONResponse(
        [
            {
                "word": word.text + ("\n" if n == len(line.words) else " "),
                "start_s": round(word.start_s, 3),
                "end_s": round(word.end_s, 3),
                "success": True,
                "p_align": round(certain, 3),
            }
            for line in lines
            for n, word in enumerate(line.words, 1)
        ]
    )


async def get_limit(request: Request) -> Response:
    """There is nothing to buy: the credits are for as many songs as may wait now."""
    service = service_of(request)
    most, waiting = service.settings.queue_limit, service.jobs.waiting
    return JSONResponse(
        {
            "credits_left": _CREDITS * max(most - waiting, 0),
            "period": "month",
            "monthly_limit": _CREDITS * most,
            "monthly_usage": _CREDITS * waiting,
        }
    )


async def persona(request: Request) -> Response:
    """There are none."""
    named = request.query_params.get("id")
    if named is None:
        raise InvalidRequest("id", "", "Missing parameter id")
    raise NotFound("persona", named, "a voice is named in the style: female, male, duet, choir")


async def chat(request: Request) -> Response:
    """A song of the last message of the user, as Markdown text with its cover, words and sound."""
    fields, service = await json_fields(request), service_of(request)
    brief = described({"prompt": _last_message(fields)}, takes=1)
    said = (*notes_of_messages(fields["messages"]), *notes(fields, "messages"))
    songs = await begun(service, brief, said, listen=True)
    (song,) = await _waited(request, service, songs)
    if song.status in (Status.FAILED, Status.CANCELLED):
        return of_failure(song)
    told = info(service, song, _base(request))
    return PlainTextResponse(
        f"## Song Title: {told['title']}\n![Song Cover]({told['image_url']})\n"
        f"### Lyrics:\n{told['lyric']}\n### Listen to the song: {told['audio_url']}"
    )


async def _answer(request: Request, fields: Mapping[str, Any], songs: list[Song]) -> Response:
    service = service_of(request)
    if truth(fields, "wait_audio"):
        songs = await _waited(request, service, songs)
        return JSONResponse([info(service, song, _base(request)) for song in songs])
    for song in songs:
        UNTOLD.add(song.id)
    return JSONResponse([info(service, song, _base(request), "submitted") for song in songs])


async def _waited(request: Request, service: Service, songs: list[Song]) -> list[Song]:
    ids = [song.id for song in songs]
    return await while_connected(request, until(service, ids, lambda song: is_ready(service, song), WAIT_S))


async def _named(service: Service, fields: Mapping[str, Any], name: str, missing: str) -> Song:
    """The song of a request, or the one that a stem belongs to."""
    named = text(fields, name)
    if not named:
        raise InvalidRequest(name, "", missing)
    return await song_of(service, named.partition(STEM_SIGN)[0])


def _page(service: Service, page: str) -> list[Song]:
    """The readable songs of a page, counted from 0."""
    if page and page not in map(str, range(_LAST_PAGE + 1)):
        raise InvalidRequest("page", page, f"send 0 to {_LAST_PAGE}")
    after = ""
    for _ in range(int(page or 0)):
        passed = service.catalogue.page(after, _PAGE)
        if len(passed) < _PAGE:
            return []
        after = passed[-1].id
    return [song for song in service.catalogue.page(after, _PAGE) if isinstance(song, Song)]


def _last_message(fields: Mapping[str, Any]) -> str:
    messages = fields.get("messages")
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and message.get("role") == "user":
            return _words(message.get("content"))
    raise InvalidRequest("messages", messages, "Prompt message is required")


def _words(content: object) -> str:
    if isinstance(content, list):  # parts, as OpenAI's clients send them
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "\n".join(part for part in parts if isinstance(part, str))
    return text({"messages": content}, "messages")


def _base(request: Request) -> str:
    return str(request.base_url)


_POSTS = {
    "/api/generate": generate,
    "/api/custom_generate": custom_generate,
    "/api/extend_audio": extend_audio,
    "/api/concat": concat,
    "/api/generate_stems": generate_stems,
    "/api/generate_lyrics": generate_lyrics,
    "/v1/chat/completions": chat,
}
_GETS = {
    "/api/get": get,
    "/api/clip": clip,
    "/api/get_aligned_lyrics": get_aligned_lyrics,
    "/api/get_limit": get_limit,
    "/api/persona": persona,
}


async def identify(scope: Scope, receive: Receive, _settings: Settings) -> Receive:
    """Its clients know no token: it may be the password of the URL that they are given."""
    headers = MutableHeaders(scope=scope)
    if given := headers.get("authorization"):
        headers["authorization"] = as_bearer(given)
    return receive


DOOR = Door(
    app=Router(
        [
            *(Route(path, route, methods=["POST"]) for path, route in _POSTS.items()),
            *(Route(path, route, methods=["GET"]) for path, route in _GETS.items()),
        ],
        redirect_slashes=False,
    ),
    refusal=refusal,
    identify=identify,
    cors=True,
)
