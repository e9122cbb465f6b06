"""``songwright make``."""

from __future__ import annotations

from pathlib import Path

import click

from config.errors import InvalidRequest
from config.settings import load_settings
from orchestrator.cli.commands.shell import SONG
from orchestrator.cli.home.library import open_library
from orchestrator.songs.brief import (
    DURATION_S,
    FORMATS,
    KEEPS,
    VARIATIONS,
    Brief,
)

_METAVARS = {"out": "DIR", "lyrics": "FILE", "image": "FILE", "like": "ID"}
EXAMPLES = """\b
Examples:
  songwright make "a dreamy synthwave song about neon rain"
  songwright make "slow folk in D minor, male voice, no drums, about leaving home"
  songwright make "punk, 170 BPM" --lyrics words.txt
  songwright make "soul ballad" --about "my grandmother's kitchen" --format mp3
  songwright make "lo-fi beat for studying" --instrumental --duration 60 --seed 7
  songwright make --image holiday.jpg "with a female vocal" --photo-as-cover
"""


@click.command(epilog=EXAMPLES, short_help="A song from a sentence, your own words or a photo.")
@click.argument("description", required=False, default="")
@click.option(
    "--lyrics",
    "lyrics_file",
    metavar="FILE",
    help="Sing these words as they are; sections may be tagged [verse], [chorus], ... '-' reads stdin.",
)
@click.option(
    "--about", default="", metavar="TEXT", help="Write lyrics about this; DESCRIPTION is the style."
)
@click.option(
    "--image",
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
@click.option(
    "--keep",
    type=click.Choice(KEEPS),
    default="all",
    help="Of several takes: say which is the best, or keep only that one.",
)
@click.option("--draft", is_flag=True, help="Compose the first 30 s; 'songwright finish' makes the rest.")
@click.option("--no-master", is_flag=True, help="Leave a model's song as loud as the model made it.")
@click.option("--no-title", is_flag=True, help="Leave the title off the cover.")
@click.option(
    "--like",
    "like_id",
    metavar="ID",
    type=SONG,
    help="Make this song again, by the engines, models and seeds of its manifest; or, with --seed, "
    "--duration, --format, --variations, --no-master or --no-title, one that differs in these.",
)
@click.option("--out", metavar="DIR", help="Also copy the files here, by title.")
@click.option("--play", is_flag=True, help="Play it, from its first seconds on, while the rest is made.")
@click.option("--json", "as_json", is_flag=True, help="The manifest on stdout, and nothing else there.")
def make(
    description: str,
    lyrics_file: str | None,
    about: str,
    image: str | None,
    photo_as_cover: bool,  # noqa: FBT001 - click passes every option by name
    instrumental: bool,  # noqa: FBT001 - click passes every option by name
    duration: float,
    seed: int,
    format_: str,
    variations: int,
    keep: str,
    draft: bool,  # noqa: FBT001 - click passes every option by name
    no_title: bool,  # noqa: FBT001 - click passes every option by name
    no_master: bool,  # noqa: FBT001 - click passes every option by name
    like_id: str | None,
    out: str | None,
    play: bool,  # noqa: FBT001 - click passes every option by name
    as_json: bool,  # noqa: FBT001 - click passes every option by name
) -> None:
    """Make a song from DESCRIPTION: style, theme, tempo, key, voice, instruments, in your own words.

    Without a file or --about, DESCRIPTION tells both how the song sounds and what it is about.
    """
    from orchestrator.cli.home.choosing import song_named
    from orchestrator.cli.produce import produce
    from orchestrator.cli.words import typed, words_in
    from orchestrator.pipeline.inputs.photos import photo_in, photo_name
    from orchestrator.pipeline.replay import again
    from orchestrator.songs.export import checked_folder
    from orchestrator.songs.manifest import new_songs

    settings = load_settings()
    photo = b""
    for option, value in (("out", out), ("lyrics", lyrics_file), ("image", image), ("like", like_id)):
        if value == "":  # as of a variable of the shell that is not set
            raise InvalidRequest(
                f"--{option}", value, f"give its {_METAVARS[option]}, or leave the option out"
            )
    folder = checked_folder(out)
    options: dict[str, object] = {
        "duration_s": duration,
        "seed": seed,
        "format": format_,
        "variations": variations,
        "keep": keep,
        "draft": draft,
        "master": not no_master,
        "cover_title": not no_title,
    }
    if like_id:
        words = (("DESCRIPTION", description), ("--lyrics", lyrics_file), ("--about", about))
        for option, given in (*words, ("--image", image)):
            if given:
                raise InvalidRequest(option, like_id, "with --like the words are that song's: leave it out")
        for option, is_given in (("--instrumental", instrumental), ("--photo-as-cover", photo_as_cover)):
            if is_given:
                raise InvalidRequest(option, like_id, "with --like it is as in that song: leave it out")
        library = open_library(settings)
        songs, photo, settings = again(
            library.load(song_named(library, like_id)), library, settings, _given(options)
        )
    else:
        name = ""
        if "duration_s" not in _given(options):
            del options["duration_s"]  # the description may ask for a length
        if image is not None:
            photo = photo_in(Path(image), settings.image_limit_bytes)
            name = photo_name(photo)
        brief = Brief.model_validate(
            {
                "description": typed(description),
                "lyrics": words_in(lyrics_file) if lyrics_file else "",
                "about": typed(about),
                "photo": name,
                "photo_as_cover": photo_as_cover,
                "instrumental": instrumental,
                **options,
            }
        )
        songs = new_songs(brief)
    produce(songs, settings, out=folder, as_json=as_json, photo=photo, play=play)


def _given(options: dict[str, object]) -> dict[str, object]:
    """Those of ``make``'s options, by the names of a brief, that were on the command line."""
    given = click.get_current_context().get_parameter_source
    parameters = {
        "duration_s": "duration",
        "format": "format_",
        "cover_title": "no_title",
        "master": "no_master",
    }
    return {
        name: value
        for name, value in options.items()
        if given(parameters.get(name, name)) is click.core.ParameterSource.COMMANDLINE
    }
