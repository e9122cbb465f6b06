"""The tables of what songs cost: measured, estimated and forecast."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from config.gpus import PRICES_FROM, PRICES_OF
from orchestrator.cli.lines import plain
from orchestrator.cli.output.text import dollars, open_console, or_dash, styled
from orchestrator.estimates.costs import CostSummary
from orchestrator.estimates.forecast import Case, Fleet
from orchestrator.estimates.reckoning import STORED_GB, Reckoning

_MEASURED = (
    "Measured: the seconds of work of the engines. Estimated: starts and idle time, from the songs' times "
    "and the settings here; a lower bound where several containers of a kind ran at once."
)
_BUCKET = f"The bucket: the operations, and {STORED_GB * 1000:.0f} MB a song, assumed, for one month."


def print_costs(costs: CostSummary, billed: Reckoning | None = None) -> None:
    """A line for each stage, engine and GPU, and the sum; without the columns of the price where there is
    none. Then ``billed``, the estimate of all that Modal billed."""
    console = open_console()
    if not costs.rows:
        console.print(f"Songs: {costs.songs:,}. Nothing was measured of any.")
        return
    priced = costs.usd is not None
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("stage", "engine", "gpu", "songs", "s a song", "p90"):
        table.add_column(name, justify="left" if name in ("stage", "engine", "gpu") else "right")
    for name in ("GPU-s", "USD") if priced else ():
        table.add_column(name, justify="right")
    for row in costs.rows:
        cells = [
            plain(row.stage),
            plain(row.engine) or "-",
            plain(row.gpu) or "own machine",
            f"{row.songs:,}",
        ]
        cells += [f"{row.seconds_median:,.2f}", f"{row.seconds_p90:,.2f}"]
        if priced:
            cells += [or_dash(row.gpu_seconds, "{:,.1f}"), or_dash(row.usd, "{:,.4f}")]
        table.add_row(*map(styled, cells))
    console.print(table)
    price = "No price: a machine of one's own."
    if costs.usd is not None:
        price = f"Price: {dollars(costs.usd)}, by the list of {', '.join(costs.prices_of)} ({PRICES_FROM})."
    console.print(f"Songs: {costs.songs:,}. Engine time: {costs.seconds:,.1f} s. {price}")
    if priced and any(row.usd is None for row in costs.rows):
        console.print("Stages without a price ran on a machine of one's own.", style="dim")
    if missing := costs.songs - costs.measured:
        console.print(f"Songs of which nothing was measured: {missing:,}.", style="dim")
    if billed:
        console.print("\nWith all that Modal bills, by estimate:")
        console.print(_parts(billed))
        console.print(_sum(billed))
        console.print(_MEASURED, style="dim")


def print_forecast(fleet: Fleet, forecasts: Sequence[tuple[Case, Reckoning]]) -> None:
    """For each case its containers and sum, all by estimate; before them the seconds that they are of."""
    console = open_console()
    console.print("\nForecast, by estimate: nothing of it was billed. Seconds of work for a song:")
    for work in fleet.engines:
        name = f"  {plain(work.container.name)}, {plain(work.container.gpu) or 'no GPU'}: "
        if work.measured:
            source = f"{work.alone_s:,.1f}, the median of {work.measured:,} songs"
        else:
            source = f"{work.alone_s:,.1f} alone, {work.shared_s:,.1f} in company; assumed, for three minutes"
        console.print(name + source)
    for case, reckoning in forecasts:
        console.print()
        console.print(styled(case.name, "bold"))
        console.print(_parts(reckoning))
        console.print(_sum(reckoning))
    console.print(f"{_BUCKET} Prices of {PRICES_OF} ({PRICES_FROM}).", style="dim")


def _parts(reckoning: Reckoning) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("container", "gpu"):
        table.add_column(name)
    for name in ("start s", "work s", "idle s", "GPU $", "cores $", "memory $", "USD"):
        table.add_column(name, justify="right")
    for part in reckoning.parts:
        cells = [plain(part.name), plain(part.gpu) or "-"]
        cells += [f"{seconds:,.1f}" for seconds in (part.start_s, part.work_s, part.idle_s)]
        cells += [f"{usd:,.4f}" for usd in (part.gpu_usd, part.cpu_usd, part.memory_usd, part.usd)]
        table.add_row(*map(styled, cells))
    bucket = reckoning.operations_usd + reckoning.storage_usd
    table.add_row(*map(styled, ("bucket", "-", *6 * ("",), f"{bucket:,.4f}")))
    return table


def _sum(reckoning: Reckoning) -> str:
    start = sum(part.start_usd for part in reckoning.parts)
    idle = sum(part.idle_usd for part in reckoning.parts)
    a_song = dollars(reckoning.usd_a_song)
    whole = f"Songs: {reckoning.songs:,}. In all {dollars(reckoning.usd)}, {a_song} a song"
    return f"{whole}; of it cold starts {dollars(start)}, idle time {dollars(idle)}."
