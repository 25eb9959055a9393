"""A site that has most to show: endless names, texts of many bytes, sixty classifiers each, everything flagged."""

from urllib.parse import urlencode

from builders import PLONE, build_state
from in_memory import build_fake_dependencies
from pyf.aggregator.domain.release import Vulnerability
from pyf.aggregator.domain.schema import DownloadFields, HealthFields, RepositoryFields
from pyf.aggregator.ports import ProjectDocuments, Dependencies
from small_site import DAY_SECONDS, build_site_project
from worlds import START

CROWDED_COUNT = 100
LONG_CLASSIFIERS = tuple(f"Topic :: {number:02} {'Software Development & more :: ' * 5}"[:150] for number in range(60))
# Characters that take most bytes in HTML.
HTML_QUOTES = "'\"&<>" * 60


def build_crowded_site() -> Dependencies:
    """Return services on an index in memory with all of that in `plone`."""
    deps = build_fake_dependencies()
    deps.admin.create(PLONE, build_state(), alias="plone")
    deps.index.put(PLONE, [_build_long_project(number) for number in range(CROWDED_COUNT)])
    names = [_build_long_name(number) for number in range(CROWDED_COUNT)]
    history = {f"2026-{month:02}": 10**9 + 137 * month**3 for month in range(1, 13)}
    deps.index.update(
        PLONE, {name: DownloadFields(download_last_month=987_654_321, download_history=history) for name in names}
    )
    deps.index.update(PLONE, {name: RepositoryFields(github_stars=123_456, github_archived=True) for name in names})
    deps.index.update(PLONE, {name: HealthFields(health_score=88, health_model="full") for name in names})
    return deps


def build_search_url(parameter: str, values: list[str], **extra_params: str) -> str:
    """Return the address of the list with all filters opened, and these values chosen."""
    expanded_filters = [("all", name) for name in ("framework", "python", "license", "classifier", "maintainer", "health")]
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
        framework_versions=tuple(f"{thing} {HTML_QUOTES[:40]} {v}" for thing in ("Plone", "Zope", "Five") for v in range(9)),
        python_versions=tuple(f"Python 3.{minor}" for minor in range(3, 20)),
        license_expression=f"LicenseRef-{number_text}-{HTML_QUOTES[:150]}",
        maintainers=tuple(f"{number_text}-{index}-{HTML_QUOTES[:150]}" for index in range(3)),
        classifiers=LONG_CLASSIFIERS,
        yanked=True,
        yanked_reason=HTML_QUOTES,
        project_status="archived",
        vulnerabilities=(Vulnerability(id="PYSEC-2026-1"),) * 12,
    )
