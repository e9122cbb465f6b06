"""What ACE-Step changes of a song, on tiny checkpoints, turbo and base: what is kept is kept to the sample,
and what is new is what diffusers' pipeline makes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AceStepPipeline

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled, InvalidRequest
from music.acestep import AceStepComposer
from music.acestep.separating import separated
from music.acestep.tasks import BASE, band
from music.changes.joins import FADE_S, PICKUP_S
from music.contract import (
    COMPOSERS,
    Audio,
    Change,
    Changer,
    MusicRequest,
    Samples,
    SectionSpan,
    Source,
    TimedLine,
    TimedWord,
)
from music.levels.meter import loudness
from tests.music.analysis import true_peak_dbtp
from tests.music.joins import step_over_level
from tests.tiny import acestep

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)

MODEL_HZ = 8_000
RATE_HZ = 11_025
WORDS = ("one is here", "two is near", "three is gone", "four goes on")
LINES = tuple(
    TimedLine(text, (TimedWord(text, 2.0 + 4.0 * n, 4.0 + 4.0 * n),)) for n, text in enumerate(WORDS)
)
SECTIONS = (SectionSpan("verse", 0.0, 9.0), SectionSpan("chorus", 9.0, 20.0))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> AceStepComposer:
    folder = acestep(tmp_path_factory.mktemp("base"), turbo=False, rate_hz=MODEL_HZ)
    return AceStepComposer.from_options(EngineOptions(model=str(folder)))


@pytest.fixture(scope="module")
def turbo(tmp_path_factory: pytest.TempPathFactory) -> AceStepComposer:
    """As it is published: without the parts that make semantic tokens of sound."""
    folder = tmp_path_factory.mktemp("turbo")
    whole = AceStepPipeline.from_pretrained(acestep(folder / "whole", rate_hz=MODEL_HZ))
    whole.register_modules(audio_tokenizer=None, audio_token_detokenizer=None)
    whole.save_pretrained(folder / "published")
    return AceStepComposer.from_options(EngineOptions(model=str(folder / "published")))


def sound(seconds: float = 20.0, rate_hz: int = RATE_HZ) -> Samples:
    rng = np.random.default_rng(1)
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    beat = np.exp(-((t * 2.0) % 1.0) * 8.0)
    sides = [sum(np.sin(2 * np.pi * hz * t + phase) for hz in (220.0, 277.2, 329.6)) for phase in (0.0, 1.0)]
    return (0.06 * np.array(sides) + 0.1 * rng.standard_normal((2, len(t))) * beat).astype(np.float32)


def song(**more: object) -> Source:
    known = {"tempo_bpm": 120.0, "key": "A minor", "metre": "4/4", "lines": LINES, "sections": SECTIONS}
    return Source(sound(), RATE_HZ, **(known | more))  # type: ignore[arg-type]


def recording(rate_hz: int = RATE_HZ) -> Source:
    return Source(sound(rate_hz=rate_hz), rate_hz)


def asked(
    task: str, *, lyrics: str = "[bridge]\nla la", change: dict[str, object], **more: object
) -> MusicRequest:
    usual = {"prompt": "lofi", "seed": 1, "duration_s": 10.0, "infer_step": 2}
    return MusicRequest.model_validate(
        {**usual, "task": task, "lyrics": lyrics, "change": Change.model_validate(change), **more}
    )


def changed(composer: AceStepComposer, source: Source, task: str, **more: object) -> Audio:
    fields = {name: more.pop(name) for name in list(more) if name not in Change.model_fields}
    return composer.change(asked(task, change=more, **fields), source, ignore_progress)  # type: ignore[arg-type]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the pipeline is called with."""
    seen: list[dict[str, Any]] = []
    usual = AceStepPipeline.__call__

    def call(pipe: AceStepPipeline, **inputs: Any) -> Any:
        seen.append(inputs)
        return usual(pipe, **inputs)

    monkeypatch.setattr(AceStepPipeline, "__call__", call)
    return seen


def assert_the_join_is_not_heard(audio: Audio, *at_s: float) -> None:
    for seconds in at_s:
        assert step_over_level(audio.samples, audio.rate_hz, seconds) <= 1.0
    assert true_peak_dbtp(audio.samples) <= -1.0
    assert audio.loudness_lufs == pytest.approx(loudness(audio.samples, audio.rate_hz))


