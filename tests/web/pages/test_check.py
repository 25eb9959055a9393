"""The page that checks a pasted file."""

import re

import httpx
import pytest

from pyf.aggregator.domain.upgrade import CheckedPackage, Status, UpgradeGoal
from pyf.aggregator.usecases.read.upgrade_check import UpgradeReport
from pyf.aggregator.web.pages.check import build_check_view
from pyf.aggregator.web.urls import MAX_FEED_PACKAGES


def check(site: httpx.Client, **fields: str) -> httpx.Response:
    return site.post("/in/plone/check", data=fields)


def test_form_offers_the_releases_of_the_framework(site: httpx.Client) -> None:
    page = site.get("/in/plone/check").text

    assert '<option value="Plone 6.1">' in page
    assert 'id="result"' not in page


def test_pasted_file_is_checked_and_stays_in_the_form(site: httpx.Client) -> None:
    response = check(site, text="plone.api==2.0.0\n<b>nope</b>\nunlisted==1\n", to="Plone 6.0", python="")

    assert response.status_code == 200
    assert "Plone 6.0: 1 not in the index, 1 ready" in response.text
    assert '<a href="/in/plone/project/plone-api">plone.api</a>' in response.text
    assert "text:2: not a requirement: &lt;b&gt;nope&lt;/b&gt;" in response.text
    assert "<b>nope</b>" not in response.text
    assert 'value="Plone 6.0"' in response.text


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"text": "flask", "to": "Django 6.0"}, "the collection is not about Django, but about Plone"),
        ({"text": "flask", "python": "snake"}, "is not a release of Python, such as 3.14"),
        ({"text": "[project]\nname ="}, "not TOML"),
    ],
)
def test_unreadable_lines_are_listed_above_form(site: httpx.Client, fields: dict[str, str], problem: str) -> None:
    response = check(site, **fields)

    assert response.status_code == 400
    assert problem in response.text
    assert "<form" in response.text


def test_file_that_is_too_large_is_rejected(site: httpx.Client) -> None:
    rejected = check(site, text="a" * 60_001)

    assert (rejected.status_code, check(site, text="a" * 2_100_000).status_code) == (400, 413)
    assert "the text is longer than 60,000 characters: choose the file instead" in rejected.text
    assert "maxlength" not in re.findall("<textarea[^>]*>", rejected.text)[0], "browsers cut a longer text silently"
    form = {name: (None, value) for name, value in {"text": "#: /\n" * 12_000, "to": "", "python": ""}.items()}
    assert site.post("/in/plone/check", files=form).status_code == 200, "as browsers send it"


def upload(site: httpx.Client, name: str, data: bytes) -> httpx.Response:
    return site.post("/in/plone/check", files={"file": (name, data)}, data={"text": "", "to": "Plone 6.0"})


def test_lock_file_of_two_megabytes_is_checked(site: httpx.Client) -> None:
    wheels = "wheels = [\n" + '    { hash = "sha256:' + "0" * 64 + '" },\n'
    names = ["plone.api", *(f"p{number}" for number in range(1000))]
    text = "".join(f'[[package]]\nname = "{name}"\nversion = "2.0.0"\n{wheels}' + "]\n" for name in names)
    text += "#" * (2_000_000 - len(text))

    response = upload(site, "uv.lock", text.encode())

    assert "Plone 6.0: 1000 not in the index, 1 ready" in response.text
    assert upload(site, "uv.lock", b"\n" * 2_000_001).status_code == 400


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("uv.lock", b"[[package]]\n" + b"a." * 900_000 + b"a = 1", "uv.lock: a key has more than 8 parts"),
        ("uv.lock", b"[a]\n" * 20_001, "uv.lock: more than 20,000 tables"),
        ("uv.lock", b"a = " + b"1" * 5_000, "uv.lock: not TOML"),
        ("versions.cfg", b"[versions]\n" + b"a\n" * 100_000, "versions.cfg: longer than 200,000 characters"),
        ("<b>.png", b"\x89PNG\0", "&lt;b&gt;.png: not UTF-8 text"),
        ("C:\\setup.py", b"", "this format is not supported"),
    ],
)
def test_file_that_is_absurd_is_refused_before_it_is_parsed(
    site: httpx.Client, name: str, data: bytes, problem: str
) -> None:
    response = upload(site, name, data)

    assert (response.status_code, problem in response.text) == (400, True)


def test_file_with_too_many_packages_has_no_feed() -> None:
    packages = [
        CheckedPackage(name=f"p{number}", location="", status=Status.READY, newest="1.0")
        for number in range(MAX_FEED_PACKAGES + 1)
    ]
    report = UpgradeReport(goal=UpgradeGoal(), packages=tuple(packages), problems=())

    page = build_check_view("plone", report)

    assert (page.feed_url, page.has_packages) == ("", True)
