"""``songwright song``: what ``make song`` does in a clone, for installations and systems without make."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.commands.make import make

SENTENCE = "a dreamy synthwave song with a female vocal about neon rain"
"""As the Makefile has it."""
EXAMPLES = """\b
Examples:
  songwright song
  songwright song "a sea shanty about the last ship" --play
"""
_WISHES = ("description", "lyrics_file", "about", "image", "like_id")


def _song(**options: Any) -> Any:
    if not any(options.get(name) for name in _WISHES):
        options["description"] = SENTENCE
    assert make.callback
    return make.callback(**options)


song = click.Command(
    "song",
    params=make.params,
    callback=_song,
    help="The same as 'make'; without a sentence, a first song to hear what comes out.",
    short_help="A first song, without a sentence of your own.",
    epilog=EXAMPLES,
)