def kept(audio: Audio, source: Source, start_s: float, end_s: float, later_s: float = 0.0) -> None:
    rate = source.rate_hz
    start, end = round(start_s * rate), round(end_s * rate)
    first = start + round(later_s * rate)
    assert np.array_equal(audio.samples[:, first : first + end - start], source.samples[:, start:end])


def test_a_checkpoint_says_what_it_can(base: AceStepComposer, turbo: AceStepComposer) -> None:
    of_all = ("extend", "repaint", "reference", "resing")
    assert base.info.tasks == COMPOSERS.spec("acestep").tasks == (*of_all, "remix", "stems", "complete")
    assert turbo.info.tasks == of_all
    assert isinstance(turbo, Changer)
    checked = AceStepComposer.check(EngineOptions(model=turbo.info.model))
    assert checked.tasks == of_all


@pytest.mark.parametrize("task", ["remix", "stems", "complete"])
def test_a_task_that_the_checkpoint_lacks_is_refused_with_one_that_has_it(
    turbo: AceStepComposer, task: str
) -> None:
    with pytest.raises(InvalidRequest, match=f"does not do it: set the model to {BASE}") as refused:
        changed(turbo, song(), task)
    assert (refused.value.field, refused.value.value) == ("task", task)


@pytest.mark.parametrize("kind", ["base", "turbo"])
def test_a_repainted_span_is_new_and_the_rest_is_kept_to_the_sample(
    kind: str, request: pytest.FixtureRequest, calls: list[dict[str, Any]]
) -> None:
    composer = request.getfixturevalue(kind)
    audio = changed(composer, song(), "repaint", start_s=5.8, end_s=12.1)
    start_s, end_s = 6.0 - PICKUP_S - FADE_S, 12.0 - PICKUP_S + FADE_S
    assert audio.samples.shape == song().samples.shape
    assert audio.rate_hz == RATE_HZ
    kept(audio, song(), 0.0, start_s)
    kept(audio, song(), end_s, 20.0)
    inside = slice(round((start_s + FADE_S) * RATE_HZ), round((end_s - FADE_S) * RATE_HZ))
    assert np.abs(audio.samples[:, inside] - song().samples[:, inside]).mean() > 0.01
    assert_the_join_is_not_heard(audio, start_s, end_s)
    [call] = calls
    assert call["task_type"] == "repaint"
    assert call["lyrics"] == "[verse]\none is here\n\n[bridge]\nla la\n\n[chorus]\nfour goes on"
    assert (call["bpm"], call["keyscale"], call["timesignature"]) == (120, "A minor", "4")
    assert [line.text for line in audio.lines] == ["one is here", "four goes on"]
    assert audio.sections == SECTIONS


def test_a_recording_of_which_nothing_is_known_is_repainted_where_it_is_asked(
    base: AceStepComposer, calls: list[dict[str, Any]]
) -> None:
    audio = changed(base, recording(MODEL_HZ), "repaint", start_s=3.3, end_s=20.2)
    kept(audio, recording(MODEL_HZ), 0.0, 3.3 - PICKUP_S - FADE_S)
    assert audio.samples.shape == (2, 20 * MODEL_HZ)
    [call] = calls
    assert (call["bpm"], call["keyscale"], call["timesignature"]) == (None, None, None)


def test_a_song_goes_on_from_a_bar(base: AceStepComposer, calls: list[dict[str, Any]]) -> None:
    audio = changed(base, song(), "extend", start_s=15.8, by_s=10.0)
    assert audio.samples.shape == (2, 26 * RATE_HZ)
    kept(audio, song(), 0.0, 16.0 - PICKUP_S - FADE_S)
    assert_the_join_is_not_heard(audio, 16.0 - PICKUP_S - FADE_S, 16.0 - PICKUP_S)
    assert audio.sections == (
        *SECTIONS[:1],
        SectionSpan("chorus", 9.0, 16.0),
        SectionSpan("bridge", 16.0, 26.0),
    )
    assert [line.text for line in audio.lines] == list(WORDS)
    assert calls[0]["src_audio"].shape == (2, 26 * MODEL_HZ)
    assert calls[0]["lyrics"].endswith("four goes on\n\n[bridge]\nla la")


