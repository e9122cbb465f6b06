"""What a song will take and cost, told before it is made, from those that were made with the same engines."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from config.engine import EngineInfo
from config.gpus import PRICES_OF, usd_per_second
from orchestrator.estimates.costs import STAGES
from orchestrator.estimates.quantiles import Growth, Spread, growth_of, scaled, spread_of
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import CRAFT_OF_STAGE, SONG_CRAFTS, Cost, Frozen, Song, Status

MOST = 200  # songs that are remembered: weeks of a small service, an hour of a busy one
READ_EVERY_S = 60.0  # on Modal songs are made in other containers: only the library tells of them

_GROWING = ("music", "tags")  # the stages that take longer for a longer song, where few tell how much
_RECENT = 10  # songs that tell where the engines run now


class StageQuote(Frozen):
    """What one stage of every song of the request is expected to take."""

    seconds: Spread = Field(
        description="From its begin to its end, for one song, beside as many others as there were then."
    )
    engine_seconds: Spread | None = Field(
        description="Of an engine's time, for all variations: where songs share it, each has its share. Null "
        "where it was not measured."
    )
    gpu: str = Field(description="Modal's name of the GPU; empty: a machine of one's own, without a price.")
    usd: Spread | None = Field(description="The price of `engine_seconds`.")
    scaling: Literal["line", "ratio", "same"] = Field(
        description="How the measured songs were brought to the length asked for: by a line fitted to songs "
        "of many lengths, in proportion to their length, or not at all."
    )


class Quote(Frozen):
    """What a request is expected to take and to cost. Nothing is reserved by it."""

    songs: int = Field(ge=0, description="How many measured songs this rests on.")
    audio_duration: float = Field(description="Of each song, as asked for.")
    variations: int
    seconds: Spread | None = Field(
        description="From the begin of the work to the end of the last song; the time in the queue is not in "
        "it. Null while no such song has been measured, as all figures are."
    )
    usd: Spread | None = Field(
        description="For all variations together. Null where the engines run on a machine of one's own."
    )
    prices_of: str | None = Field(description="The date of the prices.")
    stages: dict[str, StageQuote] = Field(description="By stage: `lyrics`, `music`, `cover`, `tags`.")
    notes: tuple[str, ...] = Field(description="What to know of these figures.")


@dataclass(frozen=True)
class _Measured:
    """What a song that is done tells of the next."""

    duration_s: float
    infer_step: int | None
    made_by: Mapping[str, str]
    """By craft, its engine's identity."""
    on: tuple[tuple[str, str, str], ...]
    """By stage: the device, and Modal's name of it."""
    seconds: Mapping[str, float]
    costs: Mapping[str, Cost]


@dataclass(frozen=True)
class _Figures:
    """One figure of one stage of several songs, and how it grows."""

    points: tuple[tuple[float, float], ...]
    growth: Growth

    def at(self, duration_s: float) -> list[float]:
        return scaled(self.points, self.growth, duration_s)


@dataclass(frozen=True)
class _Basis:
    """The songs that a quote rests on, song by song in the same order everywhere."""

    songs: int
    seconds: Mapping[str, _Figures]
    engine_seconds: Mapping[str, _Figures]
    gpus: Mapping[str, str]


