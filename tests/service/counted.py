"""Engines that note which of their work had been done before, for tests that kill whatever makes songs.

Each looks at its beginning into the manifest of the song that has its seed (seeds are the songs' numbers). A
step whose outcome is in there is not to be made again: it would be paid twice.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from art.contract import Cover, CoverRequest
from config.engine import Report
from lyrics.contract import PlanRequest, SongPlan
from music.contract import Audio, MusicRequest
from tests.orchestrator.engines import BlankPainter, HumComposer, PlainWriter

AGAIN = "made-again.txt"
"""In the home: a line for each step that was begun though it had ended. Its name is no key of the store."""

_ids: dict[int, str] = {}


def _manifest(seed: int) -> dict[str, Any]:
    """Of the unfinished song with this seed; empty where there is none."""
    home = Path(os.environ["SONGWRIGHT_HOME"])
    if seed not in _ids:
        for mark in (home / "open").iterdir():
            try:
                song = json.loads((home / "songs" / mark.name / "song.json").read_text())
            except FileNotFoundError:
                continue  # it is accepted, or closed, at this moment
            _ids[song["seed"]] = mark.name
    if seed not in _ids:
        return {}
    try:
        song = json.loads((home / "songs" / _ids[seed] / "song.json").read_text())
    except FileNotFoundError:
        return {}
    assert isinstance(song, dict)
    return song


def _note(step: str, seed: int, *, ended: bool) -> None:
    if ended:
        with (Path(os.environ["SONGWRIGHT_HOME"]) / AGAIN).open("a") as file:
            file.write(f"{step} of song {seed}\n")


class CountedWriter(PlainWriter):
    """Works for a twentieth of a second."""

    def plan(self, request: PlanRequest, report: Report) -> SongPlan:
        _note("lyrics", request.seed, ended=bool(_manifest(request.seed).get("plan")))
        time.sleep(0.05)
        return super().plan(request, report)


class CountedComposer(HumComposer):
    """Works for a fifth of a second."""

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        _note("music", request.seed, ended="audio" in _manifest(request.seed).get("assets", {}))
        for step in range(20):
            report("humming", step / 20)
            time.sleep(0.01)
        return super().compose(request, report)


class CountedPainter(BlankPainter):
    """Works for a tenth of a second."""

    def paint(self, request: CoverRequest, report: Report) -> Cover:
        _note("cover", request.seed, ended="cover" in _manifest(request.seed).get("assets", {}))
        time.sleep(0.1)
        return super().paint(request, report)
