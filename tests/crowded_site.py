"""A site that has most to show: endless names, texts of many bytes, sixty classifiers each, everything flagged."""

from urllib.parse import urlencode

from builders import PLONE, collection_state
from in_memory import in_memory
from pyf.aggregator.domain.release import Vulnerability
from pyf.aggregator.domain.schema import DownloadFields, HealthFields, RepositoryFields
from pyf.aggregator.ports import ProjectDocuments, Services
from small_site import DAY, project
from worlds import START

MANY = 100
CLASSIFIERS = tuple(f"Topic :: {number:02} {'Software Development & more :: ' * 5}"[:150] for number in range(60))
# Characters that take most bytes in HTML.
QUOTES = "'\"&<>" * 60


def crowded() -> Services:
    """Return services on an index in memory with all of that in `plone`."""
    services = in_memory()
    services.admin.create(PLONE, collection_state(), alias="plone")
    services.index.put(PLONE, [_endless(number) for number in range(MANY)])
    names = [_name(number) for number in range(MANY)]
    history = {f"2026-{month:02}": 10**9 + 137 * month**3 for month in range(1, 13)}
    services.index.update(
        PLONE, {name: DownloadFields(download_last_month=987_654_321, download_history=history) for name in names}
    )
    services.index.update(PLONE, {name: RepositoryFields(github_stars=123_456, github_archived=True) for name in names})
    services.index.update(PLONE, {name: HealthFields(health_score=88, health_model="full") for name in names})
    return services


def asking(parameter: str, values: list[str], **others: str) -> str:
    """Return the address of the list with all filters opened, and these values chosen."""
    opened = [("all", name) for name in ("framework", "python", "license", "classifier", "maintainer", "health")]
    chosen = [(parameter, value) for value in values]
    return f"/in/plone/search?{urlencode([*chosen, *opened, *others.items()])}"


def _name(number: int) -> str:
    return f"plone-{number:03}-{'verylong' * 30}"[:200]


def _endless(number: int) -> ProjectDocuments:
    shared = f"{number:03}"
    return project(
        _name(number),
        {"version": f"1.0a{number}+{'local.' * 20}end", "upload_timestamp": int(START - number * DAY)},
        summary=f"{shared} {QUOTES} {'متصفح ' * 60}",
        framework_versions=tuple(f"{thing} {QUOTES[:40]} {v}" for thing in ("Plone", "Zope", "Five") for v in range(9)),
        python_versions=tuple(f"Python 3.{minor}" for minor in range(3, 20)),
        license_expression=f"LicenseRef-{shared}-{QUOTES[:150]}",
        maintainers=tuple(f"{shared}-{each}-{QUOTES[:150]}" for each in range(3)),
        classifiers=CLASSIFIERS,
        yanked=True,
        yanked_reason=QUOTES,
        project_status="archived",
        vulnerabilities=(Vulnerability(id="PYSEC-2026-1"),) * 12,
    )
