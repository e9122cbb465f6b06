"""What a task of ACE-Step's server works on: a file that comes with the request, or a song of ours, named by
the address of its file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast, get_args
from urllib.parse import parse_qs

from starlette.datastructures import UploadFile
from starlette.requests import Request

from config.errors import InvalidRequest
from orchestrator.compat.acestep.parameters import Parameters
from orchestrator.compat.making import SONG_ID, song_of
from orchestrator.pipeline.inputs.recordings import (
    NAME_CHARACTERS,
    Rights,
    checked_name,
    is_recording,
    load_recording,
)
from orchestrator.server.api.requests.connection import while_connected
from orchestrator.server.service import Service

SOURCE, REFERENCE = "src_audio", "reference_audio"
_FILES = {SOURCE: ("src_audio", "ctx_audio"), REFERENCE: ("reference_audio", "ref_audio")}
_KEY = re.compile(r"(?:[0-9]{1,12}/[0-9a-f]{64}/)?songs/([0-9a-z]{15})/.+")
_SAID = ", ".join(get_args(Rights))


async def source_of(
    what: str, parameters: Parameters, files: Mapping[str, UploadFile], request: Request, service: Service
) -> str:
    """The id of the recording or the song that ``what`` of a request is; empty if it has none. A file is kept
    as a recording. Raises ``InvalidRequest``, and as ``Uploads.keep`` does."""
    for name in _FILES[what]:
        if name in files:
            return await _kept(name, files[name], parameters, request, service)
    return named_source(f"{what}_path", parameters.text(f"{what}_path"))


def named_source(field: str, named: str) -> str:
    """The id of the song or the recording that a path names: as ``file`` of a result has it, or an id alone.
    Raises ``InvalidRequest`` for a path of a machine: no files of it are read."""
    if not named:
        return ""
    path = parse_qs(named.partition("?")[2]).get("path", [named])[0]
    if found := _KEY.fullmatch(path):
        path = found[1]
    if SONG_ID.fullmatch(path) or is_recording(path):
        return path
    fix = "send the file itself, or name a song of this service as `file` of its result does"
    raise InvalidRequest(field, named, fix)


async def length_of(source: str, service: Service) -> float:
    """Seconds of a song or a recording. Raises ``NotFound``."""
    if is_recording(source):
        recording = await service.threads.run(load_recording, service.library.store, source)
        return recording.duration_s
    song = await song_of(service, source)
    return song.music.duration_s if song.music else song.brief.duration_s


async def _kept(
    name: str, upload: UploadFile, parameters: Parameters, request: Request, service: Service
) -> str:
    said = parameters.text("rights") or service.settings.doors.rights
    if said not in get_args(Rights):
        fix = f"send why you may use the file ({_SAID}), or set SONGWRIGHT_DOORS__RIGHTS for all of them"
        raise InvalidRequest("rights", said, fix)
    limit = service.settings.audio_limit_bytes
    if (upload.size or 0) > limit:
        raise InvalidRequest(name, f"{upload.size:,} bytes", f"a recording may have {limit:,}")
    called = checked_name((upload.filename or "")[:NAME_CHARACTERS])
    work = service.uploads.keep(upload.file, cast(Rights, said), called)
    recording, _ = await while_connected(request, work)
    return recording.id
