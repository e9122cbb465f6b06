"""Plays songs while they are made, by a program of this machine."""

from __future__ import annotations

import queue
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

from config.errors import InvalidRequest
from orchestrator.cli.lines import plain, say
from orchestrator.cli.players import PLAYERS, Player, player_here
from orchestrator.workers.recording import Recording

_BYTES = 1 << 16
_STOP_S = 2.0


def player_for_songs() -> Player:
    """The player of this machine. Raises ``InvalidRequest`` if there is none."""
    player = player_here()
    if player is None:
        names = ", ".join(player.name for player in PLAYERS)
        fix = f"install one of {names}, or leave --play out: the song is made all the same"
        raise InvalidRequest("--play", "no player", fix)
    return player


class Playback:
    """Plays recordings one after the other, in a thread of its own, each as soon as it has begun."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._recordings: queue.SimpleQueue[Recording | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._starting = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="playback", daemon=True)
        self._thread.start()
        if player.listens is None:
            say(f"songwright: {player.name} plays whole files alone: it begins when the music is made")

    def add(self, recording: Recording) -> None:
        """Plays it after those before it."""
        self._recordings.put(recording)

    def finish(self) -> None:
        """Waits until all has been played. Ctrl-C ends the playing, and nothing else."""
        self._recordings.put(None)
        try:
            if self._thread.is_alive():
                say(f"songwright: {self._player.name} plays it; Ctrl-C ends that, and the song is kept")
            self._thread.join()
        except KeyboardInterrupt:
            self.stop()
            say("\nsongwright: it is played no more; the song is kept")  # after the terminal's own ^C

    def stop(self) -> None:
        """Ends the playing. Recordings that grow must have been ended before."""
        with self._starting:
            self._stopped = True
            process = self._process
        self._recordings.put(None)
        if process:
            process.terminate()
        self._thread.join(_STOP_S)
        if process and process.poll() is None:
            process.kill()

    def _run(self) -> None:
        while (recording := self._recordings.get()) and not self._stopped:
            with recording.reading():
                recording.wait(0)
                if recording.begun:
                    self._play(recording)

    def _play(self, recording: Recording) -> None:
        with tempfile.TemporaryFile() as complaints:
            try:
                listens = self._player.listens
                if listens is None:
                    code = self._play_file(recording, complaints)
                else:
                    code = self._stream(recording, self._start(listens, complaints))
            except OSError as error:
                say(plain(f"songwright: {self._player.name} cannot be started: {error}"))
                return
            if code and not self._stopped:
                complaints.seek(0)
                words = complaints.read().decode(errors="replace").strip().rpartition("\n")[2]
                say(plain(f"songwright: {self._player.name} ended with exit code {code}: {words[:200]}"))

    def _stream(self, recording: Recording, process: subprocess.Popen[bytes]) -> int:
        assert process.stdin
        # It may end before the song does: its user has closed it, or it has complained.
        with suppress(BrokenPipeError), process.stdin as sink:
            for data in _pieces(recording):
                sink.write(data)
                sink.flush()
                if self._stopped:
                    break
        return process.wait()

    def _play_file(self, recording: Recording, complaints: IO[bytes]) -> int:
        with tempfile.NamedTemporaryFile(prefix="songwright-", suffix=".wav") as file:
            for data in _pieces(recording):
                file.write(data)
            file.flush()
            if not recording.whole or self._stopped:
                return 0
            process = self._start((*self._player.plays, file.name), complaints)
            assert process.stdin
            process.stdin.close()
            return process.wait()

    def _start(self, arguments: tuple[str, ...], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
        with self._starting:
            # In a session of its own Ctrl-C does not reach it: it is ended by ``stop``.
            self._process = process = subprocess.Popen(
                [self._player.name, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                start_new_session=True,
            )
            if self._stopped:
                process.terminate()
            return process


def _pieces(recording: Recording) -> Iterator[bytes]:
    """All of the recording, as it comes."""
    at = 0
    while True:
        recording.wait(at)
        data = recording.read(at, _BYTES)
        if not data:
            return
        at += len(data)
        yield data
