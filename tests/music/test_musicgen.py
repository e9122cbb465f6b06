"""MusicGen on a tiny checkpoint: held to transformers token for token, alone and in company, and to its
contract."""

import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import (
    AutoTokenizer,
    LogitsProcessor,
    LogitsProcessorList,
    MusicgenForConditionalGeneration,
)

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled
from music.contract import COMPOSERS, Composer, MusicRequest
from music.musicgen.cpu import threads as cpu_threads
from music.musicgen.cpu.fused import Fused, way
from music.musicgen.cpu.layout import supported
from music.musicgen.cpu.threads import cores
from music.musicgen.decoder import Decoder, Shape, Track
from music.musicgen.layers import Layers
from music.musicgen.sampling import Sampling, draw, gumbel
from music.musicgen.slots import Slots
from tests.music.slotted import play
from tests.tiny import musicgen

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

PROMPTS = ("lofi beat with piano", "Metal", "a 80s pop track, synth! 120 bpm")
STEPS = 250
CPU = torch.device("cpu")
PRECISIONS = ("fp32", "bf16", "int8")
MADE = (Fused, Layers)
WIDE = Shape(2, 256, 4, 4, 64)


@pytest.fixture(scope="module", params=[1, 2], ids=["mono", "stereo"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return musicgen(tmp_path_factory.mktemp("musicgen"), channels=request.param)


@pytest.fixture(scope="module")
def reference(folder: Path) -> MusicgenForConditionalGeneration:
    return MusicgenForConditionalGeneration.from_pretrained(folder).eval()


def shape_of(model: MusicgenForConditionalGeneration) -> Shape:
    config = model.config.decoder
    return Shape(2, 64, 4, config.num_codebooks, 64, config.audio_channels)


def decoder_of(
    model: MusicgenForConditionalGeneration, precision: str, made: type[Fused] | type[Layers] = Fused
) -> Decoder:
    if made is Fused and not supported(precision):
        pytest.skip(f"this processor has no instructions for fused {precision}")
    weights = model.decoder.state_dict()
    decoder = Decoder(lambda name: weights[name], shape_of(model), precision, CPU, fused=made is Fused)
    assert type(decoder.layers) is made
    return decoder


@torch.inference_mode()
def heard(model: MusicgenForConditionalGeneration, folder: Path, prompt: str) -> tuple[Tensor, Tensor]:
    """The prompt's token ids, and what the decoder is to hear of them."""
    ids = AutoTokenizer.from_pretrained(folder)(prompt, return_tensors="pt")["input_ids"]
    return ids, model.enc_to_dec_proj(model.text_encoder(ids).last_hidden_state)[0]


class Shared(LogitsProcessor):
    """Guidance, and the table's noise, put so that transformers' own guidance changes nothing."""

    def __init__(self, table: Tensor) -> None:
        self.table = table
        self.seen: list[Tensor] = []

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        text, none = scores.chunk(2)
        guided = none + (text - none) * 3.0
        self.seen.append(guided.clone())
        return (guided + self.table[len(self.seen) - 1]).repeat(2, 1)


@torch.inference_mode()
def theirs(
    model: MusicgenForConditionalGeneration, ids: Tensor, table: Tensor
) -> tuple[Tensor, list[Tensor]]:
    """transformers' codes ``(codebooks, frames)`` and guided logits."""
    shared, codes = Shared(table), []
    decode = model.audio_encoder.decode

    def kept(audio_codes: Tensor, *rest: object, **named: object) -> object:
        codes.append(audio_codes[0, 0])
        return decode(audio_codes, *rest, **named)

    model.audio_encoder.decode = kept
    try:
        model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            guidance_scale=3.0,
            max_new_tokens=STEPS + 3,
            logits_processor=LogitsProcessorList([shared]),
        )
    finally:
        del model.audio_encoder.decode
    return torch.stack(codes, dim=1).flatten(0, 1), shared.seen


def noise_table(codebooks: int) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return -torch.empty(STEPS + 3, codebooks, 64).exponential_(generator=generator).log()


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_tokens_are_those_of_transformers_and_logits_within_a_ten_thousandth(
    folder: Path,
    reference: MusicgenForConditionalGeneration,
    prompt: str,
    made: type[Fused] | type[Layers],
) -> None:
    shape = shape_of(reference)
    table = noise_table(shape.codebooks)
    ids, text = heard(reference, folder, prompt)
    expected, logits = theirs(reference, ids, table)
    decoder = decoder_of(reference, "fp32", made)
    track = Track(decoder, text, STEPS, Sampling(top_k=0), lambda step: table[step])
    furthest = 0.0
    for step in range(track.steps):
        ours = decoder.step([track])[0]
        furthest = max(furthest, (ours - logits[step]).abs().max().item())
    assert track.done
    assert torch.equal(track.codes(shape), expected)
    assert len(expected.unique()) > 32  # or the agreement would mean nothing
    assert furthest < 1e-4


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_narrower_numbers_stay_near_in_their_logits(
    folder: Path,
    reference: MusicgenForConditionalGeneration,
    precision: str,
    made: type[Fused] | type[Layers],
) -> None:
    _, text = heard(reference, folder, PROMPTS[0])
    table = noise_table(shape_of(reference).codebooks)
    exact, narrow = decoder_of(reference, "fp32", Layers), decoder_of(reference, precision, made)
    tracks = [Track(d, text, 50, Sampling(top_k=0), lambda step: table[step]) for d in (exact, narrow)]
    errors, sizes = [], []
    while not tracks[0].done:
        wide, small = exact.step(tracks[:1]), narrow.step(tracks[1:])
        errors.append((wide - small).square().mean().item())
        sizes.append(wide.square().mean().item())
        tracks[1].tokens.copy_(tracks[0].tokens)  # the same history: only this step's error counts
    relative = (sum(errors) / sum(sizes)) ** 0.5
    print(f"{precision}: logits differ by {relative:.1%} of their size")
    assert 0 < relative < 0.08


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_song_has_the_same_tokens_alone_and_among_eight_that_come_and_go(
    folder: Path,
    reference: MusicgenForConditionalGeneration,
    precision: str,
    made: type[Fused] | type[Layers],
) -> None:
    shape, decoder = shape_of(reference), decoder_of(reference, precision, made)
    texts = [heard(reference, folder, PROMPTS[n % 3][: 4 + n])[1] for n in range(8)]

    def track(number: int) -> Track:
        return Track(decoder, texts[number], 30 + 3 * number, Sampling(), gumbel(number, shape.drawn, CPU))

    alone = []
    for number in range(8):
        one = track(number)
        while not one.done:
            decoder.step([one])
        alone.append(one.codes(shape))
    waiting = [track(number) for number in range(8)]
    every, running, step = list(waiting), [waiting.pop(0)], 0
    while running:
        decoder.step(running)
        step += 1
        running = [one for one in running if not one.done]
        if waiting and step % 4 == 0:
            running.append(waiting.pop(0))
    for number, one in enumerate(every):
        assert torch.equal(one.codes(shape), alone[number]), number


def wide(precision: str, threads: int, monkeypatch: pytest.MonkeyPatch, made: type = Fused) -> Decoder:
    """A decoder with work for so many threads, be there as many cores or not."""
    drawn = torch.Generator().manual_seed(6)

    def read(name: str) -> Tensor:
        if "embed_tokens" in name or "lm_heads" in name:
            size: tuple[int, ...] = (65 if "embed" in name else 64, 256)
        elif "norm" in name:
            size = (256,)
        else:
            size = {"fc1.weight": (1024, 256), "fc2.weight": (256, 1024)}.get(name[-10:], (256, 256))
        return torch.randn(size, generator=drawn) * 0.1

    monkeypatch.setattr(cpu_threads, "cores", lambda: threads)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        decoder = Decoder(read, WIDE, precision, CPU, fused=made is Fused)
    finally:
        torch.set_num_threads(before)
    assert isinstance(decoder.layers, made)
    if isinstance(decoder.layers, Fused):
        assert decoder.layers._team.threads == threads
    return decoder


@pytest.mark.parametrize("precision", PRECISIONS)
def test_any_number_of_threads_makes_the_same_numbers(
    precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not supported(precision):
        pytest.skip(f"this processor has no instructions for fused {precision}")
    table = noise_table(WIDE.codebooks)

    def logits(threads: int, made: type[Fused] | type[Layers]) -> Tensor:
        decoder = wide(precision, threads, monkeypatch, made)
        texts = [torch.randn(5 + n, 256, generator=torch.Generator().manual_seed(n)) for n in range(3)]
        songs = [Track(decoder, text, 12, Sampling(top_k=0), lambda step: table[step]) for text in texts]
        for song in songs:  # whatever is drawn, the next column is the same for all that are compared
            song.tokens[:] = torch.arange(song.tokens.numel()).view_as(song.tokens) % 64
        return torch.stack([decoder.step(songs) for _ in range(12)])

    one = logits(1, Fused)
    for threads in (2, 3, 4):
        assert torch.equal(one, logits(threads, Fused)), threads
    furthest = {"fp32": 1e-5, "bf16": 0.02, "int8": 0.1}[precision]
    plain = logits(1, Layers)
    assert (one - plain).square().mean() < furthest**2 * plain.square().mean()


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
def test_threads_wait_for_the_columns_of_a_prompt_that_others_take_in(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not supported("fp32"):
        pytest.skip("this processor has no instructions for fused fp32")
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


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_slots_make_the_same_tokens_as_songs_with_caches_of_their_own(
    folder: Path, reference: MusicgenForConditionalGeneration, precision: str
) -> None:
    """What a GPU records and replays, run here as it is: songs come and go, go on from a prompt, and draw
    each in its own way."""
    shape, decoder = shape_of(reference), decoder_of(reference, precision, Layers)
    texts = [heard(reference, folder, PROMPTS[n % 3][: 4 + n])[1] for n in range(6)]
    ways = (Sampling(), Sampling(top_k=5), Sampling(top_p=0.6), Sampling(temperature=1.7, guidance=1.5))
    start = torch.randint(64, (shape.codebooks, 10), generator=torch.Generator().manual_seed(8))

    def track(number: int) -> Track:
        noise = gumbel(number, shape.drawn, CPU)
        prompt = start if number == 5 else None
        return Track(decoder, texts[number], 30 + 3 * number, ways[number % 4], noise, prompt)

    def in_slots(most: int) -> list[Tensor]:
        tracks = [track(number) for number in range(6)]
        play(Slots(decoder, 3, columns=64), tracks, most, every=4)
        return [one.codes(shape) for one in tracks]

    together = in_slots(3)
    for number, (one, other) in enumerate(zip(in_slots(1), together, strict=True)):
        assert torch.equal(one, other), number
    if precision == "fp32":  # in narrower numbers the two sum in another order, and rounding shows
        for number in range(6):
            one = track(number)
            while not one.done:
                decoder.step([one])
            assert torch.equal(one.codes(shape), together[number]), number


@pytest.mark.parametrize("made", MADE)
def test_a_prompt_taken_in_at_once_leads_where_it_leads_step_by_step(
    folder: Path, reference: MusicgenForConditionalGeneration, made: type[Fused] | type[Layers]
) -> None:
    shape, decoder = shape_of(reference), decoder_of(reference, "fp32", made)
    _, text = heard(reference, folder, PROMPTS[0])
    table = noise_table(shape.codebooks)
    whole = Track(decoder, text, 60, Sampling(top_k=0), lambda step: table[step])
    while not whole.done:
        decoder.step([whole])
    codes = whole.codes(shape)
    more = Track(decoder, text, 60, Sampling(top_k=0), lambda step: table[step], prompt=codes[:, :25])
    assert more.position == 25
    while not more.done:
        decoder.step([more])
    assert torch.equal(more.codes(shape), codes)


def test_tokens_are_drawn_from_the_softmax_within_top_k_and_top_p() -> None:
    shape = Shape(1, 8, 1, 1, 5)
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0, -2.0]])
    noise = gumbel(3, shape.drawn, CPU)

    def counted(sampling: Sampling) -> Tensor:
        drawn = torch.cat([draw(logits, sampling, noise(0)) for _ in range(4000)])
        return torch.bincount(drawn, minlength=5) / 4000

    assert torch.allclose(counted(Sampling(top_k=0)), logits.softmax(1)[0], atol=0.03)
    assert torch.allclose(counted(Sampling(temperature=2.0, top_k=0)), (logits / 2).softmax(1)[0], atol=0.03)
    assert counted(Sampling(top_k=2))[2:].sum() == 0
    assert counted(Sampling(top_k=0, top_p=0.5))[1:].sum() == 0
    assert counted(Sampling(top_k=0, top_p=0.7))[2:].sum() == 0


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
    from music.musicgen.cpu.advance import choose

    logits = 2.0 * torch.randn(40, 2048, generator=torch.Generator().manual_seed(2))
    logits[1] = logits[1].abs()
    logits[2] = -logits[2].abs()
    noise = gumbel(4, (40, 2048), CPU)(0)
    guidance, temperature, by_chance, limit = way(sampling)
    keys, worth = np.zeros(2048, np.int32), np.zeros(2048, np.float32)
    drawn = [
        choose(row.copy(), drawn, np.float32(temperature), by_chance, np.float32(limit), keys, worth)
        for row, drawn in zip(logits.numpy(), noise.numpy(), strict=True)
    ]
    assert guidance == 3.0
    assert drawn == draw(logits, sampling, noise).tolist()
    assert len(set(drawn)) > 10


