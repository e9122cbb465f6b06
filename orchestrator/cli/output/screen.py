"""The screen of one song: its facts, lyrics and files, how to play it and how to make it again."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from orchestrator.cli.lines import plain
from orchestrator.cli.output.text import STATUS_COLOURS, clock, dollars, open_console, styled
from orchestrator.cli.players import command_here
from orchestrator.estimates.costs import usd_of
from orchestrator.songs.brief import DEFAULT_DURATION_S, Brief
from orchestrator.songs.facts.change import SongChange
from orchestrator.songs.manifest import Song, Status
from orchestrator.songs.stages import CRAFTS, elapsed
from storage.configured import Places

_FLAGS = {
    "instrumental": (True, "--instrumental"),
    "draft": (True, "--draft"),
    "master": (False, "--no-master"),
    "cover_title": (False, "--no-title"),
}
"""The options without a value, with the value that a brief has by them."""
_TYPED = {
    *_FLAGS, "description", "lyrics", "about", "duration_s", "seed", "format", "variations", "keep",
}  # fmt: skip
"""The fields of a brief that ``songwright make`` can be given by words: a song with another is made again by
its manifest."""


def print_song(song: Song, places: Places, copies: Path | None = None) -> None:
    """The last screen: title, facts, lyrics, where the files are, how to play and to make it again."""
    console = open_console()
    plan, music = song.plan, song.music
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    if song.status is not Status.DONE:
        facts.add_row("status", Text(song.status, style=STATUS_COLOURS.get(song.status, "")))
    if song.error:
        facts.add_row("error", styled(f"{song.error.message} (in {song.error.step})"))
    if song.favourite:
        facts.add_row("favourite", "yes")
    if song.tags:
        facts.add_row("tags", styled(", ".join(song.tags)))
    if song.metadata:
        facts.add_row(
            "metadata", styled(", ".join(f"{key}: {value}" for key, value in song.metadata.items()))
        )
    if plan:
        facts.add_row("style", styled(", ".join(plan.tags)))
        facts.add_row("key", styled((music.key if music else None) or plan.key))
        tempo = (music.tempo_bpm if music else None) or plan.tempo_bpm
        facts.add_row("tempo", styled(f"{tempo:.4g} BPM, {(music.metre if music else None) or plan.metre}"))
    facts.add_row("duration", clock(music.duration_s if music else song.brief.duration_s))
    if song.brief.change:
        facts.add_row("made from", styled(_lineage(song.brief.change)))
    take = f", take {song.variation + 1} of {song.brief.variations}" if song.brief.variations > 1 else ""
    facts.add_row("seed", f"{song.brief.seed}{take}")
    made_by = (f"{craft}: {song.engines[craft].name}" for craft in CRAFTS if craft in song.engines)
    facts.add_row("engines", styled(", ".join(made_by)))
    if song.timings_s:
        facts.add_row("made in", f"{elapsed(song.timings_s):.1f} s")
    if (usd := usd_of(song)) is not None:
        facts.add_row("cost", f"{dollars(usd)} ({', '.join(_priced(song))})")
    facts.add_row("id", song.id)
    for warning in song.warnings:
        facts.add_row("note", styled(warning, "yellow"))

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
            title=styled(song.title or song.brief.description or song.id, "bold"),
            border_style="cyan",
            width=min(console.width, 100),
        )
    )
    if song.status is Status.DONE and "audio" in song.assets:
        audio = str(copies) if copies else places.playable(song.assets["audio"].key)
        console.print(_command("Play it", typed_as([command_here(), audio])))
        console.print(_command("Make it again", _again(song, places)))


def _lineage(change: SongChange) -> str:
    """What was changed of which song."""
    longer_s = (change.by_s or 0.0) - change.anew_s
    match change.task:
        case "extend" if change.before:
            what = f"{longer_s:g} s before it"
        case "extend":
            since = "" if change.start_s is None else f" from {clock(change.start_s)} on"
            what = f"{longer_s:g} s more{since}"
        case "repaint":
            what = f"another part from {clock(change.start_s or 0.0)} to {clock(change.end_s or 0.0)}"
        case "resing":
            what = "other words on its tune"
        case "stems":
            what = "its stems"
        case "cover":
            what = "another cover"
        case "remix":
            what = "another style"
        case other:
            what = other
    return f"{change.source}: {what}"


def _priced(song: Song) -> Iterator[str]:
    for stage, cost in song.costs.items():
        if cost.usd is not None:
            yield f"{stage} {dollars(cost.usd)} on {cost.gpu}"


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
            grid.add_row(styled(role), styled(path))
    stems = [role.removeprefix("stem:") for role in files if role.startswith("stem:")]
    if stems:
        folder = PurePath(files[f"stem:{stems[0]}"]).parent
        grid.add_row("stems", styled(f"{folder} ({', '.join(stems)})"))
    return grid


def _again(song: Song, places: Places) -> str:
    """The command that makes this very song again."""
    from lyrics.wishes.lengths import asked_duration  # late, as in ``Brief``

    like = f"songwright make --like {song.id}"
    brief = song.brief
    stored = brief.lyrics and "lyrics" in song.assets and places.folder
    kept = brief.model_fields_set - _TYPED
    if any(getattr(brief, name) != Brief.model_fields[name].default for name in kept):
        return like
    if brief.lyrics and not stored:
        return like
    words = []
    if brief.lyrics:
        words += ["--lyrics", places.of(song.assets["lyrics"].key)]
    if brief.about:
        words += ["--about", brief.about]
    words += [option for name, (value, option) in _FLAGS.items() if getattr(brief, name) is value]
    if brief.duration_s != (asked_duration(brief.description) or DEFAULT_DURATION_S):
        words += ["--duration", f"{brief.duration_s:g}"]
    if brief.format != "wav":
        words += ["--format", brief.format]
    if brief.variations > 1:
        words += ["--variations", str(brief.variations)]
    if brief.keep != "all":
        words += ["--keep", brief.keep]
    words += ["--seed", str(brief.seed)]
    if brief.description.startswith("-"):  # else it would be an option
        words += ["--", brief.description]
    elif brief.description:
        words.insert(0, brief.description)
    command = typed_as(["songwright", "make", *words])
    # Words of several lines, or with what no terminal shows, would be others when they are typed again.
    return command if plain(command) == command else like


def typed_as(words: Sequence[str]) -> str:
    """The command of these words, as it is typed in a shell of this system."""
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def _command(label: str, command: str) -> Text:
    return Text.assemble((f"  {label + ':':<15}", "dim"), (plain(command), "bold"))
