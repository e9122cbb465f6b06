"""The cost of a step, of a song and of a library's songs."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from config.gpus import PRICES_OF, gpus_in, usd_per_second
from orchestrator.estimates.meter import Usage
from orchestrator.estimates.quantiles import percentile
from orchestrator.songs.index.entry import Entry, Spent
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Cost, Song, id_time
from orchestrator.songs.stages import Stage, craft_of

_READ_AT_ONCE = 8  # manifests: in a bucket each is a request of its own

_ID_APART = timedelta(minutes=1)  # the most between the time in a song's id and its ``created_at``


def cost_of(usage: Usage, before: Cost | None = None) -> Cost:
    """The cost of ``usage`` by today's table, added to ``before``, the earlier cost of the same stage."""
    count, price = gpus_in(usage.gpu), usd_per_second(usage.gpu)
    now = Cost(
        gpu=usage.gpu,
        seconds=round(usage.seconds, 4),
        gpu_seconds=None if count is None else round(usage.seconds * count, 4),
        usd=None if price is None else round(usage.seconds * price, 8),
        prices_of="" if price is None else PRICES_OF,
    )
    if before is None:
        return now
    # The attempts may have run on different GPUs; one on the user's own machine adds no price.
    gpus = [gpu for gpu in (before.gpu, now.gpu) if gpu]
    return Cost(
        gpu=" + ".join(dict.fromkeys(gpus)),
        seconds=round(before.seconds + now.seconds, 4),
        gpu_seconds=_sum(before.gpu_seconds, now.gpu_seconds, digits=4),
        usd=_sum(before.usd, now.usd, digits=8),
        prices_of=now.prices_of or before.prices_of,
    )


def usd_of(song: Song) -> float | None:
    """The cost of the song; None if none of its stages has a price."""
    prices = [cost.usd for cost in song.costs.values() if cost.usd is not None]
    return sum(prices) if prices else None


@dataclass(frozen=True)
class CostRow:
    """The use of one stage by the songs of one engine on one GPU."""

    stage: str
    engine: str
    """The engine's name; empty for the tags, which need none."""
    gpu: str
    songs: int
    seconds_median: float
    """Engine time of a song."""
    seconds_p90: float
    gpu_seconds: float | None
    usd: float | None


@dataclass(frozen=True)
class CostSummary:
    """The use and cost of some songs, failed and cancelled ones included."""

    songs: int
    measured: int
    """The number of songs that have a cost. Songs of earlier versions have none."""
    seconds: float
    gpu_seconds: float | None
    """None, like the price, if nothing ran on a GPU of Modal's."""
    usd: float | None
    prices_of: tuple[str, ...]
    """The dates of the prices, each once."""
    rows: tuple[CostRow, ...]
    """By stage, then the highest cost first."""


def summary(songs: Iterable[Song | Entry]) -> CostSummary:
    """The sums over ``songs``. Only the figures of each are kept in memory."""
    seen = measured = 0
    costs: dict[tuple[str, str, str], list[Cost | Spent]] = {}
    for song in songs:
        seen += 1
        measured += bool(song.costs)
        for stage, cost in song.costs.items():
            engine = song.engines.get(craft_of(stage) or "")
            costs.setdefault((stage, engine.name if engine else "", cost.gpu), []).append(cost)
    rows = [_row(*key, group) for key, group in costs.items()]
    every = [cost for group in costs.values() for cost in group]
    return CostSummary(
        songs=seen,
        measured=measured,
        seconds=round(sum(cost.seconds for cost in every), 3),
        gpu_seconds=_sum(*(cost.gpu_seconds for cost in every), digits=3),
        usd=_sum(*(cost.usd for cost in every), digits=6),
        prices_of=tuple(sorted({cost.prices_of for cost in every if cost.prices_of})),
        rows=tuple(sorted(rows, key=lambda row: (_order(row.stage), -(row.usd or 0.0), row.engine, row.gpu))),
    )


def newest(
    library: Library, *, last: int | None = None, since: datetime | None = None, skip: Container[str] = ()
) -> Iterator[Song]:
    """The library's songs, newest first. ``last`` is the largest number of them, ``since`` the earliest
    creation time. Songs whose id is in ``skip`` and damaged songs are left out. Several manifests are read at
    once."""
    ids = (song_id for song_id in islice(library.ids(), last) if song_id not in skip)
    with ThreadPoolExecutor(max_workers=_READ_AT_ONCE, thread_name_prefix="manifests") as threads:
        while some := list(islice(ids, _READ_AT_ONCE * 4)):
            if since and id_time(some[0]) < since - _ID_APART:  # the following ones are older still
                return
            for song in threads.map(library.load_or_skip, some):
                if song is not None and (since is None or song.created_at >= since):
                    yield song


def _row(stage: str, engine: str, gpu: str, costs: list[Cost | Spent]) -> CostRow:
    seconds = [cost.seconds for cost in costs]
    return CostRow(
        stage=stage,
        engine=engine,
        gpu=gpu,
        songs=len(costs),
        seconds_median=round(percentile(seconds, 50), 3),
        seconds_p90=round(percentile(seconds, 90), 3),
        gpu_seconds=_sum(*(cost.gpu_seconds for cost in costs), digits=3),
        usd=_sum(*(cost.usd for cost in costs), digits=6),
    )


def _order(stage: str) -> int:
    stages: list[str] = list(Stage)
    return stages.index(stage) if stage in stages else len(stages)


def _sum(*figures: float | None, digits: int) -> float | None:
    """The sum of the known figures; None if none is known."""
    known = [figure for figure in figures if figure is not None]
    return round(sum(known), digits) if known else None
