"""A writer that says what a cover needs long before its plan is whole, and a painter that shows all it was
asked. Both note what they begin and end in the file ``LOG`` of the library's folder, as "plan 7 ends"."""

from __future__ import annotations

import os
import signal
import time
import zlib
from pathlib import Path

import numpy as np

from art.contract import Cover, CoverRequest
from config.engine import Report
from lyrics.contract import CoverWords, OnCover, PlanRequest, SongPlan
from tests.orchestrator.engines import BlankPainter, PlainWriter

LOG = "hasty.log"
PLAN_S = 0.3
"""How long the plan takes after its first words."""
BROKEN, CHANGED, LONG, PATIENT = "broken", "changed", "long", "patient"
"""In a description: the plan fails once its cover is begun; its mood is another than its words said; it takes
a minute; it is made after its cover."""
FRAGILE = 7
"""The seed of a cover whose painter dies the first time."""


def home() -> Path:
    return Path(os.environ["SONGWRIGHT_HOME"])


def log(line: str) -> None:
    with (home() / LOG).open("a") as file:
        file.write(f"{line}\n")


def logged(seed: int, folder: Path | None = None) -> list[str]:
    """What was noted of the song with this seed; in the library of this process, or in ``folder``."""
    file = (folder or home()) / LOG
    lines = file.read_text().splitlines() if file.exists() else []
    return [f"{what} {how}" for what, number, how in map(str.split, lines) if int(number) == seed]


class HastyWriter(PlainWriter):
    def plan(self, request: PlanRequest, report: Report, on_cover: OnCover | None = None) -> SongPlan:
        seed = request.seed
        log(f"plan {seed} begins")
        plan = super().plan(request, lambda _stage, _fraction: None)
        if on_cover:
            on_cover(CoverWords.of(plan))
            awaited = {PATIENT: "cover ends", BROKEN: "cover begins", CHANGED: "cover begins"}
            while any(kind in request.description for kind in awaited if awaited[kind] not in logged(seed)):
                report("writing", 0.5)
                time.sleep(0.01)
        until_s = time.monotonic() + (60.0 if LONG in request.description else PLAN_S)
        while time.monotonic() < until_s:
            report("writing", 0.5)
            time.sleep(0.01)
        if BROKEN in request.description:
            raise ZeroDivisionError("a bug in the writer")
        log(f"plan {seed} ends")
        return plan.model_copy(update={"mood": "epic"}) if CHANGED in request.description else plan


class LateWriter(HastyWriter):
    """The same plans, and no word before they are whole."""

    def plan(self, request: PlanRequest, report: Report) -> SongPlan:  # type: ignore[override]
        return super().plan(request, report)


class CarefulPainter(BlankPainter):
    """A colour for each request. Takes half the time of a plan, and twice as long for a broken one."""

    def paint(self, request: CoverRequest, report: Report) -> Cover:
        log(f"cover {request.seed} begins")
        died = home() / "died"
        if request.seed == FRAGILE and not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        until_s = time.monotonic() + PLAN_S * (2.0 if BROKEN in request.title else 0.5)
        while time.monotonic() < until_s:
            report("painting", 0.5)
            time.sleep(0.01)
        colour = zlib.crc32(request.model_dump_json().encode())
        pixels = np.full((64, 64, 3), [colour & 255, colour >> 8 & 255, colour >> 16 & 255], np.uint8)
        log(f"cover {request.seed} ends")
        return Cover(pixels)
