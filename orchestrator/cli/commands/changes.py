"""``songwright extend``, ``repaint``, ``remix``, ``resing``, ``stems``, ``cover``: songs made of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from config.settings import load_settings, options_of
from music.contract import Task
from orchestrator.cli.commands.shell import SONG
from orchestrator.cli.home.library import open_library
from orchestrator.songs.brief import FORMATS, KEEPS, VARIATIONS

Command = TypeVar("Command", bound=Callable[..., Any])

EXTENDED = """\b
Examples:
  songwright extend latest --by 30
  songwright extend latest --by 20 --from 61.5 --lyrics bridge.txt
  songwright extend 8z4x1c --by 8 --before
"""
REPAINTED = """\b
Examples:
  songwright repaint latest --from 31 --to 46
  songwright repaint latest --from 31 --to 46 --lyrics verse.txt
  songwright repaint 8z4x1c --from 0 --to 12 --prompt "only strings"
"""
REMIXED = """\b
Examples:
  songwright remix latest "slow bossa nova with soft strings"
  songwright remix latest "punk" --strength 0.9
"""
RESUNG = """\b
Examples:
  songwright resing latest words.txt
  songwright resing 8z4x1c - < words.txt
"""
FINISHED = """\b
Examples:
  songwright make "slow folk about leaving home" --draft
  songwright finish latest
"""
SEPARATED = """\b
Examples:
  songwright stems latest --out here
  SONGWRIGHT_SEPARATION__ENGINE=demucs songwright stems 8z4x1c
"""
COVERED = """\b
Examples:
  songwright cover latest
  songwright cover 8z4x1c --prompt "a lighthouse in the fog" --seed 7
"""


def _options(command: Command) -> Command:
    """What all these commands take."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="The manifest alone on stdout."),
        click.option("--out", metavar="DIR", help="Also copy the files here, by title."),
        click.option(
            "--keep",
            type=click.Choice(KEEPS),
            default="all",
            help="Of several takes: say which is the best, or keep only that one.",
        ),
        click.option(
            "--variations", default=1, show_default=True, help="{} to {} takes of it.".format(*VARIATIONS)
        ),
        click.option(
            "--format", "format_", metavar="NAME", help=f"One of {', '.join(FORMATS)}; left out: the song's."
        ),
        click.option("--seed", default=-1, help="The same seed makes the same part again; -1 draws one."),
    ):
        command = option(command)
    return command


def _new_part(command: Command) -> Command:
    """What commands take that make a new part."""
    for option in (
        click.option("--prompt", default="", metavar="TEXT", help="How the new part is to sound otherwise."),
        click.option(
            "--lyrics", "lyrics_file", metavar="FILE", help="The words of the new part; '-' reads stdin."
        ),
    ):
        command = option(command)
    return command


@click.command(epilog=EXTENDED, short_help="The song, and some seconds more.")
@click.argument("song_id", metavar="ID", type=SONG)
@click.option("--by", "by_s", type=float, required=True, metavar="SECONDS", help="How much longer it gets.")
@click.option(
    "--from",
    "start_s",
    type=float,
    metavar="SECONDS",
    help="Go on from here, at the nearest bar; left out: where the song begins to end.",
)
@click.option("--before", is_flag=True, help="Put the new part before the beginning.")
@_new_part
@_options
def extend(song_id: str, by_s: float, start_s: float | None, before: bool, **options: Any) -> None:  # noqa: FBT001
    """Make a song that goes on: the song ID up to a bar, and SECONDS more.

    What is kept is the same to the sample, and the song ID stays as it is. ID may be the beginning of one,
    'latest', or a recording's (songwright upload).
    """
    _change("extend", song_id, {"by_s": by_s, "start_s": start_s, "before": before}, **options)


@click.command(epilog=REPAINTED, short_help="The song with another part in it.")
@click.argument("song_id", metavar="ID", type=SONG)
@click.option(
    "--from", "start_s", type=float, required=True, metavar="SECONDS", help="Where the new part begins."
)
@click.option("--to", "end_s", type=float, required=True, metavar="SECONDS", help="Where it ends.")
@_new_part
@_options
def repaint(song_id: str, start_s: float, end_s: float, **options: Any) -> None:
    """Make the song ID with another part: other music, and other words with --lyrics, between two seconds.

    The part begins and ends with a bar. Outside of it the song is the same to the sample, and the song ID
    stays as it is. ID may be the beginning of one, words of a
    title, or 'latest'.
    """
    _change("repaint", song_id, {"start_s": start_s, "end_s": end_s}, **options)


@click.command(epilog=REMIXED, short_help="The song in another style.")
@click.argument("song_id", metavar="ID", type=SONG)
@click.argument("prompt", metavar="STYLE")
@click.option(
    "--strength",
    type=float,
    metavar="0..1",
    help="How far it goes from the song; left out: the engine's best value.",
)
@_options
def remix(song_id: str, prompt: str, strength: float | None, **options: Any) -> None:
    """Make the song ID in another STYLE, with the same words.

    The embedded composer keeps tune, harmony and form up to a strength of 0.75. The song ID stays as it is.
    ID may be the beginning of one, words of a
    title, or 'latest'.
    """
    _change("remix", song_id, {"strength": strength}, prompt=prompt, **options)


