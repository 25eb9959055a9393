"""A small index for tests of what is served: a few projects of Plone, each for something."""

from typing import Any

from builders import PLONE, build_state, build_fields
from healthy import SCORING_CONFIG, days_before_now
from in_memory import build_fake_dependencies
from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.project import normalize_name
from pyf.aggregator.domain.schema import DownloadFields, HealthFields, RepositoryFields
from pyf.aggregator.ports import ProjectDocuments, Dependencies
from worlds import START

DAY_SECONDS = 86_400

# No output may have any of these in it.
EMAIL_ADDRESSES = (
    "ada@lovelace.example",
    "bob@builders.example",
    "carol@readme.example",
    "dan@summary.example",
    "eve@licence.example",
)


def build_small_site(**overrides: Any) -> Dependencies:
    """Return services on an index in memory with a collection `plone`."""
    deps = build_fake_dependencies(**{"standards": SCORING_CONFIG} | overrides)
    fill_small_site(deps)
    return deps


def fill_small_site(deps: Dependencies) -> None:
    deps.admin.create(PLONE, build_state(), alias="plone")
    deps.index.put(PLONE, [_build_api(), _build_easyform(), _build_outdated(), _build_quarantined(), _build_archived(), _build_hostile()])
    deps.index.update(
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
    deps.index.update(PLONE, {"plone-api": RepositoryFields(github_stars=86, github_url="https://github.com/p/a")})
    deps.index.update(
        PLONE,
        {
            "plone-api": HealthFields(
                health_score=86, health_model="full", health_confidence=0.9, health_score_breakdown={}
            )
        },
    )
    deps.index.remove(
        PLONE, [Tombstone(name="plone-gone", removed_at=int(START - DAY_SECONDS), reason="PyPI has removed it")]
    )


def build_site_project(name: str, *releases: dict[str, Any], **shared_fields: Any) -> ProjectDocuments:
    """Return a project of these releases, the newest first."""
    return ProjectDocuments(
        name_normalized=normalize_name(name),
        documents=tuple(
            build_fields(name, is_newest=number == 0, **{**shared_fields, **release})
            for number, release in enumerate(releases)
        ),
    )


def _build_api() -> ProjectDocuments:
    return build_site_project(
        "plone.api",
        {
            "version": "2.0.0",
            "upload_timestamp": int(START - 10 * DAY_SECONDS),
            "framework_versions": ("Plone 6.0", "Plone 6.1"),
            "description": "<h2>plone.api</h2><p>Ask "
            '<a href="mailto:carol@readme.example">carol@readme.example</a>.</p>',
        },
        {
            "version": "1.5.0",
            "upload_timestamp": int(START - 100 * DAY_SECONDS),
            "framework_versions": ("Plone 5.2", "Plone 6.0"),
        },
        {
            "version": "1.0.0",
            "upload_timestamp": int(START - 900 * DAY_SECONDS),
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


def _build_easyform() -> ProjectDocuments:
    return build_site_project(
        "collective.easyform",
        {"version": "4.0", "upload_timestamp": int(START - 2 * DAY_SECONDS)},
        framework_versions=("Plone 6.0", "Plone 6.1"),
        summary="Forms for Plone made easy",
        license="BSD, (c) Eve <eve@licence.example>",
        keywords=("plone", "forms", "api", "schema", "validation"),
        requires_dist=("plone.api",),
    )


def _build_outdated() -> ProjectDocuments:
    return build_site_project(
        "Products.Old",
        {"version": "0.9", "upload_timestamp": days_before_now(4000)},
        framework_versions=("Plone 4.3",),
        summary="What once was",
        requires_dist=("plone.api<2",),
    )


def _build_quarantined() -> ProjectDocuments:
    return build_site_project(
        "plone.evil",
        {"version": "6.6.6", "upload_timestamp": int(START - DAY_SECONDS)},
        framework_versions=("Plone 6.0",),
        summary="Do not install",
        description="<p>Run this</p>",
        home_page="https://evil.example/",
        project_status="quarantined",
        requires_dist=("plone.api",),
    )


def _build_archived() -> ProjectDocuments:
    return build_site_project(
        "plone.rest",
        {"version": "1.0", "upload_timestamp": int(START - 400 * DAY_SECONDS)},
        framework_versions=("Plone 6.0",),
        summary="A finished API",
        project_status="archived",
    )


def _build_hostile() -> ProjectDocuments:
    return build_site_project(
        "collective.hostile",
        {"version": "1.0", "upload_timestamp": int(START - 3 * DAY_SECONDS)},
        summary="</title><script>alert(1)</script>\x00\x0b ]]> &amp; \u202e evil",
        keywords=("<b>", "a&b"),
        author="<script>alert(2)</script>",
        project_urls={"<i>": "javascript:alert(3)", "ok": 'https://ok.example/?a=1&b="2"'},
        maintainers=("mallory",),
    )
