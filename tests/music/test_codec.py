"""EnCodec's decoder for a CPU, and in chunks for a GPU, held to transformers'."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import EncodecConfig, EncodecModel

from config.errors import EngineUnavailable
from music.musicgen.compiled import compiled_loops
from music.musicgen.encodec.chunked import ChunkedCodec, decoding_bytes
from music.musicgen.encodec.codec import Codec, decoding
from music.musicgen.encodec.recurrent import Recurrent, recurrent
from tests.tiny import ROOT, fill_codebooks

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


def model_of(**changed: Any) -> EncodecModel:
    """MusicGen's EnCodec in little, its weight norms and biases as no fresh model has them."""
    torch.manual_seed(20261125)
    settings = {
        "sampling_rate": 32000,
        "hidden_size": 16,
        "codebook_dim": 16,
        "codebook_size": 1024,
        "num_filters": 4,
        "upsampling_ratios": [8, 5, 4, 4],
        "use_causal_conv": False,
        "use_conv_shortcut": False,
        "target_bandwidths": [2.0],
    }
    model = EncodecModel(EncodecConfig(**settings | changed)).eval()
    fill_codebooks(model)
    for name, weight in model.named_parameters():
        if name.endswith("original0"):  # the norms, which else are those of what is beside them
            weight.data.mul_(1.5 + torch.rand_like(weight))
        else:
            weight.data.add_(torch.randn_like(weight), alpha=0.05)
    return model


def codes_of(frames: int) -> Tensor:
    return torch.randint(1024, (4, frames), generator=torch.Generator().manual_seed(frames))


@torch.inference_mode()
def theirs(model: EncodecModel, codes: Tensor) -> Tensor:
    return model.decode(codes[None, None], [None]).audio_values[0, 0]


CHANGED: list[dict[str, Any]] = [
    {},
    {"num_residual_layers": 2, "use_conv_shortcut": True, "num_lstm_layers": 1},
    {"upsampling_ratios": [5, 3, 2], "last_kernel_size": 3, "target_bandwidths": [50.0]},
    {"num_filters": 16},
]
IDS = ["musicgen", "more", "odd", "wide"]


@pytest.mark.parametrize("changed", CHANGED, ids=IDS)
@pytest.mark.parametrize("frames", [4, 250, 257, 530])
def test_sound_is_that_of_transformers_wherever_blocks_begin_and_end(
    changed: dict[str, Any], frames: int
) -> None:
    model, codes = model_of(**changed), codes_of(frames)
    expected = theirs(model, codes)
    (found,) = Codec(model)([codes])
    assert found.shape == expected.shape
    assert found.dtype == torch.float32
    assert expected.std() > 0.1 * expected.abs().max()  # or it would be little but a bias
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


def test_a_narrow_lstm_leaves_an_error_eighty_decibels_below_the_sound() -> None:
    model, codes = model_of(), codes_of(530)
    expected = theirs(model, codes)
    error = Codec(model, narrow=True)([codes])[0] - expected
    ratio_db = 10 * torch.log10(expected.var() / error.square().mean()).item()
    print(f"narrow: {ratio_db:.1f} dB")
    assert 80 < ratio_db < 110


@pytest.mark.parametrize("changed", CHANGED, ids=IDS)
@pytest.mark.parametrize(("frames", "chunk"), [(4, 250), (5, 4), (41, 8), (250, 250), (257, 64)])
def test_a_gpus_path_in_chunks_sounds_as_transformers_whole_does(
    changed: dict[str, Any], frames: int, chunk: int
) -> None:
    model, codes = model_of(**changed), codes_of(frames)
    expected = theirs(model, codes)
    (found,) = ChunkedCodec(model, torch.device("cpu"), chunk)([codes])
    assert found.shape == expected.shape
    assert found.numpy().dtype == np.float32  # which refuses where there are gradients
    assert expected.std() > 0.1 * expected.abs().max()
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


