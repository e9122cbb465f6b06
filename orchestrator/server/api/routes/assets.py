"""A song's files: by role with the token, by key with a signature, and all of them in one package."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from config.errors import Conflict, Forbidden, NotFound, Unreadable
from orchestrator.server.answers import PACKAGE
from orchestrator.server.api.context import BEARER, SongId, TheService
from orchestrator.server.api.middleware.gate import TOKEN_NEEDED
from orchestrator.server.api.openapi import RANGE_HEADERS, bytes_answer, refusals
from orchestrator.server.api.problems import UNAUTHORIZED, problem
from orchestrator.server.api.responses.package import check_files, package, package_name
from orchestrator.server.api.responses.pieces import Pieces
from orchestrator.server.api.responses.ranges import asset_response
from orchestrator.server.service import Service
from orchestrator.songs.export import ending_of
from orchestrator.songs.manifest import Asset, Song, Status

router = APIRouter(tags=["assets"])

# Read by programs, often from a page of ours: always answered here, where the answer's CORS headers are ours.
_SMALL = frozenset({"lyrics", "lrc", "midi", "waveform"})
_ROLES = {
    "audio": (
        "Audio",
        "audio/wav",
        "The song as WAV, FLAC or MP3, as it was asked for; FLAC and MP3 with tags and cover.",
    ),
    "cover": ("Cover", "image/png", "The cover, 1024 x 1024 where the engine can."),
    "lyrics": ("Lyrics", "text/plain", "The lyrics, tagged by section."),
    "lrc": (
        "Timed lyrics (LRC)",
        "text/plain",
        "The lyrics with the time of each line and word (enhanced LRC).",
    ),
    "midi": ("Score (MIDI)", "audio/midi", "The score, where the engine has one."),
    "waveform": ("Waveform", "application/json", "`duration_s`, and `peaks` from 0 to 1 over it, to draw."),
}


def _add_routes() -> None:
    """A GET and a HEAD for each role."""
    for role, (title, media_type, summary) in _ROLES.items():
        kinds = ("audio/wav", "audio/flac", "audio/mpeg") if role == "audio" else (media_type,)
        ranges = role != "waveform"  # a part of a JSON document is none
        for method in ("GET", "HEAD"):
            router.add_api_route(
                f"/songs/{{id}}/{role}",
                _reader(role),
                methods=[method],
                operation_id=f"{method.lower()}_{role}",
                summary=f"{title} of a song",
                description=summary,
                response_class=Response,
                responses={
                    **bytes_answer(*kinds, ranges=ranges),
                    **refusals(404, 409, 416, 422, 429, 500, 503),
                },
                dependencies=[BEARER],
                openapi_extra=RANGE_HEADERS if ranges else None,
            )


def _reader(role: str):  # type: ignore[no-untyped-def]
    async def read_asset(song_id: SongId, request: Request, service: TheService) -> Response:
        song = await service.jobs.load(song_id)
        return await _response(request, service, song, _asset(song, role), role)

    return read_asset


async def read_stem(
    song_id: SongId,
    name: Annotated[str, Path(pattern="^[a-z0-9_-]{1,40}$", examples=["vocals"])],
    request: Request,
    service: TheService,
) -> Response:
    """One stem as FLAC; the stems of a song add up to it."""
    song = await service.jobs.load(song_id)
    return await _response(request, service, song, _asset(song, f"stem:{name}"), f"stem-{name}")


async def read_package(song_id: SongId, request: Request, service: TheService) -> Response:
    """Everything of a finished song in one ZIP for release: tagged audio, cover, lyrics, timed lyrics, stems,
    MIDI and manifest."""
    return await _package(request, service, await service.jobs.load(song_id))


async def read_file(
    key: Annotated[str, Path(max_length=200, description="An object's key, as in `assets` of a song.")],
    request: Request,
    service: TheService,
    expires: Annotated[str, Query(max_length=20)] = "",
    signature: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """What the addresses in `urls` lead to. A signature stands in for the token until it expires."""
    if not service.tokens.holder(request.headers.get("authorization", "")):
        if not signature:
            detail = "Send the token, or use an address from the song's `urls`."
            return problem(UNAUTHORIZED, detail, headers=TOKEN_NEEDED)
        if not service.signer.check(key, expires, signature):
            raise Forbidden(
                "this address was altered or has expired", "take a fresh one from GET /songs/{id}"
            )
    folder, _, rest = key.removeprefix("songs/").partition("/")
    if not key.startswith("songs/") or not rest:
        raise NotFound("file", key, "see `assets` of the song")
    song = await service.jobs.load(folder)
    if rest == PACKAGE:
        return await _package(request, service, song)
    for role, asset in song.assets.items():
        if asset.key == key:
            return await _stored(request, service, asset, role)
    raise NotFound("file", key, "see `assets` of the song")


def _add_others() -> None:
    zip_answer = bytes_answer("application/zip", ranges=False)
    for method in ("GET", "HEAD"):
        router.add_api_route(
            "/songs/{id}/stems/{name}",
            read_stem,
            methods=[method],
            operation_id=f"{method.lower()}_stem",
            summary="A stem of a song",
            response_class=Response,
            responses={**bytes_answer("audio/flac"), **refusals(404, 409, 416, 422, 429, 500, 503)},
            dependencies=[BEARER],
            openapi_extra=RANGE_HEADERS,
        )
        router.add_api_route(
            "/songs/{id}/package",
            read_package,
            methods=[method],
            operation_id=f"{method.lower()}_package",
            summary="A song's files in one ZIP",
            response_class=Response,
            responses={**zip_answer, **refusals(404, 409, 422, 429, 500, 503)},
            dependencies=[BEARER],
        )
        router.add_api_route(
            "/files/{key:path}",
            read_file,
            methods=[method],
            operation_id=f"{method.lower()}_file",
            summary="A file by its signed address",
            response_class=Response,
            responses={
                **bytes_answer("application/octet-stream"),
                **refusals(403, 404, 409, 416, 422, 500, 503),
            },
            openapi_extra=RANGE_HEADERS,
        )


_add_routes()
_add_others()


def _asset(song: Song, role: str) -> Asset:
    asset = song.assets.get(role)
    if asset is None:
        has = ", ".join(song.assets) or "nothing yet"
        raise NotFound("file", role, f"song {song.id} is {song.status} and has: {has}")
    return asset


async def _response(request: Request, service: Service, song: Song, asset: Asset, name: str) -> Response:
    """The bytes; or the way to them, where the store can serve them itself."""
    url = service.library.store.url(asset.key, service.settings.url_expires_s)
    if name not in _SMALL and url.startswith("https://"):
        return RedirectResponse(url, status_code=307)
    return await _stored(request, service, asset, name)


async def _stored(request: Request, service: Service, asset: Asset, name: str) -> Response:
    """The bytes. Raises ``NotFound`` and ``Unreadable`` for a file that is not as the manifest has it: once
    an answer has begun, nothing can be said of that any more."""
    store = service.library.store
    size_bytes = (await service.jobs.stored(store.stat, asset.key)).size_bytes
    if size_bytes != asset.size_bytes:
        raise Unreadable(
            f"{asset.key} has {size_bytes:,} bytes, and {asset.size_bytes:,} in the song's manifest",
            "restore it from a backup, or delete the song",
        )
    return asset_response(request, store, asset, filename=_filename(name, asset))


def _filename(name: str, asset: Asset) -> str:
    return name.replace(":", "-") + ending_of(asset)


async def _package(request: Request, service: Service, song: Song) -> Response:
    if song.status is not Status.DONE:
        raise Conflict(f"song {song.id} is {song.status}", "there is a package of it when it is done")
    await service.jobs.stored(check_files, song, service.library.store)
    headers = {
        "Content-Disposition": f'attachment; filename="{package_name(song)}.zip"',
        "Cache-Control": "private",
    }
    if request.method == "HEAD":
        return Response(headers=headers, media_type="application/zip")
    return Pieces(package(song, service.library.store), headers=headers, media_type="application/zip")
