"""The tables: the library, its recordings, and what ``songwright doctor`` found."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from orchestrator.cli.finding import Finding
from orchestrator.cli.lines import plain_lines
from orchestrator.cli.output.text import STATUS_COLOURS, clock, open_console, styled
from orchestrator.pipeline.inputs.recordings import Recording
from orchestrator.songs.manifest import Song
from orchestrator.songs.reading import Damaged

MOST_COUNTED = 10_000
"""Songs that are counted below a list: a bucket has to be listed for that."""

_COLUMNS = ("id", "title", "style", "length", "status", "made")
_WIDE = 100  # columns of a terminal


def print_list(songs: Sequence[Song | Damaged], more: int, *, whole: bool = True) -> None:
    """One line a song, in their order; of a damaged one, with what is wrong. A favourite has a star.
    ``whole``: whether these are of all songs there are, and not of some that were looked for."""
    console = open_console()
    if not songs:
        first = 'No songs yet. The first: songwright make "a dreamy synthwave song about neon rain"'
        console.print(first if whole else "No song fits.")
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    # On a narrow screen the title has the room of the style, which does not tell songs apart.
    columns = [name for name in _COLUMNS if name != "style" or console.width >= _WIDE]
    for name in columns:
        table.add_column(name, no_wrap=name not in ("title", "style"))
    if any(song.tags for song in songs if isinstance(song, Song)):
        columns.append("tags")
        table.add_column("tags")
    for song in songs:
        made = f"{song.created_at.astimezone():%Y-%m-%d %H:%M}"
        if isinstance(song, Damaged):
            cells = {"title": styled(song.reason, "red"), "status": Text("unreadable", style="red")}
        else:
            cells = {
                "title": _name(song),
                "style": styled(", ".join(song.plan.categories[:2]) if song.plan else ""),
                "length": styled(clock(song.music.duration_s if song.music else song.brief.duration_s)),
                "status": Text(song.status, style=STATUS_COLOURS.get(song.status, "")),
                "tags": styled(", ".join(song.tags), "cyan"),
            }
        cells |= {"id": Text(song.id), "made": Text(made)}
        table.add_row(*(cells.get(name, "") for name in columns))
    console.print(table)
    if more:
        least = "at least " if whole and more >= MOST_COUNTED else ""
        console.print(f"... and {least}{more:,} more: add --limit 0", style="dim")


def _name(song: Song) -> Text:
    name = styled(song.title) if song.title else styled(song.brief.description[:40], "dim")
    return Text.assemble(("* ", "bold yellow"), name) if song.favourite else name


def print_recordings(recordings: Sequence[Recording]) -> None:
    """One line a recording, newest first."""
    console = open_console()
    if not recordings:
        console.print("No recordings yet. The first: songwright upload FILE --rights mine")
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("id", "name", "length", "kind", "rights", "sent"):
        table.add_column(name, no_wrap=name != "name")
    for each in recordings:
        sent = f"{each.created_at.astimezone():%Y-%m-%d %H:%M}"
        length = clock(each.duration_s)
        table.add_row(each.id, styled(each.name), length, each.kind, styled(each.rights), sent)
    console.print(table)


def print_findings(findings: Sequence[Finding], *, everything: bool = False) -> None:
    """What doctor found: the verdict, then what is wrong with its fix, then the rest; with ``everything``,
    all of it."""
    console = open_console()
    wrong = [finding for finding in findings if finding.wanted and not finding.ok]
    noted = [finding for finding in findings if finding not in wrong and finding.wanted and finding.fix]
    if wrong:
        subjects = ", ".join(dict.fromkeys(finding.subject for finding in wrong))
        console.print(styled(f"Not ready: {subjects}. What to do is below.", "bold red"))
    elif noted:
        console.print(styled("Ready; something is to be looked at.", "bold yellow"))
    else:
        console.print(styled("Ready: nothing is wrong here.", "bold green"))
    rest = [finding for finding in findings if finding not in wrong and finding not in noted]
    for some in filter(None, ([*wrong, *noted], rest)):
        console.print()
        console.print(_findings(some, everything=everything))
    if not everything and any(finding.more for finding in findings):
        console.print(
            "\nEvery setting, and the engines that are not set: songwright doctor --all", style="dim"
        )


def _findings(findings: Sequence[Finding], *, everything: bool) -> Table:
    table = Table.grid(padding=(0, 2))
    for finding in findings:
        mark = Text("ok", style="green") if finding.ok else Text("!!", style="bold red")
        if not finding.wanted:
            mark = Text("ok" if finding.ok else "--", style="dim")
        table.add_row(mark, styled(finding.subject, "bold"), Text(plain_lines(finding.detail)))
        if finding.more and everything:
            table.add_row("", "", Text(plain_lines(finding.more), style="dim"))
        if finding.fix:
            table.add_row("", "", Text(plain_lines(finding.fix), style="yellow"))
    return table