PEAK = """
import sys
import torch
from pathlib import Path
from transformers import EncodecConfig, EncodecModel
from music.musicgen.encodec.chunked import ChunkedCodec

def resident(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

torch.set_num_threads(1)
sizes = dict(sampling_rate=32000, num_filters=8, upsampling_ratios=[8, 5, 4, 4], use_causal_conv=False)
model = EncodecModel(EncodecConfig(target_bandwidths=[2.2], codebook_size=2048, codebook_dim=128, **sizes))
codec = ChunkedCodec(model.eval(), torch.device("cpu"))
codec([torch.zeros(4, 600, dtype=torch.long)])  # for what the first call alone takes
Path("/proc/self/clear_refs").write_text("5")  # the peak from here on
before = resident("VmRSS")
codec([torch.zeros(4, int(sys.argv[1]), dtype=torch.long)])
print(resident("VmHWM") - before)
"""
# What is freed goes back to the system at once. Else glibc keeps from 0 to 18 MB of the warm-up's, and the
# songs' memory seems smaller by that.
AT_ONCE = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
def test_the_memory_of_decoding_does_not_grow_with_the_songs_layers() -> None:
    """With an eighth of the published channels, or it would take minutes: whole, the last stage alone would
    have 160 MB a tensor for 160 s, and there are several."""

    def peak(frames: int) -> int:
        command = [sys.executable, "-c", PEAK, str(frames)]
        result = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **AT_ONCE}, capture_output=True, text=True, check=True
        )
        return int(result.stdout)

    short, long = peak(1000), peak(8000)
    kept = 7000 * (128 + 640) * 4  # what goes through the LSTM, and the sound
    print(
        f"{short / 1e6:.0f} MB for 20 s, {long / 1e6:.0f} MB for 160 s, of which {kept / 1e6:.0f} MB are kept"
    )
    assert long - short < 1.5 * kept + 8e6
    assert long < 80e6


def test_what_decoding_takes_is_reckoned_at_the_published_size() -> None:
    sizes = {"num_filters": 64, "upsampling_ratios": [8, 5, 4, 4], "codebook_dim": 128}
    config = EncodecConfig(sampling_rate=32000, target_bandwidths=[2.2], codebook_size=2048, **sizes)
    # Measured at that size: 0.28 GB for 40 s, beside 0.1 GB of weights.
    assert 0.28e9 < decoding_bytes(config, 40.0) < 0.5e9
    assert decoding_bytes(config, 600.0) < 0.6e9


def test_a_song_sounds_the_same_each_time_and_in_any_company() -> None:
    model, lengths = model_of(), (300, 20, 257, 300)
    for precision, gpu_path in (("fp32", False), ("bf16", False), ("int8", False), ("fp16", True)):
        decode = decoding(model, precision, torch.device("cpu"), gpu_path=gpu_path)
        alone = [decode([codes_of(length)])[0] for length in lengths]
        together = decode([codes_of(length) for length in lengths])
        assert all(torch.equal(one, other) for one, other in zip(alone, together, strict=True))
        assert torch.equal(alone[0], alone[3])


@pytest.mark.parametrize("way", ["compiled", "torch"])
@pytest.mark.parametrize(("precision", "furthest"), [("fp32", 2e-6), ("bf16", 0.01)])
def test_the_lstm_is_torchs_in_each_way_it_is_made(precision: str, furthest: float, way: str) -> None:
    torch.manual_seed(3)
    lstm = torch.nn.LSTM(64, 64, 2)
    loops = compiled_loops() if way == "compiled" else None
    made: Recurrent | None = recurrent(lstm, narrow=precision == "bf16")
    if way == "compiled":
        made = loops.lstm(lstm, precision) if loops else None
    if made is None:
        pytest.skip(f"there is no compiled loop for {precision} on this processor")
    sounds = [torch.randn(length, 64) for length in (40, 7)]
    with torch.inference_mode():
        for sound, found in zip(sounds, made(sounds), strict=True):
            expected = lstm(sound)[0]
            assert (found - expected).abs().max() < furthest * expected.abs().max()
            assert precision == "fp32" or not torch.equal(found, expected)


@pytest.mark.parametrize(
    "changed", [{"use_causal_conv": True}, {"norm_type": "time_group_norm"}, {"audio_channels": 2}], ids=str
)
def test_another_kind_of_codec_is_refused(changed: dict[str, Any]) -> None:
    for gpu_path in (False, True):
        with pytest.raises(EngineUnavailable, match="EnCodec"):
            decoding(model_of(**changed), "fp32", torch.device("cpu"), gpu_path=gpu_path)