@click.command(epilog=RESUNG, short_help="Other words to its tune.")
@click.argument("song_id", metavar="ID", type=SONG)
@click.argument("lyrics_file", metavar="FILE")
@_options
def resing(song_id: str, lyrics_file: str, **options: Any) -> None:
    """Sing the words in FILE to the tune of the song ID; '-' reads stdin.

    Give as many lines as are sung, or lines under the names of the song's sections ([verse], [chorus]). The
    song ID stays as it is. ID may be the beginning of one, words of a
    title, or 'latest'.
    """
    _change("resing", song_id, {}, lyrics_file=lyrics_file, **options)


@click.command(epilog=FINISHED, short_help="The whole song of a draft.")
@click.argument("song_id", metavar="ID", type=SONG)
@click.option("--out", metavar="DIR", help="Also copy the files here, by title.")
@click.option("--json", "as_json", is_flag=True, help="The manifest alone on stdout.")
def finish(song_id: str, out: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Make the whole song of the draft ID (songwright make --draft).

    It has the draft's plan and seed, and begins as the draft does where the engine can do that: the embedded
    composer and MusicGen. ID may be the beginning of one, words of a
    title, or 'latest'.
    """
    from orchestrator.cli.home.choosing import song_named
    from orchestrator.cli.produce import produce
    from orchestrator.pipeline.replay import again, finished_brief
    from orchestrator.songs.export import checked_folder

    settings = load_settings()
    folder = checked_folder(out)
    library = open_library(settings)
    draft = library.load(song_named(library, song_id))
    finished_brief(draft)
    songs, photo, settings = again(draft, library, settings, {"draft": False})
    produce(songs, settings, out=folder, as_json=as_json, photo=photo, play=False)


@click.command(epilog=SEPARATED, short_help="The song with its parts apart.")
@click.argument("song_id", metavar="ID", type=SONG)
@_options
def stems(song_id: str, **options: Any) -> None:
    """Take the song ID apart: the same song, with the parts that it is mixed of.

    Songs of the embedded composer have their stems already. For others set SONGWRIGHT_SEPARATION__ENGINE to
    demucs, whose stems add up to the song. The song ID stays as it is. ID may be the beginning of one, a
    recording's, or 'latest'.
    """
    _change("stems", song_id, {}, **options)


@click.command(epilog=COVERED, short_help="The song with another cover.")
@click.argument("song_id", metavar="ID", type=SONG)
@click.option(
    "--prompt", default="", metavar="TEXT", help="What the cover shows; left out: what the song's plan says."
)
@click.option("--seed", default=-1, help="The same seed paints the same cover again; -1 draws one.")
@click.option("--out", metavar="DIR", help="Also copy the files here, by title.")
@click.option("--json", "as_json", is_flag=True, help="The manifest alone on stdout.")
def cover(song_id: str, prompt: str, seed: int, out: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Make the song ID with another cover.

    The sound, the words and the stems are the same; the cover inside the audio is the new one. The song ID
    stays as it is. ID may be the beginning of one, words of a
    title, or 'latest'.
    """
    from orchestrator.cli.home.choosing import song_named
    from orchestrator.cli.produce import produce
    from orchestrator.cli.words import typed
    from orchestrator.pipeline.inputs.covers import brief_of_cover
    from orchestrator.songs.export import checked_folder
    from orchestrator.songs.manifest import new_songs

    settings = load_settings()
    folder = checked_folder(out)
    library = open_library(settings)
    song = library.load(song_named(library, song_id))
    songs = new_songs(brief_of_cover(song, typed(prompt).strip(), seed))
    produce(songs, settings, out=folder, as_json=as_json, photo=b"", play=False)


def _change(
    task: Task,
    song_id: str,
    wanted: dict[str, Any],
    *,
    lyrics_file: str | None = None,
    prompt: str = "",
    seed: int,
    format_: str | None,
    variations: int,
    keep: str,
    out: str | None,
    as_json: bool,
) -> None:
    from orchestrator.cli.home.choosing import song_named
    from orchestrator.cli.produce import produce
    from orchestrator.cli.words import typed, words_in
    from orchestrator.pipeline.engines import REGISTRIES, crafts_in_use
    from orchestrator.pipeline.inputs.changes import Wanted, changed_brief, separator_info, sung_lines
    from orchestrator.pipeline.inputs.recording_changes import source_brief
    from orchestrator.pipeline.inputs.recordings import is_recording, load_recording
    from orchestrator.songs.export import checked_folder
    from orchestrator.songs.manifest import new_songs

    settings = load_settings()
    folder = checked_folder(out)
    words = words_in(lyrics_file) if lyrics_file else ""
    library = open_library(settings)
    if task == "stems" and "separation" in crafts_in_use(settings):
        engine = separator_info(settings.separation.engine)
    else:
        engine = REGISTRIES["music"].check(settings.music.engine, options_of(settings, "music"))
    fields: dict[str, object] = {"seed": seed, "variations": variations, "keep": keep}
    if format_ is not None:
        fields["format"] = format_
    asked = Wanted(task, words, typed(prompt), **wanted)
    if is_recording(song_id):
        brief = source_brief(load_recording(library.store, song_id), engine, asked, **fields)
    else:
        song = library.load(song_named(library, song_id))
        brief = changed_brief(song, sung_lines(library, song), engine, asked, **fields)
    produce(new_songs(brief), settings, out=folder, as_json=as_json, photo=b"", play=False)