class Measurements:
    """The newest songs that were made, and what they tell of the next. Used in one thread."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._songs: dict[str, _Measured] = {}
        self._ended: set[str] = set()
        self._read_at_s: float | None = None
        self._bases: dict[tuple[object, ...], _Basis | None] = {}

    def __len__(self) -> int:
        return len(self._songs)

    def __contains__(self, song_id: object) -> bool:
        """Whether nothing more is to be learned from this song; of the newest that is known."""
        return song_id in self._ended

    def due(self, now_s: float) -> bool:
        """Whether the newest songs of the library should be looked at, those in here apart."""
        return self._read_at_s is None or now_s - self._read_at_s >= READ_EVERY_S

    def learn(self, songs: Iterable[Song], *, read_at_s: float | None = None) -> None:
        """Takes in those that are done; the newest are kept. With ``read_at_s`` they are what the library
        had then."""
        for song in songs:
            if song.status.finished:
                self._ended.add(song.id)
            if measured := _measured(song):
                self._songs[song.id] = measured
        newest = sorted(self._songs)[: self._most]  # ids sort newest first
        self._songs = {song_id: self._songs[song_id] for song_id in newest}
        self._ended = set(sorted(self._ended)[: self._most])
        self._bases = {}
        self._read_at_s = self._read_at_s if read_at_s is None else read_at_s

    def quote(
        self, brief: Brief, engines: Mapping[str, EngineInfo], lanes: int, notes: tuple[str, ...] = ()
    ) -> Quote:
        """What ``brief`` is expected to take with ``engines``, by craft, of which ``lanes`` songs can be
        composed at once; ``notes`` come first among its own."""
        # Of an engine that never ran here, nothing was measured.
        basis = self._basis(brief, engines) if engines.keys() >= set(SONG_CRAFTS) else None
        duration_s, count = brief.duration_s, brief.variations
        if basis is None:
            return Quote(
                songs=0,
                audio_duration=duration_s,
                variations=count,
                seconds=None,
                usd=None,
                prices_of=None,
                stages={},
                notes=(*notes, _nothing(brief, engines)),
            )
        # Song by song, so that one that was slow in everything is slow in the sum.
        seconds = {stage: figures.at(duration_s) for stage, figures in basis.seconds.items()}
        used = {stage: figures.at(duration_s) for stage, figures in basis.engine_seconds.items()}
        none = [0.0] * basis.songs
        walls = [
            lyrics + max(music, cover) + tags
            for lyrics, music, cover, tags in zip(
                *(seconds.get(stage, none) for stage in STAGES), strict=True
            )
        ]
        prices = {stage: usd_per_second(basis.gpus[stage]) for stage in used}
        usd = {
            stage: [count * price * each for each in used[stage]]
            for stage, price in prices.items()
            if price is not None
        }
        rounds = math.ceil(count / lanes)
        return Quote(
            songs=basis.songs,
            audio_duration=duration_s,
            variations=count,
            seconds=spread_of([rounds * wall for wall in walls], 3),
            usd=spread_of([sum(each) for each in zip(*usd.values(), strict=True)], 6) if usd else None,
            prices_of=PRICES_OF if usd else None,
            stages={
                stage: StageQuote(
                    seconds=spread_of(seconds[stage], 3),
                    engine_seconds=spread_of([count * each for each in used[stage]], 3)
                    if stage in used
                    else None,
                    gpu=basis.gpus.get(stage, ""),
                    usd=spread_of(usd[stage], 6) if stage in usd else None,
                    scaling=basis.seconds[stage].growth.kind,
                )
                for stage in seconds
            },
            notes=(*notes, *_caveats(prices, rounds)),
        )

    def _basis(self, brief: Brief, engines: Mapping[str, EngineInfo]) -> _Basis | None:
        """The measured songs like ``brief``; kept until another song is learned from."""
        wanted = {
            craft: engines[craft].identity for craft in SONG_CRAFTS if craft != "lyrics" or not brief.plan
        }
        # Of the parameters, this one decides how long a model works.
        heeded = "infer_step" in engines["music"].parameters
        key = (*wanted.items(), brief.infer_step if heeded else None)
        if key not in self._bases:
            if len(self._bases) >= MOST:
                self._bases = {}
            like = [
                song
                for song in self._songs.values()
                if wanted.items() <= song.made_by.items()
                and (not heeded or song.infer_step == brief.infer_step)
            ]
            self._bases[key] = _basis_of(
                like, [stage for stage in STAGES if stage != "lyrics" or not brief.plan]
            )
        return self._bases[key]


def _measured(song: Song) -> _Measured | None:
    if song.status is not Status.DONE or not song.timings_s.keys() >= set(STAGES):
        return None
    crafts = CRAFT_OF_STAGE.items()
    devices = {stage: song.engines[craft].device for stage, craft in crafts if craft in song.engines}
    return _Measured(
        duration_s=song.brief.duration_s,
        infer_step=song.brief.infer_step,
        made_by={craft: facts.identity for craft, facts in song.engines.items()},
        on=tuple(
            (stage, devices.get(stage, ""), song.costs[stage].gpu if stage in song.costs else "")
            for stage in STAGES
        ),
        seconds={stage: song.timings_s[stage] for stage in STAGES},
        costs=song.costs,
    )


def _basis_of(songs: list[_Measured], stages: list[str]) -> _Basis | None:
    """Of those of ``songs``, newest first, that were made where most of the newest were: what another GPU
    took tells nothing of this one."""
    if not songs:
        return None

    def place(song: _Measured) -> tuple[tuple[str, str, str], ...]:
        return tuple(on for on in song.on if on[0] in stages)

    usual, _ = Counter(place(song) for song in songs[:_RECENT]).most_common(1)[0]
    songs = [song for song in songs if place(song) == usual]
    measured = [stage for stage in stages if all(stage in song.costs for song in songs)]
    return _Basis(
        songs=len(songs),
        seconds={stage: _figures(songs, stage, [song.seconds[stage] for song in songs]) for stage in stages},
        engine_seconds={
            stage: _figures(songs, stage, [song.costs[stage].seconds for song in songs]) for stage in measured
        },
        gpus={stage: gpu for stage, _, gpu in usual},
    )


def _figures(songs: list[_Measured], stage: str, values: list[float]) -> _Figures:
    points = tuple((song.duration_s, value) for song, value in zip(songs, values, strict=True))
    return _Figures(points, growth_of(points, grows=stage in _GROWING))


def _nothing(brief: Brief, engines: Mapping[str, EngineInfo]) -> str:
    kind = "No song"
    music = engines.get("music")
    if brief.infer_step is not None and music and "infer_step" in music.parameters:
        kind += f" with infer_step {brief.infer_step}"
    return f"{kind} has been measured yet with these engines, so nothing is told: make one, and ask again."


def _caveats(prices: Mapping[str, float | None], rounds: int) -> Iterable[str]:
    unpriced = [stage for stage, price in prices.items() if price is None]
    if not prices:
        yield "There is no price: what the engines were used was not measured."
    elif len(unpriced) == len(prices):
        yield "There is no price: the engines run on a machine of one's own."
    elif unpriced:
        yield f"Without the price of {', '.join(unpriced)}: made on a machine of one's own."
    if rounds > 1:
        yield f"The variations do not all fit at once: they are made in {rounds} rounds."
