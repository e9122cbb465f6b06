"""What is told of a song before it is made, against figures worked out by hand."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from config.engine import EngineInfo
from config.gpus import PRICES_OF
from lyrics.contract import SongPlan
from orchestrator.estimates.costs import newest
from orchestrator.estimates.quantiles import Spread
from orchestrator.estimates.quotes import Measurements, Quote
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status
from storage.local import LocalStore
from tests.orchestrator.songs import ENGINES, made_song

L4, L40S, A100 = 0.000222, 0.000542, 0.000583  # USD a second


def infos(**parameters: tuple[str, ...]) -> dict[str, EngineInfo]:
    return {
        craft: EngineInfo(name=name, version="1", licence="MIT", parameters=parameters.get(craft, ()))
        for craft, name in ENGINES.items()
    }


def asked(duration_s: float = 60.0, **brief: object) -> Brief:
    return Brief.model_validate({"description": "x", "duration_s": duration_s} | brief)


def song(
    number: int,
    music_s: float,
    *,
    duration_s: float = 60.0,
    gpu: str = "L40S",
    engines: dict[str, str] = ENGINES,
    status: Status = Status.DONE,
    **brief: object,
) -> Song:
    """Half of the music's time was its share of the engine; the rest is alike in all songs."""
    small = "L4" if gpu else ""
    return made_song(
        number,
        {"lyrics": 2.0, "music": music_s, "cover": 1.0, "tags": 0.5},
        {"lyrics": (1.0, small), "music": (music_s / 2, gpu), "cover": (0.5, small)},
        duration_s=duration_s,
        engines=engines,
        status=status,
        **brief,
    )


def measured(songs: Iterable[Song], most: int = 200) -> Measurements:
    measurements = Measurements(most)
    measurements.learn(songs)
    return measurements


def of(p10: float, p50: float, p90: float) -> Spread:
    near = [pytest.approx(figure, abs=1e-6) for figure in (p10, p50, p90)]
    return Spread.model_construct(p10=near[0], p50=near[1], p90=near[2])


def test_nothing_is_told_where_nothing_was_measured() -> None:
    quote = Measurements().quote(asked(), infos(), 1, ("first of all",))
    assert (quote.songs, quote.seconds, quote.usd, quote.prices_of, quote.stages) == (0, None, None, None, {})
    assert quote.notes == (
        "first of all",
        "No song has been measured yet with these engines, so nothing is told: make one, and ask again.",
    )


def test_a_few_songs_are_brought_to_the_length_in_proportion() -> None:
    quote = measured(song(n, 6.0 * n) for n in (1, 2, 3)).quote(asked(120.0), infos(), 1)
    assert (quote.songs, quote.notes) == (3, ())
    # Music 12, 24 and 36 s, tags 1 s; lyrics stay at 2 s and the cover is done meanwhile: 15, 27 and 39 s.
    assert quote.seconds == of(17.4, 27.0, 36.6)
    assert quote.stages["music"].seconds == of(14.4, 24.0, 33.6)
    assert quote.stages["music"].engine_seconds == of(7.2, 12.0, 16.8)
    assert quote.stages["music"].usd == of(7.2 * L40S, 12 * L40S, 16.8 * L40S)
    assert quote.stages["tags"].seconds == of(1.0, 1.0, 1.0)
    assert quote.stages["lyrics"].seconds == of(2.0, 2.0, 2.0)
    assert quote.stages["lyrics"].usd == of(L4, L4, L4)
    assert (quote.stages["tags"].engine_seconds, quote.stages["tags"].usd) == (None, None)
    assert {stage: part.scaling for stage, part in quote.stages.items()} == {
        "lyrics": "same",
        "music": "ratio",
        "cover": "same",
        "tags": "ratio",
    }
    assert {stage: part.gpu for stage, part in quote.stages.items()} == {
        "lyrics": "L4",
        "music": "L40S",
        "cover": "L4",
        "tags": "",
    }
    # Music 6, 12 and 18 s on an L40S, and a second and a half on an L4.
    assert quote.usd == of(*(used * L40S + 1.5 * L4 for used in (7.2, 12.0, 16.8)))
    assert quote.prices_of == PRICES_OF


