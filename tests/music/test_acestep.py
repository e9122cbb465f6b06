"""ACE-Step on tiny checkpoints, turbo and base, held to the composers' contract."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from diffusers import AceStepPipeline

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled, EngineFailed, InvalidRequest
from inference.devices import precision_of
from music.acestep import AceStepComposer
from music.contract import COMPOSERS, Composer, MusicRequest
from music.variations import Variation
from tests.kernels import CARDS, kernel, recorded
from tests.long import few_first, soak_after
from tests.tiny import acestep

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)


@pytest.fixture(scope="module", params=few_first(1, [True, False]), ids=["turbo", "base"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return acestep(tmp_path_factory.mktemp("acestep"), turbo=request.param)


@pytest.fixture(scope="module")
def composer(folder: Path) -> Composer:
    return COMPOSERS.load("acestep", EngineOptions(model=str(folder)))


def request(**more: object) -> MusicRequest:
    usual = {"prompt": "lofi", "lyrics": "[verse]\nla la", "seed": 1, "duration_s": 10.0, "infer_step": 4}
    return MusicRequest.model_validate(usual | more)


def made(composer: Composer, **more: object) -> np.ndarray:  # type: ignore[type-arg]
    return composer.compose(request(**more), ignore_progress).samples


def test_the_request_decides_and_nothing_else(composer: Composer) -> None:
    first = made(composer)
    assert first.shape == (2, 480_000)
    assert first.dtype == np.float32
    assert 0.01 < np.abs(first).max() <= 1.0
    assert np.array_equal(first, made(composer))
    changes = [{"seed": 2}, {"prompt": "metal"}, {"lyrics": "[chorus]\nhey"}, {"tempo_bpm": 60.0}]
    changes += [{"key": "F# minor"}, {"metre": "3/4"}, {"language": "de"}, {"infer_step": 3}]
    for change in changes:
        assert not np.array_equal(first, made(composer, **change)), change


def test_guidance_is_heeded_where_the_checkpoint_has_it(composer: Composer) -> None:
    heeded = not np.array_equal(made(composer, guidance_scale=1.0), made(composer, guidance_scale=9.0))
    assert heeded == ("guidance_scale" in composer.info.parameters)


def test_a_cancelled_song_stops_within_a_step_and_the_next_is_as_ever(composer: Composer) -> None:
    expected, reported = made(composer), []

    def stop(_: str, fraction: float) -> None:
        reported.append(fraction)
        if fraction > 0.2:
            raise Cancelled

    with pytest.raises(Cancelled):
        composer.compose(request(infer_step=8), stop)
    assert len([fraction for fraction in reported if fraction > 0.2]) == 1
    assert np.array_equal(made(composer), expected)


def together(composer: Composer, seeds: Sequence[int], **more: object) -> list[np.ndarray]:  # type: ignore[type-arg]
    with ThreadPoolExecutor(len(seeds)) as threads:
        return list(threads.map(lambda seed: made(composer, seed=seed, **more), seeds))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the pipeline was called with."""
    seen: list[dict[str, Any]] = []
    usual = AceStepPipeline.__call__

    def call(pipe: AceStepPipeline, **inputs: Any) -> Any:
        seen.append(inputs)
        return usual(pipe, **inputs)

    monkeypatch.setattr(AceStepPipeline, "__call__", call)
    return seen


