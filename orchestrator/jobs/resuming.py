"""The songs that the command line may resume, beside services and other processes that make songs."""

from __future__ import annotations

import logging

from config.errors import InvalidRequest, Unavailable
from orchestrator.jobs.lease import is_leased
from orchestrator.pipeline.recorder import RunOptions
from orchestrator.songs.index.catalogue import Catalogue
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status
from orchestrator.songs.ownership import may_resume, this_process, why_not_resumed

log = logging.getLogger(__name__)


def interrupted(library: Library) -> list[Song]:
    """All songs whose process has died, newest first. Songs of a service are left out if a service holds the
    bucket's lease: that service resumes them. Damaged ones that were being made are logged."""
    try:
        some = Catalogue(library).unfinished()
    except Unavailable as error:
        log.warning("every song is read: %s", error)
        some = list(library.ids())
    found = library.reading(library.load_or_skip, some)
    songs = [song for song in found if song and may_resume(song)]
    if is_leased(library.store):
        return [song for song in songs if song.owner and not song.owner.service]
    return songs


def check_resumable(song: Song) -> None:
    """Raises ``InvalidRequest`` for a song that is finished, or that another process makes."""
    if song.status is Status.DONE:
        raise InvalidRequest("ID", song.id, "this song is finished: 'songwright show' shows it")
    if not song.status.finished and not may_resume(song):
        raise InvalidRequest("ID", song.id, why_not_resumed(song))


def resumed(song: Song, library: Library) -> tuple[Song, RunOptions]:
    """The stored song and the options for resuming it. Of several processes that resume it, only one
    succeeds. Raises as ``check_resumable``."""
    now, etag = library.version(song.id)
    check_resumable(now)
    library.mark(song.id)
    return now, RunOptions(this_process(), etag=etag, counted=True)
