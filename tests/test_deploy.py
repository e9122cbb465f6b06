"""DEPLOY.md cannot lie either: its settings are there, its sums add up, its commands are Modal's own."""

import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from config.errors import InvalidRequest
from config.gpus import GPUS
from config.settings import load
from config.spec import BYTES
from orchestrator.estimates.forecast import FIRST_OVER, WARM_OVER, forecast, usual_cases
from orchestrator.estimates.reckoning import (
    MONTH_S,
    READ_USD,
    READS,
    STORAGE_USD_PER_GB_MONTH,
    STORED_GB,
    WRITE_USD,
    WRITES,
    Reckoning,
)
from orchestrator.modal.deployment.cards import check_card
from orchestrator.modal.deployment.containers import (
    ASSUMED_S,
    LIGHT_START_S,
    START_S,
    container_of,
    fleet_of,
    produce_container,
    web_container,
)
from orchestrator.modal.deployment.settings import SECRET_KEYS, Deployment, ModalSettings
from orchestrator.pipeline.engines import REGISTRIES, crafts_in_use
from orchestrator.songs.stages import Stage
from tests.orchestrator.test_cli import ROOT
from tests.specs import VOLUMES, spec_of

DEPLOY = (ROOT / "DEPLOY.md").read_text()
ROWS = [[cell.strip() for cell in line.strip(" |").split("|")] for line in DEPLOY.splitlines() if "|" in line]
PRICED = [
    row for row in ROWS if len(row) == 6 and row[0] in ("plan", "music", "cover", "listen, if it is set")
]


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
    craft = next(craft for craft, registry in REGISTRIES.items() if engine in registry)
    stage = next(stage for stage in Stage if stage.craft == craft)
    return container_of(load(Deployment), stage, engine, gpu).usd_per_s


def engine_in(cell: str) -> tuple[str, str]:
    """The engine and the GPU of a table's cell such as "MusicGen small, L40S"."""
    names = {
        "Qwen2": "qwen",
        "ACE-Step": "acestep",
        "MusicGen": "musicgen",
        "SDXL": "sdxl_turbo",
        "Whisper": "whisper",
    }
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


def usd(figure: float) -> str:
    """As the table of the forecast has it."""
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:,.2f}" if figure >= 1 else f"{figure:.4f}"


def test_the_three_cases_are_what_the_forecast_says() -> None:
    fleet = fleet_of(load(Deployment))
    cases = usual_cases(fleet)
    found = [forecast(fleet, case.songs, case.apart_s) for case in cases]
    start = next(number for number, row in enumerate(ROWS) if row[0] == "USD")
    assert ROWS[start][1:] == [case.name for case in cases]
    whole: dict[str, Callable[[Reckoning], float]] = {
        "writes and reads of the bucket": lambda each: each.operations_usd,
        "a month in the bucket": lambda each: each.storage_usd,
        "in all": lambda each: each.usd,
        "a song": lambda each: each.usd_a_song,
        "of it for GPUs": lambda each: sum(part.gpu_usd for part in each.parts),
        "of it for cores": lambda each: sum(part.cpu_usd for part in each.parts),
        "of it for memory": lambda each: sum(part.memory_usd for part in each.parts),
        "of it cold starts": lambda each: sum(part.start_usd for part in each.parts),
        "of it idle time": lambda each: sum(part.idle_usd for part in each.parts),
    }
    parts = [part.name for part in found[0].parts]
    rows = ROWS[start + 2 : start + 2 + len(parts) + len(whole)]
    for number, (name, row) in enumerate(zip(parts, rows, strict=False)):
        assert row[0].startswith(f"`{name}`: ")
        assert row[1:] == [usd(each.parts[number].usd) for each in found], name
    for row in rows[len(parts) :]:
        figure = whole.pop(row[0])
        assert row[1:] == [usd(figure(each)) for each in found], row[0]
    assert not whole


def test_what_is_said_of_the_cases_is_what_the_forecast_says() -> None:
    fleet, short = fleet_of(load(Deployment)), fleet_of(load(Deployment, modal={"scaledown_s": 10}))
    a_month = forecast(short, 100_000, MONTH_S / 100_000)
    assert f"With `SCALEDOWN_S=10` such a song costs {forecast(short, 1).usd:.3f} USD" in DEPLOY
    assert f"With `SCALEDOWN_S=10` they would be {a_month.usd_a_song:.3f} USD" in DEPLOY
    assert f"when the one before is done, every {fleet.song_s:.1f} s" in DEPLOY
    assert f"one every {MONTH_S / 100_000:.1f} s, day and night" in DEPLOY
    some, many = (forecast(fleet, songs, MONTH_S / songs).usd_a_song for songs in (300_000, 1_000_000))
    assert f"300,000 a month cost {some:.4f} USD each, a million {many:.4f}" in DEPLOY


