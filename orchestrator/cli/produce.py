"""Songs made by the command line, in its own process, one after the other."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from config.errors import Cancelled, SongwrightError
from config.settings import Settings
from orchestrator.cli.output import print_song, progress
from orchestrator.jobs.resuming import resumed
from orchestrator.pipeline.make_song import make_song
from orchestrator.pipeline.photos import keep_photo
from orchestrator.songs.export import export
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song
from orchestrator.workers.in_process import LocalWorker
from storage.configured import open_store, places_in


def produce(
    songs: list[Song],
    settings: Settings,
    *,
    out: Path | None,
    as_json: bool,
    photo: bytes = b"",
    begun: bool = False,
) -> bool:
    """Makes ``songs`` one after the other, each with the ``photo`` that it is made from, shows progress on a
    terminal, and prints each as it is done. Answers whether all were made. ``begun``: they are there already,
    and of several one that fails does not keep the next from being made. Raises as ``make_song`` does."""
    library = Library(open_store(settings))
    worker = LocalWorker(settings, library.store)
    made: list[Song] = []
    failed = False
    try:
        for number, song in enumerate(songs, 1):
            stopped = song.id
            if photo:
                song = library.save(keep_photo(library, song, photo))
            try:
                song, terms = resumed(song, library) if begun else (song, None)
                with progress(of=len(songs), number=number) as report:
                    made.append(asyncio.run(make_song(song, worker, library, report, terms)))
            except SongwrightError as error:
                if len(songs) == 1 or not begun or isinstance(error, Cancelled):
                    raise
                print(f"songwright: {song.id}: {error}", file=sys.stderr)
                failed = True
                continue
            copies = export(made[-1], library.store, out) if out else None
            if not as_json:
                print_song(made[-1], places_in(settings, library.store), copies=copies)
    except (SongwrightError, KeyboardInterrupt):
        if stopped in library.ids():
            print(f"songwright: 'songwright resume {stopped}' goes on from its last step", file=sys.stderr)
        raise
    finally:
        worker.close()
    if as_json:
        manifests = [song.model_dump(mode="json") for song in made]
        print(json.dumps(manifests[0] if len(manifests) == 1 else manifests, indent=2, ensure_ascii=False))
    return not failed
