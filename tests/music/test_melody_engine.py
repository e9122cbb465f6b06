"""MusicGen's melody checkpoints, on tiny ones: the chroma is that of transformers' feature extractor, the
tokens are those of transformers' model, and a remix keeps its promises."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import AutoTokenizer, MusicgenMelodyForConditionalGeneration, audio_utils

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled, EngineUnavailable, InvalidRequest
from music.contract import COMPOSERS, Audio, Change, Changer, MusicRequest, Source
from music.melody import engine
from music.melody.chroma import chroma, melody_of
from music.melody.engine import MelodyComposer
from tests.tiny import musicgen_melody

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

RATE_HZ = 32_000
PROMPT = "lofi beat with piano"


@pytest.fixture(scope="module", params=[1, 2], ids=["mono", "stereo"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return musicgen_melody(tmp_path_factory.mktemp("melody"), channels=request.param)


@pytest.fixture(scope="module")
def either(folder: Path) -> MelodyComposer:
    return MelodyComposer.from_options(EngineOptions(model=str(folder)))


@pytest.fixture(scope="module")
def composer(tmp_path_factory: pytest.TempPathFactory) -> MelodyComposer:
    folder = musicgen_melody(tmp_path_factory.mktemp("mono"))
    return MelodyComposer.from_options(EngineOptions(model=str(folder)))


@pytest.fixture
def short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of two seconds, of which each goes on after the first one of the one before."""
    monkeypatch.setattr(engine, "WINDOW_S", 2.0)
    monkeypatch.setattr(engine, "STRIDE_S", 1.0)


def tune(*hz: float, note_s: float = 1.0, rate_hz: int = 44_100, channels: int = 2) -> Source:
    t = np.arange(round(note_s * rate_hz)) / rate_hz
    mono = np.concatenate([0.3 * np.sin(2 * np.pi * each * t) for each in hz])
    return Source(np.repeat(mono[None], channels, 0).astype(np.float32), rate_hz)


SONG = tune(261.6, 329.6, 392.0)  # C, E, G


def asked(task: str = "remix", **more: Any) -> MusicRequest:
    usual = {"prompt": PROMPT, "seed": 1, "duration_s": 2.0, "task": task}
    return MusicRequest.model_validate(usual | more)


def remixed(composer: MelodyComposer, source: Source = SONG, **more: Any) -> Audio:
    return composer.change(asked(**more), source, ignore_progress)


class Spectrogram:
    """``torchaudio.transforms.Spectrogram`` by transformers' own short-time transform in numpy. torchaudio's
    ``normalized`` divides by the root of the window's energy."""

    def __init__(self, *, n_fft: int, win_length: int, hop_length: int, **rest: object) -> None:
        assert win_length == n_fft
        assert rest == {"power": 2, "center": True, "pad": 0, "normalized": True}
        self.window = audio_utils.window_function(n_fft, "hann")
        self.sizes = {"frame_length": n_fft, "hop_length": hop_length}

    def __call__(self, waves: Tensor) -> Tensor:
        made = [
            audio_utils.spectrogram(wave.numpy(), self.window, power=2.0, center=True, **self.sizes)
            for wave in waves
        ]
        return torch.from_numpy(np.stack(made) / np.square(self.window).sum()).float()


@pytest.fixture
def extractor(monkeypatch: pytest.MonkeyPatch) -> Any:
    """transformers' own, but for torchaudio's spectrogram."""
    # Not by its package, which hides what needs torchaudio.
    theirs = importlib.import_module("transformers.models.musicgen_melody.feature_extraction_musicgen_melody")
    stand_in = SimpleNamespace(transforms=SimpleNamespace(Spectrogram=Spectrogram))
    monkeypatch.setattr(theirs, "torchaudio", stand_in, raising=False)
    return theirs.MusicgenMelodyFeatureExtractor()


@pytest.mark.parametrize("seconds", [0.3, 0.512, 2.0, 5.37])
def test_the_chroma_is_that_of_transformers_feature_extractor(extractor: Any, seconds: float) -> None:
    rng = np.random.default_rng(2)
    scale = np.concatenate(
        [tune(hz, note_s=0.5, rate_hz=RATE_HZ).samples[0] for hz in 220 * 2 ** (np.arange(12) / 12)]
    )
    sound = (scale + 0.02 * rng.standard_normal(len(scale))).astype(np.float32)[: round(seconds * RATE_HZ)]
    expected = extractor(sound, sampling_rate=RATE_HZ, return_tensors="pt")["input_features"][0]
    found = chroma(torch.from_numpy(sound), RATE_HZ)
    assert found.shape == expected.shape
    assert torch.equal(found, expected)


