"""``songwright upload``: recordings that songs are made from."""

from __future__ import annotations

import json
from pathlib import Path

import click

from config.errors import InvalidRequest
from config.settings import load_settings
from orchestrator.cli.lines import plain, print_json, print_line

EXAMPLES = """\b
Examples:
  songwright upload demo.mp3 --rights mine
  songwright upload "old tape.wav" --rights public-domain --name "Grandfather's waltz"
  songwright upload --list
  songwright upload --delete rec-4x1c9k2m7q0ab5tz8d3w
"""


@click.command(epilog=EXAMPLES, short_help="Keep a recording, to make songs from.")
@click.argument("file", required=False)
@click.option(
    "--rights",
    metavar="WHY",
    help="Why you may use it: 'mine' (it is your own), 'licensed' (its owner allows it) or 'public-domain'. "
    "It is your word, and is kept in the manifest of every song that is made from the recording.",
)
@click.option("--name", metavar="TEXT", help="What you call it; left out: the file's name.")
@click.option("--list", "listing", is_flag=True, help="List the recordings that are kept, newest first.")
@click.option("--delete", "delete_id", metavar="ID", help="Delete a recording. Songs made from it stay.")
@click.option("--json", "as_json", is_flag=True, help="The manifest, or with --list all, on stdout.")
def upload(
    file: str | None,
    rights: str | None,
    name: str | None,
    listing: bool,  # noqa: FBT001 - click passes every option by name
    delete_id: str | None,
    as_json: bool,  # noqa: FBT001 - as above
) -> None:
    """Keep the recording FILE, to make songs from: WAV, FLAC, MP3, Ogg or M4A, whatever it is called.

    It has 1 to 600 seconds, and 16,000 Hz or more. What is kept is the sound alone, as FLAC, in ./sources.
    The same file is the same recording, however often it is given.
    """
    from orchestrator.cli.output import print_recordings
    from orchestrator.cli.words import typed
    from orchestrator.pipeline.inputs.recordings import (
        NAME_CHARACTERS,
        Recordings,
        checked_name,
        checked_rights,
    )
    from orchestrator.pipeline.inputs.uploads import keep_file
    from storage.configured import open_store

    if sum((file is not None, listing, delete_id is not None)) != 1:
        fix = "give a recording, or --list, or --delete ID: one of them"
        raise InvalidRequest("FILE", file or delete_id or "", fix)
    settings = load_settings()
    if file is not None:
        said = checked_rights(rights)
        called = checked_name(typed(Path(file).name)[:NAME_CHARACTERS] if name is None else typed(name))
    recordings = Recordings(open_store(settings), settings.source_limit)
    if delete_id is not None:
        recordings.delete(delete_id)
        print_line(f"Deleted {delete_id}")
    elif file is not None:
        kept = keep_file(recordings, Path(file), settings.audio_limit_bytes, said, called)
        if as_json:
            print_json(kept.model_dump_json(indent=2))
        else:
            print_line(plain(f"{kept.id}  {kept.name}  {kept.duration_s:.1f} s, {kept.kind}, {kept.rights}"))
    elif as_json:
        print_json(json.dumps([each.model_dump(mode="json") for each in recordings.all()], indent=2))
    else:
        print_recordings(recordings.all())
