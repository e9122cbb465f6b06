"""The routes of ACE-Step's server, with songs of ours as its tasks."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from config.errors import InvalidRequest
from orchestrator.compat.acestep.bodies import fields_of, identify
from orchestrator.compat.acestep.briefs import (
    NAMES,
    STEMS,
    TASKS,
    TEXT,
    UNUSED,
    change,
    task_of,
    text2music,
)
from orchestrator.compat.acestep.parameters import Parameters
from orchestrator.compat.acestep.results import STEMS_SIGN, result_of, signature
from orchestrator.compat.acestep.samples import random_sample
from orchestrator.compat.acestep.sources import REFERENCE, SOURCE, length_of, source_of
from orchestrator.compat.doors import Door
from orchestrator.compat.making import begun, changed, renamed, service_of, song_of
from orchestrator.pipeline.inputs.recordings import is_recording
from orchestrator.server.api.problems import Problem
from orchestrator.server.api.requests.connection import while_connected
from orchestrator.server.api.routes.assets import read_file
from orchestrator.server.service import Service
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import Song, new_songs

_MOST_TASKS = 100
_STATUSES = {422: 400}
_SIGNED = re.compile(r"([0-9]{1,12})/([0-9a-f]{64})/(songs/.+)")


def envelope(data: object, code: int = 200, error: str | None = None) -> dict[str, Any]:
    """What every answer is in."""
    now_ms = int(time.time() * 1000)
    return {"data": data, "code": code, "error": error, "timestamp": now_ms, "extra": None}


def refusal(problem: Problem, headers: Mapping[str, str]) -> Response:
    """The error where both kinds of its clients look for it: ``detail``, and ``error`` of the envelope."""
    status = _STATUSES.get(problem.status, problem.status)
    body = {"detail": problem.detail, **envelope(None, status, problem.detail)}
    return JSONResponse(body, status, dict(headers))


async def release_task(request: Request) -> Response:
    """Begins a task: one or several songs."""
    service = service_of(request)
    async with fields_of(request) as (fields, files):
        parameters = Parameters(fields)
        task = task_of(parameters)
        what = REFERENCE if task == TEXT else SOURCE
        source = await source_of(what, parameters, files, request, service)
        if not source and task != TEXT:
            raise InvalidRequest(SOURCE, "", f"send the recording that {task} is to work on as this file")
    sign = STEMS_SIGN if task in STEMS else ""
    if sign and (existing := await _with_stems(source, service)):
        return _accepted(existing.id + sign, None)
    songs = await _songs(task, source, parameters, service)
    return _accepted(songs[0].id + sign, service.jobs.estimate(songs[0].id).queue_position)


async def query_result(request: Request) -> Response:
    """The states of tasks, and the results of those that have ended."""
    service = service_of(request)
    async with fields_of(request) as (fields, _):
        named = fields.get("task_id_list") or []
    if isinstance(named, str):
        with suppress(ValueError, RecursionError):
            named = json.loads(named)
        named = [named] if isinstance(named, str) else named
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise InvalidRequest("task_id_list", named, "send a list of the ids of tasks")
    if len(named) > _MOST_TASKS:
        raise InvalidRequest("task_id_list", f"{len(named)} ids", f"send {_MOST_TASKS} at the most")
    return JSONResponse(envelope([await result_of(each, service) for each in named]))


async def audio(request: Request) -> Response:
    """A file of a result: its path is signed, or the request has the token."""
    path = request.query_params.get("path", "")
    if found := _SIGNED.fullmatch(path):
        expires, signed, key = found.groups()
        return await read_file(key, request, service_of(request), expires, signed)
    return await read_file(path, request, service_of(request))


async def models(request: Request) -> Response:
    """The models that there are."""
    return JSONResponse(envelope(_inventory(service_of(request))))


async def init(request: Request) -> Response:
    """There, it loads a model; here, engines load theirs by themselves, and whichever is named is not
    used."""
    inventory = _inventory(service_of(request))
    (loaded,) = (model["name"] if model["is_loaded"] else None for model in inventory["models"])
    answer = {"message": "Engines load their models by themselves", "slot": 1, "loaded_model": loaded}
    return JSONResponse(envelope({**answer, **inventory}))


def _inventory(service: Service) -> dict[str, Any]:
    """The music engine is the one model, by the name of its weights."""
    known = service.engines().get("music")
    name = (known.model or known.name) if known else service.settings.music.engine
    writer = service.engines().get("lyrics")
    model = {
        "name": name,
        "is_default": True,
        "is_loaded": known is not None,
        "supported_task_types": _supported(service),
    }
    written = (writer.model or writer.name) if writer else None
    return {
        "models": [model],
        "default_model": name,
        "lm_models": [{"name": written, "is_loaded": True}] if written else [],
        "loaded_lm_model": written,
        "llm_initialized": writer is not None,
    }


async def stats(request: Request) -> Response:
    """What waits and runs now, and what has ended since the start."""
    service = service_of(request)
    jobs, ended = service.jobs, service.metrics.ended()
    lost = ended["failed"] + ended["cancelled"]
    counts = {
        "total": jobs.waiting + jobs.running + ended["done"] + lost,
        "queued": jobs.waiting,
        "running": jobs.running,
        "succeeded": ended["done"],
        "failed": lost,
    }
    answer = {
        "jobs": counts,
        "queue_size": jobs.waiting,
        "queue_maxsize": service.settings.queue_limit,
        "avg_job_seconds": round(service.metrics.song_s(), 3),
    }
    return JSONResponse(envelope(answer))


async def health(request: Request) -> Response:
    """The service runs, and whether its models are loaded."""
    ready = service_of(request).engines()
    answer = {
        "status": "ok",
        "service": "ACE-Step API",
        "version": "1.0",
        "models_initialized": "music" in ready,
        "llm_initialized": "lyrics" in ready,
    }
    return JSONResponse(envelope(answer))


async def create_random_sample(request: Request) -> Response:
    """An example for the form."""
    async with fields_of(request) as (fields, _):
        kind = Parameters(fields).text("sample_type") or "simple_mode"
    return JSONResponse(envelope(random_sample(kind)))


async def format_input(request: Request) -> Response:
    """The plan of a style and words, in the fields of the form. Nothing is stored."""
    service = service_of(request)
    async with fields_of(request) as (fields, _):
        parameters = Parameters(fields)
    service.worker.check()
    brief = text2music(parameters)
    plan = await while_connected(request, service.draft(new_songs(brief)[0]))
    answer = {
        "caption": ", ".join(plan.tags),
        "lyrics": plan.lyrics or parameters.text("lyrics"),
        "bpm": round(plan.tempo_bpm),
        "key_scale": plan.key,
        "time_signature": signature(plan.metre),
        "duration": brief.duration_s,
        "vocal_language": plan.language,
    }
    return JSONResponse(envelope(answer))


async def _songs(task: str, source: str, parameters: Parameters, service: Service) -> list[Song]:
    if not source:
        brief: Brief = text2music(parameters)
        return await begun(service, brief, parameters.unused(changes=False), listen=True)
    body = change(task, parameters, await length_of(source, service))
    notes = parameters.unused(changes=True, without=UNUSED.get(task, ()))
    return await renamed(changed(service, source, body, notes, listen=True), NAMES)


async def _with_stems(source: str, service: Service) -> Song | None:
    """The song, if it has its stems already."""
    if is_recording(source):
        return None
    song = await song_of(service, source)
    return song if any(role.startswith("stem:") for role in song.assets) else None


def _accepted(task_id: str, position: int | None) -> Response:
    data = {"task_id": task_id, "status": "queued", "queue_position": position or 1}
    return JSONResponse(envelope(data))


def _supported(service: Service) -> list[str]:
    """The task types that the engines do."""
    known = service.engines().get("music")
    does = set(known.tasks if known else ())
    needs = {"repaint": "repaint", "cover": "remix", "complete": "complete", "extend": "extend"}
    separates = service.worker.separates or "stems" in does
    return [
        task for task in TASKS if task == TEXT or needs.get(task) in does or (task in STEMS and separates)
    ]


DOOR = Door(
    app=Router(
        [
            Route("/release_task", release_task, methods=["POST"]),
            Route("/query_result", query_result, methods=["POST"]),
            Route("/create_random_sample", create_random_sample, methods=["POST"]),
            Route("/format_input", format_input, methods=["POST"]),
            Route("/v1/audio", audio, methods=["GET"]),
            Route("/v1/models", models, methods=["GET"]),
            Route("/v1/model_inventory", models, methods=["GET"]),
            Route("/v1/init", init, methods=["POST"]),
            Route("/v1/stats", stats, methods=["GET"]),
            Route("/health", health, methods=["GET"]),
        ],
        redirect_slashes=False,
    ),
    refusal=refusal,
    identify=identify,
    public=frozenset({"/health", "/v1/audio"}),
    recordings=frozenset({"/release_task"}),
    cors=True,
)
