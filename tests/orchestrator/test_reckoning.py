"""What songs cost with all that Modal bills: the sums, the forecast, and the estimate for songs made."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from config.gpus import CPU_USD_PER_CORE_S, GPUS, MEMORY_USD_PER_GIB_S
from config.settings import load
from orchestrator.cli.commands import WRONG_USAGE
from orchestrator.estimates.billed import Billed
from orchestrator.estimates.costs import summary
from orchestrator.estimates.forecast import Fleet, Work, forecast, usual_cases
from orchestrator.estimates.reckoning import Container, Part, Reckoning, Use, reckon
from orchestrator.modal.deployment.containers import START_S, container_of, fleet_of
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song
from storage.local import LocalStore
from tests.orchestrator.songs import made_song
from tests.orchestrator.test_cli import songwright

CARD = Container("music, hum", "L40S", cores=4.0, memory_gib=20.0, start_s=20.0, idle_s=60.0)
LIGHT = Container("produce", idle_s=60.0, together=20)
L40S_USD_PER_S = GPUS["L40S"].usd_per_s + 4 * CPU_USD_PER_CORE_S + 20 * MEMORY_USD_PER_GIB_S


def fleet(*works: Work) -> Fleet:
    return Fleet(works, LIGHT, None, LIGHT, patrol_s=0.0, patrol_every_s=300.0)


def first(reckoning: Reckoning) -> Part:
    return reckoning.parts[0]


def test_every_second_of_a_container_is_billed_with_its_gpu_cores_and_memory() -> None:
    (part,) = reckon(1, 90.0, [Use(CARD, 20.0, 8.0, 60.0)]).parts
    assert part.usd == pytest.approx(88 * L40S_USD_PER_S)
    assert part.usd == pytest.approx(part.gpu_usd + part.cpu_usd + part.memory_usd)
    assert part.gpu_usd == pytest.approx(88 * GPUS["L40S"].usd_per_s)
    assert part.start_usd == pytest.approx(20 * L40S_USD_PER_S)
    assert part.idle_usd == pytest.approx(60 * L40S_USD_PER_S)
    assert replace(CARD, times=3.0).usd_per_s == pytest.approx(3 * L40S_USD_PER_S)
    assert replace(CARD, gpu="L40S:2,A100").gpu_usd_per_s == pytest.approx(2 * GPUS["L40S"].usd_per_s)


def test_the_bucket_is_billed_for_operations_and_storage() -> None:
    whole = reckon(1000, 1.0, [], stored_gb=0.035)
    assert whole.storage_usd == pytest.approx(35 * 0.015)
    assert whole.operations_usd == pytest.approx(22_000 * 4.5e-6 + 20_000 * 0.36e-6)
    assert whole.usd == pytest.approx(whole.storage_usd + whole.operations_usd)
    assert reckon(1000, 1.0, [], in_bucket=False).usd == 0.0


def test_a_song_alone_pays_for_a_start_and_a_whole_window() -> None:
    plan = Work(replace(CARD, name="lyrics"), 12.0, 2.0)
    music = Work(CARD, 8.0, 8.0, waits_s=12.0)
    found = forecast(fleet(plan, music), 1)
    assert (found.parts[0].start_s, found.parts[0].work_s, found.parts[0].idle_s) == (20.0, 12.0, 60.0)
    # Its container is woken with the request, and waits for the plan.
    assert (found.parts[1].start_s, found.parts[1].work_s, found.parts[1].idle_s) == (20.0, 8.0, 72.0)


def test_songs_within_the_window_share_it_and_the_start() -> None:
    found = first(forecast(fleet(Work(CARD, 8.0, 8.0)), 100, apart_s=30.0))
    assert (found.start_s, found.work_s) == (20.0, 800.0)
    assert found.idle_s == pytest.approx(99 * 22.0 + 60.0)


def test_songs_further_apart_than_the_window_are_cold_ones_each() -> None:
    found = first(forecast(fleet(Work(CARD, 8.0, 8.0)), 100, apart_s=600.0))
    assert (found.start_s, found.work_s, found.idle_s) == (2000.0, 800.0, 6000.0)
    alone = forecast(fleet(Work(CARD, 8.0, 8.0)), 1)
    assert found.usd == pytest.approx(100 * first(alone).usd)


def test_songs_at_once_share_the_work_of_a_batch_and_the_containers_that_there_are() -> None:
    eight = Work(replace(CARD, together=8, most=4), 12.0, 2.0)
    assert [eight.seconds(company) for company in (1, 8, 9)] == [12.0, 2.0, 2.0]
    batches = [company * eight.seconds(company) for company in range(1, 9)]
    assert batches == sorted(batches)
    found = forecast(fleet(eight), 800)
    assert first(found).work_s == pytest.approx(1600.0)
    assert first(found).start_s == 80.0  # of four containers
    assert found.span_s == pytest.approx(799 * 0.5 + fleet(eight).first_song_s, abs=0.1)
    three = forecast(fleet(eight), 3)
    assert first(three).work_s == pytest.approx(3 * eight.seconds(3), abs=0.001)
    assert first(three).start_s == 20.0


def test_songs_that_come_faster_than_they_are_made_wait_in_the_queue() -> None:
    slow = fleet(Work(replace(CARD, most=2), 8.0, 8.0))
    queued, kept_up = forecast(slow, 100, apart_s=1.0), forecast(slow, 100, apart_s=4.0)
    assert first(queued).work_s == first(kept_up).work_s == 800.0
    assert first(queued).start_s == first(kept_up).start_s == 40.0
    assert queued.span_s == kept_up.span_s
    assert queued.parts[1].work_s > kept_up.parts[1].work_s  # of the songs' call, which waits with them


@pytest.mark.parametrize("songs", [1, 2, 7, 1000])
def test_a_song_hardly_ever_costs_more_for_more_company(songs: int) -> None:
    """More only by the songs' call, which is billed while songs wait in the queue."""
    real = fleet_of(load(Deployment))
    prices = [forecast(real, songs, apart_s).usd for apart_s in (0.0, 1.0, 5.0, 20.0, 60.0, 3600.0)]
    assert all(nearer <= further * 1.1 for nearer, further in pairwise(prices)), prices
    assert forecast(real, songs).usd_a_song <= forecast(real, 1).usd_a_song


