"""One way to make MusicGen's songs, in a process and an environment of its own, for ``tests.bench.musicgen``.

    python -m tests.bench.runtime songwright|transformers|audiocraft PRECISION FOLDER [INSTRUCTIONS]

Loads, and answers with the seconds that took, and those of processors. Then, for each line "DURATION COUNT",
makes so many songs of so many seconds at once and answers with the same.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

PROMPT = "80s pop track with bassy drums and synth"
FRAMES_PER_S = 50
_ENGINES = {"songwright": "musicgen", "audiocraft": "audiocraft"}


def main(name: str, precision: str, folder: str, instructions: str = "auto") -> None:
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed is no answer
    import torch
    import transformers  # noqa: F401 - what it takes to import is not what it takes to load

    torch.set_num_threads(os.cpu_count() or 1)
    began = _now()
    if name == "transformers":
        song = _transformers(folder, precision)
    else:
        song = _engine(name, precision, folder, instructions)
    print(*_since(began), file=answers, flush=True)
    for line in sys.stdin:
        duration_s, count = line.split()
        began = _now()
        if count == "1":
            song(float(duration_s))
        else:
            with ThreadPoolExecutor(int(count)) as threads:
                list(threads.map(song, [float(duration_s)] * int(count)))
        print(*_since(began), file=answers, flush=True)


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(began: tuple[float, float]) -> Iterator[float]:
    return (now - before for now, before in zip(_now(), began, strict=True))


def _engine(name: str, precision: str, folder: str, instructions: str) -> Callable[[float], object]:
    from config.engine import EngineOptions, ignore_progress
    from music.contract import COMPOSERS, MusicRequest

    composer = COMPOSERS.load(
        _ENGINES[name], EngineOptions(model=folder, precision=precision, instructions=instructions)
    )

    def song(duration_s: float) -> object:
        return composer.compose(MusicRequest(prompt=PROMPT, duration_s=duration_s, seed=1), ignore_progress)

    return song


def _transformers(folder: str, precision: str) -> Callable[[float], object]:
    import torch
    from transformers import AutoTokenizer, MusicgenForConditionalGeneration

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


if __name__ == "__main__":
    main(*sys.argv[1:])
