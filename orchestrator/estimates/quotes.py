"""Quotes: the expected time and cost of a song, from finished songs of the same engines."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from config.engine import EngineInfo
from config.gpus import PRICES_OF, usd_per_second
from orchestrator.estimates.quantiles import Growth, Spread, growth_of, quantiles_of, scaled
from orchestrator.songs.brief import Brief
from orchestrator.songs.facts.frozen import Frozen
from orchestrator.songs.index.entry import Entry, Spent, entry_of
from orchestrator.songs.manifest import Song, Status
from orchestrator.songs.stages import ALWAYS, SONG_CRAFTS, WITH_ENGINES, Stage, elapsed

MOST = 200  # songs that are kept: weeks of a small service, an hour of a busy one
READ_EVERY_S = 60.0  # on Modal, songs of other containers are only found in the library

_QUOTED = tuple(stage for stage in Stage if stage is not Stage.PHOTO)  # photos are rare
_RECENT = 10  # songs that show on which GPUs the engines run now


class StageQuote(Frozen):
    """The expected time and cost of one stage, for every song of the request."""

    seconds: Spread = Field(
        description="From its begin to its end, for one song; other songs ran at the same time as usual."
    )
    engine_seconds: Spread | None = Field(
        description="Engine time for all variations. Songs that share an engine have a share each. Null "
        "if it was not measured."
    )
    gpu: str = Field(description="Modal's name of the GPU; empty: the server's own machine, without a price.")
    usd: Spread | None = Field(description="The price of `engine_seconds`.")
    scaling: Literal["line", "ratio", "same"] = Field(
        description="How the measured times were scaled to the requested length: by a line fitted to songs "
        "of many lengths, in proportion to the length, or not at all."
    )


class Quote(Frozen):
    """The expected time and cost of a request. A quote reserves nothing."""

    songs: int = Field(ge=0, description="How many measured songs this is based on.")
    audio_duration: float = Field(description="The requested length of each song.")
    variations: int
    seconds: Spread | None = Field(
        description="From the begin of the work to the end of the last song, without the time in the queue. "
        "Null, like all figures, while no such song has been measured."
    )
    usd: Spread | None = Field(
        description="For all variations together. Null if the engines run on the server's own machine."
    )
    prices_of: str | None = Field(description="The date of the prices.")
    stages: dict[str, StageQuote] = Field(
        description="By stage: `lyrics`, `music`, `cover`, `listen`, `tags`."
    )
    notes: tuple[str, ...] = Field(description="What to know about these figures.")


@dataclass(frozen=True)
class _Measured:
    """The figures of a finished song."""

    duration_s: float
    infer_step: int | None
    made_by: Mapping[str, str]
    """The engines' identities, by craft."""
    devices: tuple[tuple[str, str, str], ...]
    """For each stage: the stage, the device, and Modal's name of the GPU."""
    seconds: Mapping[str, float]
    costs: Mapping[str, Spent]


@dataclass(frozen=True)
class _Figures:
    """One figure of one stage, for several songs, and its growth."""

    points: tuple[tuple[float, float], ...]
    growth: Growth

    def at(self, duration_s: float) -> list[float]:
        return scaled(self.points, self.growth, duration_s)


@dataclass(frozen=True)
class _Basis:
    """The songs that a quote is based on, in the same order in every field."""

    songs: int
    seconds: Mapping[str, _Figures]
    engine_seconds: Mapping[str, _Figures]
    gpus: Mapping[str, str]


