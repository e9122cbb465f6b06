"""The command line: ``songwright make | serve | list | show | cost | resume | delete | doctor | bench``.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. Results go to stdout; progress and errors to
stderr.
"""

from __future__ import annotations

import io
import json
import sys
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from config.errors import Cancelled, InvalidRequest, SongwrightError, Unreadable
from config.settings import Settings, load_settings
from orchestrator.songs.brief import (
    DESCRIPTION_CHARACTERS,
    DURATION_S,
    FORMATS,
    LYRICS_CHARACTERS,
    VARIATIONS,
    Brief,
)

if TYPE_CHECKING:
    from orchestrator.songs.library import Library

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

EXAMPLES = """\b
Examples:
  songwright make "a dreamy synthwave song about neon rain"
  songwright make "slow folk in D minor, male voice, no drums, about leaving home"
  songwright make "punk, 170 BPM" --lyrics words.txt
  songwright make "soul ballad" --about "my grandmother's kitchen" --format mp3
  songwright make "lo-fi beat for studying" --instrumental --duration 60 --seed 7
  songwright make --image holiday.jpg "with a female vocal" --photo-as-cover
"""


def run(arguments: list[str] | None = None) -> int:
    """Runs one command and answers its exit code; every error we raise on purpose becomes one line on
    stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # what a terminal cannot show becomes "?", not a traceback
    try:
        code = commands.main(arguments, prog_name="songwright", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return WRONG_USAGE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt, Cancelled):
        click.echo("songwright: interrupted", err=True)
        return INTERRUPTED
    except SongwrightError as error:
        click.echo(f"songwright: {error}", err=True)
        return WRONG_USAGE if isinstance(error, InvalidRequest) else FAILED
    return code if isinstance(code, int) else DONE


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXAMPLES)
@click.version_option(package_name="songwright")
def commands() -> None:
    """One sentence in, a finished song out: lyrics, music with a sung vocal, cover art.

    Songs are kept in ./songs (set SONGWRIGHT_HOME for another folder). Nothing here needs a GPU, an account
    or the network; 'songwright doctor' tells what is set and what each engine needs.
    """


@commands.command(epilog=EXAMPLES)
@click.argument("description", required=False, default="")
@click.option(
    "--lyrics",
    "lyrics_file",
    type=click.File(encoding="utf-8"),
    help="Sing these words as they are; sections may be tagged [verse], [chorus], ... '-' reads stdin.",
)
@click.option(
    "--about", default="", metavar="TEXT", help="Write lyrics about this; DESCRIPTION is the style."
)
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A photo (PNG, JPEG, WebP) that the song goes with; DESCRIPTION adds to it.",
)
@click.option("--photo-as-cover", is_flag=True, help="That photo is the cover.")
@click.option("--instrumental", is_flag=True, help="No voice, no lyrics.")
@click.option(
    "--duration", default=180.0, show_default=True, help="Seconds, {:g} to {:g}.".format(*DURATION_S)
)
@click.option(
    "--seed", default=-1, show_default=True, help="The same seed makes the same song; -1 draws one."
)
@click.option("--format", "format_", default="wav", show_default=True, help=f"One of {', '.join(FORMATS)}.")
@click.option("--variations", default=1, show_default=True, help="{} to {} takes of it.".format(*VARIATIONS))
@click.option("--no-title", is_flag=True, help="Leave the title off the cover.")
@click.option(
    "--like",
    "like_id",
    default="",
    metavar="ID",
    help="Make this song again, by the engines, models and seeds of its manifest; or, with --seed, "
    "--duration, --format, --variations or --no-title, one that differs in these.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Also copy the files here, by title."
)
@click.option("--json", "as_json", is_flag=True, help="The manifest on stdout, and nothing else there.")
def make(
    description: str,
    lyrics_file: TextIO | None,
    about: str,
    image: Path | None,
    photo_as_cover: bool,  # noqa: FBT001 - click passes every option by name
    instrumental: bool,  # noqa: FBT001 - click passes every option by name
    duration: float,
    seed: int,
    format_: str,
    variations: int,
    no_title: bool,  # noqa: FBT001 - click passes every option by name
    like_id: str,
    out: Path | None,
    as_json: bool,  # noqa: FBT001 - click passes every option by name
) -> None:
    """Make a song from DESCRIPTION: style, theme, tempo, key, voice, instruments, in your own words.

    Without a file or --about, DESCRIPTION tells both how the song sounds and what it is about.
    """
    from orchestrator.cli.produce import produce
    from orchestrator.pipeline.photos import photo_in, photo_name
    from orchestrator.pipeline.replay import again
    from orchestrator.songs.export import check_folder
    from orchestrator.songs.manifest import new_songs

    settings = load_settings()
    photo = b""
    if out is not None:
        check_folder(out)
    options: dict[str, object] = {
        "duration_s": duration,
        "seed": seed,
        "format": format_,
        "variations": variations,
        "cover_title": not no_title,
    }
    if like_id:
        words = (("DESCRIPTION", description), ("--lyrics", lyrics_file), ("--about", about))
        for option, given in (*words, ("--image", image)):
            if given:
                raise InvalidRequest(option, like_id, "with --like the words are that song's: leave it out")
        library = _library(settings)
        songs, photo, settings = again(
            library.load(library.find(like_id)), library, settings, _given(options)
        )
    else:
        name = ""
        if image is not None:
            photo = photo_in(image, settings.image_limit_bytes)
            name = photo_name(photo)
        brief = Brief.model_validate(
            {
                "description": description,
                "lyrics": _text_of(lyrics_file) if lyrics_file else "",
                "about": about,
                "photo": name,
                "photo_as_cover": photo_as_cover,
                "instrumental": instrumental,
                **options,
            }
        )
        songs = new_songs(brief)
    produce(songs, settings, out=out, as_json=as_json, photo=photo)


@commands.command("list")
@click.option("--limit", default=20, show_default=True, help="How many, newest first; 0 for all.")
@click.option("--json", "as_json", is_flag=True, help="The manifests as a JSON array on stdout.")
def list_(limit: int, as_json: bool) -> None:  # noqa: FBT001 - click passes every option by name
    """List the library's songs, newest first; those that are damaged with what is wrong with them."""
    from orchestrator.cli.output import print_list
    from orchestrator.server.answers import listed

    if limit < 0:
        raise InvalidRequest("limit", limit, "give 1 or more, or 0 for all")
    library = _library(load_settings())
    songs = list(islice(library.entries(), limit or None))
    if as_json:
        manifests = [listed(song).model_dump(mode="json") for song in songs]
        click.echo(json.dumps(manifests, indent=2, ensure_ascii=False))
    else:
        print_list(songs, more=sum(1 for _ in library.ids(after=songs[-1].id)) if songs else 0)


