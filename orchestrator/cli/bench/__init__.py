"""What a song costs on this machine: each is made by a fresh process, as a user's is, start-up included.

Beside another installation, the two take turns, so that what else the machine does concerns both."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.errors import InvalidRequest, Unavailable
from orchestrator.cli.bench import installed

_BRIEF = "an uplifting synthwave song with a female vocal about driving home through neon rain"


@dataclass(frozen=True)
class Installation:
    """A ``songwright`` command, and the Python that runs it."""

    command: tuple[str, ...]
    python: str

    def size_bytes(self) -> int:
        """On disk, with the base dependencies."""
        answer = subprocess.run(
            [self.python, installed.__file__], stdout=subprocess.PIPE, text=True, check=True
        ).stdout
        return int(answer)


@dataclass(frozen=True)
class Run:
    """One song: processor time of the command and its children, wall time of the whole command, peak resident
    memory of its largest process, wall time by step."""

    cpu_s: float
    wall_s: float
    peak_bytes: int
    steps_s: dict[str, float]


HERE = Installation((sys.executable, "-m", "orchestrator"), sys.executable)


def measure(runs: int, duration_s: float, against: Path | None = None) -> Iterator[str]:
    """Makes ``runs`` songs of ``duration_s`` seconds in a temporary folder and gives the report's lines. The
    installation ``against`` makes each too: its ``songwright``, or a checkout with one in ``.venv``.

    Raises ``InvalidRequest`` if there is no such command, and ``Unavailable`` on Windows."""
    if not hasattr(os, "wait4"):
        raise Unavailable("this system does not say what a process has used", "measure on Linux or macOS")
    others = [] if against is None else [installation(against)]
    results: dict[Installation, list[Run]] = {each: [] for each in (HERE, *others)}
    with tempfile.TemporaryDirectory(prefix="songwright-bench-") as folder:
        for seed in range(runs):
            for place, (each, made) in enumerate(results.items()):
                made.append(_run(each, Path(folder) / str(place), seed, duration_s))
    yield f"songs               {runs} x {duration_s:g} s, vocal, cover, all files, on {os.cpu_count()} cores"
    if others:
        yield f"{'':<20}{'here':>10}{'against':>12}{'ratio':>9}"
    for name, unit, of in _MEASURES:
        yield _line(name, unit, [of(made) for made in results.values()])
    mine = results[HERE]
    yield "each                " + ", ".join(f"{run.wall_s:.1f}" for run in mine) + " s"
    for step in mine[0].steps_s:
        yield f"  {step:<17} {statistics.median(run.steps_s[step] for run in mine):.2f} s"
    yield _line("base install", "MB", [each.size_bytes() / 1e6 for each in results])


def installation(path: Path) -> Installation:
    """The installation whose ``songwright`` is at ``path``, or in ``.venv`` of the checkout there. Raises
    ``InvalidRequest``."""
    command = path / ".venv" / "bin" / "songwright" if path.is_dir() else path
    try:
        first = command.read_bytes().partition(b"\n")[0].decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(
            "against", str(path), f"give a songwright command or a checkout: {error}"
        ) from error
    if not first.startswith("#!"):
        raise InvalidRequest("against", str(path), "its first line does not name the Python that runs it")
    return Installation((str(command.resolve()),), first.removeprefix("#!").strip())


_MEASURES: Sequence[tuple[str, str, Callable[[Sequence[Run]], float]]] = (
    ("processor time", "s", lambda runs: statistics.median(run.cpu_s for run in runs)),
    ("wall time", "s", lambda runs: statistics.median(run.wall_s for run in runs)),
    ("peak memory", "MB", lambda runs: max(run.peak_bytes for run in runs) / 1e6),
)
"""A name, its unit, and the number for some runs."""


def _line(name: str, unit: str, values: Sequence[float]) -> str:
    digits = 1 if unit == "s" else 0
    shown = [f"{value:.{digits}f} {unit}" for value in values]
    if len(shown) == 1:
        return f"{name:<20}{shown[0]}"
    return f"{name:<20}{shown[0]:>10}{shown[1]:>12}{values[0] / values[1]:>9.2f}"


def _run(by: Installation, home: Path, seed: int, duration_s: float) -> Run:
    command = [*by.command, "make", _BRIEF, "--json", "--seed", str(seed), "--duration", str(duration_s)]
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, env=os.environ | {"SONGWRIGHT_HOME": str(home)})
        # Unlike ``communicate``, this tells the usage of this process alone, with that of its children.
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        output.seek(0)
        steps_s = json.load(output)["timings_s"]
    # Linux counts in kB, macOS in bytes.
    peak_bytes = usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024
    return Run(usage.ru_utime + usage.ru_stime, wall_s, peak_bytes, steps_s)
