"""What every page is, whatever is in the index: whole HTML that asks nobody elsewhere, and hides what it has to."""

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from msgspec.structs import replace

from builders import PLONE, collection_state
from in_memory import in_memory
from pyf.aggregator.adapters.profiles import load_profiles
from pyf.aggregator.domain.project import normalized
from served import served
from small_site import ADDRESSES, filled
from strict_page import assert_whole
from wide_site import LONG_NAME, wide

PAGES = {
    "/": 200,
    "/in/plone": 200,
    "/in/plone/search": 200,
    "/in/plone/search?q=many&framework=Plone+6.0&license=MIT&all=classifier&within=90&page=2": 200,
    "/in/plone/search?q=many&page=99": 200,
    "/in/plone/search?q=nothing+like+it&health=good": 200,
    "/in/plone/search?q=" + "x" * 400: 400,
    "/in/plone/search?q=%3Cscript%3E%22%27%00%E2%80%AE": 200,
    "/in/plone/project/plone-api": 200,
    "/in/plone/project/plone-often": 200,
    f"/in/plone/project/{normalized(LONG_NAME)}": 200,
    "/in/plone/project/collective-rtl": 200,
    "/in/plone/project/plone-attack": 200,
    "/in/plone/project/collective-hostile": 200,
    "/in/plone/project/plone-hole": 200,
    "/in/plone/project/plone-evil": 200,
    "/in/plone/project/plone-gone": 404,
    "/in/plone/project/easy": 404,
    "/in/plone/compare": 200,
    "/in/plone/compare?name=plone.api": 200,
    "/in/plone/compare?name=plone.api&name=Plone_Often&name=plone.rest&name=collective.rtl": 200,
    "/in/plone/compare?name=a&name=b&name=c&name=d&name=e": 400,
    "/in/plone/compare?name=plone.api&name=%3Cscript%3E": 404,
    "/in/plone/compare?name=plone.api&name=plone.evil": 404,
    "/in/nowhere": 404,
    "/in/nowhere/project/plone-api": 404,
    "/nowhere": 404,
}


@pytest.fixture(scope="module")
def site() -> Iterator[httpx.Client]:
    with served(wide()) as client:
        yield client