@pytest.mark.parametrize(
    ("duration_s", "songs"),
    soak_after(1, [(10.0, 4), (21.0, 2)]),  # the longer in two tiles
)
def test_a_seed_gives_the_same_bytes_alone_and_among_its_variations(
    composer: Composer,
    calls: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    duration_s: float,
    songs: int,
) -> None:
    more = {"duration_s": duration_s, "infer_step": 3}
    alone = [made(composer, seed=seed, **more) for seed in range(songs)]
    calls.clear()
    monkeypatch.setattr("music.variations._GATHER_S", 2.0)  # however busy this machine is
    among = together(composer, range(songs), **more)
    assert [len(call["latents"]) for call in calls] == [songs]
    for one, other in zip(alone, among, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("gpu_path", [False, True])
@pytest.mark.parametrize(
    "duration_s",
    few_first(1, [10.0, 21.0]),  # the longer decoded in two tiles, theirs in one
)
def test_its_samples_are_the_pipelines_own(
    composer: Composer, folder: Path, duration_s: float, *, gpu_path: bool
) -> None:
    """With diffusers' own attention, masks and decoding."""
    turbo = "guidance_scale" not in composer.info.parameters
    if gpu_path:
        options = EngineOptions(model=str(folder), precision="fp32", gpu_path=True)
        composer = COMPOSERS.load("acestep", options)
    pipe = AceStepPipeline.from_pretrained(folder)
    pipe.set_progress_bar_config(disable=True)
    [theirs] = pipe(
        prompt="lofi",
        lyrics="[verse]\nla la",
        audio_duration=duration_s,
        num_inference_steps=4,
        guidance_scale=1.0 if turbo else 7.0,
        shift=3.0 if turbo else 1.0,
        generator=torch.Generator().manual_seed(1),
        bpm=110,
        keyscale="C major",
        timesignature="4",
    ).audios.numpy()
    # Their guidance adds up over samples that lie in memory in another order.
    assert np.abs(made(composer, duration_s=duration_s) - theirs).max() < 1e-5


def test_a_step_is_where_its_checkpoint_was_trained_to_be(
    composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turbo's eight are those of ACE-Step 1.5, modeling_acestep_v15_xl_turbo.py, for its shift of 3."""
    turbo = "guidance_scale" not in composer.info.parameters
    transformer = composer._pipe.transformer  # type: ignore[attr-defined]
    seen: list[float] = []
    usual = transformer.forward

    def step(**inputs: Any) -> Any:
        seen.append(float(inputs["timestep"][0]))
        return usual(**inputs)

    monkeypatch.setattr(transformer, "forward", step)
    made(composer, infer_step=8)
    shifted = [1.0, 0.9545454545454546, 0.9, 0.8333333333333334, 0.75, 0.6428571428571429, 0.5, 0.3]
    even = [1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]
    assert seen == pytest.approx(shifted if turbo else even, abs=1e-6)


def test_every_attention_of_a_song_on_a_gpus_path_is_a_fused_kernels(folder: Path) -> None:
    composer = COMPOSERS.load("acestep", EngineOptions(model=str(folder), gpu_path=True))
    with recorded() as calls:
        composer._make([Variation(request(duration_s=21.0, infer_step=1))])  # type: ignore[attr-defined]
    assert len([call for call in calls if call.mask]) == 3  # a layer of the lyrics, the timbre and the song
    for call in calls:
        assert {kernel(call, card) for card in CARDS.values() if card >= 80} <= {
            "cudnn",
            "flash",
            "efficient",
        }


def test_songs_together_on_a_gpus_path_are_what_they_are_alone(
    folder: Path, calls: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There with guidance each song is made alone. Staged, and in bf16, as on a GPU."""
    waiting = COMPOSERS.load("acestep", EngineOptions(model=str(folder), device="cuda", staged=True))
    waiting.move_to_gpu("cpu")  # type: ignore[attr-defined]
    assert waiting.info.precision == "bf16"
    alone = [made(waiting, seed=seed, infer_step=2) for seed in range(3)]
    calls.clear()
    monkeypatch.setattr("music.variations._GATHER_S", 2.0)
    among = together(waiting, range(3), infer_step=2)
    turbo = "guidance_scale" not in waiting.info.parameters
    assert [len(call["latents"]) for call in calls] == ([3] if turbo else [1, 1, 1])
    for one, other in zip(alone, among, strict=True):
        assert np.isfinite(one).all()
        assert np.array_equal(one, other)


def test_a_variation_that_is_cancelled_leaves_the_others_as_they_are(composer: Composer) -> None:
    expected = made(composer, seed=2, infer_step=8)
    left = threading.Event()

    def stop(_: str, fraction: float) -> None:
        if fraction > 0.0:
            left.set()
            raise Cancelled

    with ThreadPoolExecutor(2) as threads:
        leaving = threads.submit(composer.compose, request(seed=1, infer_step=8), stop)
        staying = threads.submit(made, composer, seed=2, infer_step=8)
        with pytest.raises(Cancelled):
            leaving.result(9.0)
        assert np.array_equal(staying.result(9.0), expected)
    assert left.is_set()


def test_the_pipeline_stops_within_a_step_when_all_have_left(
    composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    transformer, decoder = composer._pipe.transformer, composer._pipe.vae.decoder  # type: ignore[attr-defined]
    steps: list[float] = []
    gone = threading.Event()
    usual = transformer.forward

    def step(**inputs: Any) -> Any:
        steps.append(float(inputs["timestep"][0]))
        if len(steps) > 2:
            assert gone.wait(9.0)
        return usual(**inputs)

    monkeypatch.setattr(transformer, "forward", step)
    monkeypatch.setattr(decoder, "forward", lambda *_: pytest.fail("it was decoded"))

    def stop(_: str, fraction: float) -> None:
        if len(steps) > 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        composer.compose(request(infer_step=8), stop)
    gone.set()
    variations = composer._variations  # type: ignore[attr-defined]
    variations._thread.join(9.0)
    assert len(steps) == 3


def test_what_breaks_the_pipeline_reaches_every_caller_and_the_next_song_is_as_ever(
    composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = made(composer)
    with monkeypatch.context() as broken:
        decoder = composer._pipe.vae.decoder  # type: ignore[attr-defined]
        broken.setattr(decoder, "forward", Mock(side_effect=torch.OutOfMemoryError("no room")))
        with ThreadPoolExecutor(3) as threads:
            futures = [threads.submit(made, composer, seed=seed) for seed in range(3)]
        for future in futures:
            with pytest.raises(torch.OutOfMemoryError):
                future.result()
    assert np.array_equal(made(composer), expected)


@pytest.mark.parametrize("duration_s", [16.43, 16.44])
def test_a_length_that_the_pipeline_rounds_up_twice_is_made(composer: Composer, duration_s: float) -> None:
    assert made(composer, duration_s=duration_s, infer_step=1).shape == (2, round(duration_s * 48_000))


def test_ten_minutes_are_made_and_decoded_in_parts(
    composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames: list[int] = []

    def decode(latents: torch.Tensor) -> torch.Tensor:
        frames.append(latents.shape[-1])
        return latents[:, :2].repeat_interleave(1920, dim=-1)

    monkeypatch.setattr(composer._pipe.vae.decoder, "forward", decode)  # type: ignore[attr-defined]
    assert made(composer, duration_s=600.0, infer_step=1).shape == (2, 28_800_000)
    assert max(frames) <= 512


@pytest.mark.parametrize(
    ("fields", "arguments", "warning"),
    [
        ({"key": "F# minor"}, {"keyscale": "F# minor"}, None),
        ({"key": "F# dorian"}, {"keyscale": "F# minor"}, "F# minor stands for F# dorian"),
        ({"key": "Bb mixolydian"}, {"keyscale": "Bb major"}, "Bb major stands for Bb mixolydian"),
        ({"key": "C whole-tone"}, {"keyscale": None}, "C whole-tone is left to it"),
        ({"metre": "6/8"}, {"timesignature": "6"}, None),
        ({"metre": "12/8"}, {"timesignature": "6"}, "6/8 stands for 12/8"),
        ({"metre": "7/8"}, {"timesignature": None}, "7/8 is left to it"),
        ({"tempo_bpm": 99.6}, {"bpm": 100}, None),
        ({"language": "pt-BR"}, {"vocal_language": "pt"}, None),
        ({"language": "eo"}, {"vocal_language": "unknown"}, "not trained to sing in 'eo'"),
        ({"language": "eo", "lyrics": ""}, {"vocal_language": "unknown", "lyrics": "[Instrumental]"}, None),
        ({"lyrics": " \n"}, {"vocal_language": "unknown", "lyrics": "[Instrumental]"}, None),
        ({"lyrics": "[instrumental]"}, {"vocal_language": "unknown", "lyrics": "[Instrumental]"}, None),
        ({"lyrics": "[inst]\n"}, {"vocal_language": "unknown", "lyrics": "[Instrumental]"}, None),
        ({"lyrics": "[Intro]\n\n[Guitar Solo]"}, {"vocal_language": "unknown"}, None),
        ({"lyrics": "[Intro] oh\n"}, {"vocal_language": "en"}, None),
        ({"lyrics": "[Verse 1]\nla\n\n[Pre-Chorus]\nla"}, {}, None),
        ({"lyrics": "la " * 700}, {}, "lyrics are longer"),
        ({"prompt": "lofi, " * 50}, {}, "style is longer"),
        ({"exclude": ("drums",)}, {}, "ACE-Step takes no negative prompt"),
    ],
)
def test_the_model_is_given_what_it_knows_and_the_user_a_warning_of_the_rest(
    composer: Composer,
    calls: list[dict[str, Any]],
    fields: dict[str, Any],
    arguments: dict[str, Any],
    warning: str | None,
) -> None:
    audio = composer.compose(request(infer_step=1, **fields), ignore_progress)
    [call] = calls
    assert {name: call[name] for name in arguments} == arguments
    assert call["lyrics"] == arguments.get("lyrics", fields.get("lyrics", "[verse]\nla la"))
    assert (warning is None) == (audio.warnings == ())
    assert warning is None or warning in audio.warnings[0]
    if "keyscale" in arguments:
        assert audio.key == arguments["keyscale"]
    if "timesignature" in arguments:
        assert (audio.metre or "")[:1] == (arguments["timesignature"] or "")


def test_steps_are_held_to_what_the_checkpoint_takes(composer: Composer, calls: list[dict[str, Any]]) -> None:
    turbo = "guidance_scale" not in composer.info.parameters
    made(composer, infer_step=None)
    audio = composer.compose(request(infer_step=60), ignore_progress)
    assert [call["num_inference_steps"] for call in calls] == ([8, 20] if turbo else [50, 60])
    assert (audio.warnings == ("ACE-Step turbo takes 20 steps at most: it was made in 20",)) == turbo


def test_a_loud_song_is_scaled_down_and_not_clipped(
    composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = composer._pipe.vae.decoder  # type: ignore[attr-defined]
    usual, expected = decoder.forward, made(composer)
    monkeypatch.setattr(decoder, "forward", lambda latents: usual(latents) * 64.0)
    loud = made(composer)
    assert np.abs(loud).max() == pytest.approx(10 ** (-1 / 20), abs=1e-4)
    assert np.allclose(loud, expected, atol=1e-4)


def test_numbers_that_overflow_are_an_error_and_no_song(
    composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = composer._pipe.vae.decoder  # type: ignore[attr-defined]
    usual = decoder.forward
    monkeypatch.setattr(decoder, "forward", lambda latents: usual(latents) * float("nan"))
    with pytest.raises(EngineFailed, match="set the precision to fp32"):
        composer.compose(request(), ignore_progress)


def test_a_gpu_runs_it_in_bf16_and_fp16_is_refused() -> None:
    assert AceStepComposer.on_gpu == "bf16"
    with pytest.raises(InvalidRequest, match="fp32, bf16"):
        precision_of("fp16", AceStepComposer.on_gpu, AceStepComposer.precisions)


def test_a_song_shorter_than_it_makes_is_cut_and_says_so(composer: Composer) -> None:
    audio = composer.compose(request(duration_s=5.0), ignore_progress)
    assert audio.samples.shape == (2, 240_000)
    assert "10 s or more" in audio.warnings[0]
