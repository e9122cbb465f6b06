"""MusicGen on the path that it takes on a GPU, run on a CPU: slots, the captured step, half precision, what
it says it needs of memory, and what is left when something fails."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled, EngineUnavailable, InvalidRequest
from inference import loading
from music.contract import COMPOSERS, MusicRequest
from music.musicgen.batch import MOST
from music.musicgen.checkpoint import config_of
from music.musicgen.decoder import Decoder, Shape, Track
from music.musicgen.encodec.chunked import decoding_bytes
from music.musicgen.engine import MusicgenComposer
from music.musicgen.gpu import slots as slots_module
from music.musicgen.gpu.attention import Attention, Masked
from music.musicgen.gpu.slots import Slots, slot_bytes
from music.musicgen.linear import Plain
from music.musicgen.sampling import Sampling, gumbel
from tests.music.slotted import play
from tests.tiny import musicgen

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

CPU = torch.device("cpu")
SHAPE = Shape(1, 64, 2, 4, 64)
WAYS = ("Masked", "Reading")


def attention(way: str) -> Attention:
    if way == "Masked":
        return Masked
    if find_spec("triton") is None:
        pytest.skip("Triton has no wheels for this system")
    from music.musicgen.gpu.reading import Reading

    return Reading


def decoder_of(precision: str, *, gpu_path: bool = True) -> Decoder:
    drawn = torch.Generator().manual_seed(6)

    def read(name: str) -> Tensor:
        if "embed_tokens" in name or "lm_heads" in name:
            size: tuple[int, ...] = (65 if "embed" in name else 64, 64)
        elif "norm" in name:
            size = (64,)
        else:
            size = {"fc1.weight": (128, 64), "fc2.weight": (64, 128)}.get(name[-10:], (64, 64))
        return torch.randn(size, generator=drawn) * 0.3

    return Decoder(read, SHAPE, precision, CPU, compiled=False, gpu_path=gpu_path)


def track_of(decoder: Decoder, number: int, frames: int, prompt: Tensor | None = None) -> Track:
    text = torch.randn(4 + number, 64, generator=torch.Generator().manual_seed(number))
    noise = gumbel(number, SHAPE.drawn, CPU, gpu_path=True)
    ways = (Sampling(), Sampling(top_k=5), Sampling(top_p=0.6), Sampling(temperature=1.7, guidance=1.5))
    return Track(decoder, text, frames, ways[number % 4], noise, prompt)


PROMPT = torch.randint(64, (4, 6), generator=torch.Generator().manual_seed(8))


def in_slots(decoder: Decoder, way: Attention, numbers: range, most: int, frames: int = 8) -> list[Tensor]:
    """Songs that come and go, so many at a time; one goes on from a prompt."""
    tracks = [track_of(decoder, n, frames + n, PROMPT if n == 1 else None) for n in numbers]
    play(Slots(decoder, 3, 32, way), tracks, most, every=3)
    return [one.codes(SHAPE) for one in tracks]


@pytest.mark.parametrize(("way", "precision"), [(w, p) for w in WAYS for p in ("fp32", "fp16", "bf16")])
def test_a_song_has_the_same_tokens_alone_and_among_others(way: str, precision: str) -> None:
    decoder, numbers = decoder_of(precision), range(3 if way == "Reading" else 5)
    assert decoder.slotted
    assert decoder.dtype is {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[precision]
    assert isinstance(decoder.layers.layers[0].qkv, Plain)  # type: ignore[union-attr]
    together = in_slots(decoder, attention(way), numbers, 3)
    alone = in_slots(decoder, attention(way), numbers, 1)
    for number, (one, other) in enumerate(zip(alone, together, strict=True)):
        assert torch.equal(one, other), number
    assert torch.equal(together[1][:, :6], PROMPT)
    assert len(torch.cat(together, dim=1).unique()) > 16
    if precision == "fp32":
        exact = decoder_of(precision, gpu_path=False)
        for number in numbers:
            one = track_of(exact, number, 8 + number, PROMPT if number == 1 else None)
            while not one.done:
                exact.step([one])
            assert torch.equal(one.codes(SHAPE), together[number]), number


def test_the_captured_step_with_the_kernel_is_the_step_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder, way = decoder_of("fp16"), attention("Reading")
    captured = in_slots(decoder, way, range(2), 2)

    class Eager:
        """The step as it is, without rehearsals, and with nothing put back."""

        def __init__(self, step: Any, device: object, changes: object) -> None:
            self.replay = step

    monkeypatch.setattr(slots_module, "StepGraph", Eager)
    for one, other in zip(captured, in_slots(decoder, way, range(2), 2), strict=True):
        assert torch.equal(one, other)


def test_a_slot_that_was_left_stands_still_and_is_not_read() -> None:
    decoder = decoder_of("fp32")
    slots, songs = Slots(decoder, 3, 32), [track_of(decoder, number, 20) for number in range(2)]
    for song in songs:
        slots.join(song)
    slots.step(songs)
    slots.leave(songs[0])
    for _ in range(3):
        slots.step(songs[1:])
    assert slots._positions.tolist() == [0, 4, 0]
    assert slots._going.tolist() == [0, 1, 0]
    assert (slots._text_tokens > 0).tolist() == [False, True, False]


class Waits(TorchDispatchMode):
    """Which operations are called. ``NAMES`` make whoever calls them wait for the device: a Python number, or
    the shape of their result, hangs on a tensor's values."""

    NAMES = ("_local_scalar_dense", "item", "nonzero", "masked_select", "_unique2", "equal", "is_nonzero")

    def __init__(self) -> None:
        super().__init__()
        self.every: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.every.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("way", WAYS)
