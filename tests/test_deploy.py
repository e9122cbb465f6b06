"""DEPLOY.md cannot lie either: its settings are there, its sums add up, its commands are Modal's own."""

import re
import subprocess
import sys

import pytest

from config.errors import InvalidRequest
from config.gpus import CPU_USD_PER_CORE_S, GPUS, MEMORY_USD_PER_GIB_S
from config.settings import load
from orchestrator.modal.deployment.cards import check_card
from orchestrator.modal.deployment.settings import SECRET_KEYS, Deployment, ModalSettings
from orchestrator.pipeline.engines import REGISTRIES
from tests.orchestrator.test_cli import ROOT
from tests.specs import VOLUMES, spec_of

DEPLOY = (ROOT / "DEPLOY.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in DEPLOY.splitlines() if "|" in line]
PRICED = [row for row in ROWS if len(row) == 6 and row[0] in ("plan", "music", "cover")]


def test_every_setting_of_a_deployment_is_told() -> None:
    for name in ModalSettings.model_fields:
        assert re.search(rf"`(SONGWRIGHT_MODAL)?__{name.upper()}`", DEPLOY), name
    for name in (*SECRET_KEYS, *VOLUMES):
        assert name in DEPLOY, name


def test_the_defaults_told_are_the_defaults() -> None:
    settings = load(Deployment)
    gpus = ", ".join(f"`{getattr(settings, craft).gpu}`" for craft in ("lyrics", "music", "art"))
    assert gpus in DEPLOY
    for name, value in settings.modal:
        if isinstance(value, int):
            (row,) = [row for row in ROWS if f"`SONGWRIGHT_MODAL__{name.upper()}`" in row[0]]
            assert row[1] == str(value), name


def all_in(engine: str, gpu: str) -> float:
    """USD a second of a container with its GPU, cores and memory."""
    resources = spec_of(engine).resources()
    memory = resources.memory_mib / 1024 * MEMORY_USD_PER_GIB_S
    return GPUS[gpu].usd_per_s + resources.cores * CPU_USD_PER_CORE_S + memory


def engine_in(cell: str) -> tuple[str, str]:
    """The engine and the GPU of a table's cell such as "MusicGen small, L40S"."""
    names = {"Qwen2": "qwen", "ACE-Step": "acestep", "MusicGen": "musicgen", "SDXL": "sdxl_turbo"}
    model, _, gpu = cell.rpartition(", ")
    return next(engine for name, engine in names.items() if model.startswith(name)), gpu


@pytest.mark.parametrize("row", PRICED, ids=lambda row: row[1])
def test_each_cost_is_seconds_times_price(row: list[str]) -> None:
    seconds = [float(found) for found in re.findall(r"\d+(?:\.\d+)?", row[2])]
    price = float(row[3])
    costs = [float(found) for found in row[4].split("; ")]
    assert price == pytest.approx(all_in(*engine_in(row[1])), rel=0.005)
    assert len(seconds) == len(costs)
    for spent, cost in zip(seconds, costs, strict=True):
        assert 1000 * spent * price == pytest.approx(cost, abs=0.06)


def test_the_price_of_a_cold_song_is_that_of_all_its_containers_seconds() -> None:
    rows = [row for row in ROWS if len(row) == 6 and row[1].endswith(" s") and row[3].endswith(" s")]
    assert [engine_in(row[0])[0] for row in rows] == ["qwen", "acestep", "sdxl_turbo"]
    whole = 0.0
    for row in rows:
        start, work, idle = (float(cell.removesuffix(" s")) for cell in row[1:4])
        assert idle == load(Deployment).modal.scaledown_s
        assert float(row[4]) == pytest.approx(all_in(*engine_in(row[0])), rel=0.005)
        assert float(row[5]) == pytest.approx((start + work + idle) * float(row[4]), abs=0.001)
        whole += float(row[5])
    (last,) = [row for row in ROWS if row[0] == "in all"]
    assert float(last[5]) == pytest.approx(whole, abs=0.005)


def test_the_memory_told_of_each_engine_is_what_cards_are_checked_against() -> None:
    rows = {row[0].partition("`: ")[0].strip("`"): row for row in ROWS if len(row) == 5 and "`: " in row[0]}
    assert set(rows) == {"qwen", "vllm", "qwen_vl", "acestep", "musicgen", "sdxl_turbo", "diffusion"}
    for engine, (_, precision, on_gpu, container, cards) in rows.items():
        needs = spec_of(engine).needs()
        assert needs is not None
        assert precision == needs.precision
        assert float(on_gpu) == pytest.approx(needs.gpu_gib(precision), abs=0.06)
        assert int(container) * 1024 == spec_of(engine).resources().memory_mib
        craft = next(craft for craft, registry in REGISTRIES.items() if engine in registry)
        for gpu in GPUS:
            settings = load(Deployment, **{craft: {"engine": engine, "gpu": gpu}})
            if gpu == "T4" and "T4" not in cards:
                with pytest.raises(InvalidRequest, match="T4 cannot run"):
                    check_card(settings, craft)
            else:
                check_card(settings, craft)


def test_the_token_is_shown_before_it_is_stored_and_deploying_comes_before_running() -> None:
    places = [
        DEPLOY.index(text)
        for text in (
            'export API_BEARER_TOKEN="$(python -c ',
            'echo "$API_BEARER_TOKEN"',
            "modal secret create music-gen-secret",
            "modal run main.py::prefetch --dry-run",
            "modal run main.py::prefetch\n",
            "modal deploy main.py\n",
            "modal run main.py --description",
        )
    ]
    assert places == sorted(places)


def test_no_line_to_type_ends_in_a_comment() -> None:
    """Which zsh, a Mac's own shell, would take for arguments."""
    for block in re.findall(r"```sh\n(.*?)```", DEPLOY, flags=re.DOTALL):
        assert not re.search(r" #|<", block), block


def test_what_is_kept_warm_costs_what_is_told() -> None:
    settings = load(Deployment)
    chosen = [getattr(settings, craft) for craft in REGISTRIES]
    whole = 3600 * sum(all_in(each.engine, each.gpu) for each in chosen)
    gpus = 3600 * sum(GPUS[each.gpu].usd_per_s for each in chosen)
    assert f"cost {whole:.2f} USD an hour, {gpus:.2f} of it for their GPUs" in DEPLOY


def test_the_web_functions_cost_adds_up() -> None:
    (row,) = [row for row in ROWS if row[0] == "web and jobs"]
    a_second = 3 * (0.125 * CPU_USD_PER_CORE_S + 2 * MEMORY_USD_PER_GIB_S)  # not preempted
    assert float(row[3]) == pytest.approx(a_second, rel=0.02)
    assert float(row[4]) == pytest.approx(1000 * float(row[2]) * a_second, abs=0.01)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"modal ((?:app|secret|volume) \w+)", DEPLOY))))
def test_the_commands_of_modal_are_there(command: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "modal", *command.split(), "--help"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
