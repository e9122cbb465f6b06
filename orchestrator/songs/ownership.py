"""Who makes a song: the process that its manifest names, while that process runs."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from config.errors import Conflict
from config.process import runs, started
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Owner, Song, Status

_LONGEST_STEP = timedelta(hours=1)  # an owner that has saved nothing for this long has stopped


def this_process(*, service: bool = False) -> Owner:
    """This process as an owner. ``service``: its songs may wait in a queue."""
    pid = os.getpid()
    return Owner(host=platform.node(), pid=pid, service=service, started=started(pid))


def may_resume(song: Song) -> bool:
    """Whether ``song`` is unfinished and no process works on it: its owner has ended or, if that cannot be
    checked, has saved nothing for an hour."""
    if song.status.finished:
        return False
    owner = song.owner
    if owner is None:
        return True
    if owner.host == platform.node():
        if owner.started and (now := started(owner.pid)):
            return now != owner.started
        if not runs(owner.pid):
            return True
    # A process of another machine cannot be checked from here; on this machine its id may belong to a later
    # process. A clock may have been set back: a time an hour ahead counts like one an hour ago.
    idle = abs(datetime.now(UTC) - song.updated_at)
    waits = owner.service and song.status is Status.QUEUED
    return idle > _LONGEST_STEP and not waits


def take_ownership(version: tuple[Song, str], library: Library, owner: Owner) -> Song:
    """Makes ``owner`` the song's owner, unless the song has finished; returns the stored manifest.
    ``version`` is the manifest as it was read, with its tag."""
    while True:
        song, etag = version
        taken = song if song.status.finished else song.changed(owner=owner)
        if song.status.finished or library.save_if(taken, etag):
            return taken
        version = library.version(song.id)


def edit_stored(library: Library, song_id: str, facts: Mapping[str, object], *, here: bool = False) -> Song:
    """Stores these facts of a song that nobody makes now, over whatever others write meanwhile, and returns
    it. ``here``: it waits for this process, which does not begin meanwhile. Raises ``Conflict`` if a process
    makes it: that one would write over them."""
    while True:
        song, etag = library.version(song_id)
        if not (song.status.finished or here or may_resume(song)):
            raise Conflict(
                f"another process makes song {song_id}", "change it once it has ended, or in that process"
            )
        changed = song.changed(**facts)
        if library.save_if(changed, etag):
            return changed


def why_not_resumed(song: Song) -> str:
    """Why ``song`` may not be resumed now, and when it may."""
    owner = song.owner
    if owner and owner.service and song.status is Status.QUEUED:
        return f"it waits for the service of {owner.host!r}: start 'songwright serve', which takes it up"
    if owner and owner.host != platform.node():
        until = song.updated_at + _LONGEST_STEP
        return (
            f"a process of another machine, {owner.host!r}, may be at work on this song: "
            f"from {until:%H:%M} UTC on it may be resumed here, unless that has saved a step"
        )
    return "another process is at work on this song: let it finish"
