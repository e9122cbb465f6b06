"""The commands that look at the songs that are there, and take up what was stopped: ``list``, ``search``,
``show``, ``index`` and ``resume``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from config.errors import InvalidRequest
from config.settings import load_settings
from orchestrator.cli.commands.exits import FAILED
from orchestrator.cli.commands.shell import SONG
from orchestrator.cli.home.library import open_library
from orchestrator.cli.lines import print_json, print_line, say

if TYPE_CHECKING:
    from orchestrator.songs.index.selection import Sort
    from orchestrator.songs.library import Library
    from orchestrator.songs.manifest import Song

Command = TypeVar("Command", bound=Callable[..., Any])

_MOST = 10**9
"""More songs than a library has."""

LISTED = """\b
Examples:
  songwright list
  songwright list --limit 0 --json
  songwright list --favourite --genre synthwave --sort title
  songwright list --status failed --status cancelled
"""
SEARCHED = """\b
Examples:
  songwright search neon rain
  songwright search rain --tag demo --sort duration
"""
SHOWN = """\b
Examples:
  songwright show
  songwright show neon rain
  songwright show 8z4x1c --json
"""
INDEXED = """\b
Examples:
  songwright index
"""
RESUMED = """\b
Examples:
  songwright resume
  songwright resume 8z4x1c
"""


def _filters(command: Command) -> Command:
    """The options of the commands that list songs."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="The manifests as a JSON array on stdout."),
        click.option("--limit", default=20, show_default=True, help="How many; 0 for all."),
        click.option(
            "--sort",
            type=click.Choice(["newest", "oldest", "title", "duration", "updated"]),
            default="newest",
            show_default=True,
            help="Newest or oldest first, by title, the longest first, the last changed first.",
        ),
        click.option(
            "--metadata", multiple=True, metavar="KEY:VALUE", help="Only songs that have it; of several, all."
        ),
        click.option("--tag", default="", metavar="TAG", help="Only songs with this tag."),
        click.option("--favourite", "--favorite", is_flag=True, help="Only favourites."),
        click.option("--instrumental", is_flag=True, help="Only songs without a voice."),
        click.option("--genre", default="", metavar="NAME", help="Only this genre, such as synthwave."),
        click.option(
            "--status",
            multiple=True,
            metavar="STATUS",
            help="Only done, failed, cancelled, queued ...; several.",
        ),
    ):
        command = option(command)
    return command


@click.command("list", epilog=LISTED, short_help="The songs, newest first.")
@_filters
def list_(limit: int, as_json: bool, **filters: Any) -> None:  # noqa: FBT001 - click passes all by name
    """List the library's songs, newest first; those that are damaged with what is wrong with them."""
    _list("", limit, as_json=as_json, **filters)


@click.command(epilog=SEARCHED, short_help="Songs with these words.")
@click.argument("words", metavar="WORDS...", nargs=-1, required=True)
@_filters
def search(words: tuple[str, ...], limit: int, as_json: bool, **filters: Any) -> None:  # noqa: FBT001 - as above
    """List the songs with all of these words in their title, prompt, categories or tags.

    A word of three letters or more is also found as the beginning of another.
    """
    _list(" ".join(words), limit, as_json=as_json, **filters)


def _list(
    text: str,
    limit: int,
    *,
    as_json: bool,
    status: tuple[str, ...],
    genre: str,
    instrumental: bool,
    favourite: bool,
    tag: str,
    metadata: tuple[str, ...],
    sort: Sort,
) -> None:
    from orchestrator.cli.home.choosing import whole_catalogue
    from orchestrator.cli.output import MOST_COUNTED, print_list
    from orchestrator.cli.words import typed
    from orchestrator.server.answers import listed
    from orchestrator.songs.index.catalogue import Catalogue
    from orchestrator.songs.index.entry import UNREADABLE
    from orchestrator.songs.index.selection import Selection
    from orchestrator.songs.manifest import Status

    if limit < 0:
        raise InvalidRequest("limit", limit, "give 1 or more, or 0 for all")
    states = [*(each.value for each in Status), UNREADABLE]
    for each in status:
        if each.lower() not in states:
            raise InvalidRequest("--status", each, f"use one of: {', '.join(states)}")
    for pair in metadata:
        if ":" not in pair:
            raise InvalidRequest("--metadata", pair, "give KEY:VALUE")
    selection = Selection(
        text=typed(text).strip(),
        states=frozenset(each.lower() for each in status),
        genre=typed(genre).strip(),
        instrumental=True if instrumental else None,
        favourite=True if favourite else None,
        tag=typed(tag).strip(),
        metadata=tuple(map(typed, metadata)),
        sort=sort,
    )
    most = min(limit, _MOST)
    library = open_library(load_settings())
    if selection.is_everything:  # needs no index
        catalogue = Catalogue(library)
        songs = catalogue.page("", most) if most else list(library.entries())
        more = catalogue.count(songs[-1].id, MOST_COUNTED) if most and songs else 0
    else:
        found = whole_catalogue(library).select(selection, "", most or _MOST)
        songs, more = found.songs, max((found.total or 0) - len(found.songs), 0)
    if as_json:
        manifests = [listed(song).model_dump(mode="json") for song in songs]
        print_json(json.dumps(manifests, indent=2, ensure_ascii=False))
    else:
        print_list(songs, more, whole=selection.is_everything)