def test_every_case_bills_at_least_the_work_and_at_most_a_cold_song_each() -> None:
    real = fleet_of(load(Deployment))
    cold = forecast(real, 1).usd
    for case in usual_cases(real):
        found = forecast(real, case.songs, case.apart_s)
        least = case.songs * sum(work.shared_s * work.container.usd_per_s for work in real.engines)
        assert least < found.usd <= cold * case.songs
        assert found.usd == pytest.approx(
            sum(part.usd for part in found.parts) + found.operations_usd + found.storage_usd, rel=1e-4
        )


def test_a_web_function_that_is_kept_is_no_cost_of_a_song() -> None:
    kept = fleet_of(load(Deployment, modal={"web_containers": 1}))
    assert kept.web is None
    assert "web" not in {part.name for part in forecast(kept, 1).parts}


def on_modal(number: int, plan_s: float = 10.0) -> Song:
    """One an hour, of 10 s of work on an A10 and 20 s on an L40S; the lyrics' stage took 30 s."""
    return made_song(
        number, {"lyrics": 30.0, "music": 20.0}, {"lyrics": (plan_s, "A10"), "music": (20.0, "L40S")}
    )


def billed(songs: list[Song], **settings: object) -> Reckoning | None:
    deployment = load(Deployment, **settings)
    watching = Billed(lambda *key: container_of(deployment, *key), LIGHT, replace(LIGHT, name="web"))
    summary(watching.watch(songs))
    return watching.reckoning(in_bucket=False)


def test_songs_of_ones_own_machine_were_billed_nothing() -> None:
    assert billed([made_song(0, {}, {"music": (2.0, "")})]) is None


def test_songs_hours_apart_were_each_billed_a_start_and_a_window() -> None:
    found = billed([on_modal(number) for number in (2, 1, 0)])
    assert found is not None
    lyrics, music, produce, web = found.parts
    assert (lyrics.gpu, lyrics.work_s, lyrics.start_s) == ("A10", 30.0, 3 * START_S)
    assert lyrics.idle_s == 3 * (30.0 + 60.0) - 30.0 - 3 * START_S
    assert music.idle_s == 3 * (50.0 + 60.0) - 60.0 - 3 * START_S  # woken at once, it waits for the plan
    assert (produce.work_s, web.work_s) == (150.0, 150.0)
    assert found.span_s == 7250.0


def test_songs_at_one_time_were_billed_one_start() -> None:
    found = billed([on_modal(0) for _ in range(5)])
    assert found is not None
    lyrics, _, produce, _ = found.parts
    assert (lyrics.work_s, lyrics.start_s) == (50.0, START_S)
    assert lyrics.idle_s == 90.0 - 50.0 - START_S
    assert produce.work_s == 50.0  # which they waited in together


