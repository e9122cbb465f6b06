"""DEPLOY.md cannot lie either: its settings are there, its sums add up, its commands are Modal's own."""

import re
import subprocess
import sys

import pytest

from config.deployment import SECRET_KEYS, Deployment, ModalSettings
from config.gpus import CPU_USD_PER_CORE_S, GPUS, MEMORY_USD_PER_GIB_S
from config.settings import load
from config.volumes import NAMES
from tests.orchestrator.test_cli import ROOT

DEPLOY = (ROOT / "DEPLOY.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in DEPLOY.splitlines() if "|" in line]
PRICED = [row for row in ROWS if len(row) == 6 and row[0] in ("plan", "music", "cover")]


def test_every_setting_of_a_deployment_is_told() -> None:
    for name in ModalSettings.model_fields:
        assert re.search(rf"`(SONGWRIGHT_MODAL)?__{name.upper()}`", DEPLOY), name
    for name in (*SECRET_KEYS, *NAMES):
        assert name in DEPLOY, name


def test_the_defaults_told_are_the_defaults() -> None:
    settings = load(Deployment)
    gpus = ", ".join(f"`{getattr(settings, craft).gpu}`" for craft in ("lyrics", "music", "art"))
    assert gpus in DEPLOY
    for name, value in settings.modal:
        if isinstance(value, int):
            (row,) = [row for row in ROWS if f"`SONGWRIGHT_MODAL__{name.upper()}`" in row[0]]
            assert row[1] == str(value), name


@pytest.mark.parametrize("row", PRICED, ids=lambda row: row[1])
def test_each_cost_is_seconds_times_price(row: list[str]) -> None:
    gpu = row[1].rpartition(", ")[2]
    seconds = [float(found) for found in re.findall(r"\d+(?:\.\d+)?", row[2])]
    price = float(row[3])
    costs = [float(found) for found in row[4].split("; ")]
    assert price == GPUS[gpu].usd_per_s
    assert len(seconds) == len(costs)
    for spent, cost in zip(seconds, costs, strict=True):
        assert 1000 * spent * price == pytest.approx(cost, abs=0.006)


def test_the_web_functions_cost_adds_up() -> None:
    (row,) = [row for row in ROWS if row[0] == "web and jobs"]
    a_second = 0.125 * CPU_USD_PER_CORE_S + 2 * MEMORY_USD_PER_GIB_S
    assert float(row[3]) == pytest.approx(a_second, rel=0.02)
    assert float(row[4]) == pytest.approx(1000 * float(row[2]) * a_second, abs=0.01)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"modal ((?:app|secret|volume) \w+)", DEPLOY))))
def test_the_commands_of_modal_are_there(command: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "modal", *command.split(), "--help"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