def test_a_song_gets_a_beginning(base: AceStepComposer) -> None:
    audio = changed(base, song(), "extend", by_s=4.3, before=True)
    assert audio.samples.shape == (2, 24 * RATE_HZ)
    kept(audio, song(), FADE_S, 20.0, later_s=4.0)
    assert_the_join_is_not_heard(audio, 4.0, 4.0 + FADE_S)
    assert audio.samples[:, : 3 * RATE_HZ].std() > 1e-3
    assert audio.lines[0].start_s == 6.0
    assert audio.sections[0] == SectionSpan("bridge", 0.0, 4.0)
    assert audio.sections[-1].end_s == 24.0


def test_the_lines_that_have_other_words_are_sung_anew_and_the_rest_is_kept(
    turbo: AceStepComposer, calls: list[dict[str, Any]]
) -> None:
    lyrics = "[verse]\none is here\nno one near\n\n[chorus]\nthree is gone\nit is wrong"
    audio = changed(turbo, song(), "resing", lyrics=lyrics)
    kept(audio, song(), 0.0, 5.5)
    kept(audio, song(), 8.4, 13.5)
    kept(audio, song(), 16.4, 20.0)
    for middle_s in (7.0, 15.0):
        here = slice(round(middle_s * RATE_HZ), round((middle_s + 0.5) * RATE_HZ))
        assert np.abs(audio.samples[:, here] - song().samples[:, here]).mean() > 0.01
    assert_the_join_is_not_heard(audio, 5.5, 5.6, 8.3, 8.4, 13.5, 13.6, 16.3, 16.4)
    assert calls[0]["lyrics"] == lyrics
    assert [line.text for line in audio.lines] == ["one is here", "three is gone"]
    assert audio.warnings == ()


def test_without_the_times_of_its_lines_a_song_is_sung_anew_as_a_cover(
    base: AceStepComposer, turbo: AceStepComposer, calls: list[dict[str, Any]]
) -> None:
    audio = changed(base, recording(), "resing")
    assert calls[0]["task_type"] == "cover"
    assert "it is not known when the song's lines are sung: all of it was made anew" in audio.warnings[0]
    with pytest.raises(InvalidRequest, match=f"set the model to {BASE}") as refused:
        changed(turbo, recording(), "resing")
    assert refused.value.field == "source"


@torch.no_grad()
def theirs(composer: AceStepComposer, seconds: float, **inputs: Any) -> Samples:
    """The pipeline's own samples, of the same noise."""
    pipe = AceStepPipeline.from_pretrained(composer.info.model)
    pipe.set_progress_bar_config(disable=True)
    pipe.vae.enable_tiling()
    pipe.vae.tile_sample_min_length, pipe.vae.tile_sample_overlap = 512 * 320, 64 * 320
    noise = torch.randn(1, round(25 * seconds), 8, generator=torch.Generator().manual_seed(1))
    torch.manual_seed(20260204)
    [made] = pipe(
        prompt="lofi",
        audio_duration=seconds,
        num_inference_steps=2,
        latents=noise,
        shift=1.0,
        **inputs,
    ).audios
    found: Samples = made.numpy()
    return found


def test_a_remix_is_the_pipelines_cover(base: AceStepComposer) -> None:
    source = recording(MODEL_HZ)
    inputs = {
        "task_type": "cover",
        "src_audio": torch.from_numpy(source.samples),
        "lyrics": "[bridge]\nla la",
    }
    made = {}
    for strength, cover in ((None, 1.0), (1.0, 0.2)):
        audio = changed(base, source, "remix", strength=strength)
        made[strength] = audio.samples
        expected = theirs(base, 20.0, audio_cover_strength=cover, **inputs)
        assert np.abs(audio.samples - expected).max() < 1e-4
        assert audio.loudness_lufs is None  # the pipeline masters it
    assert not np.array_equal(made[None], made[1.0])