def test_loops_are_compiled_anew_when_a_source_of_theirs_changes(tmp_path: Path) -> None:
    """What they call lies in other files too, and a step that was compiled before an update must not stay."""
    root = Path(__file__).parents[2]
    shutil.copytree(root / "music", tmp_path / "music", ignore=shutil.ignore_patterns("__pycache__"))
    source = tmp_path / "music" / "musicgen" / "cpu" / "kernels.py"
    asked = (
        "import numpy as np; from music.musicgen.cpu import waves;"
        "made = np.zeros((1, 1), np.float32); waves._spread(-np.ones((3, 1), np.float32), 0, made, 0);"
        "print(waves.__file__, made[0, 0], sum(waves._spread.stats.cache_hits.values()))"
    )

    def answer() -> tuple[str, float, int]:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(root)])}
        command = [sys.executable, "-c", asked]
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


@pytest.fixture(scope="module")
def composer(tmp_path_factory: pytest.TempPathFactory) -> Composer:
    return COMPOSERS.load("musicgen", EngineOptions(model=str(musicgen(tmp_path_factory.mktemp("tiny")))))


def request(
    prompt: str = "lofi beat", seed: int = 1, duration_s: float = 5.0, **more: object
) -> MusicRequest:
    return MusicRequest.model_validate({"prompt": prompt, "seed": seed, "duration_s": duration_s, **more})


