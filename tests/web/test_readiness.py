"""The readiness board over HTTP: page, chart, badge, feed and API agree with one another."""

import re
from xml.etree.ElementTree import fromstring

import httpx
import pytest

from support.http_server import serve_app
from support.site_fixtures import PLONE, build_site_project, build_small_site

PATH = "/in/plone/readiness"
GOAL = {"to": "Plone 6.0"}


def test_board_lists_every_visible_package_once_and_the_quarantined_one_never(site: httpx.Client) -> None:
    board = site.get("/api/v1/collections/plone/readiness", params=GOAL).json()
    page = site.get(PATH, params=GOAL)

    names = [package["name"] for package in board["packages"]]
    assert page.status_code == 200
    assert board["goal"] == "Plone 6.0"
    assert len(names) == len(set(names))
    assert "plone.api" in names
    assert "plone.evil" not in names
    assert all(f"/project/{package['name_normalized']}" in page.text for package in board["packages"])
    assert f">{board['ready']}</b> of the {len(names)} most used" in page.text


def test_ready_package_has_a_first_release_and_others_have_none(site: httpx.Client) -> None:
    packages = site.get("/api/v1/collections/plone/readiness", params=GOAL).json()["packages"]

    states = {package["name"]: package["state"] for package in packages}
    assert states["plone.api"] == "ready"
    assert {package["state"] for package in packages} > {"ready"}
    assert all(bool(package["since_release"]) == (package["state"] == "ready") for package in packages)
    assert list(states.values()) == sorted(states.values(), key=["not ready", "unknown", "ready"].index)


def test_trend_ends_with_the_ready_packages(site: httpx.Client) -> None:
    board = site.get("/api/v1/collections/plone/readiness", params=GOAL).json()

    assert board["trend"][-1]["ready"] == board["ready"] > 0


def test_default_goal_is_the_newest_release_of_the_framework(site: httpx.Client) -> None:
    assert site.get("/api/v1/collections/plone/readiness").json()["goal"] == "Plone 6.1"
    assert "Ready for Plone 6.1?" in site.get(PATH).text


def test_chart_badge_and_feed_show_the_same(site: httpx.Client) -> None:
    board = site.get("/api/v1/collections/plone/readiness", params=GOAL).json()
    chart = site.get(f"{PATH}.svg", params=GOAL)
    badge = site.get("/badge/plone/plone-api/ready.svg", params=GOAL)
    feed = fromstring(site.get("/feeds/plone/ready.atom", params=GOAL).content)

    assert chart.headers["content-type"].startswith("image/svg+xml")
    assert fromstring(chart.text).get("aria-label") == (
        f"Plone 6.0: {board['ready']} of {len(board['packages'])} plone packages are ready"
    )
    assert fromstring(badge.text).get("aria-label") == "Plone 6.0: ready"
    titles = [
        entry.findtext("{http://www.w3.org/2005/Atom}title")
        for entry in feed.iter("{http://www.w3.org/2005/Atom}entry")
    ]
    dated = [package for package in board["packages"] if package["state"] == "ready" and package["since"]]
    assert sorted(map(str, titles)) == sorted(
        f"{package['name']} {package['since_release']} is ready for Plone 6.0" for package in dated
    )


def test_page_groups_packages_by_state_and_offers_texts_to_copy(site: httpx.Client) -> None:
    board = site.get("/api/v1/collections/plone/readiness", params=GOAL).json()
    page = site.get(PATH, params=GOAL).text

    states = [package["state"] for package in board["packages"]]
    for state in set(states):
        anchor = state.replace(" ", "-")
        assert f'href="#{anchor}">{states.count(state)} {state}<' in page
        assert f'<h2 id="{anchor}">' in page
    assert f"[![Ready for Plone 6.0]({site.base_url}/in/plone/readiness.svg?to=Plone+6.0)]" in page
    widths = [float(width) for width in re.findall(r'<rect class="[a-z]+" x="[0-9.]+" width="([0-9.]+)"', page)]
    assert sum(widths) == pytest.approx(100, abs=0.1)


def test_pages_have_each_package_of_a_large_collection_once() -> None:
    deps = build_small_site()
    deps.index.put(PLONE, [build_site_project(f"p-{number}", {"version": "1.0"}) for number in range(220)])
    with serve_app(deps, {}) as site:
        url, names, pages = PATH, list[str](), 0
        while url:
            page = site.get(url).text
            pages += 1
            names += re.findall(r'<th scope="row"><a href="[^"]*/project/([^"]+)"', page)
            following = re.search(r'<a href="([^"]*)" rel="next"', page)
            url = following[1].replace("&amp;", "&") if following else ""

        assert "There are no more packages." in site.get(PATH, params={"page": "99"}).text

    assert pages == 3
    assert len(names) == len(set(names))
    assert {f"p-{number}" for number in range(220)} < set(names)


@pytest.mark.parametrize("path", [PATH, "/api/v1/collections/plone/readiness", "/feeds/plone/ready.atom"])
@pytest.mark.parametrize("params", [{"to": "Django 6.0"}, {"to": "six"}, {"python": "snake"}])
def test_release_that_is_not_understood_is_a_bad_request(site: httpx.Client, path: str, params: dict[str, str]) -> None:
    assert site.get(path, params=params).status_code == 400


def test_badge_of_an_unknown_package_is_an_image(site: httpx.Client) -> None:
    response = site.get("/badge/plone/nope/ready.svg", params=GOAL)

    assert response.status_code == 404
    assert fromstring(response.text).get("aria-label") == "ready: not found"
