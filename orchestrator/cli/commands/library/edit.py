"""The commands that change what is in the library: ``rename``, ``favourite``, ``tag``, ``cancel`` and
``delete``."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from config.errors import InvalidRequest, SongwrightError
from config.settings import load_settings
from orchestrator.cli.commands.exits import FAILED
from orchestrator.cli.commands.shell import SONG
from orchestrator.cli.home.library import open_library
from orchestrator.cli.lines import plain, print_line, say

if TYPE_CHECKING:
    from orchestrator.cli.home.editing import Editor
    from orchestrator.songs.library import Library

DELETED = """\b
Examples:
  songwright delete 8z4x1c
  songwright delete 8z4x1c 8z4x0b "neon rain"
  songwright delete --cancelled --failed --older-than 30d
"""
RENAMED = """\b
Examples:
  songwright rename latest Neon Rain II
  songwright rename "harbour lights" "Harbour Lights (demo)"
"""
MARKED = """\b
Examples:
  songwright favourite latest
  songwright favourite 8z4x1c 8z4x0b --off
"""
TAGGED = """\b
Examples:
  songwright tag latest demo "for Anna"
  songwright tag 8z4x1c demo --off
  songwright list --tag demo
"""
CANCELLED = """\b
Examples:
  songwright cancel latest
  songwright cancel 8z4x1c 8z4x0b