def text(answer: httpx.Response) -> str:
    """Return what a page says, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole_and_names_nobodys_address(site: httpx.Client, path: str) -> None:
    answer = site.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (PAGES[path], "text/html; charset=utf-8")
    assert_whole(answer.text)
    assert not any(address in answer.text for address in ADDRESSES)
    assert len(answer.content) < 60_000 or "/project/" in path


def test_a_list_says_all_that_is_known_of_a_package(site: httpx.Client) -> None:
    said = text(site.get("/in/plone/search?q=many07"))

    assert re.search(r"\d+ packages?( 1–20)? Feed of this search", said)
    assert "plone.many07 7.1 11 Dec 2026 One of many, number 7 Plone 6.1 Python 3.13 3.12" in said
    assert re.search(r"Health \d+ of 100, \w+ plone.many07", said)
    assert re.search(r"Licence: MIT 20 k a month 9 stars", said)


def test_a_project_page_says_what_the_list_says_and_more(site: httpx.Client) -> None:
    said = text(site.get("/in/plone/project/plone-api"))

    assert "plone.api 2.0.0 An easy API for Plone" in said
    assert "pip install plone.api" in said
    assert "Maintainers on PyPI ada bob By Ada Lovelace" in said
    assert "What would bring most" in said
    assert re.search(r"Compatibility .* 2\.0\.0 .* ✓ ✓ – .* 1\.5\.0 .* – ✓ ✓", said)
    assert "collective.easyform >=2 requests" in said
    assert "For [test] pytest" in said
    assert "yanked" in said


def test_one_project_has_one_address(site: httpx.Client) -> None:
    answer = site.get("/in/plone/project/Plone.API")

    assert (answer.status_code, answer.headers["location"]) == (301, "/in/plone/project/plone-api")


def test_who_searches_from_the_overview_is_sent_to_the_list(site: httpx.Client) -> None:
    answer = site.get("/search", params={"in": "plone", "q": "a&b"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/in/plone/search?q=a%26b")


def test_a_quarantined_package_warns_and_nothing_of_its_own_is_shown(site: httpx.Client) -> None:
    page = site.get("/in/plone/project/plone-evil")

    assert "quarantine" in text(page)
    assert "pip install" not in page.text
    assert "noindex" in page.text
    for path in ("/in/plone", "/in/plone/search?q=evil", "/in/plone/suggest?q=plone", "/in/plone/project/plone-api"):
        assert "plone.evil" not in site.get(path).text


def test_a_package_that_left_says_when_and_why(site: httpx.Client) -> None:
    assert "It left on 14 Jan 2027 : PyPI has removed it." in text(site.get("/in/plone/project/plone-gone"))


def test_a_name_that_nobody_has_leads_to_those_that_may_be_meant(site: httpx.Client) -> None:
    assert "collective.easyform" in text(site.get("/in/plone/project/easyform"))


def test_what_a_stranger_writes_is_text(site: httpx.Client) -> None:
    page = site.get("/in/plone/search?q=%3Cscript%3Ealert(1)%3C/script%3E")

    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert" not in page.text


def test_every_value_of_a_facet_is_a_click_away(site: httpx.Client) -> None:
    page = site.get("/in/plone/search").text
    (more,) = re.findall(r'href="([^"]*all=classifier)"', page)

    whole = site.get(unescape(more)).text

    assert page.count('name="classifier"') == 6 < whole.count('name="classifier"')
    assert "all=classifier" not in re.findall(r'class="more" href="([^"]*)"', whole)


def test_a_chosen_value_stays_to_be_taken_away_though_nothing_has_it(site: httpx.Client) -> None:
    page = site.get("/in/plone/search?license=Nobody-1.0").text

    assert re.search(r'value="Nobody-1.0" checked', page)
    assert "No package found" in page


def test_whom_a_profile_excludes_is_hidden_at_once() -> None:
    profiles = load_profiles()
    profiles["plone"] = replace(profiles["plone"], exclude={"plone-api": "for a test"})

    with served(filled(), profiles) as client:
        pages = [client.get(path) for path in ("/in/plone", "/in/plone/search", "/in/plone/suggest?q=plone")]
        own = client.get("/in/plone/project/plone-api")

    assert own.status_code == 404
    assert not any("/project/plone-api" in page.text for page in pages)


def test_an_empty_index_says_how_to_fill_it() -> None:
    with served(in_memory()) as client:
        answer = client.get("/")

    assert "pyfaggregator -f -p plone" in text(answer)
    assert_whole(answer.text)


def test_an_empty_collection_says_how_to_fill_it() -> None:
    services = in_memory()
    services.admin.create(PLONE, collection_state(), alias="plone")
    with served(services) as client:
        answers = [client.get(path) for path in ("/", "/in/plone", "/in/plone/search", "/in/plone/compare")]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert "pyfaggregator -f -p plone" in text(answers[1])
    for answer in answers:
        assert_whole(answer.text)


def test_those_who_are_there_are_compared_though_one_is_not(site: httpx.Client) -> None:
    told = text(site.get("/in/plone/compare?name=plone.api&name=plone.often&name=plone.nowhere"))
    alone = text(site.get("/in/plone/compare?name=plone.api&name=plone.nowhere"))

    assert "Left out: there is no plone-nowhere in plone." in told
    assert "What is compared plone.api plone.often Health" in told
    assert (
        "Left out: there is no plone-nowhere in plone. Comparing plone.api: name another package to put beside it."
        in alone
    )


def test_behind_the_last_page_nobody_is_told_that_nothing_was_found(site: httpx.Client) -> None:
    told = text(site.get("/in/plone/search?q=many&page=99"))

    assert "The list ends with page 3. Show it" in told
    assert "No package found" not in told


def test_a_value_that_is_written_otherwise_is_the_one_that_is_chosen(site: httpx.Client) -> None:
    page = site.get("/in/plone/search?q=many&license=mit&framework=6.1").text

    assert re.search(r'value="MIT" checked', page)
    assert re.search(r'value="Plone 6.1" checked', page)
    assert page.count(" checked>") == 2
    assert "No package found" not in page
