"""No address that a quarantined project names is shown anywhere: nobody should go where it leads."""

from collections.abc import Iterator

import httpx
import pytest

from builders import PLONE
from pyf.aggregator.domain.addresses import without_links
from pyf.aggregator.domain.schema import RepositoryFields
from served import served
from small_site import filled, project

PLACE = "https://evil.example/trap"
EVERYWHERE = (
    "/in/plone/project/plone-evil",
    "/api/v1/profiles/plone/projects/plone-evil",
    "/api/v1/profiles/plone/projects/plone-evil/releases",
    "/badge/plone/plone-evil/health.svg",
    "/in/plone/compare?name=plone-evil&name=plone-api",
    "/api/v1/profiles/plone/compare?names=plone-evil&names=plone-api",
    "/in/plone",
    "/in/plone/search?q=evil",
    "/in/plone/project/plone-api",
    "/feeds/plone/new.atom",
    "/feeds/plone/updated.atom",
)


@pytest.fixture(scope="module")
def site() -> Iterator[httpx.Client]:
    """A site with a quarantined project that names an address in every field that holds text."""
    services = filled()
    evil = project(
        "plone.evil",
        {"version": "6.6.6", "framework_versions": ("Plone 6.0",), "yanked": True, "yanked_reason": f"See {PLACE}"},
        summary=f"See {PLACE} now",
        description=f"<p>{PLACE}</p>",
        home_page=PLACE,
        docs_url=PLACE,
        bugtrack_url=PLACE,
        project_urls={"Documentation": PLACE, "Changelog": PLACE, "Issues": PLACE, PLACE: PLACE},
        license=f"See {PLACE}",
        keywords=(PLACE,),
        author=PLACE,
        maintainer=f"Eve, {PLACE}",
        requires_dist=(f"plone.api @ {PLACE}",),
        project_status="quarantined",
    )
    services.index.put(PLONE, [evil])
    services.index.update(
        PLONE, {"plone-evil": RepositoryFields(github_stars=1, github_url="https://github.com/e/vil")}
    )
    with served(services, {}) as client:
        yield client


@pytest.mark.parametrize("path", EVERYWHERE)
def test_no_address_of_a_quarantined_project_is_shown(site: httpx.Client, path: str) -> None:
    answer = site.get(path)

    assert answer.status_code in (200, 404)
    assert "evil.example" not in answer.text
    assert "github.com/e/vil" not in answer.text


def test_what_is_told_of_it_all_the_same_are_its_reasons(site: httpx.Client) -> None:
    page = site.get("/api/v1/profiles/plone/projects/plone-evil").json()

    findings = [finding for group in page["health"]["groups"] for finding in group["findings"]]
    assert "Documentation: [link]" in [finding["seen"] for finding in findings]
    assert any(finding["read_more"].startswith("https://") for finding in findings)
    assert page["hit"]["summary"] == "See [link] now"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at HTTPS://evil.example:8000/a?b=c#d, too", "at [link] too"),
        ("git+ssh://git@evil.example/x", "[link]"),
        ("www.evil.example", "[link]"),
        ("evil.example/install.sh or not", "[link] or not"),
        ("Plone 6.0 / 6.1, and/or 1.0", "Plone 6.0 / 6.1, and/or 1.0"),
        ("GPL-2.0-only", "GPL-2.0-only"),
        ("", ""),
    ],
)
def test_addresses_of_sites_are_told_from_other_text(text: str, shown: str) -> None:
    assert without_links(text) == shown