def test_each_note_of_a_scale_is_its_own_pitch_class() -> None:
    for number, hz in enumerate(261.626 * 2 ** (np.arange(12) / 12)):
        heard = chroma(melody_of(tune(float(hz)), RATE_HZ), RATE_HZ).argmax(1)
        assert (heard == number).all(), number
    assert (chroma(torch.zeros(RATE_HZ), RATE_HZ).argmax(1) == 0).all(), "silence is C, as it is for theirs"


def test_the_melody_is_heard_without_drums_and_bass_where_the_stems_are_known() -> None:
    voice, bass = tune(440.0), tune(82.4)
    whole = 0.2 * voice.samples + bass.samples
    alone = Source(whole, voice.rate_hz)
    parts = Source(whole, voice.rate_hz, stems={"vocals": 0.2 * voice.samples, "bass": bass.samples})
    assert (chroma(melody_of(alone, RATE_HZ), RATE_HZ).argmax(1) == 4).all()  # E
    assert (chroma(melody_of(parts, RATE_HZ), RATE_HZ).argmax(1) == 9).all()  # A


@torch.inference_mode()
def their_sound(folder: Path, frames: int, **more: Any) -> Tensor:
    """transformers' most probable song, ``(channels, samples)``."""
    model = MusicgenMelodyForConditionalGeneration.from_pretrained(folder).eval()
    delay = model.config.decoder.num_codebooks // model.config.decoder.audio_channels - 1
    text = AutoTokenizer.from_pretrained(folder)(PROMPT, return_tensors="pt")
    made: Tensor = model.generate(
        **text, do_sample=False, guidance_scale=3.0, max_new_tokens=frames + delay, max_length=None, **more
    )
    return made[0]


def test_a_song_from_text_is_transformers(either: MelodyComposer, folder: Path) -> None:
    audio = either.compose(asked("compose", top_k=1), ignore_progress)
    expected = their_sound(folder, 100).expand(2, -1).numpy()
    assert audio.samples.shape == expected.shape == (2, 2 * RATE_HZ)
    np.testing.assert_allclose(audio.samples, expected, atol=1e-4)


def test_a_remix_is_transformers_with_its_melody(either: MelodyComposer, folder: Path) -> None:
    audio = remixed(either, top_k=1)
    heard = chroma(melody_of(SONG, RATE_HZ), RATE_HZ)[None]
    expected = their_sound(folder, 150, input_features=heard).expand(2, -1).numpy()
    np.testing.assert_allclose(audio.samples, expected, atol=1e-4)
    plain = either.compose(asked("compose", duration_s=3.0, top_k=1), ignore_progress)
    assert not np.allclose(plain.samples, expected, atol=1e-4), "the melody makes a difference"


@pytest.mark.usefixtures("short_windows")
def test_a_longer_song_goes_on_from_its_last_seconds_with_the_melody_under_them(
    either: MelodyComposer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, asked_for = either._model, []
    generate = model.generate

    def call(**inputs: Any) -> Tensor:
        made: Tensor = generate(**inputs)
        asked_for.append((inputs, made))
        return made

    monkeypatch.setattr(model, "generate", call)
    audio = remixed(either, tune(261.6, 329.6, 392.0, 440.0), top_k=1)
    assert audio.samples.shape == (2, 4 * RATE_HZ)
    classes = [inputs["input_features"][0].argmax(1).tolist() for inputs, _ in asked_for]
    assert [(each[2], each[-3]) for each in classes] == [(0, 4), (4, 7), (7, 9)]
    [first, second, third] = [made[0] for _, made in asked_for]
    assert first.shape[1] == second.shape[1] == third.shape[1] == 100
    assert torch.equal(second[:, :50], first[:, 50:])
    assert torch.equal(third[:, :50], second[:, 50:])
    given = asked_for[1][0]
    prompt = {name: given[name] for name in ("input_features", "decoder_input_ids")}
    expected = their_sound(folder, 50, **prompt)
    sides = [side.contiguous() for side in second.chunk(either._channels)]
    found = torch.stack(either._decode(sides))
    np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-4)


@pytest.mark.usefixtures("short_windows")
@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.0, 2.013, 3.999])
def test_a_remix_is_as_long_as_its_source_to_the_sample(composer: MelodyComposer, seconds: float) -> None:
    audio = remixed(composer, tune(220.0, note_s=seconds, channels=1))
    assert audio.samples.shape == (2, round(round(seconds * 44_100) / 44_100 * RATE_HZ))
    assert audio.samples.dtype == np.float32
    assert np.isfinite(audio.samples).all()
    assert np.abs(audio.samples).max() <= 1.0


def test_the_seed_and_the_melody_decide_and_nothing_else(composer: MelodyComposer) -> None:
    before = torch.get_rng_state()
    made = remixed(composer).samples.tobytes()
    assert torch.equal(torch.get_rng_state(), before), "no other engine's chance is disturbed"
    torch.manual_seed(5)
    assert remixed(composer).samples.tobytes() == made
    assert remixed(composer, seed=2).samples.tobytes() != made
    assert remixed(composer, tune(277.2, 349.2, 415.3)).samples.tobytes() != made
    assert remixed(composer, prompt="metal").samples.tobytes() != made
    assert remixed(composer, guidance_scale=1.0).samples.tobytes() != made
    louder = Source(0.5 * SONG.samples, SONG.rate_hz)
    assert remixed(composer, louder).samples.tobytes() == made, "a melody has no level"