def test_a_reference_is_the_pipelines(turbo: AceStepComposer, base: AceStepComposer) -> None:
    """Of turbo, too, whose steps are elsewhere."""
    source = recording(MODEL_HZ)
    audio = changed(base, source, "reference", duration_s=12.0)
    expected = theirs(
        base,
        12.0,
        reference_audio=torch.from_numpy(source.samples),
        lyrics="[bridge]\nla la",
        bpm=110,
        keyscale="C major",
        timesignature="4",
    )
    assert audio.samples.shape == (2, 12 * MODEL_HZ)
    assert np.abs(audio.samples - expected).max() < 1e-4
    without = base.compose(asked("compose", change={}, duration_s=12.0), ignore_progress)
    assert not np.array_equal(audio.samples, without.samples)
    assert changed(turbo, source, "reference").samples.shape == (2, 10 * MODEL_HZ)


def test_completing_is_the_pipelines_with_the_tracks_of_the_instruments(
    base: AceStepComposer, calls: list[dict[str, Any]]
) -> None:
    source = recording(MODEL_HZ)
    audio = changed(base, source, "complete", lyrics="", instruments=("acoustic guitar", "drum machine"))
    tracks = ["drums", "guitar"]
    assert calls[0]["complete_track_classes"] == tracks
    expected = theirs(
        base,
        20.0,
        task_type="complete",
        src_audio=torch.from_numpy(source.samples),
        complete_track_classes=tracks,
        lyrics="[Instrumental]",
        vocal_language="unknown",
    )
    assert np.abs(audio.samples - expected).max() < 1e-4
    assert band(("kazoo",)) == ("drums", "bass", "guitar", "keyboard")


