"""Plays songs by a program of this machine, while they are made and afterwards."""

from __future__ import annotations

import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO

from config.errors import InvalidRequest, Unavailable
from orchestrator.cli.lines import plain, say
from orchestrator.cli.players import TO_INSTALL, Player, player_here, player_of
from orchestrator.songs.manifest import Asset
from orchestrator.workers.recording import Recording
from storage.configured import Places
from storage.contract import Store

_BYTES = 1 << 16
_STOP_S = 2.0
_CLOSED = OSError if sys.platform == "win32" else BrokenPipeError
"""What is raised where a player reads no more."""


def player_for_songs() -> Player:
    """The player of this machine. Raises ``InvalidRequest`` if there is none."""
    player = player_here()
    if player is None:
        fix = f"install one of {TO_INSTALL}, or leave --play out: the song is made all the same"
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
                words = _last_line(complaints)
                say(plain(f"songwright: {self._player.name} ended with exit code {code}: {words}"))

    def _stream(self, recording: Recording, process: subprocess.Popen[bytes]) -> int:
        assert process.stdin
        # It may end before the song does: its user has closed it, or it has complained.
        with suppress(_CLOSED), process.stdin as sink:
            for data in _pieces(recording):
                sink.write(data)
                sink.flush()
                if self._stopped:
                    break
        return process.wait()

    def _play_file(self, recording: Recording, complaints: IO[bytes]) -> int:
        # Not a file that is deleted when it is closed: on Windows nobody else could open that one.
        with tempfile.TemporaryDirectory(prefix="songwright-") as folder:
            path = Path(folder, "song.wav")
            with path.open("wb") as file:
                file.writelines(_pieces(recording))
            if not recording.whole or self._stopped:
                return 0
            process = self._start((*self._player.plays, str(path)), complaints)
            assert process.stdin
            process.stdin.close()
            return process.wait()

    def _start(self, arguments: tuple[str, ...], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
        with self._starting:
            # In a session of its own Ctrl-C does not reach it: it is ended by ``stop``.
            self._process = process = subprocess.Popen(
                [self._player.command, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                start_new_session=True,
            )
            if self._stopped:
                process.terminate()
            return process


@contextmanager
def file_of(asset: Asset, store: Store, places: Places) -> Iterator[Path]:
    """The asset as a file of this machine: the library's own, or a copy of what is in a bucket that is
    deleted afterwards."""
    if places.folder:
        yield (places.folder / asset.key).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="songwright-") as folder:
        path = Path(folder, PurePosixPath(asset.key).name)
        with path.open("wb") as file:
            file.writelines(store.open(asset.key))
        yield path


def play_file(path: Path, name: str) -> bool:
    """Plays the whole file; Ctrl-C ends that. ``name`` is said to people. Answers whether it could be played.
    Raises ``Unavailable`` if nothing here plays such a file."""
    player = player_of(path)
    if player is None:
        raise Unavailable(f"no player for {path} is here", f"install one of {TO_INSTALL}, or open the file")
    with tempfile.TemporaryFile() as complaints:
        try:
            process = subprocess.Popen(
                [player.command, *player.plays, str(path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                start_new_session=True,  # else Ctrl-C would reach it too, and it would complain
            )
        except OSError as error:
            raise Unavailable(
                f"{player.name} cannot be started: {error}", f"open the file: {path}"
            ) from error
        try:
            say(plain(f"songwright: {player.name} plays {name}; Ctrl-C ends it"))
            code = process.wait()
        except KeyboardInterrupt:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_S)
            if process.poll() is None:
                process.kill()
            say("")  # after the terminal's own ^C
            return True
        if code:
            say(plain(f"songwright: {player.name} ended with exit code {code}: {_last_line(complaints)}"))
    return not code


def _last_line(complaints: IO[bytes]) -> str:
    complaints.seek(0)
    return complaints.read().decode(errors="replace").strip().rpartition("\n")[2][:200]


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
