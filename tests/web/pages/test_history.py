"""The history of a package on its page, and the recorded trend of the readiness board."""

import re

import httpx

from pyf.aggregator.domain.history import HistoryMonth
from pyf.aggregator.web.pages.history import CHART_HEIGHT, CHART_WIDTH, build_history_section


def build_month(month: str, *, stars: int | None = None, is_other_repository: bool = False) -> HistoryMonth:
    return HistoryMonth(
        month=month,
        score=80,
        stars=stars,
        downloads=None,
        release="1.0",
        frameworks=("Plone 6.0", "Plone 6.1"),
        pythons=("Python 3.12",),
        is_other_repository=is_other_repository,
    )


def test_one_month_is_no_history() -> None:
    assert build_history_section([build_month("2026-01")]) is None


def test_charts_have_a_line_for_each_run_of_known_values() -> None:
    months = [
        build_month("2026-01", stars=10),
        build_month("2026-02", stars=20),
        build_month("2026-05", stars=30),
        build_month("2026-06", stars=3, is_other_repository=True),
        build_month("2026-07", stars=4),
    ]

    section = build_history_section(months)

    assert section is not None
    score, stars = section.charts
    assert (score.title, stars.title) == ("Health score", "Stars")
    assert stars.summary == "Stars: 10 in Jan 2026, 4 in Jul 2026"
    assert [len(line.split()) for line in stars.lines] == [2, 2]
    assert len(stars.dots) == 2  # May is alone, July is the last one
    for point in re.findall(r"([\d.]+),([\d.]+)", " ".join(stars.lines)):
        assert 0 <= float(point[0]) <= CHART_WIDTH
        assert 0 <= float(point[1]) <= CHART_HEIGHT
    assert [row.month for row in section.rows][:2] == ["Jul 2026", "Jun 2026"]
    assert [row.note for row in section.rows] == ["", "another repository", "", "", ""]
    assert section.rows[0].supports == "Plone 6.1, 6.0; Python 3.12"


def test_page_shows_charts_in_words_and_all_months_as_a_table(site: httpx.Client) -> None:
    page = site.get("/in/plone/project/plone-api").text

    section = page.partition('id="history"')[2].partition("</section>")[0]
    assert 'aria-label="Health score: 80 in Oct 2026, 86 in Jan 2027; the table below has all months"' in section
    assert section.count("<polyline") == 3
    assert section.count("<tr>") == 5
    assert "another repository" in section


def test_package_without_history_has_no_section(site: httpx.Client) -> None:
    assert 'id="history"' not in site.get("/in/plone/project/plone-rest").text


def test_board_shows_the_recorded_trend_beside_the_other(site: httpx.Client) -> None:
    goal = {"to": "Plone 6.0"}
    board = site.get("/api/v1/collections/plone/readiness", params=goal).json()
    page = site.get("/in/plone/readiness", params=goal).text
    chart = site.get("/in/plone/readiness.svg", params=goal).text

    recorded = board["recorded_trend"]
    assert [point["month"] for point in recorded] == ["2026-10", "2026-11", "2026-12", "2027-01"]
    assert recorded[-1]["ready"] == 1  # the only ready package with a history
    assert 'class="recorded" points="' in page
    assert '<th scope="col" class="right">Recorded</th>' in page
    assert "dashed: as recorded each month" in chart
