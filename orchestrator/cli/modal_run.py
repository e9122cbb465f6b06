"""What ``modal run`` shows where it is typed while a song is made."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from config.errors import EngineFailed, SongwrightError
from orchestrator.cli.lines import plain, print_line, say
from orchestrator.cli.output import progress
from orchestrator.cli.words import words_in
from orchestrator.songs.brief import Brief
from orchestrator.songs.export import check_folder, export
from orchestrator.songs.limits import KEPT
from orchestrator.songs.manifest import Song, Status, new_id
from orchestrator.songs.stages import Stage

_PIECE_BYTES = 1 << 20


def requested(words: Mapping[str, str], *, instrumental: bool, **fields: object) -> dict[str, object]:
    """The fields of the brief for ``words``; a prompt alone is music without words or cover."""
    music_alone = bool(words["prompt"]) and not (words["description"] or words["lyrics"] or words["about"])
    return {
        "description": words["description"] or words["prompt"],
        "about": words["about"],
        "instrumental": instrumental or music_alone,
        "cover": not music_alone,
        **fields,
    }


def place_order(
    fields: Mapping[str, object],
    lyrics: str,
    folder: Path,
    order: Callable[[str, str], Iterable[tuple[str, Any]]],
) -> None:
    """Has a song made by ``order`` (see ``ModalService.order``), with the words in the file ``lyrics`` if one
    is named, and saves its files in ``folder``. Ends the process with 2 for a request that cannot be, and
    with 1 for a song that failed."""
    try:
        brief = Brief.model_validate({**fields, "lyrics": words_in(lyrics) if lyrics else ""})
        check_folder(folder)
    except SongwrightError as error:
        say(plain(f"songwright: {error}"))
        sys.exit(2)
    try:
        song, urls = _made(brief, order)
        if song.status is not Status.DONE:
            raise EngineFailed(
                song.error.step if song.error else "songwright",
                song.error.message if song.error else f"the song is {song.status}",
            )
        path = export(song, _Addresses(urls), folder)
    except SongwrightError as error:
        say(plain(f"songwright: {error}"))
        sys.exit(1)
    print_line(plain(f"{song.title or song.id}: {path}"))


def _made(
    brief: Brief, order: Callable[[str, str], Iterable[tuple[str, Any]]]
) -> tuple[Song, dict[str, str]]:
    with progress(of=1, number=1) as report:
        for kind, news in order(brief.model_dump_json(), new_id()):
            if kind == "progress":
                stage, doing, fraction = news
                if stage in iter(Stage):  # else it is one of a later version
                    report(Stage(stage), doing, fraction)
            else:
                manifest, urls = news
                return Song.model_validate_json(manifest, context=KEPT), urls
    raise EngineFailed("songwright", "the order ended without a song")


class _Addresses:
    """A store's files by the addresses that it signed."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls

    def open(self, key: str) -> Iterator[bytes]:
        with urllib.request.urlopen(self._urls[key], timeout=60) as answer:
            while piece := answer.read(_PIECE_BYTES):
                yield piece
