"""MusicGen's compiled loops for a CPU: any number of threads makes the same, and draws what torch draws. That
their tokens are those of transformers is in test_musicgen.py, and their sound in test_codec.py."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from music.musicgen.compiled import compiled_loops
from music.musicgen.decoder import Decoder, Read, Shape, Track
from music.musicgen.sampling import Sampling, draw, gumbel
from tests.music.test_musicgen import CPU, PRECISIONS, noise_table

if compiled_loops() is None:
    pytest.skip("music/musicgen/cpu is not there", allow_module_level=True)

from music.musicgen.cpu import threads as cpu_threads
from music.musicgen.cpu.decoder import CompiledNetwork, draw_of
from music.musicgen.cpu.layout import supported
from music.musicgen.cpu.threads import cores

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

WIDE = Shape(2, 256, 4, 4, 64)


def weights_of(shape: Shape) -> Read:
    """Random ones."""
    drawn, width = torch.Generator().manual_seed(6), shape.width

    def read(name: str) -> Tensor:
        if "embed_tokens" in name or "lm_heads" in name:
            size: tuple[int, ...] = (shape.vocabulary + ("embed" in name), width)
        elif "norm" in name:
            size = (width,)
        else:
            size = {"fc1.weight": (4 * width, width), "fc2.weight": (width, 4 * width)}.get(
                name[-10:], (width, width)
            )
        return torch.randn(size, generator=drawn) * 0.1

    return read


def wide(precision: str, threads: int, monkeypatch: pytest.MonkeyPatch, *, compiled: bool = True) -> Decoder:
    """A decoder with work for so many threads, be there as many cores or not."""
    monkeypatch.setattr(cpu_threads, "cores", lambda: threads)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        decoder = Decoder(weights_of(WIDE), WIDE, precision, CPU, compiled=compiled)
    finally:
        torch.set_num_threads(before)
    assert isinstance(decoder.layers, CompiledNetwork) == compiled
    if isinstance(decoder.layers, CompiledNetwork):
        assert decoder.layers._team.threads == threads
    return decoder


@pytest.mark.parametrize("precision", PRECISIONS)
def test_any_number_of_threads_makes_the_same_numbers(
    precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not supported(precision):
        pytest.skip(f"this processor has no instructions for compiled {precision}")
    table = noise_table(WIDE.codebooks)

    def logits(threads: int, *, compiled: bool) -> Tensor:
        decoder = wide(precision, threads, monkeypatch, compiled=compiled)
        texts = [torch.randn(5 + n, 256, generator=torch.Generator().manual_seed(n)) for n in range(3)]
        songs = [Track(decoder, text, 12, Sampling(top_k=0), lambda step: table[step]) for text in texts]
        for song in songs:  # whatever is drawn, the next column is the same for all that are compared
            song.tokens[:] = torch.arange(song.tokens.numel()).view_as(song.tokens) % 64
        return torch.stack([decoder.step(songs) for _ in range(12)])

    one = logits(1, compiled=True)
    for threads in (2, 3, 4):
        assert torch.equal(one, logits(threads, compiled=True)), threads
    furthest = {"fp32": 1e-5, "bf16": 0.02, "int8": 0.1}[precision]
    plain = logits(1, compiled=False)
    assert (one - plain).square().mean() < furthest**2 * plain.square().mean()


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
def test_threads_wait_for_the_columns_of_a_prompt_that_others_take_in(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not supported("fp32"):
        pytest.skip("this processor has no instructions for compiled fp32")
    decoder, table = wide("fp32", threads, monkeypatch), noise_table(WIDE.codebooks)
    text = torch.randn(5, 256, generator=torch.Generator().manual_seed(1))

    def begun(prompt: Tensor | None = None) -> Track:
        return Track(decoder, text, 40, Sampling(top_k=0), lambda step: table[step], prompt)

    whole = begun()
    while not whole.done:
        decoder.step([whole])
    for _ in range(5):  # what they do not wait for may be there in time by chance
        more = begun(whole.codes(WIDE)[:, :25])
        # Of the codebooks that lag behind, fewer columns are known.
        known = 25 - max(WIDE.delays)
        assert torch.equal(more.cache[..., :known, :], whole.cache[..., :known, :])


def test_a_containers_quota_bounds_the_threads(tmp_path: Path) -> None:
    quota = tmp_path / "cpu.max"
    everything = cores(quota)
    assert everything == len(os.sched_getaffinity(0))
    for written, expected in (("max 100000", everything), ("100000 100000", 1), ("50000 100000", 1)):
        quota.write_text(written + "\n")
        assert cores(quota) == expected


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(),
        Sampling(top_k=0),
        Sampling(top_k=1),
        Sampling(top_k=5000),
        Sampling(top_k=250, temperature=0.6),
        Sampling(top_p=0.6, temperature=1.4),
        Sampling(top_p=0.001),
        Sampling(temperature=0.0),
    ],
)
def test_the_compiled_step_draws_what_torch_draws(sampling: Sampling) -> None:
    from music.musicgen.cpu.loops.advance import choose

    logits = 2.0 * torch.randn(40, 2048, generator=torch.Generator().manual_seed(2))
    logits[1] = logits[1].abs()
    logits[2] = -logits[2].abs()
    noise = gumbel(4, (40, 2048), CPU)(0)
    keys, worth = np.zeros(2048, np.int32), np.zeros(2048, np.float32)
    drawn = [
        choose(row.copy(), drawn, draw_of(sampling), keys, worth)
        for row, drawn in zip(logits.numpy(), noise.numpy(), strict=True)
    ]
    settings = torch.tensor([sampling.row])
    assert settings[0, 0] == 3.0
    assert drawn == draw(logits[None], settings, noise)[0].tolist()
    assert drawn == draw(logits[None], settings, noise, sampling.shortlist)[0].tolist()
    assert len(set(drawn)) > 10


def test_loops_are_compiled_anew_when_a_source_of_theirs_changes(tmp_path: Path) -> None:
    """What they call lies in other files too, and a step that was compiled before an update must not stay."""
    root = Path(__file__).parents[2]
    shutil.copytree(root / "music", tmp_path / "music", ignore=shutil.ignore_patterns("__pycache__"))
    source = tmp_path / "music" / "musicgen" / "cpu" / "loops" / "arithmetic.py"
    code = (
        "import numpy as np; from music.musicgen.cpu.loops import waves;"
        "made = np.zeros((1, 1), np.float32); waves._spread(-np.ones((3, 1), np.float32), 0, made, 0);"
        "print(waves.__file__, made[0, 0], sum(waves._spread.stats.cache_hits.values()))"
    )

    def answer() -> tuple[str, float, int]:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(root)])}
        command = [sys.executable, "-c", code]
        said = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
        ).stdout.split()
        return said[0], float(said[1]), int(said[2])

    file, before, hits = answer()
    assert file == str(source.with_name("waves.py"))
    assert before == pytest.approx(np.expm1(-1.0), abs=1e-6)
    assert hits == 0
    assert answer() == (file, before, 1)
    text = source.read_text()
    assert text.count("    y = y * x * x + x + np.float32(1.0)\n") == 1
    source.write_text(text.replace("* x + x + np.float32(1.0)\n", "* x + x + np.float32(1.5)\n"))
    _, after, hits = answer()
    assert after != before
    assert hits == 0
