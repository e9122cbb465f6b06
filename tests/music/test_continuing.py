"""MusicGen goes on with songs: its tokens are those of transformers, what is kept is kept to the sample, and
the join is not heard."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import LogitsProcessorList, MusicgenForConditionalGeneration

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled, InvalidRequest
from music.changes.joins import FADE_S, PICKUP_S
from music.contract import (
    COMPOSERS,
    Audio,
    Change,
    Changer,
    Composer,
    MusicRequest,
    SectionSpan,
    Source,
    TimedLine,
    TimedWord,
)
from music.levels.meter import loudness
from music.musicgen.engine import MusicgenComposer
from music.musicgen.sampling import Sampling, gumbel
from tests.music.analysis import true_peak_dbtp
from tests.music.joins import step_over_level
from tests.music.test_musicgen import PROMPTS, STEPS, Shared, noise_table
from tests.tiny import musicgen

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

MODEL_HZ = 32_000


@torch.inference_mode()
def checkpoint(folder: Path, channels: int) -> Path:
    """A tiny one whose EnCodec writes all sorts of tokens."""
    musicgen(folder, channels=channels)
    model = MusicgenForConditionalGeneration.from_pretrained(folder).eval()
    codec = model.audio_encoder
    last = codec.encoder.layers[-1].conv
    heard = codec.encoder(torch.from_numpy(song(5.0, MODEL_HZ).samples)[:1, None])
    mean, deviation = heard.mean((0, 2)), heard.std((0, 2))
    last.bias.copy_((last.bias - mean) / deviation)
    last.parametrizations.weight.original0.div_(deviation[:, None, None])
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=[1, 2], ids=["mono", "stereo"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("musicgen"), request.param)


@pytest.fixture(scope="module")
def either(folder: Path) -> Composer:
    return COMPOSERS.load("musicgen", EngineOptions(model=str(folder)))


@pytest.fixture(scope="module")
def composer(tmp_path_factory: pytest.TempPathFactory) -> Composer:
    folder = checkpoint(tmp_path_factory.mktemp("mono"), 1)
    return COMPOSERS.load("musicgen", EngineOptions(model=str(folder)))


def song(seconds: float = 20.0, rate_hz: int = 44_100, **more: object) -> Source:
    """Chords of another sound on either side, with a beat."""
    rng = np.random.default_rng(1)
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    beat = np.exp(-((t * 2.0) % 1.0) * 8.0)
    sides = [sum(np.sin(2 * np.pi * hz * t + phase) for hz in (220.0, 277.2, 329.6)) for phase in (0.0, 1.0)]
    hiss = rng.standard_normal((2, len(t)))
    samples = (0.06 * np.array(sides) + 0.1 * hiss * beat).astype(np.float32)
    return Source(samples, rate_hz, **more)  # type: ignore[arg-type]


def asked(seed: int = 1, prompt: str = PROMPTS[0], **change: object) -> MusicRequest:
    change = {"by_s": 1.0} | change
    return MusicRequest(prompt=prompt, seed=seed, task="extend", change=Change.model_validate(change))


def extended(composer: Composer, source: Source, **more: object) -> Audio:
    assert isinstance(composer, Changer)
    return composer.change(asked(**more), source, ignore_progress)  # type: ignore[arg-type]


@torch.inference_mode()
def theirs(folder: Path, sound: Tensor, table: Tensor) -> Tensor:
    """transformers' codes ``(codebooks, frames)``, those of ``sound (channels, samples)`` first."""
    model = MusicgenForConditionalGeneration.from_pretrained(folder).eval()
    ids = torch.tensor(
        MusicgenComposer.from_options(EngineOptions(model=str(folder)))._tokenizer(PROMPTS[0]).input_ids
    )
    codes: list[Tensor] = []
    decode = model.audio_encoder.decode

    def kept(audio_codes: Tensor, *rest: object, **named: object) -> object:
        codes.append(audio_codes[0, 0])
        return decode(audio_codes, *rest, **named)

    model.audio_encoder.decode = kept
    frames = sound.shape[1] // 640
    model.generate(
        input_ids=ids[None],
        attention_mask=torch.ones_like(ids[None]),
        input_values=sound[None],
        padding_mask=torch.ones(1, sound.shape[1], dtype=torch.bool),
        do_sample=False,
        guidance_scale=3.0,
        max_new_tokens=STEPS + 3 - frames,
        logits_processor=LogitsProcessorList([Shared(table)]),
    )
    return torch.stack(codes, dim=1).flatten(0, 1)