def test_a_repainted_part_is_the_pipelines_but_for_what_is_put_back(
    base: AceStepComposer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("music.acestep.hearing.INJECTED", 0.0)
    whole: list[Samples] = []
    place = "music.acestep.engine.with_parts"
    from music.acestep.engine import with_parts

    def seen(source: Source, made: Samples, rate_hz: int, places: Any) -> Samples:
        whole.append(made)
        return with_parts(source, made, rate_hz, places)

    monkeypatch.setattr(place, seen)
    source = recording(MODEL_HZ)
    plain = changed(base, source, "repaint", start_s=4.1, end_s=8.1)
    expected = theirs(
        base,
        20.0,
        task_type="repaint",
        src_audio=torch.from_numpy(source.samples),
        repainting_start=4.0,
        repainting_end=8.0,
        lyrics="[bridge]\nla la",
    )
    scale = np.abs(expected).max() / np.abs(whole[0]).max()
    assert np.abs(whole[0] * scale - expected).max() < 1e-4
    monkeypatch.undo()
    assert not np.array_equal(plain.samples, changed(base, source, "repaint", start_s=4.1, end_s=8.1).samples)


def test_what_is_kept_is_put_back_as_noisy_as_it_would_be_by_then(
    base: AceStepComposer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[torch.Tensor] = []
    transformer = base._pipe.transformer
    usual = transformer.forward

    def step(**inputs: Any) -> Any:
        seen.append(inputs["hidden_states"][:1].clone())
        return usual(**inputs)

    monkeypatch.setattr(transformer, "forward", step)
    changed(base, recording(MODEL_HZ), "repaint", start_s=4.1, end_s=8.1, infer_step=4)
    encoded = base._pipe.vae.encode(torch.from_numpy(recording(MODEL_HZ).samples)[None]).latent_dist
    there = encoded.sample(torch.Generator().manual_seed(20260204)).transpose(1, 2)
    noise = seen[0]
    for number, level in ((1, 0.75), (2, 0.5)):
        expected = level * noise + (1.0 - level) * there
        assert torch.allclose(seen[number][:, :100], expected[:, :100], atol=1e-5)
        assert torch.allclose(seen[number][:, 200:], expected[:, 200:], atol=1e-5)
        assert not torch.allclose(seen[number][:, 100:200], expected[:, 100:200], atol=1e-2)
    assert not torch.allclose(seen[3][:, :100], 0.25 * noise[:, :100] + 0.75 * there[:, :100], atol=1e-2)


def test_stems_are_the_songs_own_sound_and_add_up_to_it(
    base: AceStepComposer, calls: list[dict[str, Any]]
) -> None:
    seen: list[float] = []
    audio = base.change(asked("stems", change={}), song(), lambda _, fraction: seen.append(fraction))
    assert [(call["task_type"], call["track_name"]) for call in calls] == [
        ("extract", name) for name in ("vocals", "drums", "bass")
    ]
    assert np.array_equal(audio.samples, song().samples)
    assert list(audio.stems) == ["vocals", "drums", "bass", "other"]
    assert np.abs(sum(audio.stems.values()) - audio.samples).max() < 1e-6
    assert all(stem.std() > 1e-4 for stem in audio.stems.values())
    assert (audio.lines, audio.sections, audio.tempo_bpm) == (LINES, SECTIONS, 120.0)
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 1.0)


def test_tracks_that_are_nearly_right_make_stems_that_are() -> None:
    """As an extraction is: of another level, and a little late."""
    t = np.arange(4 * 44_100) / 44_100
    low, high = (
        np.stack([0.2 * np.sin(2 * np.pi * hz * t)] * 2).astype(np.float32) for hz in (110.0, 1760.0)
    )
    rest = np.stack([0.2 * np.sin(2 * np.pi * 440.0 * t)] * 2).astype(np.float32)
    late = {"bass": 0.9 * np.roll(low, 60, axis=1), "vocals": 0.8 * np.roll(high, 60, axis=1)}
    stems = separated(low + high + rest, late)
    for name, right in (("bass", low), ("vocals", high)):
        assert np.std(stems[name] - right) < 0.25 * np.std(right)
        assert np.std(late[name] - right) > np.std(stems[name] - right)
    assert np.std(stems["other"] - rest) < 0.4 * np.std(rest)


def test_the_request_decides_and_nothing_else(turbo: AceStepComposer) -> None:
    span = {"start_s": 6.0, "end_s": 12.0}
    first = changed(turbo, song(), "repaint", **span).samples
    torch.manual_seed(5)  # the process's own chance has no part in it
    assert np.array_equal(first, changed(turbo, song(), "repaint", **span).samples)
    others: list[dict[str, object]] = [{"seed": 2}, {"lyrics": "[bridge]\nhey"}]
    for other in others:
        assert not np.array_equal(first, changed(turbo, song(), "repaint", **span, **other).samples)


def test_changes_and_songs_of_several_threads_are_what_they_are_alone(turbo: AceStepComposer) -> None:
    def repaint(seed: int) -> Samples:
        return changed(turbo, song(), "repaint", start_s=6.0, end_s=12.0, seed=seed).samples

    def compose(seed: int) -> Samples:
        return turbo.compose(asked("compose", change={}, seed=seed), ignore_progress).samples

    work: list[tuple[Callable[[int], Samples], int]] = [
        (repaint, 1),
        (compose, 1),
        (repaint, 2),
        (compose, 2),
    ]
    alone = [make(seed) for make, seed in work]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda one: one[0](one[1]), work))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one, other)


def test_progress_only_rises_and_a_cancelled_change_stops(base: AceStepComposer) -> None:
    seen: list[float] = []
    base.change(
        asked("remix", change={"strength": 0.5}, infer_step=4),
        song(),
        lambda _, fraction: seen.append(fraction),
    )
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 1.0)
    stopped = threading.Event()

    def stop(_: str, fraction: float) -> None:
        if fraction > 0.1:
            stopped.set()
            raise Cancelled

    with pytest.raises(Cancelled):
        base.change(asked("repaint", change={"start_s": 6.0, "end_s": 12.0}, infer_step=50), song(), stop)
    assert stopped.is_set()


