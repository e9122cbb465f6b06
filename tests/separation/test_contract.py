"""The separator keeps its contract, on the real architecture with tiny random weights from disk."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from config.engine import EngineOptions, Report, ignore_progress
from config.errors import Cancelled, EngineUnavailable, InvalidRequest
from separation.contract import SEPARATORS, Samples, SeparateRequest, Separator
from separation.stems import summing_up
from tests.hub import hub
from tests.separation.checkpoint import FOUR, SIX, needs_demucs, save_bag

RATE_HZ = 48_000


def song(seconds: float, rate_hz: int = RATE_HZ, level: float = 0.3) -> Samples:
    """Two tones and noise, on the grid of 16 bits."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    noise = np.random.default_rng(5).standard_normal((2, len(time_s))) * 0.1
    tones = np.stack([np.sin(2 * np.pi * 110 * time_s), np.sin(2 * np.pi * 440 * time_s)])
    mix = np.rint(np.clip(level * tones + noise, -1.0, 1.0 - 2**-15) * 32768) / 32768
    return mix.astype(np.float32)


def loaded(folder: Path, **options: object) -> Separator:
    return SEPARATORS.load("demucs", EngineOptions(model=str(folder), device="cpu", **options))  # type: ignore[arg-type]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Layers as tiny as these wait longer for other threads than they compute."""
    needs_demucs()
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bag(tmp_path_factory.mktemp("htdemucs"))


@pytest.fixture(scope="module")
def separator(tiny: Path) -> Separator:
    return loaded(tiny)


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000])
@pytest.mark.parametrize("seconds", [1 / 48_000, 1.7])
def test_stems_are_as_long_as_the_song_and_add_up_to_it(
    separator: Separator, rate_hz: int, seconds: float
) -> None:
    mix = song(max(seconds, 1 / rate_hz), rate_hz)
    stems = separator.separate(SeparateRequest(mix, rate_hz), ignore_progress)
    assert tuple(stems) == FOUR
    for stem in stems.values():
        assert (stem.shape, stem.dtype) == (mix.shape, np.float32)
        assert np.array_equal(stem, np.rint(stem * 32768) / 32768)
        assert stem.min() >= -1.0
        assert stem.max() <= 1.0 - 2**-15
    assert np.array_equal(sum(stems.values()), mix)
    assert seconds < 0.1 or np.abs(stems["vocals"]).max() > 0.01


def test_a_loud_rest_finds_room_in_the_other_stems() -> None:
    mix = song(0.5, level=0.95)
    loud = {"vocals": -0.9 * np.sign(mix), "drums": -0.4 * np.sign(mix)}
    stems = summing_up(mix, loud)
    assert max(np.abs(stem).max() for stem in stems.values()) <= 1.0
    assert np.array_equal(sum(stems.values()), mix)
    assert np.abs(mix - sum(map(np.float32, loud.values()))).max() > 2.0  # it would not have gone into a file


def test_the_same_song_has_the_same_stems_and_progress_never_falls(tiny: Path, separator: Separator) -> None:
    mix, heard = song(1.5), []
    one = separator.separate(SeparateRequest(mix, RATE_HZ), lambda _, share: heard.append(share))
    np.random.default_rng().random()
    other = loaded(tiny).separate(SeparateRequest(mix, RATE_HZ), ignore_progress)
    assert all(np.array_equal(one[name], other[name]) for name in FOUR)
    assert heard == sorted(heard)
    assert (heard[0], heard[-1]) == (0.0, 1.0)
    assert len(set(heard)) >= 5
    assert len(heard) >= 40  # in front of each layer: a cancelled song need not wait for a stretch


def test_silence_is_silence(separator: Separator) -> None:
    stems = separator.separate(SeparateRequest(np.zeros((2, RATE_HZ), np.float32), RATE_HZ), ignore_progress)
    assert not any(stem.any() for stem in stems.values())


@pytest.mark.parametrize("calls", [1, 2, 20, 60])
def test_it_can_be_cancelled_and_works_again(separator: Separator, calls: int) -> None:
    left = calls

    def report(_doing: str, _share: float) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Cancelled

    given: Report = report
    with pytest.raises(Cancelled):
        separator.separate(SeparateRequest(song(1.5), RATE_HZ), given)
    assert left == 0
    assert separator.separate(SeparateRequest(song(0.2), RATE_HZ), ignore_progress).keys() == set(FOUR)


