"""What people see in a terminal: progress bars while a song is made, and its facts when it is done."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from config.engine import Report, ignore_progress
from config.gpus import PRICES_FROM
from orchestrator.cli.finding import Finding
from orchestrator.estimates.costs import CostSummary, usd_of
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Damaged
from orchestrator.songs.manifest import CRAFTS, Song, Status
from storage.configured import Places

_PARTS = {"lyrics": "lyrics", "music": "music", "cover": "cover"}
_PLAYERS = ("afplay", "mpv", "ffplay", "pw-play", "paplay", "aplay", "xdg-open")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_STATUS_COLOURS = {Status.DONE: "green", Status.FAILED: "red", Status.CANCELLED: "yellow"}


@contextmanager
def progress(*, of: int, number: int) -> Iterator[Report]:
    """A ``Report`` that draws a bar for each part of song ``number`` of ``of`` on stderr, if that is a
    terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield ignore_progress
        return
    bars = Progress(
        TextColumn("[bold]{task.fields[part]:<7}"),
        BarColumn(bar_width=32),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.description}"),
        console=console,
        transient=True,
    )
    if of > 1:
        console.print(f"Song {number} of {of}")
    with bars:
        tasks: dict[str, TaskID] = {
            part: bars.add_task("", total=1.0, part=label, start=False) for part, label in _PARTS.items()
        }

        def report(stage: str, fraction: float) -> None:
            part, _, doing = stage.partition(": ")
            bars.start_task(tasks[part])
            bars.update(tasks[part], completed=fraction, description=doing)

        yield report


def print_song(song: Song, places: Places, copies: Path | None = None) -> None:
    """The last screen: title, facts, lyrics, where the files are, how to play and to make it again."""
    console = _console()
    plan, music = song.plan, song.music
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    if song.status is not Status.DONE:
        facts.add_row("status", Text(song.status, style=_STATUS_COLOURS.get(song.status, "")))
    if song.error:
        facts.add_row("error", _text(f"{song.error.message} (in {song.error.step})"))
    if plan:
        facts.add_row("style", _text(", ".join(plan.tags)))
        facts.add_row("key", _text((music.key if music else None) or plan.key))
        tempo = (music.tempo_bpm if music else None) or plan.tempo_bpm
        facts.add_row("tempo", _text(f"{tempo:.4g} BPM, {(music.metre if music else None) or plan.metre}"))
    facts.add_row("duration", _clock(music.duration_s if music else song.brief.duration_s))
    take = f", take {song.variation + 1} of {song.brief.variations}" if song.brief.variations > 1 else ""
    facts.add_row("seed", f"{song.brief.seed}{take}")
    made_by = (f"{craft}: {song.engines[craft].name}" for craft in CRAFTS if craft in song.engines)
    facts.add_row("engines", _text(", ".join(made_by)))
    if song.timings_s:
        facts.add_row("made in", f"{_seconds_taken(song):.1f} s")
    if (usd := usd_of(song)) is not None:
        facts.add_row("cost", f"{_dollars(usd)} ({', '.join(_priced(song))})")
    facts.add_row("id", song.id)
    for warning in song.warnings:
        facts.add_row("note", _text(warning, "yellow"))

    parts: list[RenderableType] = [facts]
    if plan and plan.lyrics:
        parts += ["", _lyrics(plan.lyrics)]
    files = {role: places.of(asset.key) for role, asset in song.assets.items()}
    if files:
        parts += ["", _files(files)]
    console.print()
    console.print(
        Panel(
            Padding(Group(*parts), (1, 2)),
            title=_text(song.title or song.brief.description or song.id, "bold"),
            border_style="cyan",
            width=min(console.width, 100),
        )
    )
    if song.status is Status.DONE and "audio" in song.assets:
        audio = str(copies) if copies else places.playable(song.assets["audio"].key)
        console.print(_command("Play it", f"{_player()} {shlex.quote(audio)}"))
        console.print(_command("Make it again", _again(song, places)))


def print_list(songs: Sequence[Song | Damaged], more: int) -> None:
    """One line a song, newest first; of a damaged one, with what is wrong."""
    console = _console()
    if not songs:
        console.print('No songs yet. The first: songwright make "a dreamy synthwave song about neon rain"')
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("id", "title", "style", "length", "status", "made"):
        table.add_column(name, no_wrap=name not in ("title", "style"))
    for song in songs:
        made = f"{song.created_at.astimezone():%Y-%m-%d %H:%M}"
        if isinstance(song, Damaged):
            table.add_row(song.id, _text(song.reason, "red"), "", "", Text("unreadable", style="red"), made)
            continue
        table.add_row(
            song.id,
            _text(song.title) if song.title else _text(song.brief.description[:40], "dim"),
            _text(", ".join(song.plan.categories[:2])) if song.plan else "",
            _clock(song.music.duration_s if song.music else song.brief.duration_s),
            Text(song.status, style=_STATUS_COLOURS.get(song.status, "")),
            made,
        )
    console.print(table)
    if more:
        console.print(f"... and {more} more: songwright list --limit 0", style="dim")