"""
_AGE = re.compile(r"([0-9]{1,5})\s*([hdw])", re.IGNORECASE)
_HOURS = {"h": 1, "d": 24, "w": 168}


def _age(_ctx: click.Context, _param: click.Parameter, text: str | None) -> timedelta | None:
    """The time that a text such as 12h, 30d or 4w names."""
    if text is None:
        return None
    found = _AGE.fullmatch(text.strip())
    if not found:
        raise InvalidRequest("--older-than", text, "give hours, days or weeks, as 12h, 30d or 4w")
    return timedelta(hours=int(found[1]) * _HOURS[found[2].lower()])


@click.command(epilog=RENAMED, short_help="Give a song another title.")
@click.argument("song_id", metavar="ID", type=SONG)
@click.argument("title", metavar="TITLE", nargs=-1, required=True)
def rename(song_id: str, title: tuple[str, ...]) -> None:
    """Give the song ID another TITLE: in the library, and in the names of its files when they are copied.

    What was printed on the cover stays.
    """
    from orchestrator.cli.home.choosing import songs_named
    from orchestrator.cli.words import typed

    library, editor = _opened()
    found = songs_named(library, [song_id])
    _each(found, lambda each: editor.update(each, {"title": typed(" ".join(title))}), done="Renamed")


@click.command(epilog=MARKED, short_help="Mark songs as favourites.")
@click.argument("song_ids", metavar="ID...", nargs=-1, type=SONG, required=True)
@click.option("--off", is_flag=True, help="Take the mark away.")
def favourite(song_ids: tuple[str, ...], off: bool) -> None:  # noqa: FBT001 - click passes it by name
    """Mark songs as favourites: 'songwright list --favourite' lists them."""
    from orchestrator.cli.home.choosing import songs_named

    library, editor = _opened()
    found, done = songs_named(library, song_ids), "No favourite now:" if off else "Favourite:"
    _each(found, lambda each: editor.update(each, {"favourite": not off}), done=done)


@click.command(epilog=TAGGED, short_help="Tag a song.")
@click.argument("song_id", metavar="ID", type=SONG)
@click.argument("tags", metavar="TAG...", nargs=-1, required=True)
@click.option("--off", is_flag=True, help="Take these tags away.")
def tag(song_id: str, tags: tuple[str, ...], off: bool) -> None:  # noqa: FBT001 - click passes it by name
    """Give the song ID tags of your own: 'songwright list --tag TAG' lists the songs that have one."""
    from orchestrator.cli.home.choosing import songs_named
    from orchestrator.cli.words import typed

    library, editor = _opened()
    given = [typed(word) for word in tags]

    def change(each: str) -> str:
        named = {" ".join(word.casefold().split()) for word in given}
        kept = [word for word in library.load(each).tags if word.casefold() not in named]
        left = kept if off else [*kept, *given]
        title = editor.update(each, {"tags": left})
        return f"{title}: {', '.join(left) or 'no tags'}"

    _each(songs_named(library, [song_id]), change, done="Tags of")


@click.command(epilog=DELETED, short_help="Delete songs and their files.")
@click.argument("song_ids", metavar="[ID]...", nargs=-1, type=SONG)
@click.option("--cancelled", is_flag=True, help="All songs that were cancelled.")
@click.option("--failed", is_flag=True, help="All songs that failed.")
@click.option(
    "--older-than", "age", callback=_age, metavar="AGE", help="Of these, those older than 12h, 30d, 4w."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(
    song_ids: tuple[str, ...],
    cancelled: bool,  # noqa: FBT001 - click passes every option by name
    failed: bool,  # noqa: FBT001 - as above
    age: timedelta | None,
    yes: bool,  # noqa: FBT001 - as above
) -> None:
    """Delete songs and all their files, damaged ones too.

    One that is named by its id, by the beginning of it, or as 'latest', is deleted at once. Before it deletes
    several, or one that is named by words of its title, it says which and asks.
    """
    from orchestrator.cli.home.choosing import songs_named

    if not song_ids and not cancelled and not failed:
        raise InvalidRequest("ID", "", "name the songs to delete, or give --cancelled or --failed")
    if song_ids and (cancelled or failed or age):
        fix = "give either ids, or --cancelled and --failed with --older-than"
        raise InvalidRequest("ID", song_ids[0], fix)
    library, editor = _opened()
    found = songs_named(library, song_ids)
    if not song_ids:
        found = _ended(library, cancelled=cancelled, failed=failed, age=age)
        if not found:
            print_line("Nothing to delete.")
            return
    by_id = len(found) == 1 and any(found[0].startswith(each) or each == "latest" for each in song_ids)
    if not by_id and not yes and not _confirmed(library, found):
        say("songwright: nothing is deleted")
        click.get_current_context().exit(FAILED)
    _each(found, editor.delete, done="Deleted")


@click.command(epilog=CANCELLED, short_help="Stop the making of songs.")
@click.argument("song_ids", metavar="ID...", nargs=-1, type=SONG, required=True)
def cancel(song_ids: tuple[str, ...]) -> None:
    """Stop making songs. What was made of them is kept, and 'songwright resume' goes on.

    For songs that the service makes or that wait for it, and for those whose process has died. A song that
    'songwright make' makes in another terminal is stopped there, by Ctrl-C.
    """
    from orchestrator.cli.home.choosing import songs_named

    library, editor = _opened()
    _each(songs_named(library, song_ids), editor.cancel, done="Cancelled")


def _opened() -> tuple[Library, Editor]:
    from orchestrator.cli.home.editing import Editor

    settings = load_settings()
    library = open_library(settings)
    return library, Editor(settings, library)


def _ended(library: Library, *, cancelled: bool, failed: bool, age: timedelta | None) -> list[str]:
    from orchestrator.cli.home.choosing import ended_songs
    from orchestrator.songs.manifest import Status

    statuses = {Status.CANCELLED: cancelled, Status.FAILED: failed}
    before = datetime.now(UTC) - age if age else None
    wanted = {status for status, is_wanted in statuses.items() if is_wanted}
    return [song.id for song in ended_songs(library, wanted, before=before)]


def _confirmed(library: Library, found: Sequence[str]) -> bool:
    """Shows the songs and asks. Raises ``InvalidRequest`` where nobody can answer."""
    from orchestrator.cli.home.choosing import MOST_SHOWN, show_songs

    songs = library.load_all(found[:MOST_SHOWN])
    show_songs([song for song in songs if song is not None])
    if len(found) > MOST_SHOWN:
        say(f"  ... and {len(found) - MOST_SHOWN:,} more")
    if not sys.stdin.isatty():
        raise InvalidRequest("delete", _songs(len(found)), "give --yes to delete without a question")
    what = "this song" if len(found) == 1 else f"these {len(found):,} songs"
    return click.confirm(f"Delete {what} with all files?", err=True)


def _each(found: Sequence[str], work: Callable[[str], str], *, done: str) -> None:
    """Does ``work`` for each song, says so, and goes on after one that cannot be changed if there are
    several. ``work`` answers the song's title."""
    count = failed = 0
    many = len(found) > 1
    for song_id in found:
        try:
            title = work(song_id)
        except SongwrightError as error:
            if not many:
                raise
            failed += 1
            say(plain(f"songwright: {song_id}: {error}"))
            continue
        count += 1
        print_line(plain(f"{done} {song_id} {title}".rstrip()))
    if many:
        print_line(f"{done.rstrip(':')}: {_songs(count)}.")
    if failed:
        click.get_current_context().exit(FAILED)


def _songs(count: int) -> str:
    return "1 song" if count == 1 else f"{count:,} songs"
