"""What the shell shows of the commands: the help by groups, and the completion of names and ids."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import click
from click.shell_completion import CompletionItem, get_completion_class

from config.errors import SongwrightError
from config.settings import load_settings
from orchestrator.cli.lines import plain, print_line

_MOST_COMPLETED = 50
_SPELLINGS = {"favorite": "favourite"}
"""Other spellings of commands."""
EXAMPLES = """\b
Examples:
  source <(songwright completion bash)
  songwright completion bash >> ~/.bashrc
  songwright completion zsh >> ~/.zshrc
  songwright completion fish > ~/.config/fish/completions/songwright.fish
"""


class GroupedCommands(click.Group):
    """Commands that the help lists under the headings of ``sections``, in their order. They are also found by
    ``_SPELLINGS``, which the help leaves out."""

    def __init__(
        self, *args: object, sections: Mapping[str, Sequence[click.Command]], **more: object
    ) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]  # whatever a group takes
        self._sections = sections
        for section in sections.values():
            for command in section:
                self.add_command(command)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, _SPELLINGS.get(cmd_name, cmd_name))

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [str(command.name) for section in self._sections.values() for command in section]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(len(name) for name in self.list_commands(ctx))
        for heading, section in self._sections.items():
            rows = [(str(each.name).ljust(width), each.get_short_help_str(90)) for each in section]
            with formatter.section(heading):
                formatter.write_dl(rows)


class SongId(click.types.StringParamType):
    """The id of a song, as people may give it: see ``home.choosing``."""

    name = "ID"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The newest ids that begin so, each with its title. A bucket is not asked: that takes too long
        between two keys."""
        from orchestrator.cli.home.library import open_library
        from orchestrator.songs.index.catalogue import Catalogue
        from orchestrator.songs.reading import Damaged

        items = [CompletionItem("latest", help="the newest")] if "latest".startswith(incomplete) else []
        try:
            settings = load_settings()
            if settings.store != "local" or not settings.home.is_dir():
                return items
            library = open_library(settings)
            catalogue = Catalogue(library)
            if incomplete:
                songs = library.load_all(catalogue.beginning(incomplete, _MOST_COMPLETED))
            else:
                songs = [*catalogue.page("", _MOST_COMPLETED)]
        except (SongwrightError, OSError, sqlite3.Error):
            return items  # nobody could read an error between two keys
        for song in songs:
            if song is not None:
                title = "unreadable" if isinstance(song, Damaged) else song.title or song.brief.description
                items.append(CompletionItem(song.id, help=plain(title)[:60]))
        return items


SONG = SongId()


@click.command(epilog=EXAMPLES, short_help="Make Tab complete commands and ids.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes SHELL complete commands, options and the ids of songs at a press of Tab."""
    kind = get_completion_class(shell)
    assert kind is not None, "click has all three"
    root = click.get_current_context().find_root().command
    print_line(kind(root, {}, "songwright", "_SONGWRIGHT_COMPLETE").source())
