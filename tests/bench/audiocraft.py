"""AudioCraft's part in ``tests.bench.musicgen``, run in its own environment: for each line with a duration in
seconds it makes a song and answers with a line."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

PROMPT = "80s pop track with bassy drums and synth"


def main(folder: Path) -> None:
    warnings.simplefilter("ignore")
    import torch

    from config.engine import EngineOptions, ignore_progress
    from music.contract import COMPOSERS, MusicRequest

    torch.set_num_threads(os.cpu_count() or 1)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed is no answer
    options = EngineOptions(model=str(folder), precision="fp32")
    composer = COMPOSERS.load("audiocraft", options)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        composer.compose(MusicRequest(prompt=PROMPT, duration_s=float(line), seed=1), ignore_progress)
        print("done", file=answers, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