def test_seed_and_prompt_decide_and_nothing_else(composer: Composer) -> None:
    first = composer.compose(request(), ignore_progress).samples
    assert first.shape == (2, 5 * 32000)
    assert first.dtype == np.float32
    assert first.std() > 1e-4
    assert np.array_equal(first, composer.compose(request(), ignore_progress).samples)
    others = ({"guidance_scale": 1.0}, {"temperature": 1.5}, {"top_k": 3}, {"top_p": 0.3})
    for other in (request(seed=2), request("metal"), *(request(**changed) for changed in others)):
        assert not np.array_equal(first, composer.compose(other, ignore_progress).samples)


def test_songs_of_several_threads_are_what_they_are_alone(composer: Composer) -> None:
    wanted = [request(seed=seed, duration_s=5 + seed / 4) for seed in range(6)]
    alone = [composer.compose(one, ignore_progress).samples for one in wanted]
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(lambda one: composer.compose(one, ignore_progress).samples, wanted))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one, other)


def test_progress_only_rises_and_ends_at_one_also_past_the_window(composer: Composer) -> None:
    seen: list[float] = []
    audio = composer.compose(request(duration_s=40), lambda _, fraction: seen.append(fraction))
    assert audio.samples.shape[1] == 40 * 32000
    assert seen == sorted(seen)
    assert seen[0] == 0.0
    assert seen[-1] == 1.0
    assert len(set(seen)) > 5


