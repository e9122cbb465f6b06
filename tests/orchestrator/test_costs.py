"""What steps cost, in one manifest and over a library."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.errors import EngineFailed
from config.gpus import PRICES_OF
from orchestrator.cli.commands import DONE, WRONG_USAGE
from orchestrator.estimates.costs import CostRow, cost_of, newest, summary, usd_of
from orchestrator.estimates.meter import Usage
from orchestrator.pipeline.make_song import make_song
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Cost, Song, Status, new_songs
from orchestrator.songs.stages import Stage
from storage.local import LocalStore
from tests.orchestrator.songs import FIRST_S, made_song
from tests.orchestrator.test_cli import songwright
from tests.orchestrator.test_make_song import brief, make, worker

WORK_S = 0.05  # of the two painters


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(LocalStore(tmp_path))


def fifty() -> Iterator[Song]:
    """Song n used n seconds of music: on an L40S where n is odd, on an A100 of 80 GB where it is even."""
    for n in range(50):
        gpu = "L40S" if n % 2 else "A100-80GB"
        used = {"music": (float(n), gpu), "cover": (0.5, "L4"), "lyrics": (1.0, "")}
        yield made_song(n, {}, used, status=Status.FAILED if n == 3 else Status.DONE)


def test_a_step_costs_its_share_of_the_gpus_time() -> None:
    assert cost_of(Usage(10.0, 80.0, "L40S")) == Cost(
        gpu="L40S", seconds=10.0, gpu_seconds=10.0, usd=0.00542, prices_of=PRICES_OF
    )
    assert cost_of(Usage(10.0, 10.0, "H100:2")).gpu_seconds == 20.0
    assert cost_of(Usage(10.0, 10.0, "H100:2")).usd == pytest.approx(0.02194)


def test_a_machine_of_ones_own_has_seconds_and_no_price() -> None:
    assert cost_of(Usage(10.0, 10.0)) == Cost(seconds=10.0)


@pytest.mark.parametrize(
    ("first", "second", "gpu", "gpu_seconds", "usd"),
    [
        ("L40S", "L40S", "L40S", 3.0, 3 * 0.000542),
        ("L40S", "A100", "L40S + A100", 3.0, 0.000542 + 2 * 0.000583),
        ("", "L40S", "L40S", 2.0, 2 * 0.000542),
        ("L40S", "", "L40S", 1.0, 0.000542),
        ("", "", "", None, None),
    ],
)
def test_a_step_that_is_made_again_costs_both_times(
    first: str, second: str, gpu: str, gpu_seconds: float | None, usd: float | None
) -> None:
    cost = cost_of(Usage(2.0, 2.0, second), cost_of(Usage(1.0, 1.0, first)))
    assert (cost.gpu, cost.seconds, cost.gpu_seconds) == (gpu, 3.0, gpu_seconds)
    assert cost.usd == (None if usd is None else pytest.approx(usd))


def test_the_cost_of_each_stage_is_in_the_manifest_and_survives_it(library: Library) -> None:
    song = make(library.save(new_songs(brief())[0]), library)
    assert set(song.costs) == {"lyrics", "music", "cover"}  # the tags were put in beside the engines
    for stage, cost in song.costs.items():
        assert 0 < cost.seconds <= song.timings_s[stage] + 0.001
        assert (cost.gpu, cost.gpu_seconds, cost.usd, cost.prices_of) == ("", None, None, "")
    assert library.load(song.id) == song
    assert usd_of(song) is None
    priced = song.model_copy(update={"costs": {"music": cost_of(Usage(10, 10, "L40S"))}})
    assert library.load(library.save(priced).id).costs == priced.costs
    assert usd_of(priced) == 0.00542


def test_a_manifest_of_before_costs_were_measured_is_read(library: Library) -> None:
    old = made_song(0, {}, {}).model_dump(mode="json")
    del old["costs"]
    assert Song.model_validate(old).costs == {}


def test_a_stage_that_failed_is_charged_and_the_next_attempt_adds_to_it(library: Library) -> None:
    song = new_songs(brief())[0]
    with pytest.raises(EngineFailed, match="a bug in the painter"):
        make(song, library, art="LateBrokenPainter")
    failed = library.load(song.id)
    assert failed.status is Status.FAILED
    assert failed.costs["cover"].seconds >= WORK_S
    done = make(failed, library, art="SteadyPainter")
    assert done.costs["cover"].seconds >= failed.costs["cover"].seconds + WORK_S
    assert done.costs["music"] == failed.costs["music"]


def test_a_song_that_is_cancelled_has_cost_what_it_used_until_then(library: Library) -> None:
    song = new_songs(brief())[0]
    by = worker(library, music="SlowComposer")

    async def journey() -> None:
        halfway = asyncio.Event()
        loop = asyncio.get_running_loop()

        def report(stage: Stage, doing: str, fraction: float) -> None:
            if stage == "music" and doing == "humming slowly" and fraction > 0.002:
                loop.call_soon_threadsafe(halfway.set)

        task = asyncio.create_task(make_song(song, by, library, report))
        await halfway.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(journey())
    by.close()
    cancelled = library.load(song.id)
    assert cancelled.status is Status.CANCELLED
    assert "music" not in cancelled.timings_s
    assert 0.05 < cancelled.costs["music"].seconds < 10


def test_fifty_songs_are_summed_by_stage_engine_and_gpu(library: Library) -> None:
    for song in fifty():
        library.save(song)
    costs = summary(newest(library))
    # 1 + 3 + ... + 49 and 0 + 2 + ... + 48 seconds of music, 50 half seconds of covers, 50 seconds of lyrics.
    assert costs.rows == (
        CostRow("lyrics", "plain", "", 50, 1.0, 1.0, None, None),
        CostRow("music", "hum", "A100-80GB", 25, 24.0, 43.2, 600.0, pytest.approx(0.4164)),
        CostRow("music", "hum", "L40S", 25, 25.0, 44.2, 625.0, pytest.approx(0.33875)),
        CostRow("cover", "blank", "L4", 50, 0.5, 0.5, 25.0, pytest.approx(0.00555)),
    )
    assert (costs.songs, costs.measured, costs.seconds, costs.gpu_seconds) == (50, 50, 1300.0, 1250.0)
    assert costs.usd == pytest.approx(0.4164 + 0.33875 + 0.00555)
    assert costs.prices_of == (PRICES_OF,)


def test_the_newest_songs_are_those_of_a_number_or_of_a_day_on(library: Library) -> None:
    songs = list(fifty())
    for song in songs:
        library.save(song)
    assert [song.brief.seed for song in newest(library)] == list(range(49, -1, -1))
    assert [song.brief.seed for song in newest(library, last=3)] == [49, 48, 47]
    since = datetime.fromtimestamp(FIRST_S + 3600 * 45, UTC)
    assert [song.brief.seed for song in newest(library, since=since)] == [49, 48, 47, 46, 45]
    assert [song.brief.seed for song in newest(library, since=since, last=2)] == [49, 48]


def test_songs_without_a_cost_are_counted_as_such() -> None:
    costs = summary([made_song(0, {}, {}), made_song(1, {}, {"music": (2.0, "")})])
    assert (costs.songs, costs.measured, costs.seconds) == (2, 1, 2.0)
    assert (costs.gpu_seconds, costs.usd, costs.prices_of) == (None, None, ())


def test_the_command_sums_the_library(tmp_path: Path, library: Library) -> None:
    for song in fifty():
        library.save(song)
    result = songwright(tmp_path, "cost")
    assert (result.returncode, result.stderr) == (DONE, "")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["music", "hum", "L40S", "25", "25.00", "44.20", "625.0", "0.3387"] in lines
    assert ["lyrics", "plain", "own", "machine", "50", "1.00", "1.00", "-", "-"] in lines
    assert f"Songs: 50. Engine time: 1,300.0 s. Price: $0.7607, by the list of {PRICES_OF}" in result.stdout
    assert "Stages without a price ran" in result.stdout
    ten = json.loads(songwright(tmp_path, "cost", "--last", "10", "--json").stdout)
    assert ten["songs"] == 10
    assert [row["songs"] for row in ten["rows"]] == [10, 5, 5, 10]
    assert json.loads(songwright(tmp_path, "cost", "--since", "2100-01-01", "--json").stdout)["songs"] == 0
    shown = songwright(tmp_path, "show").stdout
    assert "$0.0267 (music $0.0266 on L40S, cover $0.0001 on L4)" in shown


def test_the_command_says_that_ones_own_machine_has_no_price(tmp_path: Path, library: Library) -> None:
    assert "Songs: 0. Nothing was measured of any." in songwright(tmp_path, "cost").stdout
    library.save(made_song(0, {}, {"music": (2.0, "")}))
    library.save(made_song(1, {}, {}))
    told = songwright(tmp_path, "cost").stdout
    assert "Songs: 2. Engine time: 2.0 s. No price: a machine of one's own." in told
    assert "Songs of which nothing was measured: 1" in told
    assert "USD" not in told


@pytest.mark.parametrize(
    ("arguments", "line"),
    [(["--since", "yesterday"], "'yesterday'"), (["--last", "0"], "0 is not in the range")],
)
def test_a_bad_option_is_told(tmp_path: Path, arguments: list[str], line: str) -> None:
    result = songwright(tmp_path, "cost", *arguments)
    assert result.returncode == WRONG_USAGE
    assert line in result.stderr
    assert "Traceback" not in result.stderr