def test_the_price_of_a_cold_song_is_that_of_all_its_containers_seconds() -> None:
    rows = [row for row in ROWS if len(row) == 6 and row[1].endswith(" s") and row[3].endswith(" s")]
    parts = forecast(fleet_of(load(Deployment)), 1).parts[:3]
    assert [engine_in(row[0])[0] for row in rows] == ["qwen", "acestep", "sdxl_turbo"]
    for row, part in zip(rows, parts, strict=True):
        assert [float(cell.removesuffix(" s")) for cell in row[1:4]] == [
            part.start_s,
            part.work_s,
            part.idle_s,
        ]
        assert float(row[4]) == pytest.approx(part.usd_per_s, rel=0.005)
        assert float(row[5]) == pytest.approx(part.usd, abs=0.0005)


def test_the_seconds_of_work_are_those_of_the_forecast() -> None:
    shown = {}
    for row in PRICED:
        seconds = [float(found) for found in re.findall(r"\d+(?:\.\d+)?", row[2])]
        shown[engine_in(row[1])] = (seconds[0], seconds[-1])
    assert shown == ASSUMED_S


def test_what_is_assumed_of_the_other_containers_is_said() -> None:
    rows = {row[0]: row[1] for row in ROWS if len(row) == 2}
    settings = load(Deployment)
    produce, web, fleet = produce_container(settings), web_container(), fleet_of(settings)
    assert rows["a cold start from a snapshot"].startswith(
        f"{START_S:g} s of an engine with a model, {LIGHT_START_S:g} s of the others"
    )
    assert rows["a song over its starts and engines"].startswith(
        f"{FIRST_OVER:g} times when nothing is warm, {WARM_OVER:g} times when all is"
    )
    measured = re.search(
        r"takes (.+) s on\n.+, (.+) times these 29 s, .+ ones (.+) s, (.+) times 14;", DEPLOY
    )
    assert measured
    first_s, first, warm_s, warm = map(float, measured.groups())
    assert (round(first_s / 29, 2), round(warm_s / 14, 2)) == (first, warm)
    assert first <= FIRST_OVER
    assert warm <= WARM_OVER
    assert rows["`produce`"].startswith(
        f"{produce.cores:g} cores and {produce.memory_gib:g} GiB at {produce.times:g} times the price"
    )
    assert f"{produce.together} songs share a container" in rows["`produce`"]
    assert (
        rows["`web`"]
        == f"{web.cores:g} cores and {web.memory_gib:g} GiB; it waits {web.idle_s:g} s for the next request"
    )
    assert rows["`patrol`"].startswith(f"{fleet.patrol_s:g} s every {fleet.patrol_every_s / 60:g} minutes")
    a_month = MONTH_S / fleet.patrol_every_s * fleet.patrol_s * fleet.patrol.usd_per_s
    assert f"about {a_month:.2f} USD a month while nobody uses" in rows["`patrol`"]
    stored = rows["a song in the bucket"]
    assert stored.startswith(
        f"{STORED_GB * 1000:g} MB without stems, {WRITES} writes at {WRITE_USD * 1e6:.2f} USD"
    )
    assert (
        f"{READS} reads at {READ_USD * 1e6:g}; {STORAGE_USD_PER_GB_MONTH:g}".replace(" 0.015", " .015")
        in stored
    )


def test_a_kept_web_function_costs_what_is_told() -> None:
    (told,) = re.findall(r"`WEB_CONTAINERS=1` costs about (\S+) USD a day", DEPLOY)
    assert float(told) == pytest.approx(86_400 * web_container().usd_per_s, abs=0.015)


def test_the_memory_told_of_each_engine_is_what_cards_are_checked_against() -> None:
    rows = {row[0].partition("`: ")[0].strip("`"): row for row in ROWS if len(row) == 5 and row[1] in BYTES}
    assert set(rows) == {
        "qwen",
        "vllm",
        "qwen_vl",
        "acestep",
        "musicgen",
        "sdxl_turbo",
        "diffusion",
        "whisper",
        "demucs",
    }
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
    chosen = [getattr(settings, craft) for craft in crafts_in_use(settings)]
    whole = 3600 * sum(all_in(each.engine, each.gpu) for each in chosen)
    gpus = 3600 * sum(GPUS[each.gpu].usd_per_s for each in chosen)
    assert f"cost {whole:.2f} USD an hour, {gpus:.2f} of it for their GPUs" in DEPLOY


@pytest.mark.parametrize("command", sorted(set(re.findall(r"modal ((?:app|secret|volume) \w+)", DEPLOY))))
def test_the_commands_of_modal_are_there(command: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "modal", *command.split(), "--help"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