def test_a_cancelled_song_stops_and_leaves_the_others_alone(composer: Composer) -> None:
    stopped = threading.Event()

    def stop(_: str, fraction: float) -> None:
        if fraction > 0.1:
            stopped.set()
            raise Cancelled

    def quiet() -> object:
        return composer.compose(request(seed=7), ignore_progress).samples

    expected = quiet()
    with ThreadPoolExecutor(2) as threads:
        other = threads.submit(quiet)
        with pytest.raises(Cancelled):
            composer.compose(request(duration_s=600), stop)
        assert np.array_equal(other.result(30), expected)  # type: ignore[arg-type]
    assert stopped.is_set()


def test_lyrics_it_cannot_sing_are_said_to_be_missing(composer: Composer) -> None:
    assert "sings no words" in composer.compose(request(lyrics="[verse]\nla"), ignore_progress).warnings[0]


def test_a_checkpoint_with_the_names_of_an_older_torch_sounds_the_same(tmp_path: Path) -> None:
    weights = musicgen(tmp_path) / "model.safetensors"
    expected = COMPOSERS.load("musicgen", EngineOptions(model=str(tmp_path))).compose(
        request(), ignore_progress
    )
    older = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor
        for name, tensor in load_file(weights).items()
    }
    assert any(name.endswith(".weight_g") for name in older)
    save_file(older, weights)
    found = COMPOSERS.load("musicgen", EngineOptions(model=str(tmp_path))).compose(request(), ignore_progress)
    assert np.array_equal(found.samples, expected.samples)