@click.command(epilog=SHOWN, short_help="One song: facts, lyrics, files.")
@click.argument("words", metavar="[ID]", nargs=-1, type=SONG)
@click.option("--json", "as_json", is_flag=True, help="The manifest on stdout.")
def show(words: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - click passes every option by name
    """Show a song: its facts, lyrics and files. Without ID, the newest.

    ID may be the beginning of one, or words of the title.
    """
    from orchestrator.cli.home.choosing import song_named
    from orchestrator.cli.output import print_song
    from storage.configured import places_in

    settings = load_settings()
    library = open_library(settings)
    song = library.load(song_named(library, " ".join(words) if words else "latest"))
    if as_json:
        print_json(song.model_dump_json(indent=2))
    else:
        print_song(song, places_in(settings, library.store))


@click.command(epilog=INDEXED, short_help="Read all songs for the index anew.")
def index() -> None:
    """Build the library's index anew, from which pages, searches, costs and quotes are read.

    The service does that by itself where an index is missing. In a bucket each song is one read.
    """
    from orchestrator.cli.output import counting
    from orchestrator.songs.index.catalogue import Catalogue

    library = open_library(load_settings())
    with counting("reading the library") as progress:
        Catalogue(library).rebuild(progress)
    print_line(f"Songs in the index: {library.index.table.count():,}.")


@click.command(epilog=RESUMED, short_help="Go on with a song that was stopped.")
@click.argument("song_ids", metavar="[ID]...", nargs=-1, type=SONG)
def resume(song_ids: tuple[str, ...]) -> None:
    """Finish songs that were stopped, from their last step.

    Without ID: all whose process has died, but for those that the service of this bucket takes up. If there
    are none, the song that was stopped by Ctrl-C, was cancelled or failed; of several, you choose. ID may be
    the beginning of one, or words of the title.
    """
    from orchestrator.cli.home.choosing import songs_named
    from orchestrator.cli.produce import produce
    from orchestrator.jobs.resuming import check_resumable, interrupted

    settings = load_settings()
    library = open_library(settings)
    if song_ids:
        songs = [library.load(song_id) for song_id in songs_named(library, song_ids)]
    else:
        # One that may be what killed whoever made it comes last.
        songs = sorted(interrupted(library), key=lambda song: song.runs) or _chosen(library)
    for song in songs:
        check_resumable(song)
    if songs:
        if not produce(songs, settings, out=None, as_json=False, begun=True):
            click.get_current_context().exit(FAILED)
    else:
        print_line("Nothing to resume.")


def _chosen(library: Library) -> list[Song]:
    """The song that has ended before it was whole; of several the one that is chosen on the terminal. Raises
    ``InvalidRequest`` where nobody can choose."""
    from orchestrator.cli.home.choosing import described, stopped_songs

    songs = stopped_songs(library)
    if len(songs) < 2:
        for song in songs:
            say(f"songwright: resumes {described(song)}")
        return songs
    say("These were stopped:")
    for number, song in enumerate(songs, 1):
        say(f"{number:3}  {described(song)}")
    if not sys.stdin.isatty():
        raise InvalidRequest("ID", "", f"name the one to resume: songwright resume {songs[0].id}")
    kind = click.IntRange(1, len(songs))
    number = click.prompt("Which one", type=kind, default=1, err=True)
    return [songs[number - 1]]
