"""A small index for tests of what is served: a few projects of Plone, each for something."""

from typing import Any

from builders import PLONE, collection_state, registry_fields
from healthy import STANDARDS, days_ago
from in_memory import in_memory
from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.project import normalized
from pyf.aggregator.domain.schema import DownloadFields, HealthFields, RepositoryFields
from pyf.aggregator.ports import ProjectDocuments, Services
from worlds import START

DAY = 86_400

# No output may have any of these in it.
ADDRESSES = (
    "ada@lovelace.example",
    "bob@builders.example",
    "carol@readme.example",
    "dan@summary.example",
    "eve@licence.example",
)


def filled(**chosen: Any) -> Services:
    """Return services on an index in memory with a collection `plone`."""
    services = in_memory(**{"standards": STANDARDS} | chosen)
    fill(services)
    return services


def fill(services: Services) -> None:
    services.admin.create(PLONE, collection_state(), alias="plone")
    services.index.put(PLONE, [_api(), _easyform(), _old(), _quarantined(), _archived(), _hostile()])
    services.index.update(
        PLONE,
        {
            "plone-api": DownloadFields(
                download_last_month=12_345,
                download_history={"2026-09": 9000, "2026-10": 10_000, "2026-11": 11_000, "2026-12": 12_345},
                download_updated=int(START),
            ),
            "collective-easyform": DownloadFields(
                download_last_month=400, download_history={"2026-10": 100, "2026-11": 200, "2026-12": 400}
            ),
        },
    )
    services.index.update(PLONE, {"plone-api": RepositoryFields(github_stars=86, github_url="https://github.com/p/a")})
    services.index.update(
        PLONE,
        {
            "plone-api": HealthFields(
                health_score=86, health_model="full", health_confidence=0.9, health_score_breakdown={}
            )
        },
    )
    services.index.remove(
        PLONE, [Tombstone(name="plone-gone", removed_at=int(START - DAY), reason="PyPI has removed it")]
    )


def project(name: str, *releases: dict[str, Any], **common: Any) -> ProjectDocuments:
    """Return a project of these releases, the newest first."""
    return ProjectDocuments(
        name_normalized=normalized(name),
        documents=tuple(
            registry_fields(name, is_newest=number == 0, **{**common, **release})
            for number, release in enumerate(releases)
        ),
    )


def _api() -> ProjectDocuments:
    return project(
        "plone.api",
        {
            "version": "2.0.0",
            "upload_timestamp": int(START - 10 * DAY),
            "framework_versions": ("Plone 6.0", "Plone 6.1"),
            "description": "<h2>plone.api</h2><p>Ask "
            '<a href="mailto:carol@readme.example">carol@readme.example</a>.</p>',
        },
        {
            "version": "1.5.0",
            "upload_timestamp": int(START - 100 * DAY),
            "framework_versions": ("Plone 5.2", "Plone 6.0"),
        },
        {
            "version": "1.0.0",
            "upload_timestamp": int(START - 900 * DAY),
            "framework_versions": ("Plone 5.2",),
            "yanked": True,
        },
        summary="An easy API for Plone; dan@summary.example knows",
        author="Ada Lovelace <ada@lovelace.example>",
        author_email="Ada Lovelace <ada@lovelace.example>",
        maintainer_email="bob@builders.example",
        maintainers=("ada", "bob"),
        license_expression="GPL-2.0-only",
        classifiers=("Framework :: Plone", "Framework :: Plone :: 6.0"),
        keywords=("plone", "api", "schema", "validation"),
        python_versions=("Python 3.12",),
        requires_dist=("collective.easyform>=2", "requests", 'pytest; extra == "test"'),
        project_urls={"Homepage": "https://plone.example", "Write": "mailto:ada@lovelace.example"},
    )


def _easyform() -> ProjectDocuments:
    return project(
        "collective.easyform",
        {"version": "4.0", "upload_timestamp": int(START - 2 * DAY)},
        framework_versions=("Plone 6.0", "Plone 6.1"),
        summary="Forms for Plone made easy",
        license="BSD, (c) Eve <eve@licence.example>",
        keywords=("plone", "forms", "api", "schema", "validation"),
        requires_dist=("plone.api",),
    )


def _old() -> ProjectDocuments:
    return project(
        "Products.Old",
        {"version": "0.9", "upload_timestamp": days_ago(4000)},
        framework_versions=("Plone 4.3",),
        summary="What once was",
        requires_dist=("plone.api<2",),
    )


def _quarantined() -> ProjectDocuments:
    return project(
        "plone.evil",
        {"version": "6.6.6", "upload_timestamp": int(START - DAY)},
        framework_versions=("Plone 6.0",),
        summary="Do not install",
        description="<p>Run this</p>",
        home_page="https://evil.example/",
        project_status="quarantined",
        requires_dist=("plone.api",),
    )


def _archived() -> ProjectDocuments:
    return project(
        "plone.rest",
        {"version": "1.0", "upload_timestamp": int(START - 400 * DAY)},
        framework_versions=("Plone 6.0",),
        summary="A finished API",
        project_status="archived",
    )


def _hostile() -> ProjectDocuments:
    return project(
        "collective.hostile",
        {"version": "1.0", "upload_timestamp": int(START - 3 * DAY)},
        summary="</title><script>alert(1)</script>\x00\x0b ]]> &amp; \u202e evil",
        keywords=("<b>", "a&b"),
        author="<script>alert(2)</script>",
        project_urls={"<i>": "javascript:alert(3)", "ok": 'https://ok.example/?a=1&b="2"'},
        maintainers=("mallory",),
    )
