"""``songwright cost``."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from config.errors import InvalidRequest, Unavailable
from config.settings import load, load_settings
from orchestrator.cli.home.library import open_library
from orchestrator.cli.lines import plain, print_json, say

if TYPE_CHECKING:
    from orchestrator.estimates.forecast import Case, Fleet
    from orchestrator.modal.deployment.settings import Deployment
    from orchestrator.songs.index.entry import Entry
    from orchestrator.songs.library import Library
    from orchestrator.songs.manifest import Song

EXAMPLES = """\b
Examples:
  songwright cost --last 10
  songwright cost --since 2026-10-01 --json
  songwright cost --songs 5000 --apart 40
"""

_FIRST_DAY = datetime(1970, 1, 2)  # the first ones that any time zone has, and older than every song


@click.command(epilog=EXAMPLES, short_help="What songs have cost, and would cost.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only songs requested on this day or later.")
@click.option("--last", type=click.IntRange(1, sys.maxsize), metavar="N", help="Only the newest N songs.")
@click.option(
    "--forecast",
    "usual",
    is_flag=True,
    help="Also what one song alone, 1,000 and 100,000 a month would cost.",
)
@click.option("--songs", type=click.IntRange(1, 10**9), metavar="N", help="Forecast N songs.")
@click.option(
    "--apart",
    "apart_s",
    type=click.FloatRange(0.0, 1e9),
    metavar="SECONDS",
    help="With --songs: from one request to the next; without it, all at once.",
)
@click.option("--json", "as_json", is_flag=True, help="The figures as one JSON object on stdout.")
def cost(
    since: datetime | None,
    last: int | None,
    usual: bool,  # noqa: FBT001 - as above
    songs: int | None,
    apart_s: float | None,
    as_json: bool,  # noqa: FBT001 - as above
) -> None:
    """Sum up what the library's songs cost: engine time, GPU-seconds and their price, by stage.

    For songs made on Modal follows an estimate of all that was billed: cores, memory, cold starts and idle
    containers too. A forecast is for the deployment that the settings here describe.
    """
    from orchestrator.cli.output import counted, print_costs, print_forecast
    from orchestrator.estimates.billed import Billed
    from orchestrator.estimates.costs import summary
    from orchestrator.estimates.forecast import forecast, usual_cases
    from orchestrator.modal.deployment.containers import (
        container_of,
        fleet_of,
        produce_container,
        web_container,
    )
    from orchestrator.modal.deployment.settings import Deployment

    if apart_s is not None and songs is None:
        fix = "give --songs N too: how many songs come so many seconds apart"
        raise InvalidRequest("apart", apart_s, fix)
    if apart_s is not None and math.isnan(apart_s):
        raise InvalidRequest("apart", apart_s, "give seconds, 0 or more")
    settings, deployment = load_settings(), load(Deployment)
    in_bucket = settings.store == "r2"
    day = max(since, _FIRST_DAY).astimezone() if since else None
    billed = Billed(partial(container_of, deployment), produce_container(deployment), web_container())
    costs = summary(billed.watch(counted(_figures(open_library(settings), last, day))))
    modal = billed.reckoning(in_bucket=in_bucket)
    fleet = fleet_of(deployment, costs.rows) if usual or songs else None
    cases = usual_cases(fleet) if fleet and usual else ()
    if fleet and songs:
        cases = (*cases, _case(deployment, fleet, songs, apart_s or 0.0))
    forecasts = [(case, forecast(fleet, case.songs, case.apart_s)) for case in cases if fleet]
    if as_json:
        figures = asdict(costs) | {"modal": asdict(modal) if modal else None}
        if fleet:
            figures["forecast"] = [asdict(case) | asdict(found) for case, found in forecasts]
            figures["assumed"] = [work.container.name for work in fleet.engines if not work.measured]
        print_json(json.dumps(figures, indent=2, ensure_ascii=False))
        return
    print_costs(costs, modal)
    if fleet:
        print_forecast(fleet, forecasts)


def _case(deployment: Deployment, fleet: Fleet, songs: int, apart_s: float) -> Case:
    """The case of the options. Raises ``InvalidRequest`` for more songs than can wait: the service would
    refuse them."""
    from orchestrator.estimates.forecast import Case, pace

    pace_s = pace(fleet, songs, apart_s)
    if songs * (1.0 - apart_s / pace_s) > deployment.queue_limit:
        fix = (
            f"the containers make one every {pace_s:.3g} s, and {deployment.queue_limit:,} songs can wait "
            f"(SONGWRIGHT_QUEUE_LIMIT): give --apart {pace_s:.3g} or more, or fewer songs, or raise "
            "SONGWRIGHT_MODAL__GPU_CONTAINERS"
        )
        raise InvalidRequest("songs", songs, fix)
    name = f"{songs:,}, {apart_s:g} s apart" if apart_s else f"{songs:,} at once"
    return Case(name, songs, apart_s)


def _figures(library: Library, last: int | None, since: datetime | None) -> Iterator[Song | Entry]:
    """From the index; from the songs themselves if only some are wanted and there is none, or if it cannot be
    kept."""
    from orchestrator.cli.output import counting
    from orchestrator.estimates.costs import newest
    from orchestrator.songs.index.catalogue import Catalogue

    catalogue = Catalogue(library)
    try:
        in_bucket = catalogue.is_built()
        # To ask whether a bucket's index is whole here would copy all of it.
        whole = not (in_bucket and since) and catalogue.is_whole()
        if not whole and ((last is None and since is None) or in_bucket):
            with counting("reading the library") as progress:
                catalogue.complete(progress, since)
            whole = True
    except Unavailable as error:
        say(plain(f"songwright: the songs are read one by one: {error}"))
        whole = False
    yield from catalogue.entries(last=last, since=since) if whole else newest(library, last=last, since=since)
