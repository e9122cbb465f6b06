"""The speech network of the voice: the cut pieces give what the whole gives, and what is missing is said."""

from __future__ import annotations

import builtins
import sys
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packaging.requirements import Requirement

from config.engine import ignore_progress
from config.errors import EngineUnavailable
from music.contract import MusicRequest
from music.sketch.engine import SketchComposer
from music.sketch.voice import network as module
from music.sketch.voice.network import Network
from music.sketch.voice.network.graph import FLOAT, INT64, cut

TOKENS = ("", "h", "ə", "l", "ˈ", "O", " ", "w", "ˈ", "ɜ", "ɹ", "l", "d", ".", "")
WAY_OUT = r"pip install .*instrumental"


def whole() -> bytes:
    return (resources.files("hibari") / "assets" / "hibari.onnx").read_bytes()


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_loaded", [])


def test_the_chained_pieces_give_what_the_whole_network_gives() -> None:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(whole(), options, providers=["CPUExecutionProvider"])
    network = Network()
    ids = np.array([[network._tokens[token] for token in TOKENS]], np.int64)
    inputs = {each.name: each for each in session.get_inputs()}
    feed: dict[str, Any] = {"ids": ids}
    feed |= {name: np.ones(1, np.float32) for name in inputs if name != "ids"}
    outputs = [each.name for each in session.get_outputs()]
    found = dict(zip(outputs, session.run(None, feed), strict=True))
    f0 = found["f0"].reshape(-1)
    for_spectra, for_loudness = network.encode(TOKENS)
    assert for_spectra.shape == (128, len(TOKENS))
    assert for_loudness.shape == (192, len(TOKENS))
    # The whole network chose how long each token lasts; here each lasts as long as it does there on average.
    columns = np.minimum(np.arange(len(f0)) * len(TOKENS) // len(f0), len(TOKENS) - 1)
    loudness = network.loudness(for_loudness[:, columns[::2]])
    assert loudness.shape == (len(columns[::2]) * 2,)
    spectra = network.spectra(for_spectra[:, columns], f0.astype(np.float32), loudness[: len(f0)])
    assert spectra.shape == (len(f0), 5, 601)
    for row, name in enumerate(("lh", "theta", "ln", "lr", "phi")):
        assert found[name].shape[1:] == spectra[:, row].T.shape


def test_a_cut_has_only_what_it_needs() -> None:
    text = cut(whole(), [("ids", INT64)], ["/Transpose_22_output_0"])
    decoder = cut(
        whole(),
        [("/Reshape_42_output_0", FLOAT), ("f0", FLOAT), ("/Mul_62_output_0", FLOAT)],
        ["/head/Add_output_0"],
    )
    assert len(text) < 0.2 * len(whole())
    assert len(text) + len(decoder) < len(whole())


@pytest.mark.parametrize(("inputs", "output"), [("ids", "nowhere"), ("unused", "/Transpose_22_output_0")])
def test_a_name_that_is_not_in_the_graph_is_named(inputs: str, output: str) -> None:
    with pytest.raises(KeyError, match=r"nowhere|unused|ids"):
        cut(whole(), [(inputs, INT64)], [output])


def test_another_network_is_no_voice(monkeypatch: pytest.MonkeyPatch, unloaded: None) -> None:
    model, tokens, dsp = module._package()
    other = model.replace(b"/Transpose_22_output_0", b"/Transpose_99_output_0")
    monkeypatch.setattr(module, "_package", lambda: (other, tokens, dsp))
    with pytest.raises(EngineUnavailable, match=r"not that of hibari-tts 0\.2\.1.*" + WAY_OUT):
        module.loaded_network()


@pytest.mark.parametrize("missing", ["hibari", "onnxruntime"])
def test_without_a_package_there_is_no_voice_and_the_error_says_the_way_out(
    missing: str, monkeypatch: pytest.MonkeyPatch, unloaded: None
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    request = MusicRequest(prompt="", lyrics="[verse]\nHello out there", seed=1, duration_s=6.0)
    with pytest.raises(EngineUnavailable, match=missing + ".*" + WAY_OUT):
        SketchComposer().compose(request, ignore_progress)
    instrumental = request.model_copy(update={"lyrics": ""})
    assert SketchComposer().compose(instrumental, ignore_progress).samples.any()


def test_an_onnxruntime_that_breaks_is_said_to_break(monkeypatch: pytest.MonkeyPatch, unloaded: None) -> None:
    import onnxruntime

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("This CPU has no AVX")

    monkeypatch.setattr(onnxruntime, "InferenceSession", broken)
    with pytest.raises(EngineUnavailable, match="no AVX.*" + WAY_OUT):
        module.loaded_network()


def test_nothing_of_it_is_imported_before_something_is_sung(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def watched(name: str, *rest: Any) -> Any:
        assert name.partition(".")[0] not in ("hibari", "onnxruntime")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", watched)
    request = MusicRequest(prompt="", seed=1, duration_s=6.0)
    assert SketchComposer().compose(request, ignore_progress).samples.any()


@pytest.mark.parametrize(
    ("python", "system", "machine", "wanted"),
    [
        ("3.11", "linux", "x86_64", True),
        ("3.14", "linux", "aarch64", True),
        ("3.12", "linux", "armv7l", False),
        ("3.15", "linux", "x86_64", False),
        ("3.14", "win32", "AMD64", True),
        ("3.12", "win32", "x86", False),
        ("3.14", "darwin", "arm64", True),
        ("3.13", "darwin", "x86_64", True),
        ("3.14", "darwin", "x86_64", False),
        ("3.12", "freebsd14", "amd64", False),
    ],
)
def test_the_voice_is_asked_for_where_onnxruntime_has_wheels(
    python: str, system: str, machine: str, *, wanted: bool
) -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    (line,) = [each for each in project["dependencies"] if each.startswith("hibari-tts")]
    marker = Requirement(line).marker
    assert marker is not None
    here = {"python_version": python, "sys_platform": system, "platform_machine": machine}
    assert marker.evaluate(here) is wanted