def test_each_model_of_a_bag_counts_for_the_stems_that_it_was_made_for(tmp_path: Path) -> None:
    request = SeparateRequest(song(0.9), RATE_HZ)
    ones = [[float(stem == model) for stem in range(4)] for model in range(4)]
    fine = loaded(save_bag(tmp_path / "ft", models=4, weights=ones)).separate(request, ignore_progress)
    first = loaded(save_bag(tmp_path / "one")).separate(request, ignore_progress)
    assert np.array_equal(fine["drums"], first["drums"])
    assert not np.array_equal(fine["vocals"], first["vocals"])
    assert np.array_equal(sum(fine.values()), request.samples)


def test_six_stems(tmp_path: Path) -> None:
    separator = loaded(save_bag(tmp_path, stems=SIX))
    assert tuple(separator.separate(SeparateRequest(song(0.5), RATE_HZ), ignore_progress)) == SIX
    assert separator.info.summary.endswith(", 6 stems")
    assert separator.info.revision.startswith("sha256-")
    assert (separator.info.precision, separator.info.device) == ("fp32", "cpu")


@pytest.mark.parametrize(
    ("samples", "rate_hz", "field"),
    [
        (np.zeros((2, 0), np.float32), 48_000, "samples"),
        (np.zeros((1, 9), np.float32), 48_000, "samples"),
        (np.full((2, 9), np.nan, np.float32), 48_000, "samples"),
        (np.zeros((2, 9), np.float32), 100, "rate_hz"),
    ],
)
def test_bad_samples_are_refused(separator: Separator, samples: Samples, rate_hz: int, field: str) -> None:
    with pytest.raises(InvalidRequest, match=field):
        separator.separate(SeparateRequest(samples, rate_hz), ignore_progress)


def test_a_checkpoint_names_no_class_that_would_be_called(tmp_path: Path) -> None:
    save_bag(tmp_path)
    (file,) = tmp_path.glob("*.safetensors")
    data = file.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] |= {"klass": "os.system", "args": json.dumps([f"touch {tmp_path}/run"])}
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
    with pytest.raises(EngineUnavailable, match=r"os\.system"):
        loaded(tmp_path)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("listed", ["models: [ffffffff]", "models: [../a]", "- a", ":", "models: []"])
def test_a_bag_that_is_damaged_is_one_line(tmp_path: Path, listed: str) -> None:
    save_bag(tmp_path)
    (tmp_path / "htdemucs.yaml").write_text(listed)
    with pytest.raises(EngineUnavailable) as caught:
        loaded(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_unloaded_engine_says_so(tiny: Path) -> None:
    separator = loaded(tiny)
    separator.close()  # type: ignore[attr-defined]
    with pytest.raises(EngineUnavailable, match="unloaded"):
        separator.separate(SeparateRequest(song(0.2), RATE_HZ), ignore_progress)


def test_it_is_staged_and_described_without_being_loaded(tiny: Path) -> None:
    info = SEPARATORS.check("demucs", EngineOptions(model=str(tiny), device="cpu"))
    assert info.name == "demucs"
    assert "GB of weights" in info.summary
    staged = loaded(tiny, staged=True)
    staged.move_to_gpu("cpu")  # type: ignore[attr-defined]
    assert staged.separate(SeparateRequest(song(0.2), RATE_HZ), ignore_progress)


def test_what_is_sold_needs_a_licence(tiny: Path) -> None:
    with pytest.raises(EngineUnavailable, match="adefossez/HTDemucs"):
        loaded(tiny, commercial=True)


def test_a_bag_is_fetched_once_and_serves_without_the_hub(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    with hub(tmp_path / "cache", monkeypatch) as here:
        here.add("adefossez/HTDemucs", tiny)
        fetched = SEPARATORS.load("demucs", EngineOptions(device="cpu", commercial=True))
        assert (fetched.info.model, fetched.info.licence) == ("adefossez/HTDemucs", "MIT")
        assert sorted(here.fetched) == ["000000a0.safetensors", "htdemucs.yaml"]
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        assert SEPARATORS.check("demucs", EngineOptions(device="cpu")).identity == fetched.info.identity
        assert SEPARATORS.load("demucs", EngineOptions(device="cpu"))
        assert len(here.fetched) == 2
