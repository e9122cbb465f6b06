"""``python -m tests.hostile.leased serve ...``: as ``tests.hostile.timed``, on a machine ``TEST_MACHINE``
whose clock is ``TEST_CLOCK_S`` seconds ahead, with a lease that is renewed every ``TEST_RENEWAL_S`` seconds,
and ``TEST_ARGUMENTS`` more."""

from __future__ import annotations

import datetime
import importlib
import os
import pkgutil
import platform
import runpy
import sys
import time

from config.engine import Report
from music.contract import Audio, MusicRequest
from tests.orchestrator.engines import HumComposer

RENEWAL_S = 0.6


class Clock(datetime.datetime):
    """A clock that is ahead, or behind."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
        ahead = datetime.timedelta(seconds=float(os.environ.get("TEST_CLOCK_S", "0")))
        return datetime.datetime.now(tz) + ahead


class Composer(HumComposer):
    """Works for two seconds: long enough for its service to be killed meanwhile."""

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        for step in range(200):
            report("humming", step / 200)
            time.sleep(0.01)
        return super().compose(request, report)


if __name__ == "__main__":
    import orchestrator
    import orchestrator.jobs.lease
    import orchestrator.jobs.recovery

    platform.node = lambda: os.environ["TEST_MACHINE"]
    orchestrator.jobs.lease.RENEWAL_S = float(os.environ.get("TEST_RENEWAL_S", RENEWAL_S))
    orchestrator.jobs.recovery._LOOK_S = 1.0
    for module in pkgutil.iter_modules(orchestrator.__path__, "orchestrator."):
        if module.name.rpartition(".")[2] not in ("__main__", "remote"):
            loaded = importlib.import_module(module.name)
            if getattr(loaded, "datetime", None) is datetime.datetime:
                loaded.datetime = Clock  # type: ignore[attr-defined]
    sys.argv += os.environ.get("TEST_ARGUMENTS", "").split()
    runpy.run_module("tests.hostile.timed", run_name="__main__", alter_sys=False)