@commands.command()
@click.argument("song_id", metavar="ID", default="latest")
@click.option("--json", "as_json", is_flag=True, help="The manifest on stdout.")
def show(song_id: str, as_json: bool) -> None:  # noqa: FBT001 - click passes every option by name
    """Show a song: its facts, lyrics and files. Without ID, the newest."""
    from orchestrator.cli.output import print_song
    from storage.configured import places_in

    settings = load_settings()
    library = _library(settings)
    song = library.load(library.find(song_id))
    if as_json:
        click.echo(song.model_dump_json(indent=2))
    else:
        print_song(song, places_in(settings, library.store))


@commands.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only songs asked for on this day or later.")
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the newest N songs.")
@click.option("--json", "as_json", is_flag=True, help="The figures as one JSON object on stdout.")
def cost(since: datetime | None, last: int | None, as_json: bool) -> None:  # noqa: FBT001 - as above
    """Sum up what the library's songs cost: engine time, GPU-seconds and their price, by stage."""
    from orchestrator.cli.output import counted, print_costs
    from orchestrator.estimates.costs import newest, summary

    songs = newest(_library(load_settings()), last=last, since=since.astimezone() if since else None)
    costs = summary(counted(songs))
    if as_json:
        click.echo(json.dumps(asdict(costs), indent=2, ensure_ascii=False))
    else:
        print_costs(costs)


@commands.command()
@click.argument("song_ids", metavar="[ID]...", nargs=-1)
def resume(song_ids: tuple[str, ...]) -> None:
    """Finish songs that were interrupted, from their last step. Without ID: all whose process has died, but
    for those that the service of this bucket takes up.

    A song that failed or was cancelled is only taken up again by its ID.
    """
    from orchestrator.cli.produce import produce
    from orchestrator.jobs.resuming import check_resumable, interrupted

    settings = load_settings()
    library = _library(settings)
    if song_ids:
        songs = [library.load(library.find(song_id)) for song_id in song_ids]
    else:
        # One that may be what killed whoever made it comes last.
        songs = sorted(interrupted(library), key=lambda song: song.runs)
    for song in songs:
        check_resumable(song)
    if songs:
        if not produce(songs, settings, out=None, as_json=False, begun=True):
            click.get_current_context().exit(FAILED)
    else:
        click.echo("Nothing to resume.")


