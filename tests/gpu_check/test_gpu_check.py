"""``make gpu-check`` itself, every line of it, in little and on a processor; and that it finds what is wrong.

Not shown here: anything that only a card does (the replay of a graph, its memory, its speed)."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from inference.graphs import StepGraph
from tests.gpu_check import trial
from tests.gpu_check.card import Card, Ceilings
from tests.gpu_check.chat import look_at_graph
from tests.gpu_check.findings import Finding, Findings, table
from tests.gpu_check.parts import PARTS, look_of
from tests.long import short_if

ROOT = Path(__file__).parent.parent.parent
CARD = Card("cpu", tiny=True)
EVERY = ["random weights", "staged load", "move to the device", "the first", "the same once more"]
GRAPHED = ["graph equal to eager"]


@pytest.fixture(autouse=True)
def _loud_libraries() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as the program has it: they are the libraries' own
        yield


def looked_at(part: str, folder: Path) -> list[Finding]:
    findings: list[Finding] = []
    look_of(part)(Findings(part, findings.append), CARD, Ceilings(1e10, 1e11), folder)
    return findings


@pytest.mark.parametrize(
    "part",
    short_if(
        lambda part: part in ("diffusion", "qwen_vl"),
        [part for part in PARTS if part not in ("musicgen-large", "sdxl_turbo")],
    ),
)
def test_every_check_of_a_part_runs_and_holds(part: str, tmp_path: Path) -> None:
    """Of two parts that are looked at by the same code, with another checkpoint, the quicker one."""
    findings = looked_at(part, tmp_path)
    assert [str(found) for found in findings if found.ok is False] == []
    checks = [found.check for found in findings]
    company = {"acestep": 4, "sdxl_turbo": 3, "diffusion": 3, "qwen_vl": 4}.get(part, 8)
    assert checks[:5] == EVERY
    assert checks[5:8] == [
        f"alone and among {company}",
        "cancelled, then the same again",
        "out of memory, then the same again",
    ]
    assert checks[-1] == "unloaded"
    own = {
        "acestep": ["10 s of music", "12 s of music", "a span of a recording"],
        "sdxl_turbo": ["a cover"],
        "diffusion": ["a cover"],
        "qwen_vl": [],
        "qwen": [
            *GRAPHED,
            "logits alone and among others",
            "logits of tokens one by one and together",
            "a step of 1",
            "a step of 8",
            "plans of 180 s: 1",
            "plans of 180 s: 8",
            *("int8 weights", "int4 weights"),
        ],
    }
    musicgen = [
        "attention by the kernel",
        *GRAPHED,
        "tokens alone and among others",
        *(f"a step of {count} at column {column}" for count in (1, 8) for column in (1, 60)),
        "EnCodec, 30 s and 600 s",
        "more of a recording",
    ]
    assert checks[8:-1] == own.get(part, musicgen)


def a_hundredth_more(_graph: StepGraph[Any], made: torch.Tensor) -> torch.Tensor:
    """More than bf16, in which logits are, rounds away: less than 0.4 % is no other number."""
    return made * 1.01


def what_it_made_first(graph: Any, made: torch.Tensor) -> torch.Tensor:
    """As a graph does that reads none of the buffers that its inputs are written to."""
    if not hasattr(graph, "first"):
        graph.first = made.clone()
    first: torch.Tensor = graph.first
    return first


@pytest.mark.parametrize("flaw", [a_hundredth_more, what_it_made_first])
def test_a_recording_that_computes_otherwise_is_found(
    flaw: Callable[[Any, torch.Tensor], torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = StepGraph.replay
    monkeypatch.setattr(StepGraph, "replay", lambda graph: flaw(graph, usual(graph)))
    found: list[Finding] = []
    findings = Findings("qwen", found.append)
    with trial.moved(findings, CARD, "qwen", tmp_path) as engine:
        look_at_graph(findings, CARD, engine)
    assert GRAPHED[0] in {one.check for one in found if one.ok is False}


class Flawed:
    """Something to use that has the flaw of that name."""

    def __init__(self, flaw: str) -> None:
        self.flaw = flaw
        self.network = torch.nn.Identity()
        self.made = 0
        self.broken = False

    def use(self, _engine: object, report: Any) -> bytes:
        self.made += 1
        try:
            report("making", 0.5)
        except Exception:
            self.broken = self.flaw == "cancelled, then the same again"
            if self.flaw != "deaf":
                raise
        try:
            if self.flaw != "needs no memory":
                self.network(torch.zeros(1))
        except torch.OutOfMemoryError:
            self.broken = self.flaw == "out of memory, then the same again"
            raise
        odd = self.broken or (self.flaw == "the same once more" and self.made % 2)
        return b"other" if odd else b"made"

    def use_in_company(self, engine: object, report: Any) -> bytes:
        if self.flaw == "alone and among 3":
            self.broken = True
        return self.use(engine, report)


FLAWS = {
    "none": "",
    "the same once more": "the same once more",
    "alone and among 3": "alone and among 3",
    "cancelled, then the same again": "cancelled, then the same again",
    "deaf": "cancelled, then the same again",
    "out of memory, then the same again": "out of memory, then the same again",
    "needs no memory": "out of memory, then the same again",
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_an_engine_with_a_flaw_fails_the_check_of_it(flaw: str) -> None:
    engine: Any = Flawed(flaw)
    engine._place = type("Place", (), {"needed": 1})()
    found: list[Finding] = []
    trial.behaviour(
        Findings("flawed", found.append), CARD, engine, engine.use, engine.use_in_company, 3, engine.network
    )
    failed = [one.check for one in found if one.ok is False]
    assert (FLAWS[flaw] in failed) if FLAWS[flaw] else not failed


@pytest.mark.long
def test_the_program_prints_one_table_and_writes_what_it_found(tmp_path: Path) -> None:
    file = tmp_path / "findings.json"
    command = [
        sys.executable,
        "-m",
        "tests.gpu_check",
        "--device=cpu",
        "--tiny",
        "--only=qwen_vl",
        f"--json={file}",
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = [Finding(**one) for one in json.loads(file.read_text())]
    assert {one.part for one in found} == {"card", "qwen_vl"}
    assert table(found) in ended.stdout
    assert "0 failed" in ended.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--only=acestep,sdxl"], "--only: 'sdxl' - use some of: musicgen-small"),
        (["--device=cuda"], "there is no device 'cuda' here - use --device cpu --tiny"),
        (["--device=cuda:7"], "there is no device 'cuda:7' here"),
    ],
)
def test_what_cannot_be_looked_at_is_said_in_one_line(given: list[str], said: str) -> None:
    command = [sys.executable, "-m", "tests.gpu_check", *given]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert said in ended.stdout
    assert "Traceback" not in ended.stderr
