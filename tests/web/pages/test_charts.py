"""Drawings keep to their frames, whatever they draw."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.web.pages import charts

HISTORIES = st.dictionaries(st.dates().map(lambda day: f"{day:%Y-%m}"), st.integers(0, 10**12), max_size=24)


@given(HISTORIES)
def test_a_sparkline_stays_in_its_frame_and_runs_to_the_right(history: dict[str, int]) -> None:
    points = [tuple(map(float, point.split(","))) for point in charts.spark(history).split()]

    assert bool(points) == (len(history) > 2)
    assert all(0 <= x <= charts.SPARK_WIDTH and 0 <= y <= charts.SPARK_HEIGHT for x, y in points)
    assert [x for x, _ in points] == sorted(x for x, _ in points)


@given(HISTORIES)
def test_every_month_has_a_bar_and_higher_ones_have_more(history: dict[str, int]) -> None:
    bars = charts.bars(history)

    assert [bar.count for bar in bars] == [count for _, count in sorted(history.items())]
    assert all(bar.x >= 0 and bar.x + bar.width <= charts.BARS_WIDTH + 0.2 for bar in bars)
    assert all(0 <= bar.height <= charts.BARS_HEIGHT and bar.y >= 0 for bar in bars)
    for one in bars:
        assert all(one.height <= other.height for other in bars if one.count <= other.count)


@given(st.lists(st.tuples(st.integers(0, 4_000_000_000), st.sampled_from(["stable", "pre"]), st.text(max_size=5))))
def test_releases_are_on_the_line_in_the_order_of_time(releases: list[tuple[int, str, str]]) -> None:
    known = [release for release in releases if release[0]]

    line = charts.timeline(releases)

    if line is None:
        assert len(known) < 2
        return
    assert len(line.dots) == len(known)
    assert all(0 <= dot.x <= line.width for dot in line.dots)
    placed = sorted(zip([time for time, _, _ in known], [dot.x for dot in line.dots], strict=True))
    assert [x for _, x in placed] == sorted(x for _, x in placed)
    labels = [year.x for year in line.years if year.label]
    assert all(later - earlier >= 50 for earlier, later in itertools.pairwise(labels))
