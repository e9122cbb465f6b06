"""A writer for attacks: as slow as a model, and it reports like one."""

from __future__ import annotations

import time

from config.engine import Report
from lyrics.contract import PlanRequest, SongPlan
from tests.orchestrator.engines import PlainWriter

PLAN_S = 0.3


class SlowWriter(PlainWriter):
    """Takes ``PLAN_S`` for a plan, and for ever for one that is described as "endless"."""

    def plan(self, request: PlanRequest, report: Report) -> SongPlan:
        until = time.monotonic() + PLAN_S
        while time.monotonic() < until or request.description == "endless":
            report("writing", 0.5)
            time.sleep(0.01)
        return super().plan(request, report)
