"""MusicGen on a tiny checkpoint: held to transformers token for token, alone and in company, and to its
contract."""

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
from music.musicgen.decoder import Decoder, Shape, Track
from music.musicgen.gpu.slots import Slots
from music.musicgen.layers import Layers
from music.musicgen.sampling import Sampling, draw, gumbel
from tests.music.slotted import play
from tests.tiny import musicgen

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

PROMPTS = ("lofi beat with piano", "Metal", "a 80s pop track, synth! 120 bpm")
STEPS = 250
CPU = torch.device("cpu")
PRECISIONS = ("fp32", "bf16", "int8")
MADE = ("compiled", "torch")


@pytest.fixture(scope="module", params=[1, 2], ids=["mono", "stereo"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return musicgen(tmp_path_factory.mktemp("musicgen"), channels=request.param)


@pytest.fixture(scope="module")
def reference(folder: Path) -> MusicgenForConditionalGeneration:
    return MusicgenForConditionalGeneration.from_pretrained(folder).eval()


def shape_of(model: MusicgenForConditionalGeneration) -> Shape:
    config = model.config.decoder
    return Shape(2, 64, 4, config.num_codebooks, 64, config.audio_channels)


def decoder_of(model: MusicgenForConditionalGeneration, precision: str, made: str = "compiled") -> Decoder:
    weights = model.decoder.state_dict()
    compiled = made == "compiled"
    decoder = Decoder(lambda name: weights[name], shape_of(model), precision, CPU, compiled=compiled)
    if compiled and isinstance(decoder.layers, Layers):
        pytest.skip(f"there are no compiled loops for {precision} on this processor")
    assert isinstance(decoder.layers, Layers) == (made == "torch")
    return decoder


@torch.inference_mode()
def read_by(model: MusicgenForConditionalGeneration, folder: Path, prompt: str) -> tuple[Tensor, Tensor]:
    """The prompt's token ids ``(1, tokens)``, and the text ``(tokens, width)`` for the decoder."""
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
    made: str,
) -> None:
    shape = shape_of(reference)
    table = noise_table(shape.codebooks)
    ids, text = read_by(reference, folder, prompt)
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
    made: str,
) -> None:
    _, text = read_by(reference, folder, PROMPTS[0])
    table = noise_table(shape_of(reference).codebooks)
    exact, narrow = decoder_of(reference, "fp32", "torch"), decoder_of(reference, precision, made)
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
    made: str,
) -> None:
    shape, decoder = shape_of(reference), decoder_of(reference, precision, made)
    texts = [read_by(reference, folder, PROMPTS[n % 3][: 4 + n])[1] for n in range(8)]

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


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_slots_make_the_same_tokens_as_songs_with_caches_of_their_own(
    folder: Path, reference: MusicgenForConditionalGeneration, precision: str
) -> None:
    """What a GPU records and replays, run here as it is: songs come and go, go on from a prompt, and draw
    each in its own way."""
    shape, decoder = shape_of(reference), decoder_of(reference, precision, "torch")
    texts = [read_by(reference, folder, PROMPTS[n % 3][: 4 + n])[1] for n in range(6)]
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
    folder: Path, reference: MusicgenForConditionalGeneration, made: str
) -> None:
    shape, decoder = shape_of(reference), decoder_of(reference, "fp32", made)
    _, text = read_by(reference, folder, PROMPTS[0])
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
        drawn = torch.cat(
            [draw(logits[None], torch.tensor([sampling.row]), noise(0))[0] for _ in range(4000)]
        )
        return torch.bincount(drawn, minlength=5) / 4000

    assert torch.allclose(counted(Sampling(top_k=0)), logits.softmax(1)[0], atol=0.03)
    assert torch.allclose(counted(Sampling(temperature=2.0, top_k=0)), (logits / 2).softmax(1)[0], atol=0.03)
    assert counted(Sampling(top_k=2))[2:].sum() == 0
    assert counted(Sampling(top_k=0, top_p=0.5))[1:].sum() == 0
    assert counted(Sampling(top_k=0, top_p=0.7))[2:].sum() == 0


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


def test_what_it_cannot_leave_out_is_said(composer: Composer) -> None:
    [warning] = composer.compose(request(exclude=("drums", "synths")), ignore_progress).warnings
    assert "MusicGen takes no negative prompt: it is not told to leave out drums, synths" in warning


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