def test_a_window_that_reaches_the_next_song_is_shared() -> None:
    found = billed([on_modal(1), on_modal(0)], modal={"scaledown_s": 3600})
    assert found is not None
    assert found.parts[0].start_s == START_S
    assert found.parts[0].work_s + found.parts[0].idle_s + START_S == pytest.approx(3600 + 30 + 3600)


def test_a_stage_made_again_on_another_gpu_and_a_failed_song_are_counted() -> None:
    song = on_modal(0)
    again = song.costs["music"].model_copy(update={"gpu": "A100 + L40S"})
    found = billed([song.model_copy(update={"costs": {"music": again}, "timings_s": {}})])
    assert found is not None
    assert (found.parts[0].gpu, found.parts[0].work_s) == ("L40S", 20.0)


def test_a_gpu_and_a_stage_of_a_later_version_are_left_out() -> None:
    song = on_modal(0)
    costs = song.costs | {
        "cover": song.costs["music"].model_copy(update={"gpu": "Z900"}),
        "video": song.costs["music"],
    }
    found = billed([song.model_copy(update={"costs": costs})])
    assert found is not None
    assert [part.gpu for part in found.parts] == ["A10", "L40S", "", ""]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    found = Library(LocalStore(tmp_path))
    for number in range(3):
        found.save(on_modal(number))
    return found


def test_the_command_shows_what_was_measured_and_what_is_estimated(tmp_path: Path, library: Library) -> None:
    shown = songwright(tmp_path, "cost").stdout
    assert "With all that Modal bills, by estimate:" in shown
    assert "Measured: the seconds of work" in shown
    assert "of it cold starts" in shown
    figures = json.loads(songwright(tmp_path, "cost", "--json").stdout)
    assert figures["usd"] == pytest.approx(3 * (10 * 0.000306 + 20 * 0.000542))
    assert figures["modal"]["usd"] > figures["usd"]
    assert [part["gpu"] for part in figures["modal"]["parts"]] == ["A10", "L40S", "", ""]
    assert figures["modal"]["operations_usd"] == 0.0  # the library is a folder
    assert "forecast" not in figures


def test_the_command_forecasts_the_usual_cases_and_ones_own(tmp_path: Path) -> None:
    result = songwright(
        tmp_path, "cost", "--forecast", "--songs", "50", "--apart", "10", "--json", variables={}
    )
    figures = json.loads(result.stdout)
    assert figures["modal"] is None
    assert [case["name"] for case in figures["forecast"]] == [
        "one song alone", "1,000 in a row", "1,000 at once", "100,000 a month", "50, 10 s apart",
    ]  # fmt: skip
    assert figures["assumed"] == ["lyrics, qwen", "music, acestep", "cover, sdxl_turbo"]
    shown = songwright(tmp_path, "cost", "--songs", "50", variables={}).stdout
    assert "50 at once" in shown
    assert "by estimate: nothing of it was billed" in shown
    wrong = songwright(tmp_path, "cost", "--apart", "10")
    assert (wrong.returncode, "give --songs N too" in wrong.stderr) == (WRONG_USAGE, True)
    wrong = songwright(tmp_path, "cost", "--songs", "100000", "--apart", "1", variables={})
    assert (wrong.returncode, "give --apart 2 or more" in wrong.stderr) == (WRONG_USAGE, True)


def test_a_forecast_uses_what_was_measured_and_says_what_nothing_is_known_of(tmp_path: Path) -> None:
    engines = {"lyrics": "qwen", "music": "acestep", "art": "sdxl_turbo"}
    used = {"lyrics": (4.0, "A10"), "music": (9.0, "L40S")}
    real = fleet_of(load(Deployment), summary([made_song(0, {}, used, engines=engines)]).rows)
    assert [(work.alone_s, work.measured) for work in real.engines] == [(4.0, 1), (9.0, 1), (1.5, 0)]
    assert [work.waits_s for work in real.engines] == [0.0, 4.0, 4.0]
    own = fleet_of(
        load(Deployment, music={"engine": "studio.engine:Hum", "gpu": "H100,L40S"}),
        summary([on_modal(0), made_song(1, {}, {"music": (1.0, "L40S")}, engines=engines)]).rows,
    )
    assert (own.engines[1].alone_s, own.engines[1].measured) == (20.0, 1)
    wrong = songwright(tmp_path, "cost", "--forecast", variables={"SONGWRIGHT_MUSIC__GPU": "H100"})
    assert wrong.returncode == WRONG_USAGE
    assert "nothing is known of how long it works on H100" in wrong.stderr