def test_many_songs_of_many_lengths_make_a_line() -> None:
    songs = [song(n, 4 + 0.1 * 30 * n, duration_s=30.0 * n) for n in range(1, 11)]
    quote = measured(songs).quote(asked(600.0), infos(), 1)
    assert quote.stages["music"].scaling == "line"
    assert quote.stages["music"].seconds == of(64.0, 64.0, 64.0)
    # The tags took as long whatever the length: ten songs are enough to see that.
    assert quote.stages["tags"].scaling == "same"
    assert quote.seconds == of(66.5, 66.5, 66.5)


def test_variations_cost_each_and_take_as_many_rounds_as_do_not_fit_at_once() -> None:
    measurements = measured(song(n, 6.0) for n in range(3))
    one, four = (measurements.quote(asked(variations=n), infos(), 4) for n in (1, 4))
    assert one.seconds == four.seconds == of(8.5, 8.5, 8.5)
    assert one.usd
    assert four.usd
    assert four.usd.p50 == pytest.approx(4 * one.usd.p50)
    assert four.stages["music"].engine_seconds == of(12.0, 12.0, 12.0)
    in_turn = measurements.quote(asked(variations=3), infos(), 2)
    assert in_turn.seconds == of(17.0, 17.0, 17.0)
    assert in_turn.notes == ("The variations do not all fit at once: they are made in 2 rounds.",)


def test_a_given_plan_is_not_written_again() -> None:
    plan = SongPlan.model_validate(
        {
            "title": "T",
            "tags": ("pop",),
            "lyrics": "",
            "categories": ("A", "B", "C"),
            "genre": "pop",
            "mood": "calm",
            "energy": 5,
            "tempo_bpm": 120.0,
            "key": "C major",
            "voice": "none",
            "cover_prompt": "a door",
        }
    )
    given = song(5, 18.0, engines=ENGINES | {"lyrics": "given"}, plan=plan)
    measurements = measured([song(1, 6.0), given])
    quote = measurements.quote(asked(plan=plan), infos(), 1)
    assert quote.songs == 2  # whoever wrote the words
    assert set(quote.stages) == {"music", "cover", "tags"}
    assert quote.seconds == of(7.7, 12.5, 17.3)
    assert measurements.quote(asked(), infos(), 1).songs == 1  # but not the other way round


@pytest.mark.parametrize(
    "other",
    [
        {"engines": ENGINES | {"music": "whistle"}},
        {"status": Status.FAILED},
        {"status": Status.CANCELLED},
        {"infer_step": 8},
    ],
)
def test_only_songs_like_it_count(other: dict[str, object]) -> None:
    fields: dict[str, Any] = {"infer_step": 60} | other
    unlike = [song(n, 100.0, **fields) for n in range(10, 15)]
    engines = infos(music=("infer_step",))
    assert measured(unlike).quote(asked(infer_step=60), engines, 1).songs == 0
    quote = measured([*unlike, song(1, 6.0, infer_step=60)]).quote(asked(infer_step=60), engines, 1)
    assert (quote.songs, quote.stages["music"].seconds) == (1, of(6.0, 6.0, 6.0))


def test_steps_that_nobody_measured_are_named_and_those_no_engine_heeds_do_not_count() -> None:
    measurements = measured([song(1, 6.0, infer_step=8)])
    unknown = measurements.quote(asked(infer_step=60), infos(music=("infer_step",)), 1)
    assert unknown.notes[0].startswith("No song with infer_step 60 has been measured yet")
    assert measurements.quote(asked(infer_step=60), infos(), 1).songs == 1