@pytest.mark.usefixtures("short_windows")
def test_progress_only_rises_over_all_windows(composer: MelodyComposer) -> None:
    seen: list[tuple[str, float]] = []
    composer.change(asked(), tune(220.0, note_s=3.5), lambda *said: seen.append(said))
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert list(dict.fromkeys(stage for stage, _ in seen)) == ["reading", "composing", "decoding"]
    assert len(fractions) > 175, "in each step"


def test_a_cancelled_remix_stops_there_also_while_it_waits_for_another(composer: MelodyComposer) -> None:
    made = remixed(composer).samples.tobytes()

    def stop_at(least: float) -> Callable[[str, float], None]:
        def report(_stage: str, fraction: float) -> None:
            if fraction >= least:
                raise Cancelled

        return report

    for least in (0.0, 0.02, 0.5, 0.95):
        with pytest.raises(Cancelled):
            composer.change(asked(), SONG, stop_at(least))
    going, go_on, others = threading.Event(), threading.Event(), []

    def hold(stage: str, _fraction: float) -> None:
        if stage == "composing":
            going.set()
            assert go_on.wait(30.0)

    thread = threading.Thread(target=lambda: others.append(composer.change(asked(), SONG, hold)))
    thread.start()
    assert going.wait(30.0)
    reports = 0

    def third(_stage: str, _fraction: float) -> None:
        nonlocal reports
        reports += 1
        if reports == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        composer.change(asked(), SONG, third)
    go_on.set()
    thread.join(30.0)
    assert others[0].samples.tobytes() == made
    assert remixed(composer).samples.tobytes() == made


@pytest.mark.parametrize(
    ("task", "who"),
    [
        ("extend", "use 'sketch' or 'acestep' or 'musicgen'"),
        ("repaint", "use 'sketch' or 'acestep'"),
        ("resing", "use 'sketch' or 'acestep'"),
        ("reference", "use 'acestep'"),
    ],
)
def test_another_task_is_refused_with_who_does_it(composer: MelodyComposer, task: str, who: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        remixed(composer, task=task)
    assert str(refused.value).startswith(
        f"task: '{task}' - MusicGen's melody checkpoints make remixes alone: {who}"
    )


def test_what_is_not_heeded_is_said(composer: MelodyComposer) -> None:
    assert remixed(composer).warnings == ()
    assert remixed(composer, change=Change(strength=1.0)).warnings == ()
    audio = remixed(composer, lyrics="[verse]\nla", exclude=("drums",), change=Change(strength=0.25))
    assert audio.warnings == (
        "MusicGen sings no words: the lyrics are not in the music",
        "MusicGen takes no negative prompt: it is not told to leave out drums, which may be heard",
        "MusicGen hears nothing of the song but its melody, as with strength 1: 0.25 is not heeded",
    )


def test_it_says_what_it_is(composer: MelodyComposer) -> None:
    spec = COMPOSERS.spec("musicgen_melody")
    assert isinstance(composer, Changer)
    assert composer.info.tasks == spec.tasks == ("remix",)
    assert spec.changes_recordings
    assert composer.info.parameters == ("guidance_scale", "temperature", "top_k", "top_p")
    assert list(spec.models) == [
        "facebook/musicgen-melody",
        "facebook/musicgen-melody-large",
        "facebook/musicgen-stereo-melody",
        "facebook/musicgen-stereo-melody-large",
    ]


def test_it_runs_as_for_a_gpu_and_in_bf16_and_not_in_fp16_on_a_processor(tmp_path: Path) -> None:
    model = str(musicgen_melody(tmp_path, channels=2))
    staged = MelodyComposer.from_options(EngineOptions(model=model, staged=True))
    assert staged.info.precision == "fp16"
    staged.move_to_gpu("cpu")
    for composer in (staged, MelodyComposer.from_options(EngineOptions(model=model, precision="bf16"))):
        assert {part.dtype for part in composer._model.text_encoder.parameters()} == {torch.float32}
        assert {part.dtype for part in composer._model.decoder.parameters()} == {composer._place.dtype}
        made = remixed(composer)
        assert np.isfinite(made.samples).all()
        assert made.samples.tobytes() == remixed(composer).samples.tobytes()
    composer.close()
    with pytest.raises(EngineUnavailable, match="was unloaded"):
        remixed(composer)
    with pytest.raises(InvalidRequest, match="on a processor use bf16 or fp32"):
        MelodyComposer.from_options(EngineOptions(model=model, precision="fp16"))
