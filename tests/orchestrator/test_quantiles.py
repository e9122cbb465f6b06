import pytest

from orchestrator.estimates.quantiles import Spread, growth_of, percentile, quantiles_of, scaled


def test_a_percentile_lies_between_two_values_in_proportion() -> None:
    values = [40.0, 10.0, 30.0, 20.0, 50.0]
    assert [percentile(values, q) for q in (0, 10, 50, 90, 100)] == pytest.approx([10, 14, 30, 46, 50])
    assert percentile([7.0], 90) == 7.0
    assert quantiles_of(values, 1) == Spread(p10=14.0, p50=30.0, p90=46.0)


def test_many_lengths_make_a_line_that_outliers_do_not_move() -> None:
    points = [(30.0 * n, 4 + 0.1 * 30 * n) for n in range(1, 11)]
    line = growth_of(points, grows=True)
    assert (line.kind, line.at(600)) == ("line", pytest.approx(64))
    points[3] = (points[3][0], 400.0)
    points[7] = (points[7][0], 0.0)
    assert growth_of(points, grows=True).at(600) == pytest.approx(64, rel=0.05)


def test_what_does_not_grow_stays_as_it_is() -> None:
    points = [(30.0 * n, 3.0) for n in range(1, 11)]
    assert growth_of(points, grows=True).kind == "same"
    assert scaled(points, growth_of(points, grows=True), 600) == [3.0] * 10


@pytest.mark.parametrize(("grows", "kind", "at_120"), [(True, "ratio", 24.0), (False, "same", 12.0)])
def test_few_points_are_taken_in_proportion_or_as_they_are(
    grows: bool,  # noqa: FBT001 - a parameter of the test
    kind: str,
    at_120: float,
) -> None:
    points = [(60.0, 6.0), (60.0, 12.0), (60.0, 18.0)]
    growth = growth_of(points, grows=grows)
    assert growth.kind == kind
    assert growth.at(120) == pytest.approx(at_120)


def test_many_points_of_one_length_are_no_line() -> None:
    assert growth_of([(180.0, 9.0)] * 20, grows=True).kind == "ratio"


def test_a_line_that_would_begin_below_nothing_goes_through_nothing() -> None:
    points = [(30.0 * n, 0.01 * (30 * n) ** 2) for n in range(1, 11)]
    growth = growth_of(points, grows=False)
    assert growth.kind == "ratio"
    assert growth.at(1) > 0


def test_each_point_keeps_its_distance_in_proportion() -> None:
    points = [(30.0 * n, 4 + 0.1 * 30 * n) for n in range(1, 11)]
    points.append((100.0, 28.0))  # twice the line
    assert scaled(points, growth_of(points, grows=True), 260)[-1] == pytest.approx(60)


def test_nothing_measured_in_time_stays_nothing() -> None:
    points = [(60.0, 0.0), (120.0, 0.0)]
    assert scaled(points, growth_of(points, grows=True), 600) == [0.0, 0.0]