def test_another_gpu_tells_nothing_of_this_one() -> None:
    before = [song(n, 60.0, gpu="A100") for n in range(30)]
    now = [song(n, 6.0) for n in range(30, 38)]
    quote = measured([*before, *now]).quote(asked(), infos(), 1)
    assert (quote.songs, quote.stages["music"].gpu) == (8, "L40S")
    # A single song on another GPU does not turn it round.
    strayed = measured([*before, *now, song(38, 60.0, gpu="A100")]).quote(asked(), infos(), 1)
    assert (strayed.songs, strayed.stages["music"].gpu) == (8, "L40S")


def test_ones_own_machine_has_seconds_and_no_price() -> None:
    quote = measured([song(1, 6.0, gpu="")]).quote(asked(), infos(), 1)
    assert quote.seconds == of(8.5, 8.5, 8.5)
    assert quote.stages["music"].engine_seconds == of(3.0, 3.0, 3.0)
    assert (quote.usd, quote.prices_of) == (None, None)
    assert quote.notes == ("There is no price: the engines run on a machine of one's own.",)


def test_a_price_that_lacks_a_stage_says_so() -> None:
    mixed = made_song(
        1,
        {"lyrics": 2.0, "music": 6.0, "cover": 1.0, "tags": 0.5},
        {"lyrics": (1.0, ""), "music": (3.0, "L40S"), "cover": (0.5, "")},
    )
    quote = measured([mixed]).quote(asked(), infos(), 1)
    assert quote.usd == of(0.001626, 0.001626, 0.001626)
    assert quote.notes == ("Without the price of lyrics, cover: made on a machine of one's own.",)


def test_songs_of_before_costs_were_measured_tell_how_long_and_not_how_much() -> None:
    old = made_song(1, {"lyrics": 2.0, "music": 6.0, "cover": 1.0, "tags": 0.5}, {})
    quote = measured([old]).quote(asked(), infos(), 1)
    assert (quote.seconds, quote.usd) == (of(8.5, 8.5, 8.5), None)
    assert quote.notes == ("There is no price: what the engines were used was not measured.",)


def test_the_newest_songs_are_remembered_whatever_their_order_and_no_more() -> None:
    measurements = measured((song(n, 6.0) for n in range(150)), most=100)
    measurements.learn([song(n, 12.0) for n in range(160, 150, -1)])
    measurements.learn([song(0, 99.0)])
    assert len(measurements) == 100
    quote = measurements.quote(asked(), infos(), 1)
    assert quote.songs == 100
    assert quote.stages["music"].seconds == of(6.0, 6.0, 6.6)  # 90 of one, 10 of the other


def test_what_is_learned_later_is_in_the_next_quote() -> None:
    measurements = measured([song(1, 6.0)])
    first = measurements.quote(asked(), infos(), 1)
    measurements.learn([song(2, 12.0)])
    second = measurements.quote(asked(), infos(), 1)
    assert (first.songs, second.songs) == (1, 2)
    assert second.stages["music"].seconds == of(6.6, 9.0, 11.4)


def test_the_library_is_looked_at_once_a_minute_and_no_ended_song_is_read_twice(tmp_path: Path) -> None:
    library = Library(LocalStore(tmp_path))
    done, failed = (library.save(song(n, 6.0, status=s)) for n, s in enumerate((Status.DONE, Status.FAILED)))
    working = library.save(song(2, 6.0, status=Status.COMPOSING))
    measurements = Measurements()
    assert measurements.due(1000.0)
    measurements.learn(newest(library, skip=measurements), read_at_s=1000.0)
    assert (measurements.due(1059.0), measurements.due(1060.0)) == (False, True)
    assert done.id in measurements
    assert failed.id in measurements
    library.save(working.changed(status=Status.DONE))
    again = list(newest(library, skip=measurements))
    assert [one.id for one in again] == [working.id]
    measurements.learn(again)
    assert measurements.quote(asked(), infos(), 1).songs == 2
    assert list(newest(library, skip=measurements)) == []


def test_a_quote_is_json_and_back() -> None:
    quote = measured([song(1, 6.0)]).quote(asked(), infos(), 1)
    assert Quote.model_validate_json(quote.model_dump_json()) == quote
