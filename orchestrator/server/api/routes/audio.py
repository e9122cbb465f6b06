"""Recordings to make songs from: to send, list, read and delete."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, BinaryIO, cast

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from config.errors import InvalidRequest, Unreadable, shown
from orchestrator.pipeline.inputs.recordings import (
    NAME_CHARACTERS,
    Recording,
    Rights,
    checked_name,
    checked_rights,
)
from orchestrator.server.api.context import BEARER, TheService
from orchestrator.server.api.middleware.auth import AUDIO_PATH
from orchestrator.server.api.openapi import RANGE_HEADERS, bytes_answer, refusals
from orchestrator.server.api.problems import MALFORMED_FORM, TOO_LARGE, problem
from orchestrator.server.api.requests.connection import while_connected
from orchestrator.server.api.requests.unknown import meant
from orchestrator.server.api.responses.ranges import asset_response
from orchestrator.server.http.naming import disposition
from orchestrator.server.service import Service

router = APIRouter(prefix=AUDIO_PATH, tags=["audio"], dependencies=[BEARER])

_MULTIPART = "multipart/form-data"
_IN_MEMORY_BYTES = 1 << 20
_FIELDS = ("rights", "name")
_FIELD_BYTES = 4 * NAME_CHARACTERS + 1024
_MOST_FIELDS = 10
_RIGHTS = (
    "Why you may use it: `mine` (it is your own), `licensed` (its owner allows it) or `public-domain`. It is "
    "your word, and is kept in the manifest of every song that is made from the recording."
)
_NAME = "What you call it, to find it again; left out, the file's name in a form."
_FORM = {
    "type": "object",
    "required": ["audio", "rights"],
    "properties": {
        "audio": {"type": "string", "format": "binary", "description": "The recording."},
        "rights": {"type": "string", "enum": ["mine", "licensed", "public-domain"], "description": _RIGHTS},
        "name": {"type": "string", "maxLength": NAME_CHARACTERS, "description": _NAME},
    },
}
_BODIES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _MULTIPART: {"schema": _FORM},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
_REFUSED = "The file is neither WAV nor FLAC, MP3, Ogg or M4A."
_LOCATION = {"Location": {"description": "`/audio/{id}`.", "schema": {"type": "string"}}}
_NONE = "There is no such recording."

RecordingId = Annotated[
    str,
    Path(
        alias="id",
        description="A recording's id.",
        pattern="^rec-[0-9a-hjkmnp-tv-z]{20}$",
        examples=["rec-4x1c9k2m7q0ab5tz8d3w"],
    ),
]


class RecordingList(BaseModel):
    """The recordings that are kept."""

    recordings: tuple[Recording, ...] = Field(description="Newest first.")


@router.post(
    "",
    operation_id="upload_recording",
    summary="Send a recording",
    response_model=Recording,
    status_code=201,
    responses={
        200: {"model": Recording, "description": "It was sent before.", "headers": _LOCATION},
        201: {"description": "It is kept.", "headers": _LOCATION},
        **refusals(400, 408, 409, 413, 422, 429, 500, 503),
        415: {**refusals(415)[415], "description": _REFUSED},
    },
    openapi_extra=_BODIES,
)
async def upload_recording(
    request: Request,
    service: TheService,
    rights: Annotated[Rights | None, Query(description=f"With a body that is the file. {_RIGHTS}")] = None,
    name: Annotated[str, Query(max_length=NAME_CHARACTERS, description=_NAME)] = "",
) -> Response:
    """A song can be made from it. Send a form, or the file as it is with any other `Content-Type`. WAV, FLAC,
    MP3, Ogg and M4A are told by their bytes, not by their names. One to 600 seconds, 16,000 Hz or more, are
    taken; what is kept is the sound alone, as FLAC of two channels: no tags, no picture, nothing else that
    came in the file. The same file is the same recording, however often it is sent.
    """
    with service.uploads.place():
        if _media_type(request) == _MULTIPART:
            return await _from_form(request, service, rights, name)
        said = checked_rights(rights)
        with SpooledTemporaryFile(_IN_MEMORY_BYTES) as spooled:
            upload = UploadFile(cast(BinaryIO, spooled), size=0)  # which writes to the disk in a thread
            async for piece in request.stream():
                await upload.write(piece)
            return await _kept(request, service, upload, said, checked_name(name))


@router.get(
    "",
    operation_id="list_recordings",
    summary="The recordings that are kept, newest first",
    responses=refusals(429, 500, 503),
)
async def list_recordings(service: TheService) -> RecordingList:
    """There are no pages: as many are kept as `SONGWRIGHT_SOURCE_LIMIT` says."""
    return RecordingList(recordings=tuple(await service.threads.run(service.uploads.recordings.all)))


@router.get(
    "/{id}",
    operation_id="get_recording",
    summary="A recording",
    responses={**refusals(404, 409, 422, 429, 500, 503), 404: {**refusals(404)[404], "description": _NONE}},
)
async def get_recording(source_id: RecordingId, service: TheService) -> Recording:
    """Its manifest. The same id is the `source` of a change."""
    return await service.threads.run(service.uploads.recordings.load, source_id)


@router.delete(
    "/{id}",
    operation_id="delete_recording",
    summary="Delete a recording",
    status_code=204,
    response_class=Response,
    responses={**refusals(404, 422, 429, 500, 503), 404: {**refusals(404)[404], "description": _NONE}},
)
async def delete_recording(source_id: RecordingId, service: TheService) -> Response:
    """With its file. Songs that were made from it stay; one that still waits to be made from it fails."""
    await service.threads.run(service.uploads.recordings.delete, source_id)
    return Response(status_code=204)


@router.get(
    "/{id}/content",
    operation_id="get_recording_content",
    summary="The sound of a recording",
    response_class=Response,
    responses={**bytes_answer("audio/flac"), **refusals(404, 409, 412, 416, 422, 429, 500, 503)},
    openapi_extra=RANGE_HEADERS,
)
async def get_recording_content(source_id: RecordingId, request: Request, service: TheService) -> Response:
    """What is kept of it, as FLAC."""
    store = service.library.store
    recording = await service.threads.run(service.uploads.recordings.load, source_id)
    header = disposition("inline", f"{recording.name or recording.id}.flac", recording.id)
    if request.method == "GET":
        url = store.url(recording.audio.key, service.settings.url_expires_s, header)
        if url.startswith("https://"):
            return RedirectResponse(url, status_code=307)
    stat = await service.threads.run(store.stat, recording.audio.key)
    if stat.size_bytes != recording.audio.size_bytes:
        what = f"{recording.audio.key} has {stat.size_bytes:,} bytes, and not those of its manifest"
        raise Unreadable(what, "delete the recording, and send it again")
    return asset_response(request, store, recording.audio, stat, header)


async def _from_form(request: Request, service: Service, rights: Rights | None, name: str) -> Response:
    try:
        async with request.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=_FIELD_BYTES) as form:
            upload, fields = _upload(form), _fields(form)
            said = checked_rights(fields.get("rights", rights))
            named = fields.get("name", name)
            called = checked_name(named or (upload.filename or "")[:NAME_CHARACTERS])
            return await _kept(request, service, upload, said, called)
    except HTTPException as error:
        if error.status_code != 400:
            raise
        why = error.detail.rstrip(".")
        detail = f"{why}: send one recording, and the fields {' and '.join(_FIELDS)}."
        return problem(MALFORMED_FORM, detail)


async def _kept(
    request: Request, service: Service, upload: UploadFile, rights: Rights, name: str
) -> Response:
    limit = service.settings.audio_limit_bytes
    if (upload.size or 0) > limit:
        return problem(TOO_LARGE, f"The recording may have {limit:,} bytes.")
    work = service.uploads.keep(upload.file, rights, name)
    recording, new = await while_connected(request, work)
    headers = {"Location": f"{AUDIO_PATH}/{recording.id}"}
    return Response(recording.model_dump_json(), 201 if new else 200, headers, "application/json")


def _media_type(request: Request) -> str:
    return parse_options_header(request.headers.get("content-type", ""))[0].decode("latin-1")


def _upload(form: FormData) -> UploadFile:
    found = form.get("audio")
    if isinstance(found, UploadFile):
        return found
    named = next((name for name, value in form.multi_items() if isinstance(value, UploadFile)), "")
    question = f", not as {shown(named)}" if named else ""
    raise InvalidRequest("audio", found or "", f"send the recording as a file of this name{question}")


def _fields(form: FormData) -> dict[str, str]:
    """Those beside the file; an empty one was not filled in, and counts as missing."""
    fields: dict[str, str] = {}
    for name, value in form.multi_items():
        if name == "audio" or not isinstance(value, str) or not value:
            continue
        if name not in _FIELDS:
            fix = meant(name, _FIELDS) or f"there are {' and '.join(_FIELDS)}"
            raise InvalidRequest(name, value, f"there is no such field, {fix}")
        if name in fields:
            raise InvalidRequest(name, [fields[name], value], "it is given twice: send it once")
        fields[name] = value
    return fields
