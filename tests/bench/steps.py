"""CPU time of a step of a decoder as large as musicgen-small's, on one core, by each precision and set of
instructions, interleaved with transformers: for a machine that does other things meanwhile.

    python -m tests.bench.steps [--rounds 5] [--ways "bf16 avx2,int8 avx2,fp32 transformers"]

Each way is a process of its own, which makes 25 steps in its turn. Weights are random.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor
from transformers import DynamicCache, EncoderDecoderCache, MusicgenDecoderConfig, MusicgenForCausalLM

from music.musicgen.decoder import Decoder, Shape, Track
from music.musicgen.sampling import Sampling

_SMALL = Shape(layers=24, width=1024, heads=16, codebooks=4, vocabulary=2048)
_STEPS = 25
_WAYS = (
    *(f"{precision} avx512_bf16" for precision in ("fp32", "bf16", "int8")),
    "bf16 avx512_vnni",  # fp32 and int8 are the same code as with bf16's instructions
    *(f"{precision} avx2" for precision in ("fp32", "bf16", "int8")),
    "fp32 transformers",
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--ways", default=",".join(_WAYS), help="precision and instructions, commas between")
    options.add_argument("--way", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.way:
        _answer(*given.way.split())
        return
    ways = given.ways.split(",")
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench.steps", "--way"]
    processes = [
        subprocess.Popen([*command, way], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for way in ways
    ]
    times = [[_asked(process) for process in processes] for _ in range(given.rounds)]
    for way, process, each in zip(ways, processes, zip(*times, strict=True), strict=True):
        process.communicate()
        print(f"{way:20}{statistics.median(each):8.1f} ms of CPU time a step, at least {min(each):.1f}")


def _asked(process: subprocess.Popen[str]) -> float:
    assert process.stdin
    assert process.stdout
    print(file=process.stdin, flush=True)
    return float(process.stdout.readline())


def _answer(precision: str, made_by: str) -> None:
    """Makes a song's first steps for each line, and says their milliseconds."""
    torch.set_num_threads(1)
    begin = _theirs() if made_by == "transformers" else _ours(precision, made_by)
    for _ in sys.stdin:
        step = begin()
        step()
        began = time.process_time()
        for _ in range(_STEPS):
            step()
        print(1000 * (time.process_time() - began) / _STEPS, flush=True)


def _ours(precision: str, instructions: str) -> Callable[[], Callable[[], object]]:
    numbers = torch.randn(4 * _SMALL.width**2, generator=torch.Generator().manual_seed(0)) * 0.03
    width = _SMALL.width

    def read(name: str) -> Tensor:
        if "norm" in name:
            return torch.ones(width)
        wide = {"fc1.weight": (4 * width, width), "fc2.weight": (width, 4 * width)}
        size = wide.get(name[-10:], (width, width))
        if "embed_tokens" in name or "lm_heads" in name:
            size = (_SMALL.vocabulary + ("embed" in name), width)
        return numbers[: size[0] * size[1]].view(size)

    decoder = Decoder(read, _SMALL, precision, torch.device("cpu"), instructions=instructions)
    text, noise = torch.randn(12, width), torch.zeros(_SMALL.drawn)

    def begin() -> Callable[[], object]:
        song = Track(decoder, text, _STEPS + 1, Sampling(), lambda step: noise)
        return lambda: decoder.step([song])

    return begin


def _theirs() -> Callable[[], Callable[[], object]]:
    config = MusicgenDecoderConfig()  # musicgen-small's
    model, text = MusicgenForCausalLM(config).eval(), torch.randn(2, 12, config.hidden_size)

    def begin() -> Callable[[], object]:
        cache = EncoderDecoderCache(DynamicCache(config=config), DynamicCache(config=config))
        tokens = torch.full((8, 1), config.vocab_size)

        @torch.inference_mode()
        def step() -> None:
            nonlocal tokens
            given = {"encoder_hidden_states": text, "past_key_values": cache, "use_cache": True}
            logits = model(input_ids=tokens, **given).logits.view(2, 4, -1)
            guided = logits[1] + (logits[0] - logits[1]) * 3.0
            likely = guided.topk(250)
            drawn = torch.multinomial(torch.softmax(likely.values, -1), 1)
            tokens = likely.indices.gather(1, drawn).repeat(2, 1)

        return step

    return begin


if __name__ == "__main__":
    main()
