"""The Python client of a Songwright service.

    with Client("http://127.0.0.1:8000", token) as client:
        song = client.wait(client.generate("a slow waltz about the sea", audio_duration=30))
        client.download(song, "audio", "waltz.wav")

``AsyncClient`` has the same methods, to be awaited. Every error is a ``ClientError``: see
``songwright.errors``.
"""

from songwright.answers import Asset, Page, Plan, Progress, ShareLink, Song, Source, Summary
from songwright.calls import (
    Asked,
    Changes,
    Common,
    Music,
    MusicRequest,
    NewCover,
    NewPart,
    Options,
    PhotoRequest,
    Pictured,
    SongRequest,
    Take,
)
from songwright.client import AsyncClient, Client
from songwright.client.webhooks import verify_webhook
from songwright.errors import (
    ApiError,
    ClientClosed,
    ClientError,
    Conflict,
    ConnectionFailed,
    DownloadFailed,
    FieldProblem,
    FileFailed,
    FileMissing,
    Forbidden,
    InvalidArgument,
    InvalidCall,
    InvalidRequest,
    InvalidWebhook,
    NotFound,
    ServerError,
    SongCancelled,
    SongFailed,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    WaitTimeout,
)
from songwright.library.calls import Filters, Labels
from songwright.library.watching import LibraryEvent

__version__ = "0.1.0"

__all__ = [
    "ApiError",
    "Asked",
    "Asset",
    "AsyncClient",
    "Changes",
    "Client",
    "ClientClosed",
    "ClientError",
    "Common",
    "Conflict",
    "ConnectionFailed",
    "DownloadFailed",
    "FieldProblem",
    "FileFailed",
    "FileMissing",
    "Filters",
    "Forbidden",
    "InvalidArgument",
    "InvalidCall",
    "InvalidRequest",
    "InvalidWebhook",
    "Labels",
    "LibraryEvent",
    "Music",
    "MusicRequest",
    "NewCover",
    "NewPart",
    "NotFound",
    "Options",
    "Page",
    "PhotoRequest",
    "Pictured",
    "Plan",
    "Progress",
    "ServerError",
    "ShareLink",
    "Song",
    "SongCancelled",
    "SongFailed",
    "SongRequest",
    "Source",
    "Summary",
    "Take",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "WaitTimeout",
    "verify_webhook",
]
