"""What moves on a terminal: a bar for each stage of a song in the making, and a count of songs read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from orchestrator.cli.lines import plain
from orchestrator.cli.output.text import open_console, styled
from orchestrator.songs.stages import ALWAYS, WITH_ENGINES, Stage, StageReport, ignore_stages

S = TypeVar("S")


@contextmanager
def progress(*, of: int, number: int) -> Iterator[StageReport]:
    """A ``Report`` that draws a bar for each part of song ``number`` of ``of`` on stderr, if that is a
    terminal."""
    console = open_console(stderr=True)
    if not console.is_terminal:
        yield ignore_stages
        return
    bars = Progress(
        TextColumn("{task.fields[stage]:<7}", style="bold", markup=False),
        BarColumn(bar_width=32),
        TextColumn("{task.percentage:>3.0f}%", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.description}", style="dim", markup=False),
        console=console,
        transient=True,
    )
    if of > 1:
        console.print(f"Song {number} of {of}")
    with bars:
        tasks: dict[Stage, TaskID] = {}
        for stage in Stage:
            shown = stage in ALWAYS and stage in WITH_ENGINES  # the others once they have begun
            tasks[stage] = bars.add_task("", total=1.0, stage=stage.value, start=False, visible=shown)

        def report(stage: Stage, doing: str, fraction: float) -> None:
            bars.start_task(tasks[stage])
            bars.update(tasks[stage], completed=fraction, description=plain(doing), visible=True)

        yield report


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A callback that draws how many of all songs were read, on stderr, if that is a terminal."""
    console = open_console(stderr=True)
    if not console.is_terminal:
        yield lambda _read, _all: None
        return
    bar = Progress(
        TextColumn(what, markup=False),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None)
        yield lambda read, of: bar.update(task, completed=read, total=of or None)


def counted(songs: Iterable[S]) -> Iterator[S]:
    """``songs``, counted on stderr while they are read, if that is a terminal."""
    console = open_console(stderr=True)
    if not console.is_terminal:
        yield from songs
        return
    with console.status(styled("reading the library")) as status:
        for number, song in enumerate(songs, start=1):
            if number % 100 == 0:
                status.update(styled(f"{number:,} songs read"))
            yield song
