"""Songs made by the command line, in its own process, one after the other."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from config.errors import Cancelled, SongwrightError
from config.settings import Settings
from orchestrator.cli.lines import plain, print_json, say
from orchestrator.cli.output import print_song, progress
from orchestrator.cli.playback import Playback, player_for_songs
from orchestrator.jobs.resuming import resumed
from orchestrator.pipeline.engines import REGISTRIES, crafts_in_use
from orchestrator.pipeline.inputs.photos import keep_photo
from orchestrator.pipeline.make_song import make_song
from orchestrator.songs.export import export
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status
from orchestrator.workers.in_process import InProcessWorker
from orchestrator.workers.listening import Listening
from storage.configured import index_table, open_store, places_in


def produce(
    songs: list[Song],
    settings: Settings,
    *,
    out: Path | None,
    as_json: bool,
    photo: bytes = b"",
    begun: bool = False,
    play: bool = False,
) -> bool:
    """Makes ``songs`` one after the other, each with the ``photo`` that it is made from, shows progress on a
    terminal, and prints each as it is done. Answers whether all were made. ``begun``: they are there already,
    and of several one that fails does not keep the next from being made. ``play``: each is played from its
    first seconds on, while it is made. Raises as ``make_song`` does, and ``InvalidRequest`` if it is to be
    played and nothing here plays."""
    if not begun:  # a name that leads nowhere is found before anything is made
        for craft in songs[0].brief.crafts_by(separates="separation" in crafts_in_use(settings)):
            REGISTRIES[craft].look_up(getattr(settings, craft).engine)
    library = Library(open_store(settings), index_table(settings))
    listening = Listening()
    playback = Playback(player_for_songs()) if play else None
    worker = InProcessWorker(settings, library.store, listening)
    made: list[Song] = []
    failed = False
    try:
        for number, song in enumerate(songs, 1):
            stopped = song.id
            if playback:
                playback.add(listening.want(song.id))
            if photo:
                song = library.save(keep_photo(library, song, photo))
            try:
                song, options = resumed(song, library) if begun else (song, None)
                with progress(of=len(songs), number=number) as report:
                    made.append(asyncio.run(make_song(song, worker, library, report, options)))
            except SongwrightError as error:
                if len(songs) == 1 or not begun or isinstance(error, Cancelled):
                    raise
                say(plain(f"songwright: {song.id}: {error}"))
                failed = True
                continue
            waits = song.brief.keep == "only_best"
            copies = export(made[-1], library.store, out) if out and not waits else None
            if not as_json:
                print_song(made[-1], places_in(settings, library.store), copies=copies)
        made = _as_kept(made, library)
        if out and made and made[0].brief.keep == "only_best":
            export(made[0], library.store, out)
        if as_json:
            manifests = [song.model_dump(mode="json") for song in made]
            one = manifests[0] if len(manifests) == 1 else manifests
            print_json(json.dumps(one, indent=2, ensure_ascii=False))
        if playback:
            playback.finish()
    except (SongwrightError, KeyboardInterrupt):
        left = library.load_or_skip(stopped)
        if left and left.status is not Status.DONE:  # a song that is whole may not have been copied or shown
            say(f"songwright: 'songwright resume {stopped}' goes on from its last step")
        raise
    finally:
        worker.close()
        listening.close()
        if playback:
            playback.stop()
    return not failed


def _as_kept(made: list[Song], library: Library) -> list[Song]:
    """The songs after the best of several takes is known, which is said on a terminal."""
    if not made or made[0].brief.keep == "all":
        return made
    left = [song for one in made if (song := library.load_or_skip(one.id))]
    if takes := next((song.takes for song in left if song.takes), None):
        best = next(song for song in left if song.id == takes.best)
        others = "" if len(left) > 1 else ", and the others are deleted"
        say(plain(f"The best is take {best.variation + 1}, {best.id}{others}: {takes.why}"))
    return left