class Measurements:
    """The figures of the newest finished songs, and quotes from them. Used in one thread."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._songs: dict[str, _Measured] = {}
        self._ended: set[str] = set()
        self._read_at_s: float | None = None
        self._bases: dict[tuple[object, ...], _Basis | None] = {}

    def __len__(self) -> int:
        return len(self._songs)

    def __contains__(self, song_id: object) -> bool:
        """Whether this song has ended and is known; true only for the newest songs."""
        return song_id in self._ended

    def due(self, now_s: float) -> bool:
        """Whether it is time to read the newest songs from the library again."""
        return self._read_at_s is None or now_s - self._read_at_s >= READ_EVERY_S

    @property
    def has_read(self) -> bool:
        """Whether songs were ever read from the library."""
        return self._read_at_s is not None

    def learn(self, songs: Iterable[Song | Entry], *, read_at_s: float | None = None) -> None:
        """Learns from the finished ones of ``songs``; the newest are kept. ``read_at_s`` is given if they
        were read from the library, and is the time of that."""
        for song in songs:
            entry = entry_of(song) if isinstance(song, Song) else song
            if entry.has_ended:
                self._ended.add(entry.id)
            if measured := _measured(entry):
                self._songs[entry.id] = measured
        newest = sorted(self._songs)[: self._most]  # ids sort newest first
        self._songs = {song_id: self._songs[song_id] for song_id in newest}
        self._ended = set(sorted(self._ended)[: self._most])
        self._bases = {}
        self._read_at_s = self._read_at_s if read_at_s is None else read_at_s

    def quote(
        self, brief: Brief, engines: Mapping[str, EngineInfo], lanes: int, notes: tuple[str, ...] = ()
    ) -> Quote:
        """The quote for ``brief`` with ``engines``, by craft. ``lanes`` songs can be composed at once;
        ``notes`` come before the quote's own notes."""
        # Nothing was measured of an engine that never ran here.
        basis = self._basis(brief, engines) if engines.keys() >= set(SONG_CRAFTS) else None
        duration_s, count, new_s = brief.duration_s, brief.variations, brief.new_s
        if brief.change:
            composed = f"As if {new_s:.0f} s were composed: what is new in a change."
            notes = (*notes, "The cover alone: nothing is composed." if not new_s else composed)
        if basis is None:
            return Quote(
                songs=0,
                audio_duration=duration_s,
                variations=count,
                seconds=None,
                usd=None,
                prices_of=None,
                stages={},
                notes=(*notes, _no_songs(brief, engines)),
            )
        # The sums are made for each song, so that a song with slow stages has a slow sum.
        seconds = {stage: figures.at(new_s) for stage, figures in basis.seconds.items()}
        used = {stage: figures.at(new_s) for stage, figures in basis.engine_seconds.items()}
        walls = [
            elapsed(dict(zip(seconds, song, strict=True))) for song in zip(*seconds.values(), strict=True)
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
            seconds=quantiles_of([rounds * wall for wall in walls], 3),
            usd=quantiles_of([sum(each) for each in zip(*usd.values(), strict=True)], 6) if usd else None,
            prices_of=PRICES_OF if usd else None,
            stages={
                stage: StageQuote(
                    seconds=quantiles_of(seconds[stage], 3),
                    engine_seconds=quantiles_of([count * each for each in used[stage]], 3)
                    if stage in used
                    else None,
                    gpu=basis.gpus.get(stage, ""),
                    usd=quantiles_of(usd[stage], 6) if stage in usd else None,
                    scaling=basis.seconds[stage].growth.kind,
                )
                for stage in seconds
            },
            notes=(*notes, *_caveats(prices, rounds)),
        )

    def _basis(self, brief: Brief, engines: Mapping[str, EngineInfo]) -> _Basis | None:
        """The measured songs like ``brief``; cached until the next song is learned."""
        stages = [stage for stage in _QUOTED if self._is_wanted(stage, brief, engines)]
        crafts = [stage.craft for stage in stages if stage.craft]
        wanted = {craft: engines[craft].identity for craft in crafts}
        # Of all parameters, only this one changes how long a model works.
        has_steps = "infer_step" in engines["music"].parameters
        key = (*wanted.items(), brief.infer_step if has_steps else None)
        if key not in self._bases:
            if len(self._bases) >= MOST:
                self._bases = {}
            like = [
                song
                for song in self._songs.values()
                if wanted.items() <= song.made_by.items()
                and (not has_steps or song.infer_step == brief.infer_step)
            ]
            self._bases[key] = _basis_of(like, stages)
        return self._bases[key]

    @staticmethod
    def _is_wanted(stage: Stage, brief: Brief, engines: Mapping[str, EngineInfo]) -> bool:
        """Whether a song of ``brief`` has this stage. Whether it will have words to listen to is not known
        before it is planned, unless the user wants none. A change keeps plan and cover, or all but it."""
        if brief.change:
            made = brief.audio_stage(separates="separation" in engines)
            words = stage is Stage.LISTEN and "listening" in engines and bool(brief.change.words)
            return stage is Stage.COVER if brief.change.keeps_sound else stage is made or words
        if stage is Stage.SEPARATE:
            return False
        if stage is Stage.LYRICS:
            return not brief.plan
        return stage is not Stage.LISTEN or ("listening" in engines and not brief.instrumental)


def _measured(song: Entry) -> _Measured | None:
    # Most songs have no tags step: their audio was stored with the cover inside.
    was_there = "music" if Stage.SEPARATE in song.timings_s else "separation"
    wanted = {stage for stage in (*ALWAYS, Stage.SEPARATE) if stage.craft not in (None, was_there)}
    if song.state != Status.DONE or not song.timings_s.keys() >= wanted:
        return None
    engines = {stage: song.engines.get(stage.craft or "") for stage in WITH_ENGINES}
    devices = {stage: engine.device for stage, engine in engines.items() if engine}
    return _Measured(
        duration_s=song.duration_s,
        infer_step=song.infer_step,
        made_by={craft: facts.identity for craft, facts in song.engines.items() if craft != was_there},
        devices=tuple(
            (stage, devices.get(stage, ""), song.costs[stage].gpu if stage in song.costs else "")
            for stage in _QUOTED
        ),
        seconds={stage: song.timings_s.get(stage, 0.0) for stage in _QUOTED},
        costs=song.costs,
    )


def _basis_of(songs: list[_Measured], stages: Sequence[Stage]) -> _Basis | None:
    """The basis from ``songs``, which are sorted newest first. Only songs on the devices of most of the
    newest songs count: times of another GPU do not apply."""
    if not songs:
        return None

    def devices(song: _Measured) -> tuple[tuple[str, str, str], ...]:
        return tuple(device for device in song.devices if device[0] in stages)

    usual, _ = Counter(devices(song) for song in songs[:_RECENT]).most_common(1)[0]
    songs = [song for song in songs if devices(song) == usual]
    measured = [stage for stage in stages if all(stage in song.costs for song in songs)]
    return _Basis(
        songs=len(songs),
        seconds={stage: _figures(songs, stage, [song.seconds[stage] for song in songs]) for stage in stages},
        engine_seconds={
            stage: _figures(songs, stage, [song.costs[stage].seconds for song in songs]) for stage in measured
        },
        gpus={stage: gpu for stage, _, gpu in usual},
    )


def _figures(songs: list[_Measured], stage: Stage, values: list[float]) -> _Figures:
    points = tuple((song.duration_s, value) for song, value in zip(songs, values, strict=True))
    return _Figures(points, growth_of(points, grows=stage.follows_length))


def _no_songs(brief: Brief, engines: Mapping[str, EngineInfo]) -> str:
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
