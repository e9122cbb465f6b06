"""The command line: the commands of ``SECTIONS``.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. Results go to stdout; progress and errors to
stderr.
"""

from __future__ import annotations

import errno
import io
import os
import tempfile
import traceback

import click

from config.errors import Cancelled, InvalidRequest, SongwrightError
from orchestrator.cli.commands.agents import mcp
from orchestrator.cli.commands.changes import cover, extend, finish, remix, repaint, resing, stems
from orchestrator.cli.commands.exits import DONE, FAILED, INTERRUPTED, WRONG_USAGE
from orchestrator.cli.commands.library.costs import cost
from orchestrator.cli.commands.library.edit import cancel, delete, favourite, rename, tag
from orchestrator.cli.commands.library.listen import open_, play
from orchestrator.cli.commands.library.listing import index, list_, resume, search, show
from orchestrator.cli.commands.machine import bench, doctor, serve
from orchestrator.cli.commands.make import make
from orchestrator.cli.commands.recordings import upload
from orchestrator.cli.commands.shell import GroupedCommands, completion
from orchestrator.cli.commands.song import song
from orchestrator.cli.lines import Unwritten, flush_output, open_streams, plain, say

EXAMPLES = """\b
Examples:
  songwright make "a dreamy synthwave song about neon rain"
  songwright play
  songwright extend latest --by 30
  songwright list
  songwright serve
"""

__all__ = ["DONE", "FAILED", "INTERRUPTED", "SECTIONS", "WRONG_USAGE", "commands", "run"]


def run(arguments: list[str] | None = None) -> int:
    """Runs one command and answers its exit code; every error becomes one line on stderr."""
    open_streams()
    try:
        code = _run(arguments)
        flush_output()
    except Unwritten as error:
        if error.errno != errno.EPIPE:  # a reader that has seen enough, as head, needs no word
            why = f"{error.strerror} - free some space there, or send it elsewhere"
            say(f"songwright: cannot write the output: {why}")
        return FAILED
    except Exception as error:  # noqa: BLE001 - whatever it is, people get one line that says what to do
        say(plain(f"songwright: {_bug(error)}"))
        return FAILED
    return code


def _run(arguments: list[str] | None) -> int:
    try:
        code = commands.main(arguments, prog_name="songwright", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message())
        return WRONG_USAGE
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(file=shown)
        say(shown.getvalue().rstrip())
        return error.exit_code
    except (click.Abort, KeyboardInterrupt, Cancelled):
        say("songwright: interrupted")
        return INTERRUPTED
    except SongwrightError as error:
        say(plain(f"songwright: {error}"))
        return WRONG_USAGE if isinstance(error, InvalidRequest) else FAILED
    return code if isinstance(code, int) else DONE


def _bug(error: Exception) -> str:
    """What to say of an error that nobody foresaw. Its traceback goes to a file, for whoever corrects it."""
    what = f"{type(error).__name__}: {error}"
    try:
        handle, path = tempfile.mkstemp(prefix="songwright-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.writelines(traceback.format_exception(error))
    except OSError:
        return f"{what} - this is a bug in Songwright, please report it"
    return f"{what} - this is a bug in Songwright, please report it with the file {path}"


SECTIONS = {
    "Make songs": (make, song, upload, finish, resume, cancel),
    "Make songs of others": (extend, repaint, remix, resing, stems, cover),
    "Listen": (play, open_),
    "Library": (list_, search, show, rename, favourite, tag, delete, cost, index),
    "Service": (serve, mcp),
    "This machine": (doctor, bench, completion),
}


@click.group(
    cls=GroupedCommands,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXAMPLES,
)
@click.version_option(package_name="songwright")
def commands() -> None:
    """One sentence in, a finished song out: lyrics, music with a sung vocal, cover art.

    Songs are kept in ./songs (set SONGWRIGHT_HOME for another folder). Nothing here needs a GPU, an account
    or the network; 'songwright doctor' tells what is set and what each engine needs. Where a command takes
    an ID, give the beginning of one, words of the title, or 'latest'.
    """