def test_its_tokens_go_on_as_those_of_transformers(folder: Path) -> None:
    composer = MusicgenComposer.from_options(EngineOptions(model=str(folder), precision="fp32"))
    channels = composer._shape.channels
    sound = torch.from_numpy(song(2.0, MODEL_HZ).samples)
    sound = sound if channels == 2 else sound.mean(0, keepdim=True)
    table = noise_table(4 * channels)
    expected = theirs(folder, sound, table)
    prompt = composer._encode(sound)
    assert prompt.shape == (4 * channels, 100)
    assert torch.equal(expected[:, :100], prompt)
    noises = iter(table)

    def codes(make: Callable[[], Tensor]) -> Tensor:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("music.musicgen.engine.gumbel", lambda *_, **__: lambda _step: next(noises))
            return make()

    request = asked(by_s=(STEPS - 100) / 50)
    made = codes(
        lambda: composer._tokens(
            composer._read(PROMPTS[0]),
            request,
            Sampling(top_k=0),
            ignore_progress,
            seconds=(STEPS - 100) / 50,
            prompt=prompt,
        )
    )
    assert torch.equal(made, expected)
    assert len(expected[:, 100:].unique()) > 32
    assert len(prompt.unique()) > 8


@pytest.mark.parametrize("rate_hz", [44_100, 32_000])
def test_the_song_is_kept_to_the_sample_up_to_a_join_that_is_not_heard(
    either: Composer, rate_hz: int
) -> None:
    source = song(20.0, rate_hz)
    audio = extended(either, source)
    join = round((20.0 - PICKUP_S) * rate_hz)
    assert audio.rate_hz == rate_hz
    assert audio.samples.shape == (2, 21 * rate_hz)
    assert audio.samples.dtype == np.float32
    assert np.array_equal(audio.samples[:, :join], source.samples[:, :join])
    new = audio.samples[:, 20 * rate_hz :]
    assert new.std() > 1e-3
    for at_s in (20.0 - PICKUP_S, 20.0 - PICKUP_S + FADE_S):
        assert step_over_level(audio.samples, rate_hz, at_s) <= 1.0
    assert true_peak_dbtp(audio.samples) <= -1.0
    assert audio.loudness_lufs == pytest.approx(loudness(audio.samples, rate_hz))


def test_the_request_decides_and_nothing_else(composer: Composer) -> None:
    first = extended(composer, song(5.0)).samples
    assert np.array_equal(first, extended(composer, song(5.0)).samples)
    louder = Source(song(5.0).samples * np.float32(0.3), 44_100)
    others = [extended(composer, song(5.0), seed=2), extended(composer, song(5.0), prompt="metal")]
    others.append(extended(composer, louder))
    for other in others:
        assert not np.array_equal(first[:, -44_100:], other.samples[:, -44_100:])


