"""A song's files: by role with the token, by key with a signature, and all in one package."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from config.errors import Conflict, Forbidden, NotFound, Unreadable
from orchestrator.server.answers import LIVE, PACKAGE, offered
from orchestrator.server.api.context import BEARER, SongId, TheService
from orchestrator.server.api.middleware.auth import TOKEN_NEEDED
from orchestrator.server.api.openapi import RANGE_HEADERS, bytes_answer, refusals
from orchestrator.server.api.problems import UNAUTHORIZED, problem
from orchestrator.server.api.responses.live import live_response
from orchestrator.server.api.responses.package import check_files, package, package_name
from orchestrator.server.api.responses.pieces import Pieces
from orchestrator.server.api.responses.ranges import asset_response
from orchestrator.server.api.routes.sessions import session_of
from orchestrator.server.http.naming import disposition
from orchestrator.server.service import Service
from orchestrator.songs.export import file_name
from orchestrator.songs.manifest import Song, Status

Download = Annotated[
    bool,
    Query(description="Whether a browser is to save the file, and not to show or play it."),
]

router = APIRouter(tags=["assets"])

# Programs read these, often in a page: the service sends them itself, with its own CORS headers.
_SMALL = frozenset({"lyrics", "lrc", "midi", "waveform"})
_ROLES = {
    "audio": (
        "Audio",
        "audio/wav",
        "The song as WAV, FLAC or MP3, as requested; FLAC and MP3 with tags and cover. While it is made for "
        "a client that prefers to `listen`: a WAV file that grows, in one piece, without ranges and ETag; "
        "the answer comes with its first seconds.",
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
        ranges = role != "waveform"  # a part of a JSON document is no JSON
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
                    **refusals(404, 409, 412, 416, 422, 429, 500, 503),
                },
                dependencies=[BEARER],
                openapi_extra=RANGE_HEADERS if ranges else None,
            )


def _reader(role: str):  # type: ignore[no-untyped-def]
    async def read_asset(
        song_id: SongId, request: Request, service: TheService, *, download: Download = False
    ) -> Response:
        song = await service.feed.song(song_id)
        if role == "audio":
            return await _audio(request, service, song, download=download)
        return await role_response(request, service, song, role, download=download)

    return read_asset


async def _audio(request: Request, service: Service, song: Song, *, download: bool = False) -> Response:
    """The song's sound: of a song at work, what there is of it, where somebody asked for that."""
    if song.status.at_work:
        if response := await live_response(request, service, song):
            return response
        song = await service.feed.song(song.id)  # it may have ended meanwhile
    return await role_response(request, service, song, "audio", download=download)


async def read_stem(
    song_id: SongId,
    name: Annotated[str, Path(pattern="^[a-z0-9_-]{1,40}$", examples=["vocals"])],
    request: Request,
    service: TheService,
    *,
    download: Download = False,
) -> Response:
    """One stem as FLAC; the stems of a song add up to it."""
    song = await service.feed.song(song_id)
    return await role_response(request, service, song, f"stem:{name}", download=download)


async def read_package(song_id: SongId, request: Request, service: TheService) -> Response:
    """Everything of a finished song in one ZIP for release: tagged audio, cover, lyrics, timed lyrics, stems,
    MIDI and manifest."""
    return await _package(request, service, await service.feed.song(song_id))


async def read_file(
    key: Annotated[str, Path(max_length=200, description="An object's key, as in `assets` of a song.")],
    request: Request,
    service: TheService,
    expires: Annotated[str, Query(max_length=20)] = "",
    signature: Annotated[str, Query(max_length=100)] = "",
    *,
    download: Download = False,
) -> Response:
    """What the addresses in `urls` lead to. A signature stands in for the token until it expires."""
    if not service.tokens.holder(request.headers.get("authorization", "")):
        # The page mixes the stems that a bucket keeps: no script may read them at the bucket's own address.
        if not signature and session_of(request, service) is None:
            detail = "Send the token, or use an address from the song's `urls`."
            return problem(UNAUTHORIZED, detail, headers=TOKEN_NEEDED)
        if signature and not service.signer.check(key, expires, signature):
            raise Forbidden(
                "this address was altered or has expired", "take a fresh one from GET /songs/{id}"
            )
    folder, _, rest = key.removeprefix("songs/").partition("/")
    if not key.startswith("songs/") or not rest:
        raise NotFound("file", key, "see `assets` of the song")
    song = await service.feed.song(folder)
    if rest == PACKAGE:
        return await _package(request, service, song)
    if rest == LIVE:
        return await _audio(request, service, song, download=download)
    for role, asset in song.assets.items():
        if asset.key == key:
            _check_offered(song, role)
            return await _stored(request, service, song, role, download=download)
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
            responses={**bytes_answer("audio/flac"), **refusals(404, 409, 412, 416, 422, 429, 500, 503)},
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
                **refusals(403, 404, 409, 412, 416, 422, 500, 503),
            },
            openapi_extra=RANGE_HEADERS,
        )


_add_routes()
_add_others()


def _check_offered(song: Song, role: str) -> None:
    """Raises ``NotFound`` if the song has no such file for others."""
    has = offered(song)
    if role in has:
        return
    state = f"song {song.id} is {song.status} and has: {', '.join(has) or 'nothing yet'}"
    if song.status in (Status.FAILED, Status.CANCELLED):
        state += f'. POST /generate-like with {{"like": "{song.id}"}} makes it again'
    elif role == "audio":
        state += ". It can be heard while it is made if its engine begins early, and its request had "
        state += "'Prefer: listen'"
    raise NotFound("file", role, state)


async def role_response(
    request: Request, service: Service, song: Song, role: str, *, download: bool
) -> Response:
    """The bytes, or a redirect if the store can serve them itself."""
    _check_offered(song, role)
    # A HEAD is answered here: an address of a store is signed for GET alone.
    if role not in _SMALL and request.method == "GET":
        name = _disposition(song, role, download=download)
        url = service.library.store.url(song.assets[role].key, service.settings.url_expires_s, name)
        if url.startswith("https://"):
            return RedirectResponse(url, status_code=307)
    return await _stored(request, service, song, role, download=download)


async def _stored(request: Request, service: Service, song: Song, role: str, *, download: bool) -> Response:
    """The bytes. Raises ``NotFound`` for a missing file, and ``Unreadable`` for one whose size differs from
    the manifest: both now, since a response that has begun can report nothing."""
    store, asset = service.library.store, song.assets[role]
    stat = await service.threads.run(store.stat, asset.key)
    if stat.size_bytes != asset.size_bytes:
        raise Unreadable(
            f"{asset.key} has {stat.size_bytes:,} bytes, and {asset.size_bytes:,} in the song's manifest",
            "restore it from a backup, or delete the song",
        )
    return asset_response(request, store, asset, stat, _disposition(song, role, download=download))


def _disposition(song: Song, role: str, *, download: bool) -> str:
    return disposition("attachment" if download else "inline", file_name(song, role), song.id)


async def _package(request: Request, service: Service, song: Song) -> Response:
    if song.status is not Status.DONE:
        raise Conflict(f"song {song.id} is {song.status}", "there is a package of it when it is done")
    size_bytes = await service.threads.run(check_files, song, service.library.store)
    headers = {
        "Content-Disposition": disposition("attachment", package_name(song), song.id),
        "Content-Length": str(size_bytes),
        "Cache-Control": "private",
    }
    if request.method == "HEAD":
        return Response(headers=headers, media_type="application/zip")
    return Pieces(package(song, service.library.store), headers=headers, media_type="application/zip")
