"""MusicGen at the size of musicgen-small, random weights, against the libraries it can also be run with.

    python -m tests.bench.musicgen [--rounds 3] [--steps 250] [--batch 8]

Each round lets every runtime make the same song from its text, one after another, so that what else the
machine does falls on all alike; the figures are medians over the rounds. Time per step does not depend on the
weights. AudioCraft takes part where ``make test-audiocraft`` has set up its environment.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from transformers import AutoTokenizer, MusicgenForConditionalGeneration

from config.engine import EngineOptions, ignore_progress
from music.contract import COMPOSERS, Composer, MusicRequest
from tests.bench.audiocraft import PROMPT
from tests.tiny import musicgen_small

FRAMES_PER_S = 50
AUDIOCRAFT = Path(".venv-audiocraft/bin/python")
_BYTES = {"fp32": 4, "bf16": 2, "int8": 1}


@dataclass
class Runtime:
    """One way to make the song, and what was measured of it."""

    name: str
    song: Callable[[float], object]
    load_s: float
    songs_s: list[float] = field(default_factory=list)
    batches_s: list[float] = field(default_factory=list)

    @property
    def song_s(self) -> float:
        return statistics.median(self.songs_s)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--steps", type=int, default=250, help="frames of a song; 250 are five seconds")
    options.add_argument("--batch", type=int, default=8, help="songs at once")
    asked = options.parse_args()
    warnings.simplefilter("ignore")
    threads = os.cpu_count() or 1
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory(prefix="songwright-bench-") as name:
        _say("saving a checkpoint with random weights, as large as musicgen-small ...")
        folder = musicgen_small(Path(name))
        parameters = _read_at_each_step(folder)
        with _runtimes(folder) as runtimes:
            duration_s = asked.steps / FRAMES_PER_S
            bandwidths = []
            for number in range(asked.rounds):
                bandwidths.append(_bandwidth())
                for runtime in runtimes:
                    _say(f"round {number + 1} of {asked.rounds}: {runtime.name}")
                    runtime.songs_s.append(_timed(runtime.song, duration_s))
                    if runtime.name.startswith("songwright"):
                        runtime.batches_s.append(_timed(_together(runtime.song, asked.batch), duration_s))
        bandwidth = statistics.median(bandwidths)
        head = f"{threads} cores, {bandwidth / 1e9:.0f} GB/s read; {asked.rounds} rounds"
        print(f"{head}; songs of {asked.steps} steps from text to sound, guidance on")
        for line in _table(runtimes, asked.steps, asked.batch, 1000 * parameters / bandwidth):
            print(line)
        for line in _ratios({runtime.name: runtime for runtime in runtimes}, 1500 / asked.steps):
            print(line)


def _table(runtimes: list[Runtime], steps: int, batch: int, floor_ms: float) -> Iterator[str]:
    """``floor_ms``: the time to read the decoder once at a byte a number."""
    yield f"{'':20}{'load s':>8}{'song s':>8}{'ms a step':>11}{'of floor':>10}{f'x{batch}: songs/s':>14}"
    for runtime in runtimes:
        step_ms = 1000 * runtime.song_s / steps
        floor = floor_ms * _BYTES[runtime.name.rpartition(" ")[2]]
        line = f"{runtime.name:20}{runtime.load_s:8.1f}{runtime.song_s:8.1f}{step_ms:11.1f}"
        line += f"{floor / step_ms:10.0%}"
        if runtime.batches_s:
            together = statistics.median(runtime.batches_s)
            line += f"{f'{batch * runtime.song_s / together:.1f}-fold':>14}"
        yield line


def _ratios(by_name: dict[str, Runtime], length: float) -> Iterator[str]:
    """``length``: how many of the measured songs a song of 30 s is."""
    for name, other in (
        ("songwright fp32", "transformers fp32"),
        ("songwright fp32", "audiocraft fp32"),
        ("songwright bf16", "transformers bf16"),
        ("songwright int8", "transformers bf16"),
    ):
        if other in by_name:
            ours, theirs = by_name[name], by_name[other]
            first = (theirs.load_s + length * theirs.song_s) / (ours.load_s + length * ours.song_s)
            song = theirs.song_s / ours.song_s
            yield f"{name}: {song:.2f} times as fast as {other}; 30 s and loading: {first:.2f}"


@contextmanager
def _runtimes(folder: Path) -> Iterator[list[Runtime]]:
    made: list[Runtime] = []
    for precision in ("fp32", "bf16", "int8"):
        _say(f"loading songwright {precision}")
        began = time.perf_counter()
        composer = COMPOSERS.load("musicgen", EngineOptions(model=str(folder), precision=precision))
        made.append(Runtime(f"songwright {precision}", _ours(composer), time.perf_counter() - began))
    for precision in ("fp32", "bf16"):
        _say(f"loading transformers {precision}")
        began = time.perf_counter()
        song = _transformers(folder, precision)
        made.append(Runtime(f"transformers {precision}", song, time.perf_counter() - began))
    if not AUDIOCRAFT.exists():
        _say("AudioCraft is left out: make test-audiocraft sets it up")
        yield made
        return
    began = time.perf_counter()
    command = [str(AUDIOCRAFT), "-m", "tests.bench.audiocraft", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        if not process.stdout.readline():
            raise SystemExit("AudioCraft's process ended while it loaded")

        def song(duration_s: float) -> None:
            print(json.dumps(duration_s), file=process.stdin, flush=True)
            if not process.stdout.readline():
                raise SystemExit("AudioCraft's process has ended")

        made.append(Runtime("audiocraft fp32", song, time.perf_counter() - began))
        yield made
        process.stdin.close()


def _ours(composer: Composer) -> Callable[[float], object]:
    def song(duration_s: float) -> object:
        return composer.compose(MusicRequest(prompt=PROMPT, duration_s=duration_s, seed=1), ignore_progress)

    return song


def _transformers(folder: Path, precision: str) -> Callable[[float], object]:
    model = MusicgenForConditionalGeneration.from_pretrained(folder).eval()
    if precision == "bf16":  # EnCodec stays as it is, as in ours
        for part in (model.text_encoder, model.enc_to_dec_proj, model.decoder):
            part.to(torch.bfloat16)
    tokenizer = AutoTokenizer.from_pretrained(folder)

    def song(duration_s: float) -> object:
        with torch.inference_mode():
            steps = round(duration_s * FRAMES_PER_S) + 3
            given = tokenizer(PROMPT, return_tensors="pt")
            return model.generate(**given, do_sample=True, guidance_scale=3.0, max_new_tokens=steps)

    return song


def _together(song: Callable[[float], object], count: int) -> Callable[[float], object]:
    def songs(duration_s: float) -> object:
        with ThreadPoolExecutor(count) as threads:
            return list(threads.map(song, [duration_s] * count))

    return songs


def _read_at_each_step(folder: Path) -> int:
    """Numbers of the decoder that every step needs: all its matrices but the embeddings and what makes
    keys and values of the text."""
    from models.tensors import Tensors

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
    numbers = torch.ones(100_000_000)
    return numbers.nbytes / min(_timed(lambda _: numbers.sum(), 0.0) for _ in range(5))


def _timed(work: Callable[[float], object], argument: float) -> float:
    began = time.perf_counter()
    work(argument)
    return time.perf_counter() - began


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
