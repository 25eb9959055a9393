"""Indexes for web tests: a small one, one that is hard to display, and one with the largest possible pages.

The hard one has many packages, 300 releases, very long names, missing summaries and right-to-left text. The largest one
has long names, texts whose HTML takes many bytes, sixty classifiers for each package, and all warnings.
"""

from typing import Any
from urllib.parse import urlencode

from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.documents.project import Vulnerability, normalize_name
from pyf.aggregator.domain.documents.schema import DownloadFields, HealthFields, HistoryFields, RepositoryFields
from pyf.aggregator.domain.readme.safe_html import sanitize_html
from pyf.aggregator.ports import Dependencies, ProjectDocuments
from support.builders import PLONE, build_fields, build_state
from support.fake_dependencies import build_fake_dependencies
from support.readmes import HOSTILE_HTML
from support.registry_world import START
from support.scoring_fixtures import SCORING_CONFIG, days_before_now

DAY_SECONDS = 86_400

# No output may contain these.
EMAIL_ADDRESSES = (
    "ada@lovelace.example",
    "bob@builders.example",
    "carol@readme.example",
    "dan@summary.example",
    "eve@licence.example",
)


def build_small_site(**overrides: Any) -> Dependencies:
    """Build dependencies with an in-memory index and a collection `plone`."""
    deps = build_fake_dependencies(**{"scoring_config": SCORING_CONFIG} | overrides)
    fill_small_site(deps)
    return deps


def fill_small_site(deps: Dependencies) -> None:
    deps.admin.create(PLONE, build_state(), alias="plone")
    deps.index.put(
        PLONE,
        [_build_api(), _build_easyform(), _build_outdated(), _build_quarantined(), _build_archived(), _build_hostile()],
    )
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
    deps.index.update(
        PLONE, {"plone-api": RepositoryFields(repository_stars=86, repository_url="https://github.com/p/a")}
    )
    deps.index.update(
        PLONE,
        {
            "plone-api": HealthFields(
                health_score=86, health_model="full", health_confidence=0.9, health_score_breakdown={}
            )
        },
    )
    months = "2026-10;80,,9000,1,1.5.0;84,80,10000,1;85,*84,11000,1,2.0.0;86,86,12345,1"
    deps.index.update(PLONE, {"plone-api": HistoryFields(history=months, history_repository=1)})
    deps.index.remove(
        PLONE, [Tombstone(name="plone-gone", removed_at=int(START - DAY_SECONDS), reason="PyPI has removed it")]
    )


def build_site_project(name: str, *releases: dict[str, Any], **shared_fields: Any) -> ProjectDocuments:
    """Build a package from its releases, the newest first."""
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
        project_urls={
            "<i>": "javascript:alert(3)",
            "quoted": 'https://ok.example/?b="2"',
            "ok": "https://ok.example/?a=1&b=2",
        },
        maintainers=("mallory",),
    )


WIDE_COUNT = 50
LONG_NAME = "collective." + "verylongname" * 15 + "indeed.no"
WIDE_README = (
    "<h2>Wide</h2><p>"
    + "unbroken" * 40
    + "</p><pre>"
    + "code " * 60
    + '</pre><h5>Skipped</h5><p><a href="https://ci.example/x"><img src="https://ci.example/b.svg" alt="build"></a> '
    '<img src="https://pictures.example/p.png" alt="A picture of it"> <img src="https://pictures.example/q.png"></p>'
    "<table><tr>" + "<th>Column</th>" * 12 + "<th></th></tr><tr>" + "<td>value</td>" * 13 + "</tr></table><h2></h2>"
    '<ul><p>no item</p></ul><li>no list</li><p id="readme">An id of the page</p>'
)
HISTORY = {f"2026-{month:02}": 1000 + 137 * month for month in range(1, 13)}


def build_wide_site() -> Dependencies:
    """Build dependencies with an in-memory index and all of these packages in `plone`."""
    deps = build_small_site()
    deps.index.put(PLONE, [_build_numbered(number) for number in range(WIDE_COUNT)])
    deps.index.put(
        PLONE,
        [
            _build_frequently_released(),
            _build_long_named(),
            _build_right_to_left(),
            _build_attack(),
            _build_vulnerable(),
        ],
    )
    names = ["plone-often", "plone-api", *(f"plone-many{number:02}" for number in range(WIDE_COUNT))]
    deps.index.update(
        PLONE,
        {
            name: DownloadFields(download_last_month=20_000 - 10 * n, download_total=10**6, download_history=HISTORY)
            for n, name in enumerate(names)
        },
    )
    deps.index.update(PLONE, {name: RepositoryFields(repository_stars=n) for n, name in enumerate(names)})
    deps.index.update(
        PLONE, {name: HealthFields(health_score=n % 101, health_model="full") for n, name in enumerate(names)}
    )
    return deps


