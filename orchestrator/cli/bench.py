"""What a song costs on this machine: each is made by a fresh process, as a user's is, start-up included."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution, distributions
from pathlib import Path

_BRIEF = "an uplifting synthwave song with a female vocal about driving home through neon rain"


@dataclass(frozen=True)
class Run:
    """One song: wall time of the whole command, peak resident memory, wall time by step."""

    wall_s: float
    peak_bytes: int
    steps_s: dict[str, float]


def measure(runs: int, duration_s: float) -> Iterator[str]:
    """Makes ``runs`` songs of ``duration_s`` seconds in a temporary folder and gives the report's lines."""
    results = []
    with tempfile.TemporaryDirectory(prefix="songwright-bench-") as folder:
        for seed in range(runs):
            results.append(_run(Path(folder), seed, duration_s))
    wall = statistics.median(run.wall_s for run in results)
    peak = max(run.peak_bytes for run in results)
    yield f"songs               {runs} x {duration_s:g} s, vocal, cover, all files, on {os.cpu_count()} cores"
    yield f"wall time           {wall:.1f} s median, {duration_s / wall:.0f} x real time"
    yield "each                " + ", ".join(f"{run.wall_s:.1f}" for run in results) + " s"
    for step in results[0].steps_s:
        yield f"  {step:<17} {statistics.median(run.steps_s[step] for run in results):.2f} s"
    yield f"peak memory         {peak / 1e6:.0f} MB"
    yield f"base install        {_installed_bytes() / 1e6:.0f} MB"


def _run(home: Path, seed: int, duration_s: float) -> Run:
    command = [sys.executable, "-m", "orchestrator", "make", _BRIEF, "--json"]
    command += ["--seed", str(seed), "--duration", str(duration_s)]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, env=os.environ | {"SONGWRIGHT_HOME": str(home)}
    )
    output, _ = process.communicate()
    wall = time.perf_counter() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Run(wall, _peak_of_children(), json.loads(output)["timings_s"])


def _peak_of_children() -> int:
    """Bytes; the largest of the processes run so far (Linux counts in kB, macOS in bytes)."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _installed_bytes() -> int:
    """The size on disk of Songwright's base dependencies, theirs included."""
    known = {_name(found.metadata["Name"]): found for found in distributions()}
    wanted, seen = ["songwright"], set[str]()
    while wanted:
        name = wanted.pop()
        if name in seen or name not in known:
            continue
        seen.add(name)
        wanted += [_name(line) for line in known[name].requires or () if "extra ==" not in line]
    files = (Path(str(path.locate())) for name in seen - {"songwright"} for path in known[name].files or ())
    return sum(path.stat().st_size for path in files if path.is_file()) + _own_bytes()


def _own_bytes() -> int:
    root = Path(str(distribution("songwright").locate_file("")))
    sources = Path(__file__).resolve().parent.parent.parent
    packages = ("config", "phonetics", "lyrics", "music", "art", "vision", "storage", "orchestrator")
    folder = sources if (sources / "pyproject.toml").exists() else root
    return sum(
        path.stat().st_size for name in packages for path in (folder / name).rglob("*") if path.is_file()
    )


def _name(requirement: str) -> str:
    """The normalised project name at the start of a requirement."""
    end = next((i for i, c in enumerate(requirement) if not (c.isalnum() or c in "._-")), len(requirement))
    return requirement[:end].lower().replace("_", "-").replace(".", "-")
