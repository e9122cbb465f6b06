"""``python -m tests.modal.commands``: what the genuine client says to commands, without running one. Reads a
JSON list of argument lists, without ``modal`` itself, and writes an error or "" for each."""

from __future__ import annotations

import json
import sys

import click
from modal.cli.entry_point import entrypoint_cli


def refusal(arguments: list[str]) -> str:
    """Why the command line refuses these; nothing where it takes them, or where they only name a command."""
    if _is_named(arguments):
        return ""
    command: click.Command = entrypoint_cli
    context: click.Context | None = None
    name: str | None = "modal"
    left = list(arguments)
    try:
        while True:
            context = command.make_context(name, left, parent=context)
            if not isinstance(command, click.Group):
                return ""
            words = [*context._protected_args, *context.args]
            name, found, left = command.resolve_command(context, words)
            assert found
            command = found
    except click.ClickException as error:
        return f"{type(error).__name__}: {error.format_message()}"


def _is_named(arguments: list[str]) -> bool:
    command: click.Command = entrypoint_cli
    for word in arguments:
        if not isinstance(command, click.Group) or word not in command.commands:
            return False
        command = command.commands[word]
    return True


if __name__ == "__main__":
    json.dump([refusal(arguments) for arguments in json.load(sys.stdin)], sys.stdout)