def _build_numbered(number: int) -> ProjectDocuments:
    return build_site_project(
        f"plone.many{number:02}",
        {"version": f"{number}.1", "upload_timestamp": int(START - number * 5 * DAY_SECONDS)},
        summary=f"One of many, number {number}",
        framework_versions=("Plone 6.1",) if number % 2 else ("Plone 5.2", "Plone 6.0"),
        python_versions=("Python 3.12", "Python 3.13"),
        license_expression="MIT" if number % 3 else "GPL-2.0-only",
        maintainers=(f"maintainer-{number % 9}",),
        requires_dist=("plone.api",),
        classifiers=("Framework :: Plone", f"Topic :: Number {number % 10}"),
    )


def _build_frequently_released() -> ProjectDocuments:
    releases = [
        {
            "version": f"{n // 10}.{n % 10}",
            "upload_timestamp": int(START - (300 - n) * 12 * DAY_SECONDS),
            "framework_versions": tuple(f"Plone {v}" for v in (*("4.3", "5.0", "5.1", "5.2", "6.0")[n % 4 :], "6.1")),
            "requires_python": ">=3.9",
            "yanked": n == 250,
            "yanked_reason": "broken" if n == 250 else "",
        }
        for n in range(299, -1, -1)
    ]
    return build_site_project("plone.often", *releases, summary="Released again and again", description=WIDE_README)


def _build_long_named() -> ProjectDocuments:
    return build_site_project(LONG_NAME, {"version": "1.0.0.dev20260101+local.label.that.is.long"}, license="x" * 300)


def _build_right_to_left() -> ProjectDocuments:
    return build_site_project(
        "collective.rtl",
        {"version": "1.0", "upload_timestamp": int(START)},
        summary="حزمة تجعل المحتوى يظهر من اليمين إلى اليسار",
        author="مريم",
        keywords=("عربي", "עברית"),
        description="<h2>من اليمين</h2><p>هذا نص طويل بالعربية.</p>",
    )


def _build_attack() -> ProjectDocuments:
    readme = "".join(f"<p>{sanitize_html(html)}</p>" for html in HOSTILE_HTML)
    return build_site_project(
        "plone.attack", {"version": "1.0"}, summary="<img src=x onerror=alert(1)>", description=readme
    )


def _build_vulnerable() -> ProjectDocuments:
    return build_site_project(
        "plone.hole",
        {"version": "1.0", "yanked": True, "yanked_reason": "It has a hole"},
        vulnerabilities=(Vulnerability(id="PYSEC-2026-1", aliases=("CVE-2026-1",), fixed_in=("1.1",)),),
        summary="Has a hole",
    )


CROWDED_COUNT = 100
LONG_CLASSIFIERS = tuple(f"Topic :: {number:02} {'Software Development & more :: ' * 5}"[:150] for number in range(60))
# Characters with the longest HTML escapes.
HTML_QUOTES = "'\"&<>" * 60


def build_crowded_site() -> Dependencies:
    """Build dependencies with an in-memory index and all of these packages in `plone`."""
    deps = build_fake_dependencies()
    deps.admin.create(PLONE, build_state(), alias="plone")
    deps.index.put(PLONE, [_build_long_project(number) for number in range(CROWDED_COUNT)])
    names = [_build_long_name(number) for number in range(CROWDED_COUNT)]
    history = {f"2026-{month:02}": 10**9 + 137 * month**3 for month in range(1, 13)}
    deps.index.update(
        PLONE, {name: DownloadFields(download_last_month=987_654_321, download_history=history) for name in names}
    )
    deps.index.update(
        PLONE, {name: RepositoryFields(repository_stars=123_456, repository_archived=True) for name in names}
    )
    deps.index.update(PLONE, {name: HealthFields(health_score=88, health_model="full") for name in names})
    return deps


def build_search_url(parameter: str, values: list[str], **extra_params: str) -> str:
    """Return the URL of a search with all facets expanded and these values selected."""
    expanded_filters = [
        ("all", name) for name in ("framework", "python", "license", "classifier", "maintainer", "health")
    ]
    selected = [(parameter, value) for value in values]
    return f"/in/plone/search?{urlencode([*selected, *expanded_filters, *extra_params.items()])}"


def _build_long_name(number: int) -> str:
    return f"plone-{number:03}-{'verylong' * 30}"[:200]


def _build_long_project(number: int) -> ProjectDocuments:
    number_text = f"{number:03}"
    return build_site_project(
        _build_long_name(number),
        {"version": f"1.0a{number}+{'local.' * 20}end", "upload_timestamp": int(START - number * DAY_SECONDS)},
        summary=f"{number_text} {HTML_QUOTES} {'متصفح ' * 60}",
        framework_versions=tuple(
            f"{thing} {HTML_QUOTES[:40]} {v}" for thing in ("Plone", "Zope", "Five") for v in range(9)
        ),
        python_versions=tuple(f"Python 3.{minor}" for minor in range(3, 20)),
        license_expression=f"LicenseRef-{number_text}-{HTML_QUOTES[:150]}",
        maintainers=tuple(f"{number_text}-{index}-{HTML_QUOTES[:150]}" for index in range(3)),
        classifiers=LONG_CLASSIFIERS,
        yanked=True,
        yanked_reason=HTML_QUOTES,
        project_status="archived",
        first_chapter=f"Replaced by {'x' * 100}",
        vulnerabilities=(Vulnerability(id="PYSEC-2026-1"),) * 12,
    )
