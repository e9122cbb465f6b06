"""The client of a Songwright service, for programs in Python: ``pip install 'songwright[client]'``.

    with Client("http://127.0.0.1:8000", token) as client:
        song = client.wait(client.generate("a slow waltz about the sea", audio_duration=30))
        client.download(song, "audio", "waltz.wav")

``AsyncClient`` is the same with ``await``. Every error is a ``ClientError``: see ``songwright.errors``.
"""

from songwright.answers import Asset, Page, Plan, Progress, Song, Summary
from songwright.calls import Asked, Common, Music, Options, Pictured
from songwright.client import AsyncClient, Client
from songwright.errors import (
    ApiError,
    ClientError,
    Conflict,
    ConnectionFailed,
    DownloadFailed,
    FieldProblem,
    Forbidden,
    InvalidRequest,
    NotFound,
    ServerError,
    SongCancelled,
    SongFailed,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    WaitTimeout,
)

__all__ = [
    "ApiError",
    "Asked",
    "Asset",
    "AsyncClient",
    "Client",
    "ClientError",
    "Common",
    "Conflict",
    "ConnectionFailed",
    "DownloadFailed",
    "FieldProblem",
    "Forbidden",
    "InvalidRequest",
    "Music",
    "NotFound",
    "Options",
    "Page",
    "Pictured",
    "Plan",
    "Progress",
    "ServerError",
    "Song",
    "SongCancelled",
    "SongFailed",
    "Summary",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "WaitTimeout",
]
