"""Songs as the API answers them: with progress, estimates, and addresses that begin as the client's own."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel

from config.settings import Settings
from orchestrator.jobs.contract import ServiceJobs
from orchestrator.jobs.feed import Feed
from orchestrator.server.answers import (
    LIVE,
    Addresses,
    PartProgress,
    SongAnswer,
    SongSummary,
    UnreadableSong,
    song_answer,
    song_summary,
    unreadable_song,
)
from orchestrator.server.http.naming import disposition
from orchestrator.songs.export import file_name
from orchestrator.songs.library import asset_key
from orchestrator.songs.manifest import Song
from orchestrator.songs.reading import Damaged
from orchestrator.workers.listening import Listening
from storage.contract import Store
from storage.signing import Signer

_LISTED = ("audio", "cover")


class DeletedSong(BaseModel):
    """A song is not there any more."""

    id: str


class Answers:
    """Makes answers of manifests. Used in the event loop."""

    def __init__(
        self,
        settings: Settings,
        store: Callable[[], Store],
        signer: Signer,
        feed: Feed,
        jobs: ServiceJobs,
        listening: Listening | None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._signer = signer
        self._feed = feed
        self._jobs = jobs
        self._listening = listening

    def addresses(self, base: str) -> Addresses:
        """Makes addresses that begin with the public address of the settings, else with ``base``, the address
        that the client used."""
        expires_s = self._settings.url_expires_s
        return Addresses(
            self._settings.public_url or base,
            url=lambda song, role: self._store().url(
                song.assets[role].key, expires_s, disposition("inline", file_name(song, role), song.id)
            ),
            own_path=lambda song, name: self._signer.path(asset_key(song.id, name), expires_s),
        )

    def song(self, song: Song, base: str, *, cached: bool = False) -> SongAnswer:
        """The manifest with the current progress, estimate and addresses."""
        addresses = self.addresses(base)
        urls = addresses.of(song)
        if song.status.at_work and self._listening and self._listening.recording(song.id):
            urls["live"] = addresses.own(song, LIVE)
        estimate = self._jobs.estimate(song.id)
        return song_answer(song, urls, estimate, self._progress(song), cached=cached)

    def summary(self, song: Song | Damaged, addresses: Addresses) -> SongSummary | UnreadableSong:
        """What lists and streams of songs say of one, in its newest state."""
        if isinstance(song, Damaged):
            return unreadable_song(song)
        song = self._feed.newest(song)
        estimate = self._jobs.estimate(song.id)
        return song_summary(song, addresses.of(song, _LISTED), estimate, self._progress(song))

    def _progress(self, song: Song) -> dict[str, PartProgress]:
        if song.status.finished:
            return {}
        return {
            part: PartProgress(stage=event.stage, fraction=event.fraction)
            for part, event in self._feed.progress_of(song.id).items()
        }