def test_nothing_in_the_step_waits_for_the_device(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: Attention = attention("Masked")
    if (
        way == "Reading"
    ):  # whose interpreter, other than a GPU, copies: only what is around the kernels counts

        class Nothing:
            def __init__(self, ends: Tensor, columns: int, dtype: torch.dtype) -> None: ...

            def __call__(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
                return torch.zeros_like(queries)

        chosen = Nothing
    slots, track = Slots(decoder_of("fp16"), 3, 32, chosen), track_of(decoder_of("fp16"), 1, 12)
    slots.join(track)
    with torch.no_grad(), Waits() as waits:  # inference mode would show what is made of them as one
        slots._advance()
    assert {"sort", "index_put_", "argmax"} <= waits.every
    assert not waits.every & set(Waits.NAMES)


def loaded(folder: Path, **more: Any) -> Any:
    return COMPOSERS.load("musicgen", EngineOptions(model=str(folder), gpu_path=True, **more))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return musicgen(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def composer(folder: Path) -> Any:
    return loaded(folder)


def request(seed: int = 1, duration_s: float = 1.0) -> MusicRequest:
    return MusicRequest.model_validate({"prompt": "lofi beat", "seed": seed, "duration_s": duration_s})


def samples(composer: Any, seed: int = 1, duration_s: float = 1.0) -> Any:
    return composer.compose(request(seed, duration_s), ignore_progress).samples


def test_a_gpus_path_is_in_half_precision_with_slots_and_a_codec_in_chunks(composer: Any) -> None:
    assert composer.info.precision == "fp16"
    assert composer._batch._slots is not None
    assert type(composer._batch._decode).__name__ == "ChunkedCodec"
    first = samples(composer)
    assert first.std() > 1e-4
    assert np.array_equal(first, samples(composer))
    assert not np.array_equal(first, samples(composer, seed=2))


def test_a_model_that_waited_for_a_gpu_takes_its_path_wherever_it_is_then(
    folder: Path, composer: Any
) -> None:
    waiting = COMPOSERS.load("musicgen", EngineOptions(model=str(folder), staged=True))
    waiting.move_to_gpu("cpu")  # type: ignore[attr-defined]
    assert waiting._batch._slots is not None  # type: ignore[attr-defined]
    assert np.array_equal(samples(waiting), samples(composer))


def test_one_song_with_the_kernel_sounds_as_it_does_among_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From end to end with Triton's interpreter, whose slowness is why there are few slots and steps."""
    way = attention("Reading")
    monkeypatch.setattr(slots_module, "attention_on", lambda device: way)
    monkeypatch.setattr("music.musicgen.engine.MOST", 2)
    monkeypatch.setattr("music.musicgen.engine.WINDOW_S", 0.2)
    monkeypatch.setattr("music.musicgen.engine.STRIDE_S", 0.12)
    made = loaded(musicgen(tmp_path, layers=1))
    assert made._batch._slots._attention is way
    seeds = (1, 2)
    codes = {seed: _codes(made, seed) for seed in seeds}
    with ThreadPoolExecutor(2) as threads:
        together = dict(zip(seeds, threads.map(lambda seed: _codes(made, seed), seeds), strict=True))
    for seed in seeds:
        assert torch.equal(codes[seed], together[seed])
    assert codes[1].shape == (4, 13)  # past the window: the last came of a prompt
    assert not torch.equal(codes[1], codes[2])


def _codes(composer: Any, seed: int) -> Tensor:
    """Of 0.26 s, which is less than a request may have."""
    wanted = MusicRequest.model_construct(prompt="lofi", seed=seed, duration_s=0.26)
    text = composer._batch.do(lambda: composer._read("lofi"), lambda: None)
    codes: Tensor = composer._tokens(text, wanted, Sampling(), ignore_progress)
    return codes


def free(composer: Any) -> int:
    return len(composer._batch._slots._free)


def test_a_cancelled_song_gives_its_slot_back(composer: Any) -> None:
    expected = samples(composer, seed=7)

    def stop(_: str, fraction: float) -> None:
        if fraction > 0.05:
            raise Cancelled

    for _ in range(MOST + 1):
        with pytest.raises(Cancelled):
            composer.compose(request(duration_s=30.0), stop)
    assert np.array_equal(samples(composer, seed=7), expected)
    assert free(composer) == MOST


@pytest.mark.parametrize("where", ["prefill", "join", "step"])
def test_what_fails_on_the_device_ends_its_songs_and_no_other(
    where: str, composer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = samples(composer, seed=7)
    slots, failed = composer._batch._slots, threading.Event()

    def broken(*_: object, **__: object) -> None:
        failed.set()
        raise torch.OutOfMemoryError("CUDA out of memory")

    with monkeypatch.context() as patched:
        if where == "prefill":
            patched.setattr("music.musicgen.engine.WINDOW_S", 0.4)  # a second window has a prompt
            patched.setattr("music.musicgen.engine.STRIDE_S", 0.2)
            patched.setattr(composer._decoder, "prefill", broken)
        elif where == "join":
            patched.setattr(slots, "_tokens", _Broken(broken))
        else:
            patched.setattr(slots, "_noise", _Broken(broken))
        for _ in range(MOST + 1):
            with pytest.raises(torch.OutOfMemoryError, match="out of memory"):
                composer.compose(request(), at_most(30.0))
    assert failed.is_set()
    assert free(composer) == MOST
    assert not slots._slots
    assert np.array_equal(samples(composer, seed=7), expected)


def at_most(seconds: float) -> Any:
    """A report that ends a song which nobody makes any more."""
    until = time.monotonic() + seconds

    def report(_stage: str, _fraction: float) -> None:
        assert time.monotonic() < until, "the loop is gone"

    return report


class _Broken:
    """A buffer whose device fails when it is written."""

    def __init__(self, fail: Any) -> None:
        self._fail = fail

    def __setitem__(self, place: object, value: object) -> None:
        self._fail()


@pytest.mark.parametrize(
    ("shape", "caches"),
    [
        (Shape(24, 1024, 16, 4, 2048), 2.4e9),
        (Shape(48, 1536, 24, 4, 2048), 7.2e9),
        (Shape(48, 2048, 32, 4, 2048), 9.6e9),
    ],
    ids=["small", "medium", "large"],
)
def test_the_slots_of_the_published_models_are_counted(shape: Shape, caches: float) -> None:
    counted = slot_bytes(shape, MOST, 2)
    print(f"{counted / 1e9:.2f} GB")
    assert caches < counted < 1.25 * caches


@pytest.mark.parametrize("gpu_path", [True, False])
def test_what_it_says_it_needs_is_what_it_keeps(folder: Path, *, gpu_path: bool) -> None:
    options = EngineOptions(model=str(folder), gpu_path=gpu_path, precision="bf16")
    place = MusicgenComposer.placed(options)
    beside = MusicgenComposer.extra_memory(folder, number_bytes=2, gpu_path=gpu_path)
    without = MusicgenComposer.placed(options).needed - beside
    assert 0 < without < 2 * place.weights
    made: Any = COMPOSERS.load("musicgen", options)
    if gpu_path:
        kept = [value for value in vars(made._batch._slots).values() if isinstance(value, Tensor)]
        size = sum(value.nbytes for value in kept)
        decoding = decoding_bytes(config_of(folder).audio_encoder, 600.0)
        assert decoding > 1e7
        assert size <= beside - decoding < 1.1 * size
    else:
        assert made._decoder.cache(1503).nbytes <= 2 * beside  # where there are no kernels, in fp32


def test_a_card_too_small_for_the_caches_is_refused_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = EngineOptions(model=str(folder), gpu_path=True)
    place = MusicgenComposer.placed(options)
    monkeypatch.setattr(loading, "free_bytes", lambda device: int(place.weights * 1.5))
    with pytest.raises(
        EngineUnavailable, match=r"needs .* GB of memory on cpu, and .* GB are free"
    ) as refused:
        loaded(folder)
    assert "\n" not in str(refused.value)


def test_fewer_songs_at_a_time_where_a_processor_has_no_memory_for_more_caches(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = EngineOptions(model=str(folder), precision="fp32")
    place = MusicgenComposer.placed(options)
    song = MusicgenComposer.extra_memory(folder, number_bytes=4)
    for songs in (1, 3, 20):
        free_there = int(place.needed * 1.2) + (songs - 1) * song
        monkeypatch.setattr(loading, "free_bytes", lambda device, free=free_there: free)
        made: Any = COMPOSERS.load("musicgen", options)
        assert made._batch._most == min(songs, MOST)


@pytest.mark.parametrize(("precision", "gpu_path"), [("int8", True), ("fp16", False)])
def test_numbers_that_a_path_does_not_know_are_refused(
    folder: Path, precision: str, *, gpu_path: bool
) -> None:
    with pytest.raises(InvalidRequest, match="precision"):
        COMPOSERS.load(
            "musicgen",
            EngineOptions(model=str(folder), device="cpu", precision=precision, gpu_path=gpu_path),
        )
