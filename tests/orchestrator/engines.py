"""Small engines that keep the crafts' contracts, for journeys in which time or failure is the point."""

from __future__ import annotations

import ctypes
import itertools
import multiprocessing
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from art.contract import Cover, CoverRequest
from config.engine import EngineInfo, Report
from config.errors import EngineUnavailable
from lyrics.contract import PlanRequest, SongPlan
from music.contract import Audio, MusicRequest, TimedLine, TimedWord

RATE_HZ = 8000


class PlainWriter:
    """Plans every song alike, with the description as its title."""

    info = EngineInfo(name="plain", version="1", licence="MIT")

    def plan(self, request: PlanRequest, report: Report) -> SongPlan:
        report("writing", 1.0)
        return SongPlan(
            title=(request.description or "Untitled")[:80],
            tags=("pop", "plain"),
            lyrics="" if request.instrumental else request.lyrics or "[verse]\nla la la\n",
            categories=("Pop", "Plain", "Test"),
            genre="pop",
            mood="calm",
            energy=5,
            tempo_bpm=120.0,
            key="C major",
            voice="none" if request.instrumental else "female",
            cover_prompt="a plain cover",
            warnings=("written plainly",),
        )


class HumComposer:
    """A sine as long as was asked, its pitch by the seed."""

    info = EngineInfo(name="hum", version="1", licence="MIT")

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        report("humming", 0.0)
        time_s = np.arange(round(request.duration_s * RATE_HZ)) / RATE_HZ
        tone = 0.1 * np.sin(2 * np.pi * (200 + request.seed % 200) * time_s)
        samples = np.stack([tone, tone]).astype(np.float32)
        report("humming", 1.0)
        words = (TimedWord("la", 0.5, 1.0), TimedWord("la", 1.0, 1.5), TimedWord("la", 1.5, 2.0))
        return Audio(
            samples=samples,
            rate_hz=RATE_HZ,
            tempo_bpm=request.tempo_bpm,
            stems={"melody": samples},
            lines=(TimedLine("la la la", words),) if request.lyrics else (),
            warnings=("hummed",),
        )


class FineComposer(HumComposer):
    """At twice the rate: a hum of ten minutes goes up in parts."""

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        audio = super().compose(request, report)
        samples = np.repeat(audio.samples, 2, axis=1)
        return replace(audio, samples=samples, stems={"melody": samples}, rate_hz=2 * audio.rate_hz)


class SlowComposer(HumComposer):
    """Works for 30 s, telling every 10 ms, as a long model run does."""

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        for step in range(3000):
            report("humming slowly", step / 3000)
            time.sleep(0.01)
        return super().compose(request, report)


class DeafComposer(HumComposer):
    """Holds Python's lock for half a minute, as a library of C may: no other thread of its process runs."""

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        report("humming with its ears shut", 0.0)
        time.sleep(0.5)  # for what has been reported
        ctypes.PyDLL(None).sleep(30)
        return super().compose(request, report)


class PatientComposer(HumComposer):
    """Works for four seconds: long enough for something else to be killed meanwhile."""

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        for step in range(400):
            report("humming patiently", step / 400)
            time.sleep(0.01)
        return super().compose(request, report)


class SteadyComposer(HumComposer):
    """Works for half a second."""

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        for step in range(50):
            report("humming steadily", step / 50)
            time.sleep(0.01)
        return super().compose(request, report)


class BrokenComposer(HumComposer):
    """Has a bug."""

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        raise ZeroDivisionError("a bug in the engine")


class CrashingComposer(HumComposer):
    """Is killed in the middle of seed 13, as by a system that runs out of memory."""

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        if request.seed == 13:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().compose(request, report)


class HangingComposer(HumComposer):
    """Never comes back from seed 13, and reports nothing."""

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        report("hanging", 0.1)
        while request.seed == 13:
            time.sleep(0.1)
        return super().compose(request, report)


class KillingComposer(HumComposer):
    """Takes its process with it, each seed in a way of its own, and notes every try in the file that
    ``SONGWRIGHT_TEST_TRIES`` names. Other seeds take a tenth of a second, in which a killer can hit them."""

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        with open(os.environ["SONGWRIGHT_TEST_TRIES"], "a") as tries:
            tries.write(f"{request.seed}\n")
        report("humming dangerously", 0.1)
        time.sleep(0.1)
        if request.seed == 101:
            os._exit(3)
        if request.seed == 102:
            os.kill(os.getpid(), signal.SIGSEGV)
        if request.seed == 104:
            raise MemoryError("no room for 80 GB")
        if request.seed == 105:  # the whole service; in the command line, which has no other process, itself
            service = multiprocessing.parent_process()
            os.kill(service.pid if service and service.pid else os.getpid(), signal.SIGKILL)
            time.sleep(30)
        return super().compose(request, report)


class EndlessComposer(HumComposer):
    """Never ends to load."""

    def __init__(self) -> None:
        while True:
            time.sleep(1)


class SpinningWriter(PlainWriter):
    """Never ends to load, in C code that does not let go of Python's lock."""

    def __init__(self) -> None:
        spin()


class DyingComposer(HumComposer):
    """Dies while it loads, until there is a file ``mended`` beside the one that ``SONGWRIGHT_TEST_TRIES``
    names, where each try is noted."""

    def __init__(self) -> None:
        tries = Path(os.environ["SONGWRIGHT_TEST_TRIES"])
        with tries.open("a") as file:
            file.write(f"{time.monotonic()}\n")
        if not tries.with_name("mended").exists():
            os._exit(7)


def spin() -> None:
    """Never comes back, and lets no other thread of its process run."""
    sum(itertools.repeat(0))


class AbsentComposer(HumComposer):
    """Cannot load."""

    def __init__(self) -> None:
        raise EngineUnavailable("the weights are missing", "download them")


class AbsentWriter(PlainWriter):
    """Cannot load."""

    def __init__(self) -> None:
        raise EngineUnavailable("the weights are missing", "download them")


class BlankPainter:
    """One colour, by the seed."""

    info = EngineInfo(name="blank", version="1", licence="MIT")

    def paint(self, request: CoverRequest, report: Report) -> Cover:
        report("painting", 1.0)
        return Cover(np.full((64, 64, 3), request.seed % 256, np.uint8), warnings=("one colour",))


class AbsentPainter(BlankPainter):
    """Cannot load."""

    def __init__(self) -> None:
        raise EngineUnavailable("the weights are missing", "download them")


class SpinningPainter(BlankPainter):
    """Loads, and never ends to paint seed 13, likewise."""

    def paint(self, request: CoverRequest, report: Report) -> Cover:
        report("spinning", 0.1)
        if request.seed == 13:
            spin()
        return super().paint(request, report)


class BrokenPainter(BlankPainter):
    """Has a bug."""

    def paint(self, request: CoverRequest, report: Report) -> Cover:
        raise ZeroDivisionError("a bug in the painter")


class SteadyPainter(BlankPainter):
    """Works for a twentieth of a second."""

    def paint(self, request: CoverRequest, report: Report) -> Cover:
        time.sleep(0.05)
        return super().paint(request, report)


class LastPainter(BlankPainter):
    """Works for a second: longer than quick music waits for its cover."""

    def paint(self, request: CoverRequest, report: Report) -> Cover:
        time.sleep(1.0)
        return super().paint(request, report)


class LateBrokenPainter(SteadyPainter):
    """Works as long, and then has a bug."""

    def paint(self, request: CoverRequest, report: Report) -> Cover:
        super().paint(request, report)
        raise ZeroDivisionError("a bug in the painter")