def test_what_it_decodes_of_the_prompt_is_the_beginning_of_the_crossfade(
    composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an EnCodec that gives back what it was given, a join would not be seen at all."""
    source = song(20.0, MODEL_HZ)
    decode = MusicgenComposer._sound
    heard = source.samples[:, 8 * MODEL_HZ :]

    def faithful(self: MusicgenComposer, codes: Tensor, *rest: object) -> object:
        made = decode(self, codes, *rest)  # type: ignore[arg-type]
        made[:, : heard.shape[1]] = heard
        return made

    monkeypatch.setattr(MusicgenComposer, "_sound", faithful)
    audio = extended(composer, source)
    assert np.abs(audio.samples[:, : 20 * MODEL_HZ] - source.samples).max() < 1e-3


def test_a_song_of_which_the_tempo_is_known_goes_on_from_a_bar(composer: Composer) -> None:
    words = tuple(TimedLine("la", (TimedWord("la", start, start + 1.0),)) for start in (1.0, 9.0, 15.0))
    sections = (SectionSpan("verse", 0.0, 14.0), SectionSpan("chorus", 14.0, 20.0))
    source = song(tempo_bpm=120.0, metre="4/4", key="A major", lines=words, sections=sections)
    audio = extended(composer, source, start_s=14.7)
    assert audio.duration_s == 15.0
    assert np.array_equal(audio.samples[:, : round(13.9 * 44_100)], source.samples[:, : round(13.9 * 44_100)])
    assert [line.start_s for line in audio.lines] == [1.0, 9.0]
    assert audio.sections == (SectionSpan("verse", 0.0, 14.0), SectionSpan("instrumental", 14.0, 15.0))
    assert (audio.tempo_bpm, audio.key, audio.metre) == (120.0, "A major", "4/4")


def test_it_goes_on_from_where_a_song_has_faded(composer: Composer) -> None:
    faded = song().samples.copy()
    faded[:, 16 * 44_100 :] *= np.linspace(1.0, 0.0, 4 * 44_100, dtype=np.float32) ** 4
    audio = extended(composer, Source(faded, 44_100))
    assert 17.0 < audio.duration_s < 19.0


def test_a_recording_of_one_channel_at_8_khz_is_gone_on_with(composer: Composer) -> None:
    mono = Source(song(5.0, 8_000).samples[:1], 8_000)
    audio = extended(composer, mono)
    assert audio.samples.shape == (2, 48_000)
    assert np.array_equal(audio.samples[:, :39_200], np.repeat(mono.samples[:, :39_200], 2, axis=0))


def test_more_than_its_window_is_made_and_progress_only_rises(composer: Composer) -> None:
    seen: list[float] = []
    assert isinstance(composer, Changer)
    audio = composer.change(asked(by_s=32.0), song(), lambda _, fraction: seen.append(fraction))
    assert audio.samples.shape[1] == 52 * 44_100
    assert seen == sorted(seen)
    assert seen[0] == 0.0
    assert seen[-1] == 1.0
    assert len(set(seen)) > 5


def test_continuations_of_several_threads_are_what_they_are_alone(composer: Composer) -> None:
    alone = [extended(composer, song(5.0), seed=seed).samples for seed in range(3)]
    with ThreadPoolExecutor(4) as threads:
        other = threads.submit(
            composer.compose, MusicRequest(prompt="metal", seed=1, duration_s=5.0), ignore_progress
        )
        together = list(threads.map(lambda seed: extended(composer, song(5.0), seed=seed).samples, range(3)))
        other.result(30)
    for one, same in zip(alone, together, strict=True):
        assert np.array_equal(one, same)


def test_a_cancelled_one_stops(composer: Composer) -> None:
    stopped = threading.Event()

    def stop(_: str, fraction: float) -> None:
        if fraction > 0.1:
            stopped.set()
            raise Cancelled

    assert isinstance(composer, Changer)
    with pytest.raises(Cancelled):
        composer.change(asked(by_s=500.0), song(), stop)
    assert stopped.is_set()


@pytest.mark.parametrize(
    ("change", "field", "fix"),
    [
        ({"before": True}, "before", "goes on after a song, not before it: use 'sketch'"),
        ({"by_s": None}, "by_s", "by how many seconds"),
        ({"start_s": 25.0}, "start_s", "the song has 20.0 s"),
        ({"start_s": 0.2}, "start_s", "go on after the first 1.00 s"),
    ],
)
def test_what_it_cannot_do_is_said(
    composer: Composer, change: dict[str, object], field: str, fix: str
) -> None:
    with pytest.raises(InvalidRequest, match=fix) as refused:
        extended(composer, song(), **change)
    assert refused.value.field == field


def test_another_task_is_refused_with_who_can(composer: Composer) -> None:
    assert composer.info.tasks == COMPOSERS.spec("musicgen").tasks == ("extend",)
    assert isinstance(composer, Changer)
    change = Change(start_s=4.0, end_s=8.0)
    with pytest.raises(InvalidRequest, match="only goes on with songs: use 'sketch'") as refused:
        composer.change(
            MusicRequest(prompt="lofi", seed=1, task="repaint", change=change), song(), ignore_progress
        )
    assert refused.value.field == "task"


def test_slots_of_a_gpus_path_go_on_as_caches_do(folder: Path) -> None:
    composers = [
        MusicgenComposer.from_options(EngineOptions(model=str(folder), precision="fp32", gpu_path=gpu_path))
        for gpu_path in (False, True)
    ]
    prompt = torch.randint(
        64, (composers[0]._shape.codebooks, 600), generator=torch.Generator().manual_seed(8)
    )
    request, tokens = asked(by_s=1.0), []
    for composer in composers:
        with pytest.MonkeyPatch.context() as patched:
            noise = gumbel(1, composer._shape.drawn, torch.device("cpu"))
            patched.setattr("music.musicgen.engine.gumbel", lambda *_, noise=noise, **__: noise)
            text = composer._read(PROMPTS[0])
            tokens.append(
                composer._tokens(text, request, Sampling(), ignore_progress, seconds=1.0, prompt=prompt)
            )
    assert torch.equal(*tokens)