@pytest.mark.parametrize(
    ("task", "more", "field", "fix"),
    [
        ("repaint", {"start_s": 21.0, "end_s": 25.0}, "start_s", "the song has 20.0 s"),
        ("repaint", {"start_s": 10.0, "end_s": 25.0}, "end_s", "the song's end, 20.0"),
        ("repaint", {"start_s": 10.0, "end_s": 11.0}, "end_s", "a bar at the least, which has 2.00 s"),
        ("repaint", {"start_s": 10.0}, "end_s", "name the span to replace"),
        ("extend", {}, "by_s", "by how many seconds"),
        ("extend", {"by_s": 590.0}, "by_s", "600 s at the most: this song would have 610"),
        ("resing", {"lyrics": "[verse]"}, "lyrics", "write the words"),
        ("resing", {"lyrics": "\n".join(WORDS)}, "lyrics", "are sung already"),
        (
            "resing",
            {"lyrics": "\n".join((*WORDS, "five"))},
            "lyrics",
            "the song has 4 lines, and these are 5",
        ),
        ("resing", {"lyrics": ""}, "lyrics", "write the words"),
        ("remix", {"prompt": " "}, "prompt", "say how the music sounds"),
    ],
)
def test_what_cannot_be_changed_is_said(
    base: AceStepComposer, task: str, more: dict[str, object], field: str, fix: str
) -> None:
    with pytest.raises(InvalidRequest, match=fix) as refused:
        changed(base, song(), task, **more)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("task", "change", "lyrics", "expected"),
    [
        ("repaint", {"start_s": 6.0, "end_s": 12.0}, "", "[verse]\nall of it"),
        ("repaint", {"start_s": 6.0, "end_s": 12.0}, "[bridge]\nla", "[bridge]\nla"),
        ("extend", {"by_s": 3.0}, "[outro]\nla", "[verse]\nall of it\n\n[outro]\nla"),
        ("extend", {"by_s": 3.0, "before": True}, "[intro]\nla", "[intro]\nla\n\n[verse]\nall of it"),
        ("remix", {}, "", "[verse]\nall of it"),
    ],
)
def test_a_song_whose_lines_have_no_times_keeps_its_words(
    base: AceStepComposer,
    calls: list[dict[str, Any]],
    task: str,
    change: dict[str, object],
    lyrics: str,
    expected: str,
) -> None:
    """As ACE-Step's own songs, if nobody has listened to them."""
    parent = asked("compose", lyrics="[verse]\nall of it", change={})
    changed(base, song(lines=(), sections=(), request=parent), task, lyrics=lyrics, infer_step=1, **change)
    assert calls[0]["lyrics"] == expected


@pytest.mark.parametrize(
    ("seconds", "task", "fix"), [(0.5, "remix", "1 s at the least"), (601, "stems", "600 s at")]
)
def test_a_source_that_is_too_short_or_too_long_is_refused(
    base: AceStepComposer, seconds: float, task: str, fix: str
) -> None:
    source = Source(np.zeros((2, round(seconds * MODEL_HZ)), np.float32), MODEL_HZ)
    with pytest.raises(InvalidRequest, match=fix) as refused:
        changed(base, source, task)
    assert refused.value.field == "source"


def test_a_change_can_be_changed_and_a_recording_of_one_channel_too(turbo: AceStepComposer) -> None:
    mono = Source(recording(8_000).samples[:1], 8_000)
    first = changed(turbo, mono, "extend", by_s=5.0)
    again = changed(turbo, Source(first.samples, 8_000), "repaint", start_s=2.0, end_s=4.0)
    assert again.samples.shape == (2, 25 * 8_000)
    kept(again, Source(first.samples, 8_000), 4.0, 25.0)


def test_long_sounds_are_encoded_in_parts(turbo: AceStepComposer, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []
    encoder = turbo._pipe.vae.encoder
    usual = encoder.forward

    def encode(x: torch.Tensor) -> torch.Tensor:
        lengths.append(x.shape[-1])
        found: torch.Tensor = usual(x)
        return found

    monkeypatch.setattr(encoder, "forward", encode)
    long = Source(np.tile(sound(), 2), RATE_HZ)
    audio = changed(turbo, long, "repaint", start_s=6.0, end_s=12.0, infer_step=1)
    assert max(lengths) <= 512 * 320
    assert audio.samples.shape == long.samples.shape


def test_a_place_for_a_model_on_disk(tmp_path: Path) -> None:
    """A checkpoint that is damaged or another's says nothing here: loading it does."""
    from music.acestep.tasks import tasks_of

    assert tasks_of(tmp_path) == ("extend", "repaint", "reference", "resing", "stems", "complete")
