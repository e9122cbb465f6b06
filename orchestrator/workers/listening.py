"""Which songs somebody wants to hear while they are made, and their recordings."""

from __future__ import annotations

import threading
from collections.abc import Callable

from music.hearing.pieces import Hear
from orchestrator.songs.manifest import Song
from orchestrator.songs.stages import Stage
from orchestrator.workers.recording import Recording


class Listening:
    """The songs that are listened to. For others an engine makes no beginning. Any thread may use it."""

    def __init__(self, is_made: Callable[[str], bool] = lambda _song_id: True) -> None:
        """``is_made`` returns whether the song with an id still waits or runs: a song that was given up,
        since the store takes no manifest, has no end to hear of."""
        self._is_made = is_made
        self._recordings: dict[str, Recording] = {}
        self._guard = threading.Lock()
        self._closed = False

    def want(self, song_id: str) -> Recording:
        """The recording of a song that somebody wants to hear. It has the song's beginning if this is called
        before its music is begun; later, nothing."""
        with self._guard:
            recording = self._recordings.setdefault(song_id, Recording(song_id))
            if self._closed:
                recording.end()
            return recording

    def recording(self, song_id: str) -> Recording | None:
        """The recording of a song; None if nobody wants to hear it, or if it has ended."""
        return self._recordings.get(song_id)

    def hear_of(self, stage: Stage, song_id: str) -> Hear | None:
        """What gets the pieces of the song in this stage; None if nobody listens, or it makes no sound."""
        with self._guard:
            recording = self._recordings.get(song_id) if stage is Stage.MUSIC else None
            if recording is None:
                return None
            self._drop_given_up()
            return recording.add

    def forget(self, song_id: str) -> None:
        """Ends the song's recording, if there is one: it is done, or has failed, or was stopped."""
        with self._guard:
            recording = self._recordings.pop(song_id, None)
        if recording:
            recording.end()

    def song_ended(self, song: Song) -> None:
        """As ``forget``."""
        self.forget(song.id)

    def close(self) -> None:
        """Ends all recordings: this process stops."""
        with self._guard:
            self._closed = True
            left = list(self._recordings)
        for song_id in left:
            self.forget(song_id)

    def _drop_given_up(self) -> None:
        for song_id, recording in list(self._recordings.items()):
            if recording.begun and not self._is_made(song_id):
                recording.end()
                del self._recordings[song_id]
