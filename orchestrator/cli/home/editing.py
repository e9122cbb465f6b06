"""Changes of songs in the library: by the service that runs on it, so that open pages see them, else in the
store."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from typing import TypeVar

from config.errors import Conflict, InvalidRequest, Unavailable, Unreadable
from config.settings import Settings
from orchestrator.cli.home.service import RunningService, running_service
from orchestrator.cli.lines import plain, say
from orchestrator.songs.facts.labels import cleaned_labels
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status
from orchestrator.songs.ownership import edit_stored, may_resume

T = TypeVar("T")


class Editor:
    """Changes songs of ``library``. The methods answer the song's title, and raise the service's and the
    store's errors."""

    def __init__(self, settings: Settings, library: Library) -> None:
        self._settings = settings
        self._library = library

    def update(self, song_id: str, labels: Mapping[str, object]) -> str:
        """Changes the song's title, mark, tags or metadata (``facts.labels``). Raises ``InvalidRequest`` for
        values out of bounds."""
        facts = cleaned_labels(labels)
        song = self._library.load(song_id)
        path = f"/songs/{song_id}"
        if song.status.finished or may_resume(song):
            self._by_service_or(
                lambda service: service.patch(path, labels),
                lambda: edit_stored(self._library, song_id, facts),
            )
        else:
            self._its_service(song).patch(path, labels)
        return str(facts.get("renamed", song.title))

    def delete(self, song_id: str) -> str:
        """Deletes the song, a damaged one too. Raises ``InvalidRequest`` for one that another process is at
        work on."""
        try:
            song = self._library.load(song_id)
        except Unreadable as error:
            say(plain(f"songwright: {error.what}"))
            self._library.delete(song_id)
            return ""
        if song.status.finished or may_resume(song):
            self._by_service_or(
                lambda service: service.delete(f"/songs/{song_id}"), lambda: self._library.delete(song_id)
            )
        else:
            self._its_service(song).delete(f"/songs/{song_id}")
        return song.title

    def cancel(self, song_id: str) -> str:
        """Stops the making of the song; one that is cancelled already stays so. Raises ``Conflict`` for one
        that has ended otherwise."""
        song, etag = self._library.version(song_id)
        if song.status is Status.CANCELLED:
            return song.title
        if song.status.finished:
            raise Conflict(f"song {song_id} is {song.status.value}", "there is nothing to cancel")
        if not may_resume(song):
            self._its_service(song).post(f"/songs/{song_id}/cancel")
            return song.title
        # Nobody makes it, unless somebody has just taken it up.
        if not self._library.save_if(song.changed(status=Status.CANCELLED, owner=None), etag):
            return self.cancel(song_id)
        return song.title

    def _its_service(self, song: Song) -> RunningService:
        """The service that makes the song. Raises ``InvalidRequest`` if another process does."""
        owner = song.owner
        service = running_service(self._settings) if owner and owner.service else None
        if service:
            return service
        where = "another process is at work on this song"
        fix = f"{where}: cancel it there first"
        if owner and owner.host != platform.node():
            fix = f"{where}, on the machine {owner.host!r}: cancel it there first"
        elif owner and not owner.service:
            fix = f"{where}, number {owner.pid}: press Ctrl-C there first"
        raise InvalidRequest("ID", song.id, fix)

    def _by_service_or(self, by_service: Callable[[RunningService], T], by_store: Callable[[], T]) -> T:
        """Through the service where one runs and takes our token, else in the store: nobody makes the song,
        so that both do the same."""
        try:
            if service := running_service(self._settings):
                return by_service(service)
        except Unavailable as error:
            say(plain(f"songwright: changed in the store, and open pages do not see it yet: {error.what}"))
        return by_store()
