"""AudioCraft itself, in its own environment (``make test-audiocraft``): our MusicGen is held to it token for
token, from the same checkpoints, and it to the contract of a composer.

What ours makes is written by the environment that has it, ``.venv`` (``tests.music.reference``).
"""

import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled, EngineUnavailable, InvalidRequest
from music.contract import COMPOSERS, Composer, MusicRequest

ROOT = Path(__file__).parents[2]
PROMPTS = ("lofi beat with piano", "Metal", "a 80s pop track, synth! 120 bpm")
GUIDANCE = 3.0

pytestmark = [
    pytest.mark.audiocraft,
    pytest.mark.skipif(
        find_spec("audiocraft") is None, reason="in an environment of its own: make test-audiocraft"
    ),
    pytest.mark.filterwarnings("ignore"),  # AudioCraft's packages are years old, and say so
]


@pytest.fixture(scope="session")
def references(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("references")
    command = [ROOT / ".venv" / "bin" / "python", "-m", "tests.music.reference", folder]
    subprocess.run(command, cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="module", params=["mono", "stereo"])
def folder(request: pytest.FixtureRequest, references: Path) -> Path:
    return references / request.param


def loaded(folder: Path) -> Any:
    import torch

    torch.set_num_threads(1)
    return COMPOSERS.load("audiocraft", EngineOptions(model=str(folder)))


@pytest.fixture(scope="module")
def both(folder: Path) -> Any:
    return loaded(folder)


@pytest.fixture(scope="module")
def composer(references: Path) -> Composer:
    return loaded(references / "mono")


@pytest.fixture(scope="module")
def ours(folder: Path) -> dict[str, Any]:
    return reference_in(folder)


def reference_in(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / "reference" / "reference.safetensors")


def share_chance(lm: Any, table: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Adds the table's noise to the logits of both guidance rows, which guidance takes to its result. The
    guided logits without it are gathered in the list."""
    forward, guided = lm.forward, []

    def noisy(*args: Any, **named: Any) -> Any:
        logits = forward(*args, **named)
        text, none = logits[:, :, -1]
        guided.append(none + (text - none) * GUIDANCE)
        return logits + table[len(guided) - 1][None, :, None]

    monkeypatch.setattr(lm, "forward", noisy)
    return guided


@pytest.mark.parametrize("number", range(len(PROMPTS)), ids=PROMPTS)
def test_our_tokens_are_those_of_audiocraft_and_logits_within_a_ten_thousandth(
    both: Any, ours: dict[str, Any], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, expected = both._model, ours[f"tokens.{number}"]
    logits = share_chance(model.lm, ours["table"], monkeypatch)
    text, _ = model._prepare_tokens_and_attributes([PROMPTS[number]], None)
    codes = model.lm.generate(
        None, text, max_gen_len=expected.shape[1], use_sampling=False, cfg_coef=GUIDANCE
    )
    assert expected.shape[1] == 250
    assert (codes[0] == expected).all()
    assert len(expected.unique()) > 32  # or the agreement would mean nothing
    assert len(logits) == len(ours[f"logits.{number}"])
    for step, (one, other) in enumerate(zip(logits, ours[f"logits.{number}"], strict=True)):
        assert (one - other).abs().max() < 1e-4, step


def test_prompts_are_told_apart(ours: dict[str, Any]) -> None:
    assert not (ours["tokens.0"] == ours["tokens.1"]).all()


@pytest.mark.parametrize("number", range(len(PROMPTS)), ids=PROMPTS)
def test_the_same_tokens_sound_the_same(both: Any, ours: dict[str, Any], number: int) -> None:
    sound = both._model.generate_audio(ours[f"tokens.{number}"][None])[0].clamp(-1.0, 1.0).expand(2, -1)
    assert sound.shape == ours[f"sound.{number}"].shape
    assert sound.std() > 1e-3
    assert (sound - ours[f"sound.{number}"]).abs().max() < 1e-5


def test_a_song_past_the_window_goes_on_as_ours_does(
    composer: Any, references: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, model = reference_in(references / "mono"), composer._model
    expected = ours["long.tokens"]
    share_chance(model.lm, ours["long.table"], monkeypatch)
    model.set_generation_params(
        use_sampling=False, cfg_coef=GUIDANCE, duration=(expected.shape[1] + 0.5) / model.frame_rate
    )
    text, _ = model._prepare_tokens_and_attributes([PROMPTS[0]], None)
    codes = model._generate_tokens(text, None, progress=False)
    assert expected.shape[1] > 30 * model.frame_rate
    assert (codes[0] == expected).all()


def request(
    prompt: str = "lofi beat", seed: int = 1, duration_s: float = 5.0, **more: object
) -> MusicRequest:
    return MusicRequest.model_validate({"prompt": prompt, "seed": seed, "duration_s": duration_s, **more})


def test_seed_and_prompt_decide_and_nothing_else(composer: Composer) -> None:
    import torch

    first = composer.compose(request(), ignore_progress).samples
    assert first.shape == (2, 5 * 32000)
    assert first.dtype == np.float32
    assert first.std() > 1e-4
    chance = torch.get_rng_state()
    assert np.array_equal(first, composer.compose(request(), ignore_progress).samples)
    assert torch.equal(chance, torch.get_rng_state())
    for other in (request(seed=2), request("metal"), request(guidance_scale=1.0)):
        assert not np.array_equal(first, composer.compose(other, ignore_progress).samples)


def test_one_channel_is_heard_on_both_sides_and_two_each_on_its_own(both: Any, folder: Path) -> None:
    left, right = both.compose(request(duration_s=5.013), ignore_progress).samples
    assert len(left) == round(5.013 * 32000)
    assert np.array_equal(left, right) == (folder.name == "mono")


def test_songs_of_several_threads_are_what_they_are_alone(composer: Composer) -> None:
    wanted = [request(seed=seed) for seed in range(3)]
    alone = [composer.compose(one, ignore_progress).samples for one in wanted]
    with ThreadPoolExecutor(3) as threads:
        together = list(threads.map(lambda one: composer.compose(one, ignore_progress).samples, wanted))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one, other)


def test_progress_only_rises_at_every_step_and_ends_at_one_also_past_the_window(composer: Composer) -> None:
    seen: list[float] = []
    audio = composer.compose(request(duration_s=31), lambda _, fraction: seen.append(fraction))
    assert audio.samples.shape[1] == 31 * 32000
    assert seen == sorted(seen)
    assert seen[0] == 0.0
    assert seen[-1] == 1.0
    assert len(seen) > 31 * 50


@pytest.fixture
def steps(composer: Any, monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Grows with each step of the language model."""
    forward, taken = composer._model.lm.forward, []

    def counted(*args: Any, **named: Any) -> Any:
        taken.append(None)
        return forward(*args, **named)

    monkeypatch.setattr(composer._model.lm, "forward", counted)
    return taken


def test_a_cancelled_song_stops_within_a_step_and_the_next_is_none_the_worse(
    composer: Composer, steps: list[None]
) -> None:
    expected = composer.compose(request(), ignore_progress).samples
    steps.clear()

    def stop(_: str, fraction: float) -> None:
        if len(steps) == 20:
            raise Cancelled

    with pytest.raises(Cancelled):
        composer.compose(request(duration_s=600), stop)
    assert len(steps) == 20
    assert np.array_equal(composer.compose(request(), ignore_progress).samples, expected)


def test_a_song_that_waits_its_turn_can_be_cancelled(composer: Composer) -> None:
    running, leave = threading.Event(), threading.Event()

    def hold(_: str, fraction: float) -> None:
        if fraction > 0.1:
            running.set()
            leave.wait(10)

    def stop(_: str, fraction: float) -> None:
        if time.monotonic() > began + 0.1:
            raise Cancelled

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(composer.compose, request(), hold)
        assert running.wait(10)
        began = time.monotonic()
        with pytest.raises(Cancelled):
            composer.compose(request(), stop)
        assert not first.done()
        leave.set()
        first.result(30)


def test_lyrics_it_cannot_sing_are_said_to_be_missing(composer: Composer) -> None:
    assert "sings no words" in composer.compose(request(lyrics="[verse]\nla"), ignore_progress).warnings[0]
    with pytest.raises(InvalidRequest, match="say how the music sounds"):
        composer.compose(request(" \n"), ignore_progress)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"precision": "fp16", "device": "cpu"}, "use fp32"),
        ({"precision": "int8"}, "precision"),
        ({"model": "facebook/musicgen-small", "commercial": True}, "CC-BY-NC"),
    ],
)
def test_options_that_do_not_do_say_what_does(
    references: Path, options: dict[str, object], says: str
) -> None:
    with pytest.raises((InvalidRequest, EngineUnavailable), match=says):
        COMPOSERS.load("audiocraft", EngineOptions(**({"model": str(references / "mono")} | options)))  # type: ignore[arg-type]


def test_a_pickled_checkpoint_is_not_read(references: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((references / "mono" / "config.json").read_bytes())
    (tmp_path / "state_dict.bin").write_bytes(b"\x80\x02.")
    with pytest.raises(EngineUnavailable, match="only pickled"):
        COMPOSERS.load("audiocraft", EngineOptions(model=str(tmp_path)))