def counted(songs: Iterable[Song]) -> Iterator[Song]:
    """``songs``, counted on stderr while they are read, if that is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from songs
        return
    with console.status("reading the library") as status:
        for number, song in enumerate(songs, start=1):
            if number % 100 == 0:
                status.update(f"{number:,} songs read")
            yield song


def print_costs(costs: CostSummary) -> None:
    """A line for each stage, engine and GPU, and the sum; without the columns of the price where there is
    none."""
    console = _console()
    if not costs.rows:
        console.print(f"Songs: {costs.songs:,}. Nothing was measured of any.")
        return
    priced = costs.usd is not None
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("stage", "engine", "gpu", "songs", "s a song", "p90"):
        table.add_column(name, justify="left" if name in ("stage", "engine", "gpu") else "right")
    for name in ("GPU-s", "USD") if priced else ():
        table.add_column(name, justify="right")
    for row in costs.rows:
        cells = [
            plain(row.stage),
            plain(row.engine) or "-",
            plain(row.gpu) or "own machine",
            f"{row.songs:,}",
        ]
        cells += [f"{row.seconds_median:,.2f}", f"{row.seconds_p90:,.2f}"]
        if priced:
            cells += [_or_dash(row.gpu_seconds, "{:,.1f}"), _or_dash(row.usd, "{:,.4f}")]
        table.add_row(*map(_text, cells))
    console.print(table)
    price = "No price: a machine of one's own."
    if costs.usd is not None:
        price = f"Price: {_dollars(costs.usd)}, by the list of {', '.join(costs.prices_of)} ({PRICES_FROM})."
    console.print(f"Songs: {costs.songs:,}. Engine time: {costs.seconds:,.1f} s. {price}")
    if priced and any(row.usd is None for row in costs.rows):
        console.print("Stages without a price ran on a machine of one's own.", style="dim")
    if missing := costs.songs - costs.measured:
        console.print(f"Songs of which nothing was measured: {missing:,}.", style="dim")


def plain(text: str) -> str:
    """``text`` in one line, without what could command a terminal."""
    return _CONTROL.sub(" ", text)


def print_findings(findings: Sequence[Finding]) -> None:
    """What doctor found, a line each, with the fix where one is needed."""
    console = _console()
    table = Table.grid(padding=(0, 2))
    for finding in findings:
        mark = Text("ok", style="green") if finding.ok else Text("!!", style="bold red")
        if not finding.wanted:
            mark = Text("ok" if finding.ok else "--", style="dim")
        table.add_row(mark, Text(finding.subject, style="bold"), finding.detail)
        if finding.fix:
            table.add_row("", "", Text(finding.fix, style="yellow"))
    console.print(table)


def _console() -> Console:
    """Wide where the output goes to a file or a pipe, so that no line is cut for a screen that is not
    there."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def _text(text: str, style: str = "") -> Text:
    """``text`` as it is: brackets in it are no markup."""
    return Text(plain(text), style=style)


def _priced(song: Song) -> Iterator[str]:
    for stage, cost in song.costs.items():
        if cost.usd is not None:
            yield f"{stage} {_dollars(cost.usd)} on {cost.gpu}"


def _dollars(usd: float) -> str:
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"


def _or_dash(figure: float | None, form: str) -> str:
    return "-" if figure is None else form.format(figure)


def _lyrics(lyrics: str) -> Text:
    text = Text()
    for line in map(plain, lyrics.strip().splitlines()):
        text.append(line + "\n", style="dim cyan" if line.strip().startswith("[") else "")
    text.rstrip()
    return text


def _files(files: dict[str, str]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for role, path in files.items():
        if not role.startswith("stem:"):
            grid.add_row(_text(role), _text(path))
    stems = [role.removeprefix("stem:") for role in files if role.startswith("stem:")]
    if stems:
        folder = PurePath(files[f"stem:{stems[0]}"]).parent
        grid.add_row("stems", _text(f"{folder} ({', '.join(stems)})"))
    return grid


def _again(song: Song, places: Places) -> str:
    """The command that makes this very song again."""
    brief = song.brief
    if brief.plan or brief.photo:
        return f"songwright make --like {song.id}"
    words = ["songwright", "make"]
    if brief.description:
        words.append(brief.description)
    if brief.plan or (brief.lyrics and not (places.folder and "lyrics" in song.assets)):
        return f"songwright make --like {song.id}"
    if brief.lyrics:
        words += ["--lyrics", places.of(song.assets["lyrics"].key)]
    if brief.about:
        words += ["--about", brief.about]
    if brief.instrumental:
        words.append("--instrumental")
    if brief.duration_s != Brief.model_fields["duration_s"].default:
        words += ["--duration", f"{brief.duration_s:g}"]
    if brief.format != "wav":
        words += ["--format", brief.format]
    if brief.variations > 1:
        words += ["--variations", str(brief.variations)]
    return shlex.join([*words, "--seed", str(brief.seed)])


def _command(label: str, command: str) -> Text:
    return Text.assemble((f"  {label + ':':<15}", "dim"), (plain(command), "bold"))


def _player() -> str:
    """A command of this machine that plays a sound file."""
    if sys.platform == "win32":
        return "start"
    default = "open" if sys.platform == "darwin" else "xdg-open"
    return next((player for player in _PLAYERS if shutil.which(player)), default)


def _seconds_taken(song: Song) -> float:
    """Music and cover are made at the same time."""
    times = song.timings_s
    return times.get("lyrics", 0) + max(times.get("music", 0), times.get("cover", 0)) + times.get("tags", 0)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes)}:{rest:04.1f}"
