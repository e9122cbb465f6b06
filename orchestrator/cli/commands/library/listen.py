"""The commands to hear songs: ``play`` and ``open``."""

from __future__ import annotations

import sys

import click

from config.errors import Conflict
from config.settings import load_settings
from orchestrator.cli.commands.exits import FAILED
from orchestrator.cli.commands.shell import SONG
from orchestrator.cli.home.library import open_library
from orchestrator.cli.lines import plain, print_line, say

PLAYED = """\b
Examples:
  songwright play
  songwright play neon rain
  songwright play 8z4x1c --stem vocals
"""
OPENED = """\b
Examples:
  songwright open
  songwright open neon rain
  songwright open latest --print
"""


@click.command(epilog=PLAYED, short_help="Play a song here.")
@click.argument("words", metavar="[ID]", nargs=-1, type=SONG)
@click.option("--stem", metavar="NAME", help="One part of it alone: vocals, bass, drums ...")
def play(words: tuple[str, ...], stem: str | None) -> None:
    """Play a song by a program of this machine. Without ID, the newest that is done; Ctrl-C ends it.

    ID may be the beginning of one, or words of the title. A song can also be played while it is made:
    'songwright make --play'.
    """
    from orchestrator.cli.home.choosing import newest_done, song_named
    from orchestrator.cli.output import clock
    from orchestrator.cli.playback import file_of, play_file
    from orchestrator.songs.manifest import Status
    from storage.configured import places_in

    settings = load_settings()
    library = open_library(settings)
    song = library.load(song_named(library, " ".join(words))) if words else newest_done(library)
    if song.status is not Status.DONE:
        raise Conflict(f"song {song.id} is {song.status.value}", "play it when it is done")
    asset = song.assets.get(f"stem:{stem}" if stem else "audio")
    if asset is None and not stem:
        raise Conflict(f"song {song.id} has no sound", f"make it again: songwright make --like {song.id}")
    if asset is None:
        stems = [role.removeprefix("stem:") for role in song.assets if role.startswith("stem:")]
        fix = f"it has {', '.join(stems)}" if stems else f"take it apart: songwright stems {song.id}"
        raise Conflict(f"song {song.id} has no stem {stem!r}", fix)
    length = clock(song.music.duration_s) if song.music else "?"
    name = plain(song.title or song.id) + (f", {stem}" if stem else "")
    with file_of(asset, library.store, places_in(settings, library.store)) as path:
        if not play_file(path, f"{name} ({length})"):
            click.get_current_context().exit(FAILED)


@click.command("open", epilog=OPENED, short_help="Open the page in the browser, signed in.")
@click.argument("words", metavar="[ID]", nargs=-1, type=SONG)
@click.option("--print", "only_print", is_flag=True, help="Print the address instead of opening it.")
def open_(words: tuple[str, ...], only_print: bool) -> None:  # noqa: FBT001 - click passes it by name
    """Open the page of the running service in the browser, signed in, with the song ID if one is given.

    The service must run on this library: 'songwright serve'. The address works once, and for a few minutes.
    """
    from orchestrator.cli.home.choosing import song_named
    from orchestrator.cli.home.service import page_address, running_service, why_none
    from orchestrator.server.access.welcome import browser_here

    settings = load_settings()
    song_id = song_named(open_library(settings), " ".join(words)) if words else ""
    service = running_service(settings)
    if service is None:
        raise why_none(settings)
    address = page_address(service, song_id)
    if only_print:
        print_line(address)
    elif (browser := browser_here()) and browser.open(address):
        say(f"songwright: the browser shows {service.url}")
    else:
        say("songwright: no browser can be started here; open this address in one, within a few minutes:")
        print_line(address)
    sys.stdout.flush()
