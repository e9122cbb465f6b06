"""What our own MusicGen makes of tiny checkpoints, for AudioCraft to be held to in its own environment, which
cannot have our torch: ``python -m tests.music.reference FOLDER``.

``FOLDER/mono`` and ``FOLDER/stereo`` are the checkpoints. ``reference/reference.safetensors`` in each has the
Gumbel table that stands for chance and, for each prompt, the tokens drawn with it (``tokens.0``), the guided
logits they were drawn from (``logits.0``) and the sound (``sound.0``).
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from config.engine import EngineOptions, ignore_progress
from music.contract import MusicRequest
from music.musicgen.decoder import Track
from music.musicgen.engine import MusicgenComposer
from music.musicgen.sampling import Sampling, gumbel
from tests.music.test_musicgen import PROMPTS, STEPS, noise_table
from tests.tiny import musicgen


def write(folder: Path) -> None:
    for name, channels in (("mono", 1), ("stereo", 2)):
        checkpoint = musicgen(folder / name, channels=channels)
        composer = MusicgenComposer.from_options(EngineOptions(model=str(checkpoint), precision="fp32"))
        made = reference(composer, noise_table(4 * channels))
        long = past_the_window(composer) if channels == 1 else {}
        (checkpoint / "reference").mkdir()
        save_file(made | long, checkpoint / "reference" / "reference.safetensors")


def reference(composer: MusicgenComposer, table: Tensor) -> dict[str, Tensor]:
    made = {"table": table}
    for number, prompt in enumerate(PROMPTS):
        text = composer._read(prompt)
        track = Track(composer._decoder, text, STEPS, Sampling(top_k=0), lambda step: table[step])
        logits = []
        while not track.done:
            logits.append(composer._decoder.step([track])[0])
        tokens = track.codes(composer._shape).contiguous()
        made[f"tokens.{number}"] = tokens
        made[f"logits.{number}"] = torch.stack(logits)
        made[f"sound.{number}"] = torch.from_numpy(composer._sound(tokens))
    return made


def past_the_window(composer: MusicgenComposer) -> dict[str, Tensor]:
    """A song of 31 s, in two windows, by the first prompt: ``long.tokens``, and ``long.table`` with the noise
    in the order of all steps."""
    request = MusicRequest(prompt=PROMPTS[0], duration_s=31.0, seed=5)
    noise = gumbel(request.seed, composer._shape.drawn, torch.device("cpu"))
    steps = 31 * 50 + 2 * max(composer._shape.delays)
    tokens = composer._tokens(composer._read(request.prompt), request, Sampling(top_k=0), ignore_progress)
    return {
        "long.tokens": tokens.contiguous(),
        "long.table": torch.stack([noise(step) for step in range(steps)]),
    }


if __name__ == "__main__":
    write(Path(sys.argv[1]))
