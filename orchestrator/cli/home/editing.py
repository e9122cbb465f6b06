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
            self._its_service(song, "change it").patch(path, labels)
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
            self._its_service(song, "delete it").delete(f"/songs/{song_id}")
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
            self._its_service(song, "cancel it").post(f"/songs/{song_id}/cancel")
            return song.title
        # Nobody makes it, unless somebody has just taken it up.
        if not self._library.save_if(song.changed(status=Status.CANCELLED, owner=None), etag):
            return self.cancel(song_id)
        return song.title

    def _its_service(self, song: Song, wish: str) -> RunningService:
        """The service that makes the song. Raises ``InvalidRequest`` if another process does: ``wish`` is
        what is to be done with the song."""
        owner = song.owner
        service = running_service(self._settings) if owner and owner.service else None
        if service:
            return service
        where, there = "another process is at work on this song", wish
        if owner and owner.host != platform.node():
            where += f", on the machine {owner.host!r}"
        elif owner and not owner.service:
            where += f", number {owner.pid}"
            there = "press Ctrl-C"
        waits = "" if wish == "cancel it" else f", or {wish} once it has ended"
        raise InvalidRequest("ID", song.id, f"{where}: {there} there{waits}")

    def _by_service_or(self, by_service: Callable[[RunningService], T], by_store: Callable[[], T]) -> T:
        """Through the service where one runs and takes our token, else in the store: nobody makes the song,
        so that both do the same."""
        try:
            if service := running_service(self._settings):
                return by_service(service)
        except Unavailable as error:
            say(plain(f"songwright: changed in the store, and open pages do not see it yet: {error.what}"))
        return by_store()
