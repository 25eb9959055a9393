"""Geometry of the charts."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.web.pages import charts

HISTORIES = st.dictionaries(st.dates().map(lambda day: f"{day:%Y-%m}"), st.integers(0, 10**12), max_size=24)


@given(HISTORIES)
def test_build_sparkline_stays_in_its_frame(history: dict[str, int]) -> None:
    points = [tuple(map(float, point.split(","))) for point in charts.build_sparkline(history).split()]

    assert bool(points) == (len(history) > 2)
    assert all(0 <= x <= charts.SPARK_WIDTH and 0 <= y <= charts.SPARK_HEIGHT for x, y in points)
    assert [x for x, _ in points] == sorted(x for x, _ in points)


@given(HISTORIES)
def test_build_bars_scales_heights(history: dict[str, int]) -> None:
    bars = charts.build_bars(history)

    assert [bar.count for bar in bars] == [count for _, count in sorted(history.items())]
    assert all(bar.x >= 0 and bar.x + bar.width <= charts.BARS_WIDTH + 0.2 for bar in bars)
    assert all(0 <= bar.height <= charts.BARS_HEIGHT and bar.y >= 0 for bar in bars)
    for bar_ in bars:
        assert all(bar_.height <= taller.height for taller in bars if bar_.count <= taller.count)


@given(st.lists(st.tuples(st.integers(0, 4_000_000_000), st.sampled_from(["stable", "pre"]), st.text(max_size=5))))
def test_build_timeline_orders_releases_by_time(releases: list[tuple[int, str, str]]) -> None:
    dated_releases = [release for release in releases if release[0]]

    timeline = charts.build_timeline(releases)

    if timeline is None:
        assert len(dated_releases) < 2
        return
    assert len(timeline.dots) == len(dated_releases)
    assert all(0 <= dot.x <= timeline.width for dot in timeline.dots)
    points = sorted(zip([time for time, _, _ in dated_releases], [dot.x for dot in timeline.dots], strict=True))
    assert [x for _, x in points] == sorted(x for _, x in points)
    labels = [year.x for year in timeline.years if year.label]
    assert all(later - earlier >= 50 for earlier, later in itertools.pairwise(labels))
