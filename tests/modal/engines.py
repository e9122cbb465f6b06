"""The engines of the tests, and a file in which each says what it begins and ends, as "music 7 begins"."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

from art.contract import Cover, CoverRequest
from config.engine import Report
from lyrics.contract import CoverWords, OnCover, PlanRequest, SongPlan
from music.contract import Audio, MusicRequest
from tests.orchestrator.engines import BlankPainter, HumComposer, PlainWriter

FILE = "TESTS_ENGINE_RUNS"
"""Names the file."""
KILLER = "a killer"
"""A song of this description kills each container that composes it."""


PATIENT = "a patient song"
"""One of this description is composed for five seconds: long enough for another container to start."""


HASTY, FAILING, CHANGING = "a hasty song", "a failing song", "a changing song"
"""A plan of the first waits, after its first words, until the cover is made. That of the second fails then,
and that of the third has another mood than the words had."""


def say(line: str) -> None:
    with Path(os.environ[FILE]).open("a") as file:
        file.write(f"{line}\n")


def said() -> list[str]:
    return Path(os.environ[FILE]).read_text().splitlines()


def begun(file: Path) -> Counter[tuple[str, int]]:
    """How often each craft's engine began each seed."""
    lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    return Counter((craft, int(seed)) for craft, seed, what in lines if what == "begins")


class Writer(PlainWriter):
    """Says what a cover needs, and writes on for a fifth of a second."""

    def plan(self, request: PlanRequest, report: Report, on_cover: OnCover | None = None) -> SongPlan:
        say(f"lyrics {request.seed} begins")
        plan = super().plan(request, report)
        if on_cover:
            on_cover(CoverWords.of(plan))
            time.sleep(0.2)
        while request.description in (HASTY, FAILING) and f"cover {request.seed} ends" not in said():
            report("writing", 1.0)
            time.sleep(0.02)
        if request.description == FAILING:
            raise ZeroDivisionError("a bug in the writer")
        say(f"lyrics {request.seed} ends")
        return plan.model_copy(update={"mood": "epic"}) if request.description == CHANGING else plan


class Composer(HumComposer):
    """Works for a fifth of a second, and says nothing meanwhile."""

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        say(f"music {request.seed} begins")
        time.sleep(5.0 if request.title == PATIENT else 0.2)
        if request.title == KILLER:
            os._exit(137)
        audio = super().compose(request, report)
        say(f"music {request.seed} ends")
        return audio


class Painter(BlankPainter):
    def paint(self, request: CoverRequest, report: Report) -> Cover:
        say(f"cover {request.seed} begins")
        cover = super().paint(request, report)
        say(f"cover {request.seed} ends")
        return cover


PACE = "TESTS_PACE"
"""The name of a variable: the seconds that stand for one of the ``Paced`` engines."""
PLAN_S, MUSIC_S, COVER_S = 6.0, 8.0, 2.0


def work(seconds: float) -> None:
    time.sleep(seconds * float(os.environ[PACE]))


class PacedWriter(PlainWriter):
    """Works for ``PLAN_S``."""

    def plan(self, request: PlanRequest, report: Report) -> SongPlan:
        report("writing", 0.0)
        work(PLAN_S)
        return super().plan(request, report)


class PacedComposer(HumComposer):
    """Works for ``MUSIC_S``."""

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        report("humming", 0.0)
        work(MUSIC_S)
        return super().compose(request, report)


class PacedPainter(BlankPainter):
    """Works for ``COVER_S``."""

    def paint(self, request: CoverRequest, report: Report) -> Cover:
        report("painting", 0.0)
        work(COVER_S)
        return super().paint(request, report)
