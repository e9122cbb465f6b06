"""Which songs the command line may finish, where services and other processes are at work on others."""

from __future__ import annotations

from config.errors import InvalidRequest
from orchestrator.jobs.lease import is_leased
from orchestrator.pipeline.make_song import Terms, at_work, may_resume, this_process
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status


def interrupted(library: Library) -> list[Song]:
    """All songs whose process has died, newest first; without those that the service takes up which has the
    bucket."""
    songs = [song for song in library.songs() if may_resume(song)]
    if is_leased(library.store):
        return [song for song in songs if song.owner and not song.owner.service]
    return songs


def check_resumable(song: Song) -> None:
    """Raises ``InvalidRequest`` for a song that is whole, or that another process is at work on."""
    if song.status is Status.DONE:
        raise InvalidRequest("ID", song.id, "this song is finished: 'songwright show' shows it")
    if not song.status.finished and not may_resume(song):
        raise InvalidRequest("ID", song.id, at_work(song))


def resumed(song: Song, library: Library) -> tuple[Song, Terms]:
    """The song as it is now, and the terms on which it is gone on with: of several that go on with it, one
    does. Raises as ``check_resumable``."""
    now, etag = library.version(song.id)
    check_resumable(now)
    library.mark(song.id)
    return now, Terms(this_process(), etag=etag, counted=True)
