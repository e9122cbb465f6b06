"""MusicGen at the size of musicgen-small, random weights, against the libraries it can also be run with.

    python -m tests.bench.musicgen [--rounds 3] [--steps 250] [--batch 8] [--alone]
        [--ways "songwright bf16,songwright bf16 avx2,transformers fp32"]

Each round lets every runtime make the same song from its text, one after another, so that what else the
machine does falls on all alike; the figures are medians over the rounds. Time per step does not depend on the
weights. CPU time is that of all threads. The memory's bandwidth, which differs from one moment and place to
another, is measured before each song. A way is a runtime, a precision and, of Songwright's, instructions as
its setting has them. AudioCraft takes part where ``make test-audiocraft`` has set up its environment.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch

from tests.bench.runtime import FRAMES_PER_S
from tests.tiny import musicgen_small

AUDIOCRAFT = Path(".venv-audiocraft/bin/python")
_BYTES = {"fp32": 4, "bf16": 2, "int8": 1}
_WAYS = (
    *(f"songwright {each}" for each in _BYTES),
    "transformers fp32",
    "transformers bf16",
    "audiocraft fp32",
)


@dataclass
class Runtime:
    """A process that makes songs in one way, and what was measured of it."""

    name: str
    process: subprocess.Popen[str]
    load_s: float = 0.0
    songs_s: list[float] = field(default_factory=list)
    songs_cpu_s: list[float] = field(default_factory=list)
    batches_s: list[float] = field(default_factory=list)

    def answer(self, question: str = "") -> tuple[float, float]:
        """Seconds, and seconds of processors. Raises ``SystemExit`` if the process has ended."""
        assert self.process.stdin
        assert self.process.stdout
        if question:
            print(question, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the process of {self.name} has ended")
        seconds, cpu_s = map(float, line.split())
        return seconds, cpu_s

    @property
    def song_s(self) -> float:
        return statistics.median(self.songs_s)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--steps", type=int, default=250, help="frames of a song; 250 are five seconds")
    options.add_argument("--batch", type=int, default=8, help="songs at once; 0: none")
    options.add_argument("--ways", default=",".join(_WAYS), help="which are measured, with commas between")
    options.add_argument("--alone", action="store_true", help="without the other libraries")
    asked = options.parse_args()
    warnings.simplefilter("ignore")
    threads = os.cpu_count() or 1
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory(prefix="songwright-bench-") as name:
        _say("saving a checkpoint with random weights, as large as musicgen-small ...")
        folder = musicgen_small(Path(name))
        parameters = _read_at_each_step(folder)
        ways = [way for way in asked.ways.split(",") if way.startswith("songwright") or not asked.alone]
        with _runtimes(folder, ways) as runtimes:
            song = f"{asked.steps / FRAMES_PER_S}"
            bandwidths = []
            for number in range(asked.rounds):
                for runtime in runtimes:
                    bandwidths.append(_bandwidth())
                    _say(f"round {number + 1} of {asked.rounds}: {runtime.name}")
                    seconds, cpu_s = runtime.answer(f"{song} 1")
                    runtime.songs_s.append(seconds)
                    runtime.songs_cpu_s.append(cpu_s)
                    if runtime.name.startswith("songwright") and asked.batch:
                        runtime.batches_s.append(runtime.answer(f"{song} {asked.batch}")[0])
        bandwidth = statistics.median(bandwidths)
        head = f"{threads} cores, {bandwidth / 1e9:.0f} GB/s read; {asked.rounds} rounds"
        print(f"{head}; songs of {asked.steps} steps from text to sound, guidance on")
        for line in _table(runtimes, asked.steps, asked.batch, 1000 * parameters / bandwidth):
            print(line)
        for line in _ratios({runtime.name: runtime for runtime in runtimes}, 1500 / asked.steps):
            print(line)


def _table(runtimes: list[Runtime], steps: int, batch: int, floor_ms: float) -> Iterator[str]:
    """``floor_ms``: the time to read the decoder once at a byte a number."""
    head = f"{'':30}{'load s':>8}{'song s':>8}{'ms a step':>11}{'CPU ms':>8}{'of floor':>10}"
    yield head + (f"{f'x{batch}: songs/s':>14}" if batch else "")
    for runtime in runtimes:
        step_ms = 1000 * runtime.song_s / steps
        floor = floor_ms * _BYTES[runtime.name.split(" ")[1]]
        cpu_ms = 1000 * statistics.median(runtime.songs_cpu_s) / steps
        line = f"{runtime.name:30}{runtime.load_s:8.1f}{runtime.song_s:8.1f}{step_ms:11.1f}"
        line += f"{cpu_ms:8.1f}{floor / step_ms:10.0%}"
        if runtime.batches_s:
            together = statistics.median(runtime.batches_s)
            line += f"{f'{batch * runtime.song_s / together:.1f}-fold':>14}"
        yield line


def _ratios(by_name: dict[str, Runtime], length: float) -> Iterator[str]:
    """``length``: how many of the measured songs a song of 30 s is."""
    for name, ours in by_name.items():
        for other in ("transformers fp32", "transformers bf16", "audiocraft fp32"):
            if other not in by_name or not name.startswith("songwright"):
                continue
            theirs = by_name[other]
            first = (theirs.load_s + length * theirs.song_s) / (ours.load_s + length * ours.song_s)
            song = theirs.song_s / ours.song_s
            yield f"{name}: {song:.2f} times as fast as {other}; 30 s and loading: {first:.2f}"


@contextmanager
def _runtimes(folder: Path, ways: list[str]) -> Iterator[list[Runtime]]:
    """Each in a process of its own, as its user has it: threads of one library slow down another's."""
    with ExitStack() as stack:
        made = []
        for way in ways:
            name, precision, *made_of = way.split()
            python = str(AUDIOCRAFT) if name == "audiocraft" else sys.executable
            if not Path(python).exists():
                _say("AudioCraft is left out: make test-audiocraft sets it up")
                continue
            _say(f"loading {way}")
            command = [python, "-m", "tests.bench.runtime", name, precision, str(folder), *made_of]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            stack.callback(process.kill)
            made.append(Runtime(way, process))
            made[-1].load_s, _ = made[-1].answer()
        yield made


def _read_at_each_step(folder: Path) -> int:
    """Numbers of the decoder that every step needs: all its matrices but the embeddings and what makes
    keys and values of the text."""
    from inference.tensors import Tensors

    with Tensors(folder) as tensors:
        return sum(
            tensors[name].numel()
            for name in tensors
            if name.startswith("decoder.")
            and "embed" not in name
            and ".encoder_attn.k_proj" not in name
            and ".encoder_attn.v_proj" not in name
        )


def _bandwidth() -> float:
    """Bytes a second that all cores together read from memory."""
    numbers, times = torch.ones(100_000_000), []
    for _ in range(5):
        began = time.perf_counter()
        numbers.sum()
        times.append(time.perf_counter() - began)
    return numbers.nbytes / min(times)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
