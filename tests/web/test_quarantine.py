"""URLs and e-mail addresses of quarantined projects are hidden everywhere."""

from collections.abc import Iterator

import httpx
import pytest

from pyf.aggregator.domain.documents.schema import RepositoryFields
from pyf.aggregator.domain.email_masking import mask_links
from support.builders import PLONE
from support.http_server import serve_app
from support.site_fixtures import build_site_project, build_small_site

MALICIOUS_URL = "https://evil.example/trap"
PATHS = (
    "/in/plone/project/plone-evil",
    "/api/v1/collections/plone/packages/plone-evil",
    "/api/v1/collections/plone/packages/plone-evil/releases",
    "/badge/plone/plone-evil/health.svg",
    "/in/plone/compare?name=plone-evil&name=plone-api",
    "/api/v1/collections/plone/compare?name=plone-evil&name=plone-api",
    "/in/plone",
    "/in/plone/search?q=evil",
    "/in/plone/project/plone-api",
    "/feeds/plone/new.atom",
    "/feeds/plone/updated.atom",
)


@pytest.fixture(scope="module")
def site() -> Iterator[httpx.Client]:
    """A site with a quarantined project that has a URL in every text field."""
    deps = build_small_site()
    evil = build_site_project(
        "plone.evil",
        {
            "version": "6.6.6",
            "framework_versions": ("Plone 6.0",),
            "yanked": True,
            "yanked_reason": f"See {MALICIOUS_URL}",
        },
        summary=f"See {MALICIOUS_URL} now",
        description=f"<p>{MALICIOUS_URL}</p>",
        home_page=MALICIOUS_URL,
        docs_url=MALICIOUS_URL,
        bugtrack_url=MALICIOUS_URL,
        project_urls={
            "Documentation": MALICIOUS_URL,
            "Changelog": MALICIOUS_URL,
            "Issues": MALICIOUS_URL,
            MALICIOUS_URL: MALICIOUS_URL,
        },
        license=f"See {MALICIOUS_URL}",
        keywords=(MALICIOUS_URL,),
        author=MALICIOUS_URL,
        maintainer=f"Eve, {MALICIOUS_URL}",
        requires_dist=(f"plone.api @ {MALICIOUS_URL}",),
        project_status="quarantined",
    )
    deps.index.put(PLONE, [evil])
    deps.index.update(
        PLONE, {"plone-evil": RepositoryFields(repository_stars=1, repository_url="https://github.com/e/vil")}
    )
    with serve_app(deps, {}) as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
def test_urls_of_quarantined_projects_are_hidden(site: httpx.Client, path: str) -> None:
    response = site.get(path)

    assert response.status_code in (200, 404)
    assert "evil.example" not in response.text
    assert "github.com/e/vil" not in response.text


def test_health_findings_of_quarantined_projects_mask_links(site: httpx.Client) -> None:
    page = site.get("/api/v1/collections/plone/packages/plone-evil").json()

    findings = [finding for group in page["health"]["groups"] for finding in group["findings"]]
    assert "Documentation: [link]" in [finding["observation"] for finding in findings]
    assert any(finding["read_more"].startswith("https://") for finding in findings)
    assert page["hit"]["summary"] == "See [link] now"


@pytest.mark.parametrize(
    ("text", "expected"),
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
def test_without_links_masks_urls_only(text: str, expected: str) -> None:
    assert mask_links(text) == expected
