"""A site with what is hard to show: many packages, 300 releases, endless names, no summary, text from right to left."""

from builders import PLONE
from hostile_readmes import HOSTILE_HTML
from pyf.aggregator.domain.release import Vulnerability
from pyf.aggregator.domain.safe_html import sanitize_html
from pyf.aggregator.domain.schema import DownloadFields, HealthFields, RepositoryFields
from pyf.aggregator.ports import ProjectDocuments, Dependencies
from small_site import DAY_SECONDS, build_small_site, build_site_project
from worlds import START

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
    """Return services on an index in memory with all of that in `plone`."""
    deps = build_small_site()
    deps.index.put(PLONE, [_build_numbered(number) for number in range(WIDE_COUNT)])
    deps.index.put(PLONE, [_build_frequently_released(), _build_long_named(), _build_right_to_left(), _build_attack(), _build_vulnerable()])
    names = ["plone-often", "plone-api", *(f"plone-many{number:02}" for number in range(WIDE_COUNT))]
    deps.index.update(
        PLONE,
        {
            name: DownloadFields(download_last_month=20_000 - 10 * n, download_total=10**6, download_history=HISTORY)
            for n, name in enumerate(names)
        },
    )
    deps.index.update(PLONE, {name: RepositoryFields(github_stars=n) for n, name in enumerate(names)})
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
    return build_site_project("plone.attack", {"version": "1.0"}, summary="<img src=x onerror=alert(1)>", description=readme)


def _build_vulnerable() -> ProjectDocuments:
    return build_site_project(
        "plone.hole",
        {"version": "1.0", "yanked": True, "yanked_reason": "It has a hole"},
        vulnerabilities=(Vulnerability(id="PYSEC-2026-1", aliases=("CVE-2026-1",), fixed_in=("1.1",)),),
        summary="Has a hole",
    )