@commands.command()
@click.argument("song_id", metavar="ID")
def delete(song_id: str) -> None:
    """Delete a song and all its files, a damaged one too."""
    from orchestrator.cli.output import plain
    from orchestrator.pipeline.make_song import may_resume

    library = _library(load_settings())
    found, title = library.find(song_id), ""
    try:
        song = library.load(found)
    except Unreadable as error:
        click.echo(f"songwright: {error.what}", err=True)
    else:
        title = plain(song.title)
        if not song.status.finished and not may_resume(song):
            raise InvalidRequest(
                "ID", found, "another process is at work on this song: cancel it there first"
            )
    library.delete(found)
    click.echo(f"Deleted {found} {title}".rstrip())


@commands.command()
@click.option("--host", default=None, help="The address to listen at; 0.0.0.0 lets other machines in.")
@click.option("--port", type=int, default=None, help="Default 8000; 0 takes any that is free.")
@click.option("--take-over", is_flag=True, help="Take the bucket from another service or a deployment.")
def serve(host: str | None, port: int | None, take_over: bool) -> None:  # noqa: FBT001 - as above
    """Run the service: the HTTP API, and a page to play in.

    The first start makes a token, shows it once and keeps it in .songwright/token; API_BEARER_TOKEN sets
    your own, several with commas between. Songs that a stop or a crash interrupted go on at the next start.
    The API is told at /docs.
    """
    from orchestrator.server.serve import serve as run_service

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    run_service(load_settings(**given), lambda line: click.echo(line, err=True), take_over=take_over)


@commands.command()
@click.option("--all", "every_engine", is_flag=True, help="Look at the engines that are not set, too.")
@click.option("--modal", "on_modal", is_flag=True, help="Look at the deployment on Modal instead.")
def doctor(every_engine: bool, on_modal: bool) -> None:  # noqa: FBT001 - click passes every option by name
    """Tell what is set, and whether each engine and the store are ready; exits 1 if something is not.

    Of an engine with a model: whether it is installed, its weights and their licence, the device, and the
    memory it needs and has. Nothing is fetched or loaded. With --modal: whether Modal knows this machine's
    token, has the secret with its keys and the weights in their volumes, and where the app is.
    """
    from orchestrator.cli.doctor import examine, examine_modal
    from orchestrator.cli.output import print_findings

    findings = examine_modal() if on_modal else examine(load_settings(), every_engine=every_engine)
    print_findings(findings)
    if not all(finding.ok for finding in findings if finding.wanted):
        click.get_current_context().exit(FAILED)


@commands.command()
@click.option("--runs", default=3, show_default=True, help="Songs to make; medians are printed.")
@click.option("--duration", default=180.0, show_default=True, help="Seconds of each song.")
def bench(runs: int, duration: float) -> None:
    """Measure here: wall time, peak memory and install size of a whole song with all its files."""
    from orchestrator.cli.bench import measure

    if runs < 1:
        raise InvalidRequest("runs", runs, "make at least one")
    for line in measure(runs, Brief(description="a bench", duration_s=duration).duration_s):
        click.echo(line)


def _given(options: dict[str, object]) -> dict[str, object]:
    """Those of ``make``'s options, by the names of a brief, that were on the command line."""
    given = click.get_current_context().get_parameter_source
    parameters = {"duration_s": "duration", "format": "format_", "cover_title": "no_title"}
    return {
        name: value
        for name, value in options.items()
        if given(parameters.get(name, name)) is click.core.ParameterSource.COMMANDLINE
    }


def _library(settings: Settings) -> Library:
    from orchestrator.songs.library import Library
    from storage.configured import open_store

    return Library(open_store(settings))


def _text_of(file: TextIO) -> str:
    try:
        text = file.read(LYRICS_CHARACTERS + DESCRIPTION_CHARACTERS)
    except UnicodeDecodeError as error:
        raise InvalidRequest("lyrics", getattr(file, "name", "-"), "save the file as UTF-8 text") from error
    if not text.strip():
        raise InvalidRequest("lyrics", text, "the file is empty: write the words to sing into it")
    return text
